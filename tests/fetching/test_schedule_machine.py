"""A feed over time, polled when the schedule says so, whatever comes back and whatever the clock does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.reasons import Reason
from fetching.schedule import (
    DISTRUST_AFTER,
    EARLY,
    JITTER,
    LONGEST,
    SHORTEST,
    NextPoll,
    Outcome,
    Timing,
    next_poll,
    turn,
)

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the night before Europe's clocks change
SECOND = timedelta(seconds=1)
UNSENT = (Reason.DNS, Reason.UNREACHABLE, Reason.REFUSED, Reason.CONNECT_TIMEOUT, Reason.TLS)
REASONS = (*UNSENT, Reason.TIMEOUT, Reason.BROKEN_ANSWER, Reason.NOT_FOUND, Reason.HTTP_STATUS, Reason.RATE_LIMITED)


class FeedOverTime(RuleBasedStateMachine):
    """`real` is the true time; the poller reads `real + step`, which somebody may set wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.real = NOON
        self.step = timedelta()
        self.stepped = False
        self.state = Timing(first=True)
        self.last: NextPoll | None = None
        self.outcome = Outcome("unchanged")
        self.before = self.state
        self.plain_gets: list[datetime] = []
        self.row: datetime | None = None  # when the server began to say nothing but 304

    @rule(every=st.none() | st.timedeltas(SECOND, timedelta(days=30)), feeds=st.integers(1, 400))
    def the_operator_changes_the_watch_file(self, every: timedelta | None, feeds: int) -> None:
        self.state = replace(self.state, every=every, turn=turn(feeds, SECOND))

    @rule(step=st.sampled_from([timedelta(hours=hours) for hours in (-2, -1, 0, 1, 2)]))
    def the_clock_is_set_wrong_or_right(self, step: timedelta) -> None:
        self.step, self.stepped = step, True

    @rule(new=st.integers(0, 50), seen=st.integers(0, 50), jitter=st.floats(0, 1))
    def the_body_has_changed(self, new: int, seen: int, jitter: float) -> None:
        self._poll(Outcome("changed", status=200, new=new, seen_before=seen), jitter)

    @rule(max_age=st.none() | st.floats(-10, 1e9), ttl=st.none() | st.timedeltas(SECOND * 0), jitter=st.floats(0, 1))
    def the_body_is_the_same(self, max_age: float | None, ttl: timedelta | None, jitter: float) -> None:
        self._poll(Outcome("unchanged", status=200, max_age=max_age, ttl=ttl), jitter)

    @precondition(lambda self: not self.state.plain)
    @rule(times=st.integers(1, 200), max_age=st.none() | st.floats(0, 1e6))
    def the_server_says_not_modified(self, times: int, max_age: float | None) -> None:
        for _ in range(times):
            if self.state.plain:
                break  # nothing is sent that it could confirm
            self._poll(Outcome("not_modified", status=304, max_age=max_age), 0.5)

    @rule(reason=st.sampled_from(REASONS), retry_after=st.none() | st.floats(0, 4e8), jitter=st.floats(0, 1))
    def the_poll_fails(self, reason: Reason, retry_after: float | None, jitter: float) -> None:
        self._poll(Outcome("failed", reason=reason, retry_after=retry_after), jitter)

    @rule(jitter=st.floats(0, 1))
    def the_feed_is_gone_until_somebody_resumes_it(self, jitter: float) -> None:
        self._poll(Outcome("failed", reason=Reason.GONE, status=410), jitter)
        assert self.last is not None
        assert self.last.state == "paused"
        self.state = replace(self.state, failures=0.0)

    def _poll(self, outcome: Outcome, jitter: float) -> None:
        state, now = self.state, self.real + self.step
        sent = outcome.kind != "failed" or outcome.reason not in UNSENT
        if state.plain and not state.validators_distrusted and sent:
            self.plain_gets.append(self.real)
            assert self.stepped or (self.row is not None and self.real - self.row >= DISTRUST_AFTER)
        if outcome.kind == "not_modified":
            self.row = self.row or self.real
        elif outcome.kind != "failed":
            self.row = None
        after = next_poll(state, outcome, now, jitter)
        self.before, self.outcome, self.last = state, outcome, after
        self.state = replace(
            state,
            interval=after.interval,
            failures=after.failures,
            last_changed_at=after.last_changed_at,
            only_304_since=after.only_304_since,
            validators_distrusted=after.validators_distrusted,
            first=state.first and outcome.kind == "failed",
            plain=after.plain_get_next,
            answered_at=state.answered_at if outcome.kind == "failed" else now,
        )
        self.wait = after.at - now
        self.real += self.wait

    @invariant()
    def it_is_asked_again_within_a_day_and_in_no_cycle_of_the_same_minute(self) -> None:
        if self.last:
            least = min(max(self.before.every or SHORTEST, SHORTEST), LONGEST) - EARLY
            assert max(least, self.before.turn) <= self.wait <= LONGEST * (1 + JITTER)
            assert SHORTEST <= self.last.interval <= LONGEST

    @invariant()
    def it_is_never_asked_earlier_than_the_host_wants(self) -> None:
        if self.last:
            assert self.wait.total_seconds() >= min(self.outcome.retry_after or 0.0, 86_400.0)
            assert self.wait.total_seconds() >= min(self.outcome.max_age or 0.0, 86_400.0)

    @invariant()
    def failures_count_up_and_end_with_an_answer(self) -> None:
        if self.last:
            failed = self.outcome.kind == "failed"
            assert (self.last.failures > self.before.failures) == failed or self.last.failures == 1000.0
            assert (self.last.failures == 0) == (not failed)
            assert (self.last.state == "ok") == (not failed)

    @invariant()
    def a_trusted_feed_is_asked_plainly_once_a_week_at_most(self) -> None:
        pairs = zip(self.plain_gets, self.plain_gets[1:], strict=False)
        least = DISTRUST_AFTER - timedelta(hours=4) * self.stepped
        assert all(later - earlier >= least for earlier, later in pairs)

    @invariant()
    def a_distrusted_feed_is_sent_no_validators(self) -> None:
        if self.state.validators_distrusted:
            assert self.state.plain

    @invariant()
    def trust_ends_with_a_304_after_a_change_only(self) -> None:
        if self.last and self.last.validators_distrusted and not self.before.validators_distrusted:
            assert self.outcome.kind == "not_modified"
            assert self.before.on_trial

    @invariant()
    def validators_are_kept_for_a_trial_only(self) -> None:
        if self.last and self.last.keep_validators:
            assert self.before.plain
            assert self.outcome.new
            assert self.state.on_trial


FeedOverTime.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestFeedOverTime = FeedOverTime.TestCase
