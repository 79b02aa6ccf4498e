from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reasons import Reason
from fetching.schedule import (
    EARLY,
    JITTER,
    LONGEST,
    LONGEST_LEARNT,
    SHORTEST,
    NextPoll,
    Outcome,
    Timing,
    next_poll,
    turn,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Timing(interval=HOUR, last_changed_at=NOW - timedelta(days=30))
UNCHANGED = Outcome("unchanged")
NOT_MODIFIED = Outcome("not_modified", status=304)


def _after(state: Timing, outcome: Outcome, jitter: float = 0.0) -> NextPoll:
    return next_poll(state, outcome, NOW, jitter)


def _changed(seen_before: int, new: int) -> Outcome:
    return Outcome("changed", status=200, seen_before=seen_before, new=new)


def _failed(reason: Reason, **more: float) -> Outcome:
    return Outcome("failed", reason=reason, retry_after=more.get("retry_after"))


# -- the interval


@pytest.mark.parametrize(
    ("seen_before", "new", "minutes"),
    [(10, 10, 30), (7, 13, 30), (13, 7, 30), (0, 20, 15), (5, 15, 20), (15, 5, 45), (16, 4, 45), (20, 0, 45)],
)
def test_the_interval_moves_towards_half_of_the_entries_being_known(seen_before: int, new: int, minutes: int) -> None:
    half_hourly = replace(HOURLY, interval=HOUR / 2)
    assert _after(half_hourly, _changed(seen_before, new)).interval == timedelta(minutes=minutes)


@pytest.mark.parametrize("outcome", [UNCHANGED, NOT_MODIFIED, _changed(0, 0)])
def test_a_poll_that_brings_nothing_lengthens_the_interval(outcome: Outcome) -> None:
    assert _after(replace(HOURLY, interval=HOUR / 2), outcome).interval == 0.75 * HOUR


def test_the_interval_stays_between_a_minute_and_an_hour_or_the_operators_day() -> None:
    assert _after(replace(HOURLY, interval=timedelta(seconds=70)), _changed(0, 9)).interval == SHORTEST
    assert _after(HOURLY, UNCHANGED).interval == LONGEST_LEARNT
    assert _after(replace(HOURLY, every=30 * HOUR), UNCHANGED).interval == LONGEST
    assert _after(replace(HOURLY, every=timedelta(seconds=1)), UNCHANGED).interval == SHORTEST


def test_the_operators_interval_stays_as_it_is() -> None:
    state = replace(HOURLY, every=timedelta(minutes=5))
    for outcome in (UNCHANGED, NOT_MODIFIED, _changed(0, 9), _changed(9, 0)):
        after = _after(state, outcome)
        assert after.interval == timedelta(minutes=5)
        assert after.at == NOW + timedelta(minutes=5) - EARLY


def test_nothing_known_in_a_poll_is_a_gap_and_polls_faster() -> None:
    after = _after(HOURLY, _changed(0, 20))
    assert after.gap
    assert after.at == NOW + HOUR / 2 - EARLY


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (replace(HOURLY, first=True), _changed(0, 20)),
        (HOURLY, _changed(1, 19)),
        (HOURLY, _changed(0, 0)),
        (HOURLY, UNCHANGED),
    ],
)
def test_a_first_poll_or_a_known_entry_is_no_gap(state: Timing, outcome: Outcome) -> None:
    assert not _after(state, outcome).gap


def test_a_first_poll_says_nothing_about_the_interval() -> None:
    assert _after(replace(HOURLY, first=True), _changed(0, 20)).interval == HOUR


# -- what is asked for


@pytest.mark.parametrize("kind", ["changed", "unchanged", "not_modified"])
def test_freshness_is_waited_for(kind: Literal["changed", "unchanged", "not_modified"]) -> None:
    state = replace(HOURLY, every=timedelta(minutes=1))
    after = _after(state, Outcome(kind, max_age=7200.0, seen_before=1))
    assert after.at == NOW + 2 * HOUR
    assert after.interval == SHORTEST


