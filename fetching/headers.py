"""What the headers of an answer say: its type, how long it is fresh, when to come back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.text import one_line

LONGEST_WAIT = 86_400.0  # seconds; servers have been seen asking for 88 hours, and for ten years

_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.ASCII | re.IGNORECASE)
_SECONDS = re.compile(r"(\d+(?:\.\d*)?)\s*(?:s|sec|secs|seconds?)?", re.ASCII | re.IGNORECASE)
_DIRECTIVE = re.compile(r"([a-z-]+)(?:\s*=\s*\"?(\d+))?", re.ASCII)


def media_type(headers: Mapping[str, str]) -> tuple[str, str]:
    """Type and charset of the body, in lower case; empty where the server says none."""
    value = headers.get("content-type", "")
    charset = _CHARSET.search(value)
    return re.split("[;,]", value, maxsplit=1)[0].strip().lower(), charset[1].lower() if charset else ""


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the server wants to be asked again, 0 to 24 h; None when it does not say.

    A date is read against the answer's own Date, so that a wrong clock on either side does no harm. `12.5`, `60s` and
    two numbers (the server's and its proxy's, of which the longer counts) are no seconds to the letter, but meant so.
    """
    value = headers.get("retry-after", "").strip()
    numbers = [_SECONDS.fullmatch(part.strip()) for part in value.split(",")]
    seconds = [float(found[1]) for found in numbers if found]
    if len(seconds) == len(numbers):
        return min(max(seconds), LONGEST_WAIT)
    until = http_date(value)
    if until is None:
        return None
    sent = http_date(headers.get("date", "")) or now
    return min(max((until - sent).total_seconds(), 0.0), LONGEST_WAIT)


def max_age(headers: Mapping[str, str]) -> float | None:
    """Seconds for which the answer says it stays fresh, 0 to 24 h; None when it does not say or forbids keeping it."""
    control = headers.get("cache-control", "").lower()
    directives = dict(_DIRECTIVE.findall(control))
    if {"no-cache", "no-store"} & directives.keys():
        return None
    if directives.get("max-age"):
        age = headers.get("age", "").strip()
        spent = int(age[:12]) if age.isascii() and age.isdigit() else 0
        return min(max(float(int(directives["max-age"][:12]) - spent), 0.0), LONGEST_WAIT)
    expires, sent = http_date(headers.get("expires", "")), http_date(headers.get("date", ""))
    if expires is None or sent is None:
        return None
    return min(max((expires - sent).total_seconds(), 0.0), LONGEST_WAIT)


def http_date(value: str) -> datetime | None:
    """The time an HTTP header means, in UTC; None when it cannot be read."""
    try:
        read = parsedate_to_datetime(one_line(value, 100))
        return read.replace(tzinfo=read.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
