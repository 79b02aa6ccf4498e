"""`/deliveries`: the ledger, newest first, and who asked for no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from sqlmodel import Session

from core.clock import SystemClock
from core.text import one_line
from pipeline import channels
from pipeline import resend as again
from storage import configs, deliveries, ledger, optouts
from storage.engine import Database
from storage.ledger import Filter, Place
from storage.tables import Alert, Delivery, OptOut, Target
from web.acts import Act, agreed, number_of, show_acting
from web.days import day, day_after, last_day
from web.frame import frame, page_at
from web.pages.story import trouble
from web.people import who
from web.text import capped, choices

SHOWN = 50
AGAIN, FAILED = tuple(sorted(again.OPEN)), tuple(sorted(again.FAILED))


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery as the ledger shows it. `next` is when it is tried next, if it is."""

    id: int
    headline: str
    story: int | None
    rule: str
    kind: str
    target: str
    state: str
    trouble: str
    made: datetime
    sent: datetime | None
    next: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that the page shows; `counts` is every state there is with its number, under the other filters."""

    lines: Sequence[Line] = ()
    counts: Sequence[tuple[str, int]] = ()
    chosen: Filter = field(default_factory=Filter)
    channels: Sequence[str] = ()
    rules: Sequence[str] = ()
    paused: Sequence[Target] = ()
    opted_out: Sequence[OptOut] = ()
    rest: str = ""  # the address of the next page, if there is one
    most: int = ledger.MOST  # what is counted of a state

    @property
    def total(self) -> int:
        """How many deliveries there are in any state, or the most that is counted."""
        return min(ledger.MOST, sum(count for _, count in self.counts))

    @property
    def others(self) -> str:
        """The filters but the state, for an address."""
        return query(self.chosen, state="")

    @property
    def until_day(self) -> str:
        """The last day that is shown, as an input has it."""
        return last_day(self.chosen.until)


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/deliveries")
    async def ledger_page(
        state: str = "", channel: str = "", rule: str = "", since: str = "", until: str = "", after: str = ""
    ) -> None:
        chosen = Filter(one_line(state), one_line(channel), one_line(rule), day(since), day_after(until))

        async def values() -> Mapping[str, object]:
            return {"page": await db.read(lambda session: gather(session, chosen, place_of(after))), "again": AGAIN}

        with frame("Deliveries", at="/deliveries"):
            await show_acting("deliveries.html", values, acts(db))


def acts(db: Database) -> dict[str, Act]:
    """What the buttons of deliveries and targets do."""

    async def resend(delivery_id: str) -> str:
        which = str(number_of(delivery_id))  # one, whatever word a browser sends
        await db.write(partial(again.resend, which=which, who=who(), now=SystemClock().now()))
        return f"Delivery {which} is tried again in the next cycle."

    async def drop(delivery_id: str) -> str:
        which = str(number_of(delivery_id))
        if not await agreed(f"Send delivery {which} no more?", "Drop it"):
            return ""
        await db.write(partial(again.lay_aside, which=which, who=who(), now=SystemClock().now()))
        return f"Delivery {which} is not sent any more, unless somebody resends it."

    async def resend_dead(channel: str) -> str:
        dead = Filter(state="dead", channel=channel)
        count = (await db.read(lambda session: ledger.counts(session, dead))).get("dead", 0)
        question = f"Send all {capped(count, ledger.MOST)} dead letters of {channel} again?"
        if not count or not await agreed(question, "Send them again"):
            return ""
        count = await db.write(partial(again.resend_channel, channel=channel, who=who(), now=SystemClock().now()))
        return f"{count:,} dead letters of {channel} are tried again in the next cycle."

    async def resume(target: str) -> str:
        return await db.write(lambda session: channels.resume_target(session, target))

    return {"resend": resend, "drop": drop, "resend-dead": resend_dead, "resume-target": resume}


def place_of(text: str) -> Place | None:
    """Where a page begins, as an address names it: a time and an id."""
    at, _, key = text.rpartition("_")
    try:
        return datetime.fromisoformat(at).astimezone(UTC), int(key) if len(key) < 10 else 0
    except (ValueError, OverflowError):
        return None


def gather(session: Session, chosen: Filter, after: Place | None = None) -> Ledger:
    """Deliveries that are like `chosen`, newest first, from behind `after` on."""
    rows = ledger.page(session, chosen, after, SHOWN + 1)
    shown = rows[:SHOWN]
    last = shown[-1][0] if len(rows) > SHOWN else None
    return Ledger(
        lines=[_line(one, alert) for one, alert in shown],
        counts=list(ledger.counts(session, chosen).items()),
        chosen=chosen,
        channels=sorted({*ledger.channels(session), *([chosen.channel] if chosen.channel else [])}),
        rules=choices(configs.rule_states(session), chosen.rule),
        paused=ledger.paused(session),
        opted_out=optouts.listing(session),
        rest="/deliveries?" + query(chosen, after=f"{last.made_at.isoformat()}_{last.id}") if last else "",
    )


def query(chosen: Filter, **more: str) -> str:
    """The filters as the address has them."""
    values = {
        "state": chosen.state,
        "channel": chosen.channel,
        "rule": chosen.rule,
        "since": f"{chosen.since:%Y-%m-%d}" if chosen.since else "",
        "until": last_day(chosen.until),
    } | more
    return urlencode({key: value for key, value in values.items() if value})


def _line(one: Delivery, alert: Alert) -> Line:
    return Line(
        id=one.id or 0,
        headline=headline(alert),
        story=alert.story_id,
        rule=alert.rule_id,
        kind=alert.kind,
        target=one.target_id,
        state=one.state,
        trouble=trouble(one),
        made=one.made_at,
        sent=one.sent_at,
        next=next_try(one),
        attempts=one.attempts,
    )


def next_try(one: Delivery) -> datetime | None:
    """When it is tried next, if it is."""
    return one.not_before if one.state in deliveries.WAITING else None


def headline(alert: Alert) -> str:
    """What an alert is about, as its message says it."""
    view = alert.view
    said = view.get("subject") or view.get("title") or view.get("article", {}).get("title")
    return str(said or alert.kind)
