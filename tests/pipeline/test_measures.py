"""Percentiles of how long news took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.measures import legs, percentile, volume
from storage.engine import Database
from storage.measures import Moments
from tests.web import rows

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "half", "most"),
    [([], None, None), ([3.0], 3.0, 3.0), ([1.0, 2.0, 3.0, 4.0], 2.0, 4.0), (list(range(1, 101)), 50, 95)],
)
def test_a_percentile_is_a_value_that_occurred(values: list[float], half: float | None, most: float | None) -> None:
    assert (percentile(values, 50), percentile(values, 95)) == (half, most)


def test_each_leg_counts_what_went_it_forwards() -> None:
    def at(minutes: int) -> datetime:
        return NOON + timedelta(minutes=minutes)

    told = {
        one.leg: one
        for one in legs([Moments(at(0), at(2), at(3), at(4), at(9)), Moments(at(5), at(4), None, at(6), None)])
    }
    assert (told["published to seen"].count, told["published to seen"].p50) == (1, 120.0)
    assert told["read to matched"].count == 1
    assert (told["seen to read"].count, told["matched to sent"].p50) == (1, 300.0)
    assert told["published to sent"].p50 == 540.0
    assert all(one.p50 is None for one in legs([]))


def test_every_day_is_counted_also_one_without_anything(db: Database) -> None:
    db.write_now(rows.newsroom)
    days = db.read_now(lambda session: volume(session, rows.NOW, 5))
    assert [one.day for one in days] == [(rows.NOW - timedelta(days=ago)).date() for ago in (4, 3, 2, 1, 0)]
    assert (days[0].hits, sum(one.hits for one in days), sum(one.alerts for one in days)) == (0, 4, 2)
