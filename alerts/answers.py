"""What an HTTP answer to a message means for its delivery. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from alerts.result import Result, ResultClass
from core.log import masked
from core.text import one_line

MAX_RETRY_AFTER = 3600.0  # seconds
REFUSED_FOR_GOOD = frozenset({401, 403, 404, 410})  # a wrong token, a deleted channel
COME_BACK = frozenset({408, 425})
LONGEST_BODY = 100_000  # bytes of an answer that are looked into
SAID = 120  # characters of what a service says of a failure

Path = tuple[str | int, ...]  # into a JSON answer


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where a service that answers 200 to everything says whether it took the message, and which of its words mean a
    wrong key or a room that is gone, or too much at once. Any other is tried again.
    """

    at: Path
    taken: object
    why: Path
    gone: frozenset[object] = frozenset()
    busy: frozenset[object] = frozenset()


_FEISHU = Envelope(("code",), 0, ("msg",), frozenset({19001}), frozenset({11232}))
_SLACK_GONE = """
invalid_auth not_authed account_inactive token_revoked token_expired channel_not_found not_in_channel is_archived
"""
_SYNOLOGY = Envelope(("success",), True, ("error", "errors"))
_PUSHDEER = Envelope(("code",), 0, ("error",))
_VONAGE = Envelope(("messages", 0, "status"), "0", ("messages", 0, "error-text"), frozenset({"4"}), frozenset({"1"}))
ENVELOPES: Mapping[str, Envelope] = {
    "dingtalk": Envelope(("errcode",), 0, ("errmsg",), frozenset({300001}), frozenset({130101})),
    "wecombot": Envelope(("errcode",), 0, ("errmsg",), frozenset({93000}), frozenset({45009})),
    "feishu": _FEISHU,
    "lark": _FEISHU,
    "slack": Envelope(("ok",), True, ("error",), frozenset(_SLACK_GONE.split()), frozenset({"ratelimited"})),
    "synology": _SYNOLOGY,
    "synologys": _SYNOLOGY,
    "pushdeer": _PUSHDEER,
    "pushdeers": _PUSHDEER,
    "vonage": _VONAGE,
    "nexmo": _VONAGE,
}
_WAITS: tuple[tuple[Path, float], ...] = ((("retry_after_ms",), 0.001), (("parameters", "retry_after"), 1.0))
_REASONS: tuple[Path, ...] = (("description",), ("message",), ("error",), ("errmsg",), ("msg",), ("detail",))


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


def told_by(answer: Result, body: bytes) -> Result:
    """A refusal with what its body adds: the service's reason, and how long Matrix and Telegram ask to wait."""
    said = _json(body)
    words = next((words for path in _REASONS if isinstance(words := _at(said, path), str) and words.strip()), "")
    wait = answer.retry_after
    if answer.cls is ResultClass.RATE and wait is None:
        asked = ((_at(said, path), unit) for path, unit in _WAITS)
        wait = next((min(n * unit, MAX_RETRY_AFTER) for n, unit in asked if type(n) in (int, float) and n >= 0), None)
    return replace(answer, detail=_with(answer.detail, words), retry_after=wait)


def refusal(scheme: str, status: int, body: bytes) -> Result | None:
    """What a 2xx answer of this service says against the message; None when nothing."""
    envelope = ENVELOPES.get(scheme)
    said = _json(body) if envelope else None
    verdict = _at(said, envelope.at) if envelope else None
    if envelope is None or verdict is None or verdict == envelope.taken:
        return None
    words = _at(said, envelope.why)
    known = {verdict, words} if isinstance(words, str) else {verdict}
    gone, busy = known & envelope.gone, known & envelope.busy
    cls = ResultClass.AUTH if gone else ResultClass.RATE if busy else ResultClass.TEMP
    code = "" if isinstance(verdict, bool) else f"{verdict} "
    return Result(cls, _with(f"HTTP {status}, but refused", f"{code}{words or ''}".strip()))


def _with(detail: str, words: str) -> str:
    return f"{detail}: {masked(one_line(words, SAID))}" if words else detail


def _json(body: bytes) -> Any:
    try:
        return json.loads(body) if len(body) <= LONGEST_BODY else None
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: Path) -> Any:
    """What stands there; None when nothing does."""
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value