def test_a_feeds_own_word_counts_where_the_operator_gave_none() -> None:
    outcome = replace(UNCHANGED, ttl=3 * HOUR)
    assert _after(HOURLY, outcome).at == NOW + 3 * HOUR
    assert _after(replace(HOURLY, every=HOUR), outcome).at == NOW + HOUR - EARLY
    assert _after(HOURLY, replace(UNCHANGED, ttl=timedelta(days=365))).at == NOW + LONGEST


def test_a_feeds_own_word_still_counts_when_it_is_not_repeated() -> None:
    assert _after(replace(HOURLY, ttl=3 * HOUR), NOT_MODIFIED).at == NOW + 3 * HOUR
    assert _after(replace(HOURLY, ttl=3 * HOUR), replace(UNCHANGED, ttl=timedelta())).at == NOW + HOUR - EARLY


@pytest.mark.parametrize(("feeds", "seconds"), [(60, 60), (61, 61), (300, 300), (200_000, 86_400)])
@pytest.mark.parametrize("outcome", [UNCHANGED, Outcome("failed", reason=Reason.DNS)])
def test_more_than_sixty_feeds_on_a_host_wait_for_each_other(feeds: int, seconds: int, outcome: Outcome) -> None:
    state = Timing(every=SHORTEST, failures=0.0, turn=turn(feeds, timedelta(seconds=1)))
    wait = next_poll(state, outcome, NOW, 0.0).at - NOW
    least = timedelta(seconds=seconds)
    assert wait == (max(least, 1.25 * SHORTEST) if outcome.kind == "failed" else least)


def test_a_retry_after_is_waited_for_whole() -> None:
    after = _after(HOURLY, _failed(Reason.RATE_LIMITED, retry_after=36_000.0))
    assert after.at == NOW + 10 * HOUR
    assert after.state == "failing"
    assert _after(HOURLY, _failed(Reason.RATE_LIMITED, retry_after=1e12)).at == NOW + LONGEST
    assert _after(HOURLY, _failed(Reason.RATE_LIMITED, retry_after=-5.0)).at > NOW


# -- failures


@pytest.mark.parametrize(
    ("reason", "weight"),
    [(Reason.DNS, 0.25), (Reason.UNREACHABLE, 0.25), (Reason.NOT_FOUND, 0.5), (Reason.TIMEOUT, 1.0), (Reason.TLS, 1.0)],
)
def test_failures_are_weighed_and_back_off_grows_with_them(reason: Reason, weight: float) -> None:
    state = HOURLY
    for times in (1, 2, 3):
        after = _after(state, _failed(reason))
        assert after.failures == times * weight
        assert after.at == NOW + HOUR * (1 + times * weight)
        assert (after.state, after.interval) == ("failing", HOUR)
        state = replace(state, failures=after.failures)


def test_a_feed_that_fails_for_long_is_still_asked_once_a_day() -> None:
    after = _after(replace(HOURLY, failures=500.0), _failed(Reason.NOT_FOUND))
    assert after.at == NOW + LONGEST
    assert after.state == "failing"


def test_a_failure_without_a_reason_counts_whole() -> None:
    assert _after(HOURLY, Outcome("failed")).failures == 1.0


def test_a_feed_without_an_answer_for_a_week_is_asked_once_a_day() -> None:
    state = replace(HOURLY, failures=3.0, answered_at=NOW - timedelta(days=7))
    assert _after(state, _failed(Reason.NOT_FOUND)).at == NOW + LONGEST
    assert _after(replace(state, answered_at=NOW - timedelta(days=6)), _failed(Reason.NOT_FOUND)).at < NOW + LONGEST
    assert _after(replace(state, failures=0.0), _failed(Reason.TIMEOUT)).at == NOW + 2 * HOUR  # we may have slept
    assert _after(state, _failed(Reason.DNS)).at < NOW + LONGEST  # our own network may be down


def test_a_feed_that_never_answered_is_asked_once_a_day_in_the_end() -> None:
    state, polls = replace(HOURLY, interval=timedelta(minutes=15)), 0
    while (after := _after(state, _failed(Reason.NOT_FOUND))).at < NOW + LONGEST:
        state, polls = replace(state, failures=after.failures), polls + 1
    assert polls == 31


def test_gone_pauses_and_says_so() -> None:
    after = _after(HOURLY, _failed(Reason.GONE))
    assert after.state == "paused"
    assert _after(HOURLY, Outcome("failed", status=410)).state == "paused"


