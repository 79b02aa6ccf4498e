"""How much came in and went out since a time, and how long it took: for `wirewatch stats`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from pipeline.measures import TOLD_LEGS, percentile, seconds
from storage import feeds, ledger, stats
from storage.stats import Seen, Sent

WORST = 10  # channels or feeds that are named


@dataclass(frozen=True, slots=True)
class Took:
    """A leg of the way: how many went it, the middle one, the one that 5 of 100 exceeded, the longest; seconds."""

    leg: str
    count: int
    p50: float | None
    p95: float | None
    longest: float | None


@dataclass(frozen=True, slots=True)
class Slow:
    """What one channel or feed took from seen to sent."""

    name: str
    took: Took


@dataclass(frozen=True, slots=True)
class Figures:
    """All of it. `cut`: there were more articles or messages than are looked at for how long it took."""

    since: datetime
    volumes: dict[str, int]
    ledger: dict[str, int]
    legs: tuple[Took, ...]
    channels: tuple[Slow, ...]
    feeds: tuple[Slow, ...]
    cut: bool


def figures(session: Session, since: datetime) -> Figures:
    """Of what is stored since then."""
    seen, sent = stats.seen(session, since), stats.sent(session, since)
    names = {one.id: one.name for one in feeds.names(session)}
    return Figures(
        since,
        stats.totals(session, since),
        ledger.counts(session, ledger.Filter(since=since)),
        tuple(_took(name, sent if end == "sent" else seen, start, end) for name, start, end in TOLD_LEGS),
        _slowest(sent, lambda one: one.channel),
        _slowest(sent, lambda one: names.get(one.feed_id, "a feed that was removed")),
        len(seen) == stats.MOST or stats.is_cut(session, since),
    )


def _took(name: str, passed: Sequence[Seen | Sent], start: str, end: str) -> Took:
    ordered = seconds(passed, start, end)
    return Took(name, len(ordered), percentile(ordered, 50), percentile(ordered, 95), ordered[-1] if ordered else None)


def _slowest(sent: Sequence[Sent], of: Callable[[Sent], str]) -> tuple[Slow, ...]:
    """Those with the longest 95th percentile from seen to sent first."""
    groups: dict[str, list[Sent]] = {}
    for one in sent:
        groups.setdefault(of(one), []).append(one)
    found = [Slow(name, _took("seen to sent", own, "seen", "sent")) for name, own in groups.items()]
    return tuple(sorted(found, key=lambda one: (-(one.took.p95 or 0.0), one.name))[:WORST])
