"""Numbers about what is stored: when hits passed each step, and how much there ever was."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from storage.tables import Alert, Article, Delivery, Entry, FeedPoll, Hit


class Moments(NamedTuple):
    """When a hit's article was published, seen, read and matched, and when its story's first message went out."""

    published: datetime | None
    seen: datetime
    read: datetime | None
    matched: datetime
    sent: datetime | None


def moments(session: Session, since: datetime, *, rule: str = "", limit: int) -> list[Moments]:
    """Of the newest live hits since then; `sent` only of the hit that its story's first alert is about."""
    sent = sa_select(func.min(col(Delivery.sent_at))).join(Alert, col(Alert.id) == col(Delivery.alert_id))
    told = sent.where(col(Alert.story_id) == col(Hit.story_id), col(Alert.article_id) == col(Hit.article_id))
    published = func.coalesce(col(Article.published), col(Article.feed_published))
    columns = (Article.first_seen_at, Article.read_at, Hit.at)
    query: Any = sa_select(published, *map(col, columns), told.correlate(Hit).scalar_subquery())
    query = query.join(Article, col(Article.id) == col(Hit.article_id))
    query = query.where(col(Hit.at) >= since, col(Hit.state) == "live")
    query = query.where(col(Hit.rule_id) == rule) if rule else query
    return [Moments(*row) for row in session.execute(query.order_by(col(Hit.at).desc()).limit(limit))]


def ever(session: Session) -> dict[str, int]:
    """How many of each there ever were: the largest ids. Counting a million rows would take long."""
    ids = {"polls": FeedPoll.id, "entries": Entry.id, "articles": Article.id, "hits": Hit.id}
    return {name: int(session.execute(sa_select(func.max(col(one)))).scalar() or 0) for name, one in ids.items()}
