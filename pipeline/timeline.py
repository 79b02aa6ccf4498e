"""The way of one alert: when its article was published, seen, read and matched, and what each delivery came to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlmodel import Session

from storage import deliveries, latency
from storage.tables import Alert, Delivery


@dataclass(frozen=True, slots=True)
class Step:
    """One moment of the way; `became` and `reason` of a delivery only."""

    at: datetime
    stage: str
    became: str
    reason: str
    detail: str


def steps(session: Session, alert: Alert) -> list[Step]:
    """All that is known of an alert's way, without its decisions; one of a digest has deliveries only."""
    passed = latency.passed(session, alert.rule_id, alert.article_id) if alert.article_id else None
    owed = deliveries.of_alerts(session, [alert.id])
    return [*(_moments(passed) if passed else ()), *(_delivery(one, passed) for one in owed)]


def _moments(passed: latency.Passed) -> Iterator[Step]:
    known = [(name, at) for name in ("published", "seen", "read", "matched") if (at := getattr(passed, name))]
    ordered = sorted(known, key=lambda one: one[1])
    yield Step(ordered[0][1], ordered[0][0], "", "", "")
    for (before, then), (name, at) in pairwise(ordered):
        yield Step(at, name, "", "", f"{(at - then).total_seconds():.1f} s after {before}")


def _delivery(one: Delivery, passed: latency.Passed | None) -> Step:
    tries = f"{one.attempts} attempt{'' if one.attempts == 1 else 's'}"
    since = [("matched", one.made_at)] if passed is None else [("matched", passed.matched), ("seen", passed.seen)]
    took = [f"{(one.sent_at - at).total_seconds():.1f} s after {name}" for name, at in since if one.sent_at]
    at = one.sent_at or one.last_try_at or one.made_at
    return Step(at, "deliver", one.state, one.reason, "; ".join([f"{one.target_id}: {tries}", *took]))
