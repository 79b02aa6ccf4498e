"""When articles were published, seen, read and matched and alerts sent, and how many there were: for `/stats`.

Nothing here reads more than MOST rows; counts walk an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from storage.tables import Alert, Article, Delivery, FeedPoll, Hit, Story

MOST = 50_000  # rows, the newest


@dataclass(frozen=True, slots=True)
class Seen:
    """An article's moments, and how well it could be read."""

    feed_id: int
    source: str
    state: str
    published: datetime | None
    seen: datetime
    read: datetime | None
    matched: datetime | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery's moment, and those of the article it told of."""

    rule: str
    feed_id: int
    published: datetime | None
    seen: datetime
    read: datetime | None
    matched: datetime | None
    sent: datetime
    channel: str = ""


_MOMENTS: tuple[Any, ...] = (
    func.coalesce(col(Article.published), col(Article.feed_published)),
    col(Article.first_seen_at),
    col(Article.read_at),
    col(Article.matched_at),
)


def seen(session: Session, since: datetime) -> list[Seen]:
    """The newest articles since then; not those that a feed had before it was first polled."""
    columns = (col(Article.feed_id), col(Article.source), col(Article.state), *_MOMENTS)
    at = col(Article.first_seen_at)
    query = sa_select(*columns).where(at >= since, col(Article.from_before).is_(False)).order_by(at.desc()).limit(MOST)
    return [Seen(*row) for row in session.connection().execute(query)]


def sent(session: Session, since: datetime) -> list[Sent]:
    """The newest deliveries since then that arrived and tell of one article: a digest tells of many."""
    at = col(Delivery.made_at)
    newest = sa_select(col(Delivery.alert_id), col(Delivery.rule_id), col(Delivery.sent_at), col(Delivery.channel))
    newest = newest.where(*_arrived(since)).order_by(at.desc(), col(Delivery.id).desc())
    some = newest.limit(MOST).subquery()
    query = sa_select(some.c.rule_id, col(Article.feed_id), *_MOMENTS, some.c.sent_at, some.c.channel)
    query = query.join(Alert, col(Alert.id) == some.c.alert_id).join(Article, col(Article.id) == col(Alert.article_id))
    query = query.where(some.c.sent_at.is_not(None), col(Alert.kind) != "digest", col(Article.from_before).is_(False))
    return [Sent(*row) for row in session.connection().execute(query)]


def is_cut(session: Session, since: datetime) -> bool:
    """Whether there are more deliveries than `sent` looks at."""
    beyond = sa_select(col(Delivery.id)).where(*_arrived(since)).offset(MOST).limit(1)
    return session.connection().execute(beyond).first() is not None


def _arrived(since: datetime) -> tuple[ColumnElement[bool], ...]:
    return col(Delivery.state) == "sent", col(Delivery.made_at) >= since


def volume(session: Session, bounds: Sequence[datetime]) -> list[tuple[int, int, int]]:
    """Articles, hits and alerts between each of these moments and the next."""
    columns = (col(Article.first_seen_at), col(Hit.at), col(Alert.made_at))
    spans = list(pairwise(bounds))
    numbers = [[_count(session, column, *span) for span in spans] for column in columns]
    return list(zip(*numbers, strict=True))


def totals(session: Session, since: datetime) -> dict[str, int]:
    """What each step did since then."""
    polled, new = col(FeedPoll.at) >= since, func.coalesce(func.sum(col(FeedPoll.new)), 0)
    state = sa_select(col(Article.state), func.count()).where(col(Article.first_seen_at) >= since)
    states = dict(session.connection().execute(state.group_by(col(Article.state))).tuples().all())
    polls, entries = session.connection().execute(sa_select(func.count(), new).where(polled)).one()
    counted = {"polls": polls, "new entries": int(entries), "articles": sum(states.values())}
    counted |= {f"articles {name}": states[name] for name in sorted(states)}
    for name, at in (("hits", Hit.at), ("stories", Story.first_hit_at), ("alerts", Alert.made_at)):
        counted[name] = session.connection().execute(sa_select(func.count()).where(col(at) >= since)).scalar_one()
    return counted


def _count(session: Session, at: Any, since: datetime, until: datetime) -> int:
    return session.connection().execute(sa_select(func.count(at)).where(at >= since, at < until)).scalar_one()
