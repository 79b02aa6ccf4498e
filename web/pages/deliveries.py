"""`/deliveries`: the ledger, newest first, and who asked for no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui
from sqlmodel import Session

from storage import deliveries, optouts
from storage.engine import Database
from storage.tables import Alert, Delivery, OptOut
from web.frame import frame, show
from web.pages.story import trouble

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery as the ledger shows it."""

    headline: str
    story: int | None
    rule: str
    kind: str
    target: str
    state: str
    trouble: str
    made: datetime
    sent: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """All that the page shows; `counts` is every state there is with its number."""

    lines: Sequence[Line]
    counts: Sequence[tuple[str, int]]
    opted_out: Sequence[OptOut]

    @property
    def total(self) -> int:
        """How many deliveries there are."""
        return sum(count for _, count in self.counts)


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/deliveries")
    async def ledger(state: str = "") -> None:
        page = await db.read(lambda session: gather(session, state))
        counts = dict(page.counts)
        chosen = state if state in counts else ""
        with frame("Deliveries", at="/deliveries"):
            show(
                "deliveries.html", deliveries=page.lines, counts=page.counts, chosen=chosen, total=page.total,
                total_shown=len(page.lines), total_chosen=counts.get(chosen, page.total), opted_out=page.opted_out,
            )  # fmt: skip


def gather(session: Session, state: str) -> Ledger:
    """The newest deliveries, of one state if it is one."""
    counts = deliveries.counts(session)
    rows = deliveries.recent(session, states=[state] if state in counts else [], limit=SHOWN)
    return Ledger([_line(one, alert) for one, alert in rows], sorted(counts.items()), optouts.listing(session))


def _line(one: Delivery, alert: Alert) -> Line:
    return Line(
        headline=headline(alert),
        story=alert.story_id,
        rule=alert.rule_id,
        kind=alert.kind,
        target=one.target_id,
        state=one.state,
        trouble=trouble(one),
        made=one.made_at,
        sent=one.sent_at,
        attempts=one.attempts,
    )


def headline(alert: Alert) -> str:
    """What an alert is about, as its message says it."""
    view = alert.view
    said = view.get("subject") or view.get("title") or view.get("article", {}).get("title")
    return str(said or alert.kind)
