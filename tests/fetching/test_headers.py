from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching.headers import http_date, max_age, media_type, retry_after

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT_NOON = "Sat, 21 Nov 2026 12:00:00 GMT"
DAY = 86_400.0


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", ("", "")),
        ("Text/XML", ("text/xml", "")),
        ("application/rss+xml; charset=UTF-8", ("application/rss+xml", "utf-8")),
        ("text/html;charset='windows-1251'; x=y", ("text/html", "windows-1251")),
        ('text/html; x=y; CHARSET = "EUC-KR"', ("text/html", "euc-kr")),
        ("text/html, text/xml; charset=a", ("text/html", "a")),
        ("text/html; charset=", ("text/html", "")),
    ],
)
def test_type_and_charset_are_read_from_the_content_type(value: str, expected: tuple[str, str]) -> None:
    assert media_type({"content-type": value}) == expected


def test_no_content_type_says_nothing() -> None:
    assert media_type({}) == ("", "")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "315360000"}, DAY),
        ({"retry-after": "9" * 5000}, DAY),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "12.5"}, 12.5),
        ({"retry-after": "0000000000012"}, 12.0),
        ({"retry-after": "9" * 4_000}, DAY),
        ({"retry-after": "60s"}, 60.0),
        ({"retry-after": "60, 120"}, 120.0),
        ({"retry-after": "60, soon"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 13:00:00 GMT"}, 3600.0),
        ({"retry-after": "Sat, 21 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Fri, 21 Nov 2036 12:00:00 GMT"}, DAY),
        ({"retry-after": "Wed, 21 Nov 2029 13:00:00 GMT", "date": "Wed, 21 Nov 2029 12:00:00 GMT"}, 3600.0),
        ({"retry-after": "Sat, 99 Nov 2026 13:00:00 GMT"}, None),
    ],
)
def test_the_wait_a_server_asks_for_is_between_nothing_and_a_day(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"cache-control": "max-age=300"}, 300.0),
        ({"cache-control": 'public, Max-Age="300"'}, 300.0),
        ({"cache-control": "max-age=300", "age": "100"}, 200.0),
        ({"cache-control": "max-age=300", "age": "400"}, 0.0),
        ({"cache-control": "max-age=300", "age": "old"}, 300.0),
        ({"cache-control": "max-age=99999999999999999999"}, DAY),
        ({"cache-control": "max-age=300, no-cache"}, None),
        ({"cache-control": "no-store"}, None),
        ({"cache-control": "max-age"}, None),
        ({"cache-control": "s-maxage=300"}, None),
        ({"expires": "Sat, 21 Nov 2026 12:10:00 GMT", "date": AT_NOON}, 600.0),
        ({"expires": "Sat, 21 Nov 2026 11:10:00 GMT", "date": AT_NOON}, 0.0),
        ({"expires": "Sat, 21 Nov 2026 12:10:00 GMT"}, None),
        ({"expires": "0", "date": AT_NOON}, None),
        ({"expires": "Sat, 21 Nov 2026 12:10:00 GMT", "date": AT_NOON, "cache-control": "max-age=5"}, 5.0),
    ],
)
def test_freshness_is_between_nothing_and_a_day(headers: dict[str, str], seconds: float | None) -> None:
    assert max_age(headers) == seconds


def test_a_date_without_zone_is_utc() -> None:
    assert http_date("Sat, 21 Nov 2026 12:00:00 -0000") == NOW
    assert http_date(AT_NOON) == NOW


@given(st.text())
def test_no_header_makes_reading_raise(value: str) -> None:
    headers = dict.fromkeys(("retry-after", "cache-control", "age", "expires", "date", "content-type"), value)
    media_type(headers)
    assert 0 <= (retry_after(headers, NOW) or 0) <= DAY
    assert 0 <= (max_age(headers) or 0) <= DAY
