"""How long news took from its publishing to its telling, and how much there was: for the API and its charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session

from storage import measures
from storage.measures import Moments

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


def moments(session: Session, since: datetime, *, rule: str = "") -> list[Moments]:
    """When the newest hits since then passed each step."""
    return measures.moments(session, since, rule=rule, limit=MOST)


def legs(passed: Sequence[Moments]) -> list[Leg]:
    """The percentiles of each leg. What goes backwards (a page that says it is from tomorrow) counts as no time."""
    return [_leg(name, sorted(seconds(passed, start, end))) for name, start, end in LEGS]


def seconds(passed: Sequence[Moments], start: str, end: str) -> Iterator[float]:
    """How long each took that has both times."""
    for one in passed:
        begun, ended = getattr(one, start), getattr(one, end)
        if begun is not None and ended is not None:
            yield max(0.0, (ended - begun).total_seconds())


def _leg(name: str, took: Sequence[float]) -> Leg:
    return Leg(name, len(took), percentile(took, 50), percentile(took, 95))


def percentile(ordered: Sequence[float], share: int) -> float | None:
    """The smallest value that so many of 100 do not exceed (nearest rank); None of nothing."""
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


def volume(session: Session, now: datetime, days: int) -> list[Day]:
    """Each of the last days, today included, oldest first."""
    first = now.date() - timedelta(days=days - 1)
    counts: dict[str, Counter[date]] = measures.by_day(session, first)
    every = (first + timedelta(days=number) for number in range(days))
    return [Day(day, *(counts[what][day] for what in ("articles", "hits", "alerts"))) for day in every]
