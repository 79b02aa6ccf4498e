"""JSON as commands print it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

import pytest

from core.jsontext import json_of, line_of, utc

NOON = datetime(2026, 11, 21, 19, 0, 0, 5, tzinfo=timezone(timedelta(hours=7)))


class Kind(StrEnum):
    """As reasons and states are."""

    ONE = "one"


def test_times_are_in_utc_and_what_json_has_no_form_for_is_text() -> None:
    values = {"at": NOON, "kind": Kind.ONE, "where": Path("a/b"), "pair": (1, None), "some": {2}, "é": 0.5}
    assert json_of(values) == (
        '{"at": "2026-11-21T12:00:00.000005Z", "kind": "one", "where": "a/b", "pair": [1, null], "some": [2], "é": 0.5}'
    )


@pytest.mark.parametrize("time", [NOON, NOON.astimezone(UTC), NOON.replace(microsecond=0)])
def test_a_time_is_written_with_z(time: datetime) -> None:
    assert utc(time) == time.astimezone(UTC).isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("text", ["é", 'a\n"b"', "\ud800 alone", "\u2028", "🙂"])
def test_a_line_reads_back_as_it_was_whatever_is_in_it(text: str) -> None:
    values = {"id": 7, "text": text, "none": None, "list": [{"a": 0.25, "kind": Kind.ONE}], "yes": True}
    line = line_of(values)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == values
