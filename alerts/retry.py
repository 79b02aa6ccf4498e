"""What follows from the result of one attempt to send: the one place where retries are decided. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from alerts.result import Result, ResultClass
from core.reasons import Reason

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800, 3600))  # then hourly
SPREAD = 0.2  # of the back-off, to either side: a receiver that comes back is not met by everybody at once
RATE_CAP = timedelta(hours=1)  # what a Retry-After may ask for
GIVE_UP = timedelta(hours=24)
GIVE_UP_DIGEST = timedelta(hours=48)  # for the catch-up digest: nothing after it would tell what it tells
FEWEST_ATTEMPTS = 5  # before it is given up: a clock that jumps ahead by years is no day of trying
MAX_CRASHES = 3  # worker processes that die on one message

ILL_AFTER = 3  # attempts in a row that came to nothing, whatever they were to tell: from then on the target rests
ILL_REST = timedelta(seconds=30)

OnUnknown = Literal["retry", "hold"]


class State(StrEnum):
    """What a delivery becomes after an attempt.

    PAUSED says two things: this delivery is a dead letter, and its target takes nothing more until somebody resumes it.
    """

    SENT = "sent"
    RETRY = "retry"
    UNKNOWN = "unknown"  # perhaps sent, held for a person to decide
    DEAD = "dead"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Next:
    """A delivery's next state. `not_before` is set for RETRY only; `crashes` is to be kept for the next call."""

    state: State
    reason: Reason
    not_before: datetime | None = None
    crashes: int = 0


def after(
    result: Result,
    *,
    attempts: int,
    first_try: datetime,
    now: datetime,
    jitter: float,
    on_unknown: OnUnknown = "retry",
    crashes: int = 0,
    period: timedelta = GIVE_UP,
) -> Next:
    """What follows from `result`, the end of attempt number `attempts` (from 1).

    `jitter` is a random number from 0 to 1 (0.5 = the plain back-off); `crashes` counts workers that died on this
    message before; `period` is how long after `first_try` attempts go on.
    """
    crashes += result.worker_died
    if crashes >= MAX_CRASHES:
        return Next(State.DEAD, Reason.POISON, crashes=crashes)
    match result.cls:
        case ResultClass.OK:
            return Next(State.SENT, Reason.ACCEPTED, crashes=crashes)
        case ResultClass.AUTH:
            return Next(State.PAUSED, Reason.AUTH, crashes=crashes)
        case ResultClass.PERM:
            return Next(State.DEAD, Reason.PERMANENT, crashes=crashes)
        case ResultClass.UNKNOWN if on_unknown == "hold":
            return Next(State.UNKNOWN, Reason.ANSWER_LOST, crashes=crashes)
    if now - first_try >= period and attempts >= FEWEST_ATTEMPTS:
        return Next(State.DEAD, Reason.GAVE_UP, crashes=crashes)
    return Next(State.RETRY, _WAITING[result.cls], now + wait(result, attempts, jitter), crashes)


def wait(result: Result, attempts: int, jitter: float) -> timedelta:
    """How long to wait after attempt number `attempts`: what the receiver asked for (at most 1 h), or the back-off."""
    asked = result.retry_after
    if result.cls is ResultClass.RATE and asked is not None and math.isfinite(asked) and asked >= 0:
        return timedelta(seconds=min(max(asked, 1.0), RATE_CAP.total_seconds()))
    step = BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]
    return step * (1 - SPREAD + 2 * SPREAD * min(max(jitter, 0.0), 1.0))


def target_fails(result: Result) -> bool:
    """Whether an attempt speaks against its target: a receiver that takes nothing now, rather than this message."""
    return result.cls in (ResultClass.TEMP, ResultClass.RATE, ResultClass.UNKNOWN) and not result.worker_died


def rest(result: Result, failing: int, jitter: float, *, pace: timedelta) -> timedelta:
    """How long the target gets nothing at all after this attempt, the last of `failing` in a row that it failed.

    A receiver that said when to come back (or just that it is too much) is not asked before, by no other message
    either. One that is down is asked every 30 s by whatever is due, not by everything that waits for it; as soon as
    it takes something, only its pace holds.
    """
    if result.cls is ResultClass.RATE:
        return max(pace, wait(result, failing, jitter))
    if failing >= ILL_AFTER:
        return max(pace, ILL_REST * (1 - SPREAD + 2 * SPREAD * jitter))
    return pace


_WAITING = {
    ResultClass.TEMP: Reason.TEMPORARY,
    ResultClass.RATE: Reason.RATE_LIMITED,
    ResultClass.UNKNOWN: Reason.ANSWER_LOST,
}