def test_an_answer_ends_a_row_of_failures() -> None:
    after = _after(replace(HOURLY, failures=7.0), NOT_MODIFIED)
    assert (after.failures, after.state) == (0.0, "ok")


# -- validators


def test_the_first_304_starts_a_row_and_other_answers_end_it() -> None:
    assert _after(HOURLY, NOT_MODIFIED).only_304_since == NOW
    in_a_row = replace(HOURLY, only_304_since=NOW - HOUR)
    assert _after(in_a_row, NOT_MODIFIED).only_304_since == NOW - HOUR
    assert _after(in_a_row, UNCHANGED).only_304_since is None
    assert _after(in_a_row, _failed(Reason.DNS)).only_304_since == NOW - HOUR
    assert _after(in_a_row, replace(_failed(Reason.NOT_A_FEED), status=200)).only_304_since is None


def test_a_week_of_only_304s_is_followed_by_one_plain_get() -> None:
    almost = replace(HOURLY, only_304_since=NOW - timedelta(days=6, hours=23))
    assert not _after(almost, NOT_MODIFIED).plain_get_next
    week = replace(HOURLY, only_304_since=NOW - timedelta(days=7))
    assert _after(week, NOT_MODIFIED).plain_get_next
    asked_plainly = replace(week, plain=True)
    honest = _after(asked_plainly, UNCHANGED)
    assert (honest.plain_get_next, honest.validators_distrusted, honest.only_304_since) == (False, False, None)


WEEK_OF_304S = replace(HOURLY, only_304_since=NOW - timedelta(days=7), plain=True)


def _then(state: Timing, after: NextPoll) -> Timing:
    learnt = {name: getattr(after, name) for name in ("last_changed_at", "only_304_since", "validators_distrusted")}
    return replace(state, plain=after.plain_get_next, **learnt)


def test_news_behind_a_week_of_304s_put_the_validators_on_trial() -> None:
    after = _after(WEEK_OF_304S, _changed(1, 1))
    assert (after.validators_distrusted, after.plain_get_next, after.keep_validators) == (False, False, True)
    assert _then(WEEK_OF_304S, after).on_trial


def test_a_304_for_validators_from_before_the_news_is_a_lie_and_ends_all_trust() -> None:
    on_trial = _then(WEEK_OF_304S, _after(WEEK_OF_304S, _changed(1, 1)))
    after = next_poll(on_trial, NOT_MODIFIED, NOW + HOUR, 0.0)
    assert (after.validators_distrusted, after.plain_get_next) == (True, True)
    later = _after(replace(HOURLY, validators_distrusted=True, plain=True), UNCHANGED)
    assert (later.validators_distrusted, later.plain_get_next) == (True, True)


@pytest.mark.parametrize("outcome", [UNCHANGED, _changed(1, 1)])
def test_a_server_that_knows_its_validators_are_old_is_trusted_again(outcome: Outcome) -> None:
    on_trial = _then(WEEK_OF_304S, _after(WEEK_OF_304S, _changed(1, 1)))
    after = next_poll(on_trial, outcome, NOW + HOUR, 0.0)
    assert (after.validators_distrusted, after.plain_get_next, after.keep_validators) == (False, False, False)
    assert not _then(on_trial, after).on_trial


def test_a_trial_outlasts_failures() -> None:
    on_trial = _then(WEEK_OF_304S, _after(WEEK_OF_304S, _changed(1, 1)))
    assert _then(on_trial, next_poll(on_trial, _failed(Reason.TIMEOUT), NOW + HOUR, 0.0)).on_trial


def test_a_body_that_is_stamped_anew_without_news_is_no_lie() -> None:
    after = _after(WEEK_OF_304S, _changed(20, 0))
    assert (after.validators_distrusted, after.keep_validators, after.only_304_since) == (False, False, None)


def test_an_ordinary_change_after_304s_is_no_lie() -> None:
    after = _after(replace(HOURLY, only_304_since=NOW - timedelta(days=8)), _changed(1, 1))
    assert (after.validators_distrusted, after.plain_get_next, after.keep_validators) == (False, False, False)


