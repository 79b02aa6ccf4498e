"""How long messages took, counted once in the commit that records each as sent: sums that outlive what is pruned.

A few rows a channel and leg, however many messages there were. On PostgreSQL several rows take turns, so that workers
that record at the same moment seldom wait for each other.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, func
from sqlalchemy import select as sa_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from storage.office import LatencySum
from storage.tables import Article, Hit

BUCKETS_S = (5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0)
SLOTS = 8


@dataclass(frozen=True, slots=True)
class Passed:
    """When an article was published, seen, read and matched by a rule."""

    published: datetime | None
    seen: datetime
    read: datetime | None
    matched: datetime


@dataclass(frozen=True, slots=True)
class Summed:
    """All messages of a channel on one leg: how many took at most each bound of BUCKETS_S, how many, seconds in all."""

    channel: str
    leg: str
    at_most: tuple[int, ...]
    count: int
    total_s: float


def passed(session: Session, rule_id: str, article_id: int) -> Passed | None:
    """The moments of an article that a rule told of; None of one that is from before its feed or rule."""
    row = session.connection().execute(_passed(), {"rule": rule_id, "article": article_id}).first()
    return Passed(*row) if row else None


@cache
def _passed() -> Select[Any]:
    columns: tuple[Any, ...] = (col(Article.first_seen_at), col(Article.read_at), col(Hit.at))
    published = func.coalesce(col(Article.published), col(Article.feed_published))
    query = sa_select(published, *columns).join(Hit, col(Hit.article_id) == col(Article.id))
    query = query.where(col(Hit.rule_id) == bindparam("rule"), col(Article.id) == bindparam("article"))
    return query.where(col(Hit.past).is_(False), col(Article.from_before).is_(False))


def count(session: Session, channel: str, took_s: Mapping[str, float], slot: int = 0) -> None:
    """Count one message: leg → seconds. In the transaction that records it as sent, and in no other."""
    dialect = session.get_bind().dialect.name
    of = {"channel": channel, "slot": slot % SLOTS if dialect == "postgresql" else 0, "count": 1}
    rows = [
        {**of, "leg": leg, "bucket": bisect_left(BUCKETS_S, seconds), "total_s": seconds}
        for leg, seconds in sorted(took_s.items())  # in one order, so that no two wait for each other
    ]
    if rows:
        session.connection().execute(_counting(dialect), rows)


@cache
def _counting(dialect: str) -> Insert:
    made = postgresql.insert(LatencySum) if dialect == "postgresql" else sqlite.insert(LatencySum)
    return made.on_conflict_do_update(
        index_elements=["channel", "leg", "bucket", "slot"],
        set_={
            "count": col(LatencySum.count) + made.excluded["count"],
            "total_s": col(LatencySum.total_s) + made.excluded["total_s"],
        },
    )


def sums(session: Session) -> list[Summed]:
    """What was counted since the installation began, by channel and leg."""
    place = (col(LatencySum.channel), col(LatencySum.leg))
    sums_of = (func.sum(col(LatencySum.count)), func.sum(col(LatencySum.total_s)))
    query = sa_select(*place, col(LatencySum.bucket), *sums_of).group_by(*place, col(LatencySum.bucket))
    found: dict[tuple[str, str], tuple[list[int], float]] = {}
    for channel, leg, bucket, number, total in session.connection().execute(query.order_by(*place)):
        counts, before = found.get((channel, leg), ([0] * (len(BUCKETS_S) + 1), 0.0))
        counts[bucket] += int(number)
        found[channel, leg] = counts, before + float(total)
    return [
        Summed(*key, tuple(sum(counts[: at + 1]) for at in range(len(BUCKETS_S))), sum(counts), total)
        for key, (counts, total) in found.items()
    ]
