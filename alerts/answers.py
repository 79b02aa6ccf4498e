"""What an HTTP answer to a message means for its delivery. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from alerts.result import Result, ResultClass

MAX_RETRY_AFTER = 3600.0  # seconds
REFUSED_FOR_GOOD = frozenset({401, 403, 404, 410})  # a wrong token, a deleted channel
COME_BACK = frozenset({408, 425})


def result_of(status: int, headers: Mapping[str, str]) -> Result:
    """What an answer means; `headers` is any case-insensitive mapping."""
    detail = f"HTTP {status}"
    wait = retry_after(headers.get("Retry-After", ""), headers.get("Date", ""))
    if 200 <= status < 300:
        return Result(ResultClass.OK, detail)
    if status == 429:
        return Result(ResultClass.RATE, detail, retry_after=wait)
    if status >= 500 or status in COME_BACK:
        return Result(ResultClass.TEMP, detail, retry_after=wait)
    if status in REFUSED_FOR_GOOD:
        return Result(ResultClass.AUTH, detail)
    if 300 <= status < 400:
        return Result(ResultClass.PERM, f"{detail}: redirects are not followed; name the new address in the watch file")
    return Result(ResultClass.PERM, detail)


def retry_after(value: str, date: str = "") -> float | None:
    """Seconds of a Retry-After header, at most an hour; None when there is none that can be read.

    A date in it is measured against the answer's own Date, so that neither clock has to be right.
    """
    try:
        seconds = float(value) if value.strip().isdigit() else _between(date, value)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _between(earlier: str, later: str) -> float:
    return (parsedate_to_datetime(later) - parsedate_to_datetime(earlier)).total_seconds()
