"""What feeds and sites used to do, and do now: what the operators' lookout asks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import case, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from storage.tables import Article, FeedPoll


def with_news(session: Session, since: datetime) -> set[int]:
    """The ids of the feeds that brought something new since then."""
    news = (col(FeedPoll.at) >= since) & (col(FeedPoll.new) > 0)
    return set(session.exec(select(FeedPoll.feed_id).where(news).distinct()).all())


def news_of(session: Session, feed_ids: Collection[int], since: datetime) -> dict[int, list[datetime]]:
    """Feed id → when its polls since then brought something new, in order."""
    news = col(FeedPoll.feed_id).in_(list(feed_ids)) & (col(FeedPoll.at) >= since) & (col(FeedPoll.new) > 0)
    found: dict[int, list[datetime]] = {}
    for feed_id, at in session.exec(select(FeedPoll.feed_id, FeedPoll.at).where(news).order_by(col(FeedPoll.at))).all():
        found.setdefault(feed_id, []).append(at)
    return found


def first_polls(session: Session, feed_ids: Collection[int]) -> dict[int, datetime]:
    """Feed id → when it was first asked, as far as that is kept."""
    query = select(FeedPoll.feed_id, func.min(col(FeedPoll.at))).where(col(FeedPoll.feed_id).in_(list(feed_ids)))
    return dict(session.exec(query.group_by(col(FeedPoll.feed_id))).all())


def pages_of(
    session: Session,
    since: datetime,
    until: datetime,
    settled_before: datetime,
    hosts: Collection[str] | None = None,
) -> dict[str, tuple[int, int]]:
    """Host → (pages read in full, pages) of the articles first seen in that time; `hosts` None: of all.

    What is still to be tried again counts once it was seen before `settled_before`; copies and pages not asked for yet
    never.
    """
    seen = (col(Article.first_seen_at) >= since) & (col(Article.first_seen_at) < until)
    judged = col(Article.state).in_(["ready", "partial", "failed"]) & (col(Article.host) != "")
    settled = or_(col(Article.final), col(Article.first_seen_at) < settled_before)
    full = func.count(case((col(Article.state) == "ready", 1)))
    query = sa_select(col(Article.host), full, func.count()).where(seen & judged & settled)
    if hosts is not None:
        query = query.where(col(Article.host).in_(list(hosts)))
    rows = session.connection().execute(query.group_by(col(Article.host)))
    return {host: (read, count) for host, read, count in rows}


def why_not_read(session: Session, host: str, since: datetime) -> str:
    """The most frequent reason why pages of a host were not read in full since then."""
    missed = (col(Article.host) == host) & (col(Article.first_seen_at) >= since) & (col(Article.reason) != "")
    query = select(Article.reason).where(missed & (col(Article.state) != "ready"))
    return session.exec(query.group_by(col(Article.reason)).order_by(func.count().desc()).limit(1)).first() or ""
