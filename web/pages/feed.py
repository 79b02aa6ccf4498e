"""`/feeds/{id}`: one feed: its last week, what is wrong and what to do, its newest entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from pipeline import subscriptions
from pipeline.advice import advice
from storage import feeds, polls
from storage.engine import Database
from storage.tables import Feed, FeedPoll
from web.acts import agreed, number_of, show_acting
from web.editing import edited
from web.frame import frame, page_at, show
from web.latency import length
from web.pages.faults import missing
from web.pages.feeds import acts, share, trouble
from web.people import who
from web.text import why

DAYS = 7
POLLS = 50
ENTRIES = 30


@dataclass(frozen=True, slots=True)
class EntryLine:
    """An entry as the feed wrote it, and what became of its article."""

    title: str
    url: str
    published: datetime | None
    seen: datetime
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """All that the page shows. `outcomes` are of the last week's polls; `error` stays until a poll succeeds, also while
    the feed is paused. `left_alone`: until when its server asks to be, where that is longer than its interval.
    """

    id: int
    name: str
    url: str
    asked_at: str
    state: str
    trouble: str
    error: str
    advice: str
    kind: str
    tags: tuple[str, ...]
    owner: str
    language: str
    interval: str
    fixed: bool
    last_success: datetime | None
    last_changed: datetime | None
    last_poll: datetime | None
    next: datetime | None
    left_alone: datetime | None
    gaps: int
    full: str
    outcomes: Mapping[str, int]
    polls: Sequence[FeedPoll]
    entries: Sequence[EntryLine]

    @property
    def polled(self) -> int:
        """How many polls the last week had."""
        return sum(number for outcome, number in self.outcomes.items() if outcome != "gap")


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/feeds/{feed_id:int}")
    async def feed_page(feed_id: int) -> None:
        first = await db.read(lambda session: gather(session, feed_id, SystemClock().now()))
        if first is None:
            missing("There is no such feed.")
            return

        async def values() -> Mapping[str, object]:
            now = SystemClock().now()
            return {"page": await db.read(lambda session: gather(session, feed_id, now)) or first}

        async def remove(on: str) -> str:
            row = await db.read(lambda session: feeds.of_ids(session, [number_of(on)]))
            if not row or not await agreed(f"Remove {row[0].name}? What it brought stays.", "Remove"):
                return ""
            url = row[0].config_url
            edit = partial(subscriptions.remove, name=url)
            said = await edited(db, edit, who(), f"feeds remove {url}")
            ui.navigate.to("/feeds")
            return said

        with frame(first.name, at="/feeds"):
            show("back.html", to="/feeds", text="All feeds")
            await show_acting("feed.html", values, {**acts(db), "remove": remove})


def gather(session: Session, feed_id: int, at: datetime) -> FeedPage | None:
    """The active feed of this id; None when there is none."""
    row = next(iter(feeds.of_ids(session, [feed_id])), None) if 0 < feed_id < 2**31 else None
    if row is None or not row.active:
        return None
    return FeedPage(
        id=feed_id,
        name=row.name,
        url=row.config_url,
        asked_at=row.fetch_url if row.fetch_url != row.config_url else "",
        state=row.state,
        trouble=trouble(row),
        error=": ".join(said for said in (why(row.last_reason), row.last_error) if said),
        advice=_advice(row),
        kind=row.kind,
        tags=tuple(row.tags),
        owner=row.owner,
        language=row.language,
        interval=length(row.every_s or row.interval_s),
        fixed=row.every_s is not None,
        last_success=row.last_success_at,
        last_changed=row.last_changed_at,
        last_poll=row.last_polled_at,
        next=None if row.state == "paused" else row.next_poll_at,
        left_alone=_left_alone(row),
        gaps=row.possible_gaps,
        full=share(polls.articles_by_state(session, [feed_id]).get(feed_id, {})),
        outcomes=polls.outcomes(session, feed_id, at - timedelta(days=DAYS)),
        polls=polls.newest(session, feed_id, POLLS),
        entries=_entries(session, feed_id),
    )


def _left_alone(row: Feed) -> datetime | None:
    """Until when its server asks to be left alone, where the feed would be polled before."""
    if row.state == "paused" or not row.not_before or not row.last_polled_at:
        return None
    ours = row.last_polled_at + timedelta(seconds=row.every_s or row.interval_s)
    return row.not_before if row.not_before > ours else None


def _advice(row: Feed) -> str:
    if row.state == "paused":
        return advice(row.paused_by) or "It is polled again when somebody resumes it."
    return advice(row.last_reason) if row.state == "failing" else ""


def _entries(session: Session, feed_id: int) -> list[EntryLine]:
    return [
        EntryLine(
            title=entry.title,
            url=entry.url,
            published=entry.published,
            seen=entry.first_seen_at,
            state=article.state if article else "",
            reason=article.reason if article else "",
        )
        for entry, article in polls.entries(session, feed_id, ENTRIES)
    ]
