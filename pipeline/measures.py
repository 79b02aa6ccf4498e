"""How long news took from its publishing to its telling, and how much there was: for the page, the API and /metrics."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from alerts.message import Kind
from storage import latency, measures, stats
from storage.measures import Moments
from storage.tables import Alert

MOST = 10_000  # hits that percentiles are made of


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of the way, in seconds: how many went it, the middle one and the one that 5 of 100 exceeded."""

    leg: str
    count: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Day:
    """What came in and went out on a day, in UTC."""

    day: date
    articles: int
    hits: int
    alerts: int


LEGS = (
    ("published to seen", "published", "seen"),
    ("seen to read", "seen", "read"),
    ("read to matched", "read", "matched"),
    ("matched to sent", "matched", "sent"),
    ("published to sent", "published", "sent"),
)
SEEN_TO_SENT = ("seen to sent", "seen", "sent")
TOLD_LEGS = (*LEGS, SEEN_TO_SENT)  # of a message


def moments(session: Session, since: datetime, *, rule: str = "") -> list[Moments]:
    """When the newest hits since then passed each step."""
    return measures.moments(session, since, rule=rule, limit=MOST)


def legs(passed: Sequence[Moments]) -> list[Leg]:
    """The percentiles of each leg."""
    return [_leg(name, seconds(passed, start, end)) for name, start, end in LEGS]


def seconds(passed: Iterable[object], start: str, end: str) -> list[float]:
    """How long each took that has both moments, the shortest first. What goes backwards (a page that says it is from
    tomorrow) tells nothing and does not count.
    """
    spans = ((getattr(one, start), getattr(one, end)) for one in passed)
    return sorted((ended - begun).total_seconds() for begun, ended in spans if begun and ended and ended >= begun)


def took(passed: object, ended: datetime) -> dict[str, float]:
    """Leg → seconds of one message that was sent then; what goes backwards is left out."""
    found = {}
    for name, start, end in TOLD_LEGS:
        begun = getattr(passed, start)
        until = ended if end == "sent" else getattr(passed, end)
        if begun and until and until >= begun:
            found[name.replace(" ", "_")] = (until - begun).total_seconds()
    return found


def count(session: Session, alert: Alert, channel: str, sent: datetime) -> None:
    """Count a message that was sent now on all legs of its way; one that tells of many articles has none."""
    if alert.article_id is None or alert.kind in (Kind.DIGEST, Kind.NOTICE):
        return
    if passed := latency.passed(session, alert.rule_id, alert.article_id):
        slot = random.randrange(latency.SLOTS)  # noqa: S311 - spreads rows, guards nothing
        latency.count(session, channel, took(passed, sent), slot)


def _leg(name: str, took: Sequence[float]) -> Leg:
    return Leg(name, len(took), percentile(took, 50), percentile(took, 95))


def percentile(ordered: Sequence[float], share: int) -> float | None:
    """The smallest value that so many of 100 do not exceed (nearest rank); None of nothing."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


def volume(session: Session, now: datetime, days: int) -> list[Day]:
    """Each of the last days, today included, oldest first."""
    bounds = days_until(now, days)
    return [Day(at.date(), *counts) for at, counts in zip(bounds, stats.volume(session, bounds), strict=False)]


def days_until(now: datetime, days: int) -> list[datetime]:
    """The beginnings of the last so many days in UTC, today's included, and the end of today."""
    end = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return [end - timedelta(days=ago) for ago in range(days, -1, -1)]
