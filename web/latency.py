"""How long news takes on its way: medians and 95th percentiles of each step, in words."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from pipeline.measures import LEGS, days_until, percentile, seconds
from storage.stats import Seen, Sent

STEPS = tuple(name for name, _, _ in LEGS)
LARGEST = 50  # feeds or rules that a table shows, those with the most first

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Took:
    """The median and the 95th percentile of what a step took, seconds; `count` = of how many."""

    p50: float
    p95: float
    count: int

    @property
    def words(self) -> str:
        """Both, as a table shows them."""
        return f"{length(self.p50)} / {length(self.p95)}"


@dataclass(frozen=True, slots=True)
class Row:
    """A feed's or a rule's steps, in the order of STEPS; None where nothing took that step."""

    name: str
    count: int
    steps: tuple[Took | None, ...]


def row(name: str, seen: Sequence[Seen | Sent], sent: Sequence[Sent]) -> Row:
    """The steps of these articles and deliveries."""
    steps = (_took(seconds(sent if end == "sent" else seen, start, end)) for _, start, end in LEGS)
    return Row(name, len(seen), tuple(steps))


def _took(ordered: Sequence[float]) -> Took | None:
    half, most = percentile(ordered, 50), percentile(ordered, 95)
    return None if half is None or most is None else Took(half, most, len(ordered))


def by_feed(seen: Sequence[Seen], sent: Sequence[Sent], names: Callable[[int], str]) -> list[Row]:
    """A row for each feed with articles, those with the most first."""
    told = grouped(sent, lambda one: one.feed_id)
    rows = [row(names(key), own, told.get(key, [])) for key, own in grouped(seen, lambda one: one.feed_id).items()]
    return sorted(rows, key=lambda one: (-one.count, one.name))[:LARGEST]


def by_rule(sent: Sequence[Sent]) -> list[Row]:
    """A row for each rule with deliveries, those with the most first."""
    rows = [row(rule, own, own) for rule, own in grouped(sent, lambda one: one.rule).items()]
    return sorted(rows, key=lambda one: (-one.count, one.name))[:LARGEST]


T = TypeVar("T")


def grouped(rows: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """The rows by what `key` says of them."""
    found: dict[K, list[T]] = {}
    for one in rows:
        found.setdefault(key(one), []).append(one)
    return found


def length(seconds: float) -> str:
    """A length of time as people say it."""
    for unit, size in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} s"


def bounds(now: datetime, days: int) -> list[datetime]:
    """The beginnings of the last so many days in UTC, or of the last 24 hours for one day; and the end of the last."""
    if days == 1:
        end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return [end - timedelta(hours=ago) for ago in range(24, -1, -1)]
    return days_until(now, days)
