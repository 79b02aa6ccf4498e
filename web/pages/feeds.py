"""`/feeds`: how each feed fares."""

from __future__ import annotations

from datetime import timedelta

from nicegui import ui

from core.clock import SystemClock
from core.reasons import Reason
from storage import feeds
from storage.engine import Database
from storage.tables import Feed, FeedPoll
from web.frame import frame, when
from web.pages.story import columns


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/feeds")
    async def feeds_page() -> None:
        since = SystemClock().now() - timedelta(days=1)
        rows = await db.read(feeds.listing)
        polls = await db.read(lambda session: feeds.polls_since(session, since))
        full = await db.read(feeds.read_in_full)
        with frame("Feeds"):
            if not rows:
                ui.label("No feeds yet: add one with `wirewatch feeds add URL`.").classes("quiet")
                return
            shown = [_row(feed, polls, full.get(feed.id or 0, (0, 0))) for feed in rows]
            names = ("name", "state", "last_success", "next_poll", "polls", "new", "gaps", "read_in_full", "error")
            ui.table(rows=shown, columns=columns(*names), row_key="id").classes("w-full")
            ui.label("Polls and new items are of the last 24 hours.").classes("text-sm quiet")


def _row(feed: Feed, polls: list[FeedPoll], full: tuple[int, int]) -> dict[str, object]:
    own = [poll for poll in polls if poll.feed_id == feed.id]
    return {
        "id": feed.id,
        "name": feed.name,
        "state": feed.state,
        "last_success": when(feed.last_success_at),
        "next_poll": when(feed.next_poll_at),
        "polls": len(own),
        "new": sum(poll.new for poll in own),
        "gaps": feed.possible_gaps,
        "read_in_full": f"{full[0]} of {full[1]}",
        "error": f"{Reason.of(feed.last_reason).sentence} {feed.last_error}".strip() if feed.last_reason else "",
    }
