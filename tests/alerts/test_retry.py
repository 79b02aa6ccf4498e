from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.result import Result, ResultClass
from alerts.retry import (
    BACK_OFF,
    FEWEST_ATTEMPTS,
    GIVE_UP,
    GIVE_UP_DIGEST,
    Next,
    State,
    after,
    rest,
    target_fails,
    wait,
)
from core.reasons import Reason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEMP = Result(ResultClass.TEMP)


def following(result: Result, **settings: Any) -> Next:
    return after(result, **{"attempts": 1, "first_try": NOW, "now": NOW, "jitter": 0.5, **settings})


@pytest.mark.parametrize(
    ("result", "state", "reason"),
    [
        (ResultClass.OK, State.SENT, Reason.ACCEPTED),
        (ResultClass.TEMP, State.RETRY, Reason.TEMPORARY),
        (ResultClass.RATE, State.RETRY, Reason.RATE_LIMITED),
        (ResultClass.AUTH, State.PAUSED, Reason.AUTH),
        (ResultClass.PERM, State.DEAD, Reason.PERMANENT),
        (ResultClass.UNKNOWN, State.RETRY, Reason.ANSWER_LOST),
    ],
)
def test_each_class_has_its_next_state(result: ResultClass, state: State, reason: Reason) -> None:
    decided = following(Result(result))
    assert (decided.state, decided.reason) == (state, reason)
    assert (decided.not_before is not None) == (state is State.RETRY)


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 30), (2, 60), (3, 120), (4, 300), (5, 600), (6, 1800), (7, 3600), (8, 3600), (40, 3600), (0, 30)],
)
def test_waits_grow_to_an_hour_and_stay_there(attempts: int, seconds: int) -> None:
    assert wait(TEMP, attempts, 0.5) == timedelta(seconds=seconds)


def test_jitter_spreads_a_wait_by_a_fifth_to_either_side() -> None:
    assert wait(TEMP, 7, 0.0) == timedelta(minutes=48)
    assert wait(TEMP, 7, 1.0) == timedelta(minutes=72)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(120.0, 120), (0.0, 1), (315_360_000.0, 3600), (None, 30), (float("nan"), 30), (float("inf"), 30), (-5.0, 30)],
)
def test_a_receiver_may_ask_for_up_to_an_hour(asked: float | None, seconds: int) -> None:
    assert wait(Result(ResultClass.RATE, retry_after=asked), 1, 0.5) == timedelta(seconds=seconds)


def test_retry_after_counts_for_rate_limits_only() -> None:
    assert wait(Result(ResultClass.TEMP, retry_after=3000), 1, 0.5) == timedelta(seconds=30)


def test_an_unanswered_message_is_held_where_the_channel_asks_for_it() -> None:
    decided = following(Result(ResultClass.UNKNOWN), on_unknown="hold")
    assert (decided.state, decided.reason) == (State.UNKNOWN, Reason.ANSWER_LOST)


def test_holding_concerns_unanswered_messages_only() -> None:
    assert following(TEMP, on_unknown="hold").state is State.RETRY


@pytest.mark.parametrize("result", [ResultClass.TEMP, ResultClass.RATE, ResultClass.UNKNOWN])
def test_after_a_day_it_is_a_dead_letter(result: ResultClass) -> None:
    assert following(Result(result), now=NOW + GIVE_UP - timedelta(seconds=1)).state is State.RETRY
    tried = {"now": NOW + GIVE_UP, "attempts": FEWEST_ATTEMPTS}
    assert following(Result(result), **tried) == Next(State.DEAD, Reason.GAVE_UP)


def test_what_was_hardly_tried_is_not_given_up_because_the_clock_jumped_ahead() -> None:
    assert following(TEMP, now=NOW + timedelta(days=20_000), attempts=FEWEST_ATTEMPTS - 1).state is State.RETRY


def test_the_catch_up_digest_is_tried_for_two_days() -> None:
    late = NOW + timedelta(hours=47)
    assert following(TEMP, now=late, period=GIVE_UP_DIGEST).state is State.RETRY


def test_a_late_success_is_a_success() -> None:
    assert following(Result(ResultClass.OK), now=NOW + timedelta(days=9)).state is State.SENT


def test_three_dead_workers_make_a_message_poison() -> None:
    crash = Result(ResultClass.TEMP, worker_died=True)
    first = following(crash)
    second = following(crash, crashes=first.crashes)
    third = following(crash, crashes=second.crashes)
    assert [first.state, second.state, third.state] == [State.RETRY, State.RETRY, State.DEAD]
    assert third.reason is Reason.POISON


def test_crashes_are_remembered_through_other_failures() -> None:
    assert following(TEMP, crashes=2) == Next(State.RETRY, Reason.TEMPORARY, NOW + BACK_OFF[0], 2)


@given(
    result=st.builds(
        Result, st.sampled_from(ResultClass), retry_after=st.none() | st.floats(), worker_died=st.booleans()
    ),
    attempts=st.integers(1, 200),
    elapsed=st.timedeltas(timedelta(0), timedelta(hours=60)),
    jitter=st.floats(0, 1),
    on_unknown=st.sampled_from(["retry", "hold"]),
    crashes=st.integers(0, 2),
)
def test_a_retry_is_always_ahead_and_within_72_minutes(
    result: Result, attempts: int, elapsed: timedelta, jitter: float, on_unknown: Any, crashes: int
) -> None:
    now = NOW + elapsed
    decided = following(result, attempts=attempts, now=now, jitter=jitter, on_unknown=on_unknown, crashes=crashes)
    if decided.state is State.RETRY:
        assert decided.not_before is not None
        assert timedelta(seconds=1) <= decided.not_before - now <= timedelta(minutes=72)
        assert elapsed < GIVE_UP or attempts < FEWEST_ATTEMPTS
    else:
        assert decided.not_before is None


PACE = timedelta(seconds=1.2)


@pytest.mark.parametrize(
    ("result", "failing", "seconds"),
    [
        (Result(ResultClass.OK), 0, 1.2),
        (Result(ResultClass.PERM), 0, 1.2),
        (TEMP, 1, 1.2),
        (TEMP, 2, 1.2),
        (TEMP, 3, 30.0),
        (TEMP, 400, 30.0),
        (Result(ResultClass.RATE, retry_after=120.0), 1, 120.0),
        (Result(ResultClass.RATE, retry_after=0.0), 1, 1.2),
        (Result(ResultClass.RATE), 1, 30.0),
        (Result(ResultClass.RATE), 3, 120.0),
    ],
)
def test_a_target_rests_after_a_rate_limit_or_three_failures_in_a_row(
    result: Result, failing: int, seconds: float
) -> None:
    assert rest(result, failing, 0.5, pace=PACE) == timedelta(seconds=seconds)


@pytest.mark.parametrize("cls", list(ResultClass))
def test_what_a_receiver_refuses_for_good_or_kills_its_sender_says_nothing_of_other_messages(cls: ResultClass) -> None:
    assert target_fails(Result(cls)) == (cls in (ResultClass.TEMP, ResultClass.RATE, ResultClass.UNKNOWN))
    assert not target_fails(Result(cls, worker_died=True))
