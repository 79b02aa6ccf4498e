"""When to ask a feed again. Pure: everything comes in as a value.

A poll that lists what was seen before in half of its entries came at the right time; one that lists nothing known may
have come too late. Without the operator's own interval, the interval moves towards that half. What servers say of
freshness is respected: never earlier than Retry-After, Cache-Control and Expires; the feed's own `ttl` only where the
operator named no interval. Feeds that share a host share its time.

Validators lie: after a week of nothing but 304s one plain GET asks for the truth. When it brings news, they came since
the last poll or the 304s were lies; so the validators of before are sent once more: a 304 for them is the proof.

    304s ── a week ──> plain GET ── no news ──> validators as before
                           └─ news ──> trial: the old validators ── 200 ──> trusted, the new ones are kept
                                                                 └─ 304 ──> distrusted: none are sent any more

A server that refuses a request, as some do for validators they cannot read, is asked without them the next time; one
that says 412, which nothing else of ours can bring about, always.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from core.reasons import Reason

SHORTEST = timedelta(minutes=1)
LONGEST = timedelta(hours=24)
LONGEST_LEARNT = timedelta(hours=1)  # a slow feed's news must not wait a day: a 304 an hour costs nobody anything
FIRST_INTERVAL = timedelta(minutes=15)
AIM_SHARE_SEEN = 0.5  # of a poll's entries; between a third and two thirds the interval stays
WITHIN_AIM = (1 / 3, 2 / 3)
FASTEST_CHANGE, SLOWEST_CHANGE = 0.5, 1.5  # factors from one poll to the next
JITTER = 0.1  # of the wait, at most; added to it
EARLY = timedelta(seconds=10)  # taken from our own interval: one of a minute is over when the next cycle begins
DISTRUST_AFTER = timedelta(days=7)  # of only 304s
DEAD_AFTER = timedelta(days=7)  # without an answer, and not for one failure after a long sleep of our own
FEWEST_FAILURES_OF_THE_DEAD = 3.0
DEAD_AT_FIRST = 16.0  # failures of a feed that never answered: four hours for one polled each minute, 12 days if hourly
MOST_FAILURES = 1000.0  # where counting ends

# What a failure weighs. A name that does not resolve is mostly our own network's fault; active feeds do answer 404.
_WEIGHTS = {
    Reason.DNS: 0.25,
    Reason.UNREACHABLE: 0.25,
    Reason.RATE_LIMITED: 0.25,
    Reason.NOT_FOUND: 0.5,
}
_OUR_OWN = frozenset({Reason.DNS, Reason.UNREACHABLE})  # mostly: they say little of the feed
_PRECONDITION_FAILED = 412
_REFUSES_REQUEST = frozenset({400, _PRECONDITION_FAILED, 431, 501})  # maybe for what it held
_NOT_ASKED = _OUR_OWN | {Reason.REFUSED, Reason.CONNECT_TIMEOUT, Reason.TLS}  # no request reached the server


@dataclass(frozen=True, slots=True)
class Timing:
    """What is known of a feed before a poll.

    `every` is the operator's interval, None for automatic; `interval` the one in use. `failures` are weighed ones in
    a row. `plain`: this poll sent no validators although the feed had given some, to see whether its 304s are true.
    `answered_at`: its last usable answer. `ttl`: what it last said of how often it changes. `turn`: how long its host
    takes to serve all of its feeds once (see `turn`).
    """

    interval: timedelta = FIRST_INTERVAL
    failures: float = 0.0
    every: timedelta | None = None
    last_changed_at: datetime | None = None
    only_304_since: datetime | None = None
    validators_distrusted: bool = False
    first: bool = False
    plain: bool = False
    answered_at: datetime | None = None
    ttl: timedelta = timedelta()
    turn: timedelta = timedelta()

    @property
    def on_trial(self) -> bool:
        """Whether this poll sent validators from before a change, which an honest server no longer confirms."""
        since, changed = self.only_304_since, self.last_changed_at
        return since is not None and changed is not None and changed > since


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a poll brought. `retry_after` and `max_age` are seconds; `seen_before` and `new` count its entries."""

    kind: Literal["changed", "unchanged", "not_modified", "failed"]
    reason: Reason | None = None
    status: int = 0
    retry_after: float | None = None
    seen_before: int = 0
    new: int = 0
    max_age: float | None = None
    ttl: timedelta | None = None


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The next poll, and what is known of the feed now. `gap`: entries may have come and gone since the last one.

    `not_before`: until then the server asks to be left alone, None where it does not. `plain_get_next`: send no
    validators next time; `keep_validators`: those of before, not what this answer gave. `paused`: not at all, until
    somebody says so.
    """

    at: datetime
    interval: timedelta
    failures: float
    gap: bool
    plain_get_next: bool
    state: Literal["ok", "failing", "paused"]
    last_changed_at: datetime | None
    only_304_since: datetime | None
    validators_distrusted: bool
    not_before: datetime | None
    keep_validators: bool = False


def turn(feeds: int, spacing: timedelta) -> timedelta:
    """How long a host takes to serve so many feeds once, one request each `spacing`: their least interval, at most a
    day. With a spacing of 1 s, more than 60 feeds stretch the minute that would be the least otherwise.
    """
    return min(spacing * feeds, LONGEST)


def next_poll(state: Timing, outcome: Outcome, now: datetime, jitter: float) -> NextPoll:
    """When to ask again after `outcome`; `jitter` from 0 to 1 spreads feeds that would otherwise be asked together."""
    if outcome.kind == "failed":
        return _after_failure(state, outcome, now, jitter)
    gap = outcome.kind == "changed" and not state.first and outcome.new > 0 and outcome.seen_before == 0
    interval = _bounded(state, state.interval * _factor(state, outcome))
    left_alone = _left_alone(outcome)
    asked_for = max(left_alone, _ttl(state, outcome), state.turn)
    wait = max(_spread(interval, jitter) - EARLY, _spread(asked_for, jitter))
    learnt = _validators(state, outcome, now)
    return NextPoll(
        at=now + wait,
        interval=interval,
        failures=0.0,
        gap=gap,
        plain_get_next=learnt.plain,
        state="ok",
        last_changed_at=learnt.last_changed_at,
        only_304_since=learnt.only_304_since,
        validators_distrusted=learnt.validators_distrusted,
        not_before=now + left_alone if left_alone else None,
        keep_validators=learnt.on_trial,
    )


def _after_failure(state: Timing, outcome: Outcome, now: datetime, jitter: float) -> NextPoll:
    """Back-off grows by one interval a whole failure, to once a day; what has been dead for long is asked once a day.
    Only 410 stops, and only until somebody looks.
    """
    failures = min(state.failures + _WEIGHTS.get(outcome.reason or Reason.HTTP_STATUS, 1.0), MOST_FAILURES)
    interval = _bounded(state, state.interval)
    dead = _is_dead(state, outcome, failures, now)
    backed_off = LONGEST if dead else min(interval * (1 + failures), LONGEST)
    left_alone = _left_alone(outcome)
    wait = max(backed_off, left_alone, state.turn)
    asked_in_vain = state.plain and not state.validators_distrusted and outcome.reason not in _NOT_ASKED
    gone = outcome.reason is Reason.GONE or outcome.status == 410
    distrusted = state.validators_distrusted or outcome.status == _PRECONDITION_FAILED
    refused = outcome.status in _REFUSES_REQUEST and not state.plain
    another_body = 200 <= outcome.status < 300  # a parked page, say: the server does send what has changed
    only_304_since = None if another_body else state.only_304_since
    return NextPoll(
        at=now + _spread(wait, jitter),
        interval=interval,
        failures=failures,
        gap=False,
        plain_get_next=(state.plain and not asked_in_vain) or distrusted or refused,
        state="paused" if gone else "failing",
        last_changed_at=min(state.last_changed_at, now) if state.last_changed_at else None,
        only_304_since=now if asked_in_vain else only_304_since,  # one plain GET a week, answered or not
        validators_distrusted=distrusted,
        not_before=now + left_alone if left_alone else None,
    )


def _is_dead(state: Timing, outcome: Outcome, failures: float, now: datetime) -> bool:
    """Whether its server has had no usable answer for so long that nothing but a daily look is decent."""
    if outcome.reason in _OUR_OWN:
        return False
    if state.answered_at is None:
        return failures >= DEAD_AT_FIRST
    return failures >= FEWEST_FAILURES_OF_THE_DEAD and now - state.answered_at >= DEAD_AFTER


def _factor(state: Timing, outcome: Outcome) -> float:
    """How much longer or shorter the interval gets, by the share of entries that were seen before."""
    if state.first:
        return 1.0
    entries = outcome.seen_before + outcome.new
    share = outcome.seen_before / entries if outcome.kind == "changed" and entries else 1.0
    if WITHIN_AIM[0] <= share <= WITHIN_AIM[1]:
        return 1.0
    # new entries grow with the time between polls: the interval that would have brought half of them
    wanted = (1 - AIM_SHARE_SEEN) / (1 - share) if share < 1 else SLOWEST_CHANGE
    return min(max(wanted, FASTEST_CHANGE), SLOWEST_CHANGE)


def _ttl(state: Timing, outcome: Outcome) -> timedelta:
    """How often the feed says that it changes; nothing where the operator knows better."""
    return timedelta() if state.every else min(state.ttl if outcome.ttl is None else outcome.ttl, LONGEST)


def _left_alone(outcome: Outcome) -> timedelta:
    """How long the host asks to be, of a failure by its Retry-After alone."""
    fresh = timedelta() if outcome.kind == "failed" else _seconds(outcome.max_age)
    return max(fresh, _seconds(outcome.retry_after))


def _validators(state: Timing, outcome: Outcome, now: datetime) -> Timing:
    """What the poll says of the feed's validators; `plain` in the result is for the next poll.

    Times from a clock that was wrong are taken back to now: they must not look like a row of 304s or its end.
    """
    changed = now if outcome.kind == "changed" else state.last_changed_at
    state = replace(state, last_changed_at=changed)
    if state.validators_distrusted:
        return replace(state, plain=True, only_304_since=None)
    if outcome.kind == "not_modified":
        if state.on_trial:
            return replace(state, validators_distrusted=True, plain=True, only_304_since=None)
        since = min(state.only_304_since or now, now)
        started = min(changed, since) if changed else None
        return replace(state, only_304_since=since, last_changed_at=started, plain=now - since >= DISTRUST_AFTER)
    if state.plain and state.only_304_since and outcome.kind == "changed" and outcome.new:
        return replace(state, only_304_since=min(state.only_304_since, now - DISTRUST_AFTER), plain=False)
    return replace(state, only_304_since=None, plain=False)


def _seconds(value: float | None) -> timedelta:
    return min(max(timedelta(seconds=min(value or 0.0, LONGEST.total_seconds())), timedelta()), LONGEST)


def _bounded(state: Timing, learnt: timedelta) -> timedelta:
    """The operator's interval, else the one learnt, within their bounds."""
    if state.every is not None:
        return min(max(state.every, SHORTEST), LONGEST)
    return min(max(learnt, SHORTEST), LONGEST_LEARNT)


def _spread(wait: timedelta, jitter: float) -> timedelta:
    return wait * (1 + JITTER * min(max(jitter, 0.0), 1.0))
