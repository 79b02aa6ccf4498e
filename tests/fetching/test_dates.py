from __future__ import annotations

from datetime import UTC, datetime
from time import struct_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching import dates
from fetching.dates import EARLIEST, LATEST, parse_date

NINE_TEN = datetime(2026, 11, 21, 9, 10, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)


def _guess(*parts: int) -> struct_time:
    return struct_time((*parts, 0, 0, 0))


@pytest.mark.parametrize(
    "text",
    [
        "Sat, 21 Nov 2026 09:10:00 GMT",
        "Sat, 21 Nov 2026 09:10 +0000",
        "21 Nov 26 09:10 UT",
        "Saturday, 21 November 2026 16:10:00 +0700",
        "Sat, 21 Nov 2026 16:10:00 ICT",
        "Sat, 21 Nov 2026 10:10:00 CET",
        "Sat, 21 Nov 2026 11:10 CEST",
        "Sat, 21 Nov 2026 04:10:00 EST",
        "Sat, 21 Nov 2026 14:40:00 IST",
        "Sat, 21 Nov 2026 14:40:00 +0530 (IST)",
        "Sat, 21 Nov 2026 09:10:00 XYZ",
        "2026-11-21T09:10:00Z",
        "2026-11-21T09:10",
        "2026-11-21T16:10:00.000+07:00",
        "2026-11-21 09:10:00 UTC",
        "2026-11-21T16:10:00 GMT+0700 (Indochina Time)",
        "20261121T091000Z",
        "20261121T0910",
        "2026/11/21 09:10",
        "2026.11.21 09:10",
        "21.11.2026 09:10",
        "21.11.2026, 09:10 Uhr",
        "21/11/2026 09:10",
        "11/21/2026 9:10 AM",
        "Nov 21, 2026 9:10 AM",
        "November 21st, 2026 at 9:10 a.m.",
        "Saturday, November 21, 2026 - 09:10",
        "Sat Nov 21 09:10:00 2026",
        "Sat Nov 21 01:10:00 PST 2026",
        "Sa, 21 Nov 2026 10:10 MEZ",
        "sam., 21 novembre 2026 09h10",
        "21 de noviembre de 2026 09:10",
        "2026年11月21日 09:10",
        "2026년 11월 21일 09:10",
        "1795252200",
        "1795252200000",
    ],
)
def test_a_date_is_read_as_it_was_meant(text: str) -> None:
    assert parse_date(text) == NINE_TEN


@pytest.mark.parametrize("text", ["2026-11-21", "2026-11-20T24:00:00Z", "20261121", "21.11.2026", "2026年11月21日"])
def test_a_day_is_its_beginning(text: str) -> None:
    assert parse_date(text) == MIDNIGHT


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016/6/29 15:07:41", datetime(2016, 6, 29, 15, 7, 41, tzinfo=UTC)),
        ("2026-11", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-21-05:00", datetime(2026, 11, 21, 5, tzinfo=UTC)),
        ("Nov 21, 2026 12:10 AM", datetime(2026, 11, 21, 0, 10, tzinfo=UTC)),
        ("Nov 21, 2026 9:10 PM", datetime(2026, 11, 21, 21, 10, tzinfo=UTC)),
        ("2026-11-21T23:59:60Z", datetime(2026, 11, 21, 23, 59, 59, tzinfo=UTC)),
        ("21 juin 2026", datetime(2026, 6, 21, tzinfo=UTC)),
        ("21 juillet 2026", datetime(2026, 7, 21, tzinfo=UTC)),
        ("21 Okt 2026", datetime(2026, 10, 21, tzinfo=UTC)),
        ("5/5/2026", datetime(2026, 5, 5, tzinfo=UTC)),
        ("21 Nov 98", datetime(1998, 11, 21, tzinfo=UTC)),
    ],
)
def test_odd_dates_are_read(text: str, expected: datetime) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "3/4/2026",
        "2026-02-31",
        "2026-13-01",
        "21 Foo 2026",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
        "-0001-11-30T00:00:00+00:00",
        "Wed, 30 Nov -0001 00:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "2100-01-01",
        "1989-12-31",
        "99999999999999999999",
        "2026-11-21T99:99:99Z",
    ],
)
def test_what_cannot_be_a_date_of_news_is_none(text: str) -> None:
    assert parse_date(text) is None


