"""What people do with a feed that is polled: pause it, resume it, have it polled in the next cycle."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from core.errors import InputError, Missing
from storage import feeds
from storage.tables import Feed


def find(session: Session, feed_id: int) -> Feed:
    """A feed of the active watch file. Raises Missing when there is none of that id."""
    feed = session.get(Feed, feed_id)
    if feed is None or not feed.active:
        raise Missing(f"there is no feed {feed_id}")
    return feed


def pause(session: Session, feed_id: int, *, who: str) -> Feed:
    """Poll this feed no more until it is resumed."""
    feeds.pause(session, feed := find(session, feed_id), who)
    return feed


def resume(session: Session, feed_id: int, *, now: datetime) -> Feed:
    """Poll this feed again, in the next cycle."""
    feeds.resume(session, feed := find(session, feed_id), now)
    return feed


def poll_now(session: Session, feed_id: int, *, now: datetime) -> Feed:
    """Have this feed polled in the next cycle, whatever its schedule. Raises InputError for a paused one."""
    feed = find(session, feed_id)
    if not feeds.poll_now(session, [feed.config_url], now):
        raise InputError(f"{feed.name} is paused", hint="resume it first")
    return feed
