"""What polls of feeds brought, as people read it: the last day of many feeds, the last week of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from storage.tables import Article, Entry, FeedPoll


@dataclass(frozen=True, slots=True)
class News:
    """A poll that brought something new."""

    feed_id: int
    at: datetime
    new: int


def news(session: Session, feed_ids: Collection[int], since: datetime) -> list[News]:
    """The polls of these feeds since then that brought something new."""
    wanted = col(FeedPoll.feed_id).in_(list(feed_ids)) & (col(FeedPoll.at) >= since) & (col(FeedPoll.new) > 0)
    columns = (col(FeedPoll.feed_id), col(FeedPoll.at), col(FeedPoll.new))
    return [News(*row) for row in session.connection().execute(sa_select(*columns).where(wanted))]


def newest(session: Session, feed_id: int, limit: int) -> list[FeedPoll]:
    """A feed's last polls, newest first."""
    query = select(FeedPoll).where(col(FeedPoll.feed_id) == feed_id)
    return list(session.exec(query.order_by(col(FeedPoll.at).desc(), col(FeedPoll.id).desc()).limit(limit)).all())


def outcomes(session: Session, feed_id: int, since: datetime) -> dict[str, int]:
    """Outcome → how many polls since then ended so; and under `gap` how many were possible gaps."""
    mine = (col(FeedPoll.feed_id) == feed_id) & (col(FeedPoll.at) >= since)
    query = sa_select(col(FeedPoll.outcome), col(FeedPoll.gap), func.count()).where(mine)
    found: dict[str, int] = {}
    for outcome, gap, number in session.connection().execute(query.group_by(col(FeedPoll.outcome), col(FeedPoll.gap))):
        found[outcome] = found.get(outcome, 0) + number
        if gap:
            found["gap"] = found.get("gap", 0) + number
    return found


def entries(session: Session, feed_id: int, limit: int) -> list[tuple[Entry, Article | None]]:
    """A feed's newest entries with what became of them."""
    query = select(Entry, Article).join(Article, col(Article.id) == col(Entry.article_id), isouter=True)
    query = query.where(col(Entry.feed_id) == feed_id).order_by(col(Entry.id).desc()).limit(limit)
    return [(entry, article) for entry, article in session.exec(query).all()]


def articles_by_state(session: Session, feed_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Feed id → state → how many of its articles are in it."""
    place = (col(Article.feed_id), col(Article.state))
    query = sa_select(*place, func.count()).where(col(Article.feed_id).in_(list(feed_ids))).group_by(*place)
    found: dict[int, dict[str, int]] = {}
    for feed_id, state, number in session.connection().execute(query):
        found.setdefault(feed_id, {})[state] = number
    return found
