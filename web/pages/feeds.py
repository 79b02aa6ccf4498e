"""`/feeds`: how each feed fares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from storage import feeds
from storage.engine import Database
from storage.tables import Feed, FeedPoll
from web.frame import frame, show
from web.text import why

HOURS = 24
BAR_STEP, BAR_TOP = 4, 20  # of the picture of items an hour, in its own units

Bar = tuple[int, int, int]  # x, y, height


@dataclass(frozen=True, slots=True)
class Line:
    """A feed as the page shows it; items and `bars` (an hour each, the last one now) are of the last day."""

    name: str
    url: str
    host: str
    state: str
    trouble: str
    last: datetime | None
    next: datetime | None
    new: int
    gaps: int
    full: str
    bars: tuple[Bar, ...]
    spark_says: str


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/feeds")
    async def feeds_page() -> None:
        lines = await db.read(lambda session: gather(session, SystemClock().now()))
        in_order = sum(one.state in ("ok", "new") for one in lines)
        with frame("Feeds", at="/feeds"):
            show("feeds.html", feeds=lines, in_order=in_order)


def gather(session: Session, at: datetime) -> list[Line]:
    """All active feeds by name, with what their polls of the last day brought."""
    polls: dict[int, list[FeedPoll]] = {}
    for poll in feeds.polls_since(session, at - timedelta(hours=HOURS)):
        polls.setdefault(poll.feed_id, []).append(poll)
    full = feeds.read_in_full(session)
    return [_line(feed, polls.get(feed.id or 0, []), full.get(feed.id or 0), at) for feed in feeds.listing(session)]


def _line(feed: Feed, polls: Sequence[FeedPoll], full: tuple[int, int] | None, at: datetime) -> Line:
    hourly = by_hour(polls, at)
    return Line(
        name=feed.name,
        url=feed.config_url,
        host=feeds.host_of(feed.config_url),
        state=feed.state,
        trouble=_trouble(feed),
        last=feed.last_success_at,
        next=None if feed.state == "paused" else feed.next_poll_at,
        new=sum(hourly),
        gaps=feed.possible_gaps,
        full=f"{full[0]:,} of {full[1]:,}" if full else "–",
        bars=bars(hourly),
        spark_says=f"new items an hour, at most {max(hourly)}",
    )


def _trouble(feed: Feed) -> str:
    if feed.state == "paused" and feed.paused_by:
        return f"paused by {why(feed.paused_by)}"
    if feed.state != "failing":
        return ""
    return ": ".join(part for part in (why(feed.last_reason), feed.last_error) if part)


def by_hour(polls: Sequence[FeedPoll], at: datetime) -> list[int]:
    """New items in each of the last 24 hours, oldest first."""
    hours = [0] * HOURS
    for poll in polls:
        ago = int((at - poll.at).total_seconds() // 3600)
        if 0 <= ago < HOURS:
            hours[HOURS - 1 - ago] += poll.new
    return hours


def bars(hourly: Sequence[int]) -> tuple[Bar, ...]:
    """A bar for each hour, the highest of full height; an hour without items is a line."""
    most = max(hourly, default=0) or 1
    heights = [max(1, round(count / most * BAR_TOP)) for count in hourly]
    return tuple((place * BAR_STEP, BAR_TOP - height, height) for place, height in enumerate(heights))
