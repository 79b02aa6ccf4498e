from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.durations import LONGEST, duration, written


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30s", timedelta(seconds=30)),
        ("0s", timedelta(0)),
        ("15m", timedelta(minutes=15)),
        ("15 min", timedelta(minutes=15)),
        (" 72H ", timedelta(hours=72)),
        ("1.5h", timedelta(minutes=90)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(days=14)),
        ("36500d", timedelta(days=36_500)),
    ],
)
def test_a_length_of_time_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "72", "h", "-1h", "1 year", "3 days", "1h30m", "٣h", "auto", "1e3s", "1,5h"])
def test_everything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="30s, 15m, 72h, 7d or 2w"):
        duration(text)


@pytest.mark.parametrize("text", ["36601d", "999999999w"])
def test_more_than_a_hundred_years_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at most 100 years"):
        duration(text)


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(hours=72), "72h"),
        (timedelta(days=7), "7d"),
        (timedelta(days=4, minutes=1), "5761m"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "61s"),
        (timedelta(seconds=1.5), "1.5s"),
        (timedelta(0), "0s"),
    ],
)
def test_a_length_is_written_shortly(length: timedelta, text: str) -> None:
    assert written(length) == text


@given(st.integers(0, int(LONGEST.total_seconds())))
def test_what_is_written_is_read_back(seconds: int) -> None:
    assert duration(written(timedelta(seconds=seconds))) == timedelta(seconds=seconds)