def test_a_plain_get_that_reached_nobody_is_tried_again_plainly() -> None:
    after = _after(WEEK_OF_304S, _failed(Reason.DNS))
    assert (after.plain_get_next, after.only_304_since) == (True, WEEK_OF_304S.only_304_since)


def test_a_plain_get_that_a_server_answered_with_an_error_waits_another_week() -> None:
    after = _after(WEEK_OF_304S, _failed(Reason.HTTP_STATUS))
    assert (after.plain_get_next, after.only_304_since) == (False, NOW)


@pytest.mark.parametrize(
    ("status", "plain", "distrusted"),
    [(412, True, True), (400, True, False), (431, True, False), (403, False, False), (500, False, False)],
)
def test_who_refuses_a_request_is_asked_without_validators(status: int, plain: bool, distrusted: bool) -> None:
    after = _after(HOURLY, replace(_failed(Reason.HTTP_STATUS), status=status))
    assert (after.plain_get_next, after.validators_distrusted) == (plain, distrusted)
    again = _after(replace(HOURLY, plain=True), replace(_failed(Reason.HTTP_STATUS), status=400))
    assert not again.plain_get_next


def test_the_time_of_the_last_change_is_remembered() -> None:
    assert _after(HOURLY, _changed(1, 1)).last_changed_at == NOW
    for outcome in (UNCHANGED, NOT_MODIFIED, _failed(Reason.DNS)):
        assert _after(HOURLY, outcome).last_changed_at == HOURLY.last_changed_at


# -- always

_OUTCOMES = st.builds(
    Outcome,
    st.sampled_from(["changed", "unchanged", "not_modified", "failed"]),
    reason=st.sampled_from([None, *list(Reason)[:20]]),
    status=st.sampled_from([0, 200, 304, 404, 410, 429, 503]),
    retry_after=st.none() | st.floats(-10, 1e9),
    seen_before=st.integers(0, 2000),
    new=st.integers(0, 2000),
    max_age=st.none() | st.floats(-10, 1e9),
    ttl=st.none() | st.timedeltas(timedelta(), timedelta(days=4000)),
)


@given(_OUTCOMES, st.floats(0, 1))
def test_the_same_question_has_the_same_answer(outcome: Outcome, jitter: float) -> None:
    assert next_poll(HOURLY, outcome, NOW, jitter) == next_poll(HOURLY, outcome, NOW, jitter)


def test_jitter_only_ever_waits_longer() -> None:
    due = NOW + HOUR - EARLY
    assert _after(HOURLY, _changed(1, 1), jitter=0.0).at == due
    assert _after(HOURLY, _changed(1, 1), jitter=1.0).at == due + HOUR * JITTER
    assert _after(HOURLY, _changed(1, 1), jitter=-5.0).at == due


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_feed_of_a_minutes_interval_is_due_when_the_next_minutes_cycle_begins(jitter: float) -> None:
    after = _after(replace(HOURLY, every=SHORTEST), UNCHANGED, jitter)
    assert SHORTEST - EARLY <= after.at - NOW < SHORTEST


@pytest.mark.parametrize("asked", [{"max_age": 60.0}, {"retry_after": 60.0}])
def test_what_a_server_asks_for_is_waited_for_to_the_second(asked: dict[str, float]) -> None:
    outcome = replace(UNCHANGED, max_age=asked.get("max_age"), retry_after=asked.get("retry_after"))
    assert _after(Timing(), outcome).not_before == NOW + timedelta(minutes=1)
    assert _after(replace(HOURLY, every=SHORTEST), outcome).at == NOW + SHORTEST


def test_a_steady_feed_is_polled_so_that_half_of_its_entries_are_known() -> None:
    """30 entries listed, 30 new ones an hour: half of them are new after half an hour."""
    state = replace(HOURLY, interval=timedelta(minutes=5))
    for _ in range(30):
        new = min(30, round(30 * (state.interval / HOUR)))
        outcome = _changed(30 - new, new) if new else UNCHANGED
        state = replace(state, interval=_after(state, outcome).interval)
    share_new = 30 * (state.interval / HOUR) / 30
    assert 1 / 3 <= share_new <= 2 / 3