def test_a_guess_is_believed_when_its_numbers_stand_in_the_text() -> None:
    assert parse_date("Σαβ, 21 Νοε 2026 x", _guess(2026, 11, 21, 9, 10, 0)) == NINE_TEN
    assert parse_date("2026 21 11", _guess(2026, 11, 22, 1, 0, 0)) == datetime(2026, 11, 22, 1, tzinfo=UTC)


def test_a_guess_that_made_up_its_day_is_not_believed() -> None:
    assert parse_date("29 of June, 2016", _guess(2016, 11, 1, 15, 7, 41)) is None
    assert parse_date("someday", _guess(2026, 11, 21, 0, 0, 0)) is None
    assert parse_date("year 10000000", _guess(10_000_000, 11, 21, 0, 0, 0)) is None


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,9}[-/. ][0-9]{1,4}[T ][0-9:.+Za-z ]{0,20}"))
def test_a_date_is_in_utc_and_of_our_time_or_none(text: str) -> None:
    read = parse_date(text)
    assert read is None or (EARLIEST <= read < LATEST and read.tzinfo is UTC)


@given(st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)), st.integers(-12 * 4, 14 * 4))
def test_iso_dates_with_any_offset_are_exact(at: datetime, quarters: int) -> None:
    at = at.replace(microsecond=0)
    sign, minutes = ("-" if quarters < 0 else "+"), abs(quarters) * 15
    read = parse_date(f"{at.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}")
    assert read == datetime.fromisoformat(f"{at.isoformat()}{sign}{minutes // 60:02}:{minutes % 60:02}")


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ("Sat, 21 Nov 2026 11:10:09 GMT", "Saturday, 21 November 2026 11:10:09 UTC"),
        ("Sat, 21 Nov 2026 11:10:09 +0730", "21 Nov 2026 11:10:09 UTC+07:30"),
        ("Thu, 01 Jan 2026 00:10:09 -0330", "2026/1/1 00:10:09 NST"),
        ("Thu, 1 Jan 2026 00:10:09 +0000", "2026/1/1 00:10:09"),
        ("Sat, 21 Nov 2026 11:10:09 +0007", "2026-11-21 11:10:09 GMT+0:07"),
        ("Sat, 21 Nov 2026 11:10:09-0700", "2026-11-21 11:10:09 MST"),
        ("Sat, 21 Nov 2026 11.10.09 GMT", "2026-11-21 11:10:09"),
        ("2026-11-21T09:10:11+07:00", "2026-11-21 09:10:11 ICT"),
        ("2026-11-21T09:10:11Z", "21.11.2026 09:10:11"),
    ],
)
def test_the_usual_forms_mean_what_the_others_mean(usual: str, other: str) -> None:
    assert parse_date(usual) == parse_date(other)
    assert parse_date(usual) is not None


@pytest.mark.parametrize(
    "text",
    ["31 Feb 2026 11:10:09 GMT", "Sat, 31 Feb 2026 11:10:09 GMT", "2026-02-31T09:10:11Z", "0001-01-01T00:00:00+07:00"],
)
def test_a_day_that_is_none_is_no_date_in_the_usual_forms_either(text: str) -> None:
    assert parse_date(text) is None


@given(
    st.sampled_from(
        ["Sat, 21 Nov 2026 11:10:09 GMT", "Sat, 01 Jan 2026 11:10:09 +0530", "Sat, 21 Nov 2026 23:59:59 -0800"]
    ),
    st.integers(3, 30),
    st.sampled_from(["", " ", ":", ".", "0", "9", "-", "+", "W", "T", "\u0661"]),
    st.integers(0, 2),
)
def test_columns_that_are_not_the_usual_ones_mean_what_the_words_mean(
    usual: str, column: int, other: str, taken: int
) -> None:
    text = usual[:column] + other + usual[column + taken :]
    by_columns = dates.usual(text)
    by_words = dates._written(text)
    assert by_columns is None or by_columns == by_words
