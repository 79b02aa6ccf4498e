"""Days as addresses name them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from web.days import day, day_after, last_day
from web.pages.inbox import Asked


def test_a_day_is_whole_and_in_utc() -> None:
    assert day("2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)
    assert day_after("2026-11-22") == datetime(2026, 11, 23, tzinfo=UTC)
    assert day_after("9999-12-31") == datetime(9999, 12, 31, tzinfo=UTC)  # none follows it


def test_the_day_that_ends_is_the_one_before() -> None:
    assert last_day(day_after("2026-11-22")) == "2026-11-22"
    assert last_day(None) == ""


@pytest.mark.parametrize("text", ["", "22.11.2026", "2026-13-01", "9" * 99, "2026-W01-1", "20261122T1", "2026-11-2"])
def test_what_an_input_would_not_show_is_no_day(text: str) -> None:
    assert (day(text), day_after(text)) == (None, None)
    assert Asked.of({"since": text, "until": text}) == Asked()
