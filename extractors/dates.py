"""Dates as pages write them for machines: ISO 8601 with its common slips, RFC 2822, and days in URLs."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1995, 1, 1, tzinfo=UTC)  # older ones are defaults and mistakes: 1970-01-01, 0001-01-01

# what datetime.fromisoformat refuses: single digits, a blank before the zone, a zone in letters
_NEARLY_ISO = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]\s*(\d\d?)(:\d\d(?::\d\d)?)(?:[.,]\d+)?\s*(Z|UTC|GMT|[+-]\d\d:?(?:\d\d)?)?)?",
    re.IGNORECASE,
)
_IN_PATH = re.compile(r"[/_-](?P<year>(?:19|20)\d\d)[/_-]?(?P<month>[01]\d)[/_-]?(?P<day>[0-3]\d)(?=[/_.-]|$)")


def moment(text: str) -> datetime | None:
    """The moment that a machine-readable date means, in UTC; None for what is no date or before 1995.

    A date without a time is its midnight; one without a zone is taken as UTC.
    """
    text = text.strip()
    when = _iso(text) or _rfc(text)
    return when if when and when >= EARLIEST else None


def day_in_url(url: str) -> datetime | None:
    """The day in a path such as `/2023/04/11/slug` or `/slug-20230411.html`, at midnight UTC."""
    match = _IN_PATH.search(url.partition("://")[2].partition("?")[0])
    return moment("-".join(match.group("year", "month", "day"))) if match else None


def _iso(text: str) -> datetime | None:
    try:
        return _in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    if not (match := _NEARLY_ISO.match(text)):
        return None
    year, month, day, hour, rest, zone = match.groups(default="")
    zone = zone if zone[:1] in "+-" else ""
    try:
        return _in_utc(datetime.fromisoformat(f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}{rest or ':00'}{zone}"))
    except (ValueError, OverflowError):
        return None


def _in_utc(when: datetime) -> datetime:
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)


def _rfc(text: str) -> datetime | None:
    try:
        return _in_utc(parsedate_to_datetime(text))
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
