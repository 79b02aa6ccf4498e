from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.dates import day_in_url, moment

APRIL = datetime(2023, 4, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2023-04-11T21:40:00+00:00", APRIL.replace(hour=21, minute=40)),
        ("2023-04-11T21:40:00.123Z", APRIL.replace(hour=21, minute=40, microsecond=123000)),
        ("2023-04-11T21:40:00+02:00", APRIL.replace(hour=19, minute=40)),
        ("2023-04-11T21:40+0530", APRIL.replace(hour=16, minute=10)),
        ("2023-04-11 09:05:00 -0500", APRIL.replace(hour=14, minute=5)),
        ("2023-4-11 9:05", APRIL.replace(hour=9, minute=5)),
        ("2023-04-11 21:40:00 UTC", APRIL.replace(hour=21, minute=40)),
        (" 2023-04-11 ", APRIL),
        ("20230411", APRIL),
        ("Tue, 11 Apr 2023 21:40:00 GMT", APRIL.replace(hour=21, minute=40)),
    ],
)
def test_dates_for_machines_are_read_with_their_slips(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "today",
        "0001-01-01T00:00:00Z",
        "1970-01-01",
        "2023-13-45",
        "2023-02-30",
        "9999-12-31T23:59:59-12:00",
        "1681249200",
        "2023-04-11T21:40:00+99:99",
        "April 11, 2023",
        "Tue, 99 Apr 2023 99:99:99 GMT",
    ],
)
def test_what_is_no_date_or_a_default_is_none(text: str) -> None:
    assert moment(text) is None


@given(st.text())
def test_any_text_is_a_date_or_none(text: str) -> None:
    when = moment(text)
    assert when is None or when.tzinfo is UTC


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/2023/04/11/slug.html",
        "https://a.example/news/slug-20230411",
        "https://a.example/x/2023-04-11-slug",
    ],
)
def test_a_day_in_a_path_is_found(url: str) -> None:
    assert day_in_url(url) == APRIL


@pytest.mark.parametrize(
    "url", ["https://a.example/12345678", "https://a.example/2023/slug", "https://20230411.example/x?d=2023/04/11", ""]
)
def test_other_numbers_in_a_url_are_no_day(url: str) -> None:
    assert day_in_url(url) is None
