from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.message import Kind
from alerts.policy import DigestTime, Policy, Quiet, quiet_until
from alerts.stages import BURST, GATHER, STAGES, STALE_AFTER, Action, AlertFacts, decide
from core.reasons import Reason

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday noon
PLAIN = Policy(targets=("desk",))
QUIET_NOW = replace(PLAIN, quiet=(Quiet(time(11), time(13)),))
DAILY = replace(PLAIN, digest=DigestTime(time(8)))
ALERT = AlertFacts(Kind.FIRST, PLAIN, made_at=NOW)
ORDER = ["rule", "silence", "told", "restored", "stands", "quiet", "budget", "digest", "stale", "send"]


def test_an_alert_nothing_speaks_against_is_sent() -> None:
    decided = decide(ALERT, NOW)
    assert (decided.action, decided.reason, decided.stage, decided.until) == (Action.SEND, Reason.SENT, "send", None)


def test_the_trail_tells_every_stage_in_order() -> None:
    assert [note.stage for note in decide(ALERT, NOW).trail] == ORDER
    assert all(note.note for note in decide(ALERT, NOW).trail)


HOURS = timedelta(hours=1)
CASES = [
    ("rule", replace(ALERT, rule_exists=False), Action.DROP, Reason.RULE_GONE, None),
    ("silence", replace(ALERT, story_closed=True), Action.DROP, Reason.CLOSED, None),
    ("silence", replace(ALERT, silenced=True), Action.DROP, Reason.SILENCED, None),
    ("silence", replace(ALERT, silenced=True, silenced_until=NOW + HOURS), Action.DROP, Reason.SILENCED, None),
    ("told", replace(ALERT, already_told=True), Action.DROP, Reason.ALREADY_TOLD, None),
    ("told", replace(ALERT, told_by_earlier=True), Action.DROP, Reason.MERGED, None),
    ("restored", replace(ALERT, maybe_told=True), Action.DROP, Reason.RESTORED, None),
    ("stands", replace(ALERT, retracted=True), Action.DROP, Reason.RETRACTED, None),
    ("quiet", replace(ALERT, policy=QUIET_NOW), Action.HOLD, Reason.QUIET_HOURS, NOW + HOURS),
    ("budget", replace(ALERT, sent_today=50), Action.FOLD, Reason.OVER_BUDGET, NOW + 12 * HOURS),
    ("budget", replace(ALERT, sent_last_10_min=BURST), Action.FOLD, Reason.BURST, NOW + GATHER),
    ("digest", replace(ALERT, policy=DAILY), Action.FOLD, Reason.DIGEST, NOW + 20 * HOURS),
    ("digest", replace(ALERT, folded=True), Action.FOLD, Reason.DIGEST, NOW),
    ("digest", replace(ALERT, held_until=NOW, released_with=3), Action.FOLD, Reason.MERGED, NOW),
    ("stale", replace(ALERT, made_at=NOW - 25 * HOURS), Action.FOLD, Reason.STALE, NOW + GATHER),
]


@pytest.mark.parametrize(("stage", "alert", "action", "reason", "until"), CASES)
def test_each_stage_decides_with_its_reason(
    stage: str, alert: AlertFacts, action: Action, reason: Reason, until: datetime | None
) -> None:
    decided = decide(alert, NOW)
    assert (decided.stage, decided.action, decided.reason, decided.until) == (stage, action, reason, until)
    assert [note.stage for note in decided.trail] == ORDER[: ORDER.index(stage) + 1]


def test_an_earlier_stage_wins_over_a_later() -> None:
    everything = replace(
        ALERT,
        policy=replace(QUIET_NOW, digest=DigestTime(time(8))),
        rule_exists=False,
        silenced=True,
        already_told=True,
        maybe_told=True,
        retracted=True,
        sent_today=99,
        made_at=NOW - timedelta(days=3),
    )
    heal = (
        {"rule_exists": True},
        {"silenced": False},
        {"already_told": False},
        {"maybe_told": False},
        {"retracted": False},
        {"policy": DAILY},
        {"sent_today": 0},
    )
    stages = [decide(everything, NOW).stage]
    for change in heal:
        everything = replace(everything, **change)
        stages.append(decide(everything, NOW).stage)
    assert stages == ORDER[:8]


def test_a_silence_ends_by_itself() -> None:
    assert decide(replace(ALERT, silenced=True, silenced_until=NOW), NOW).action is Action.SEND


def test_an_urgent_rule_passes_quiet_hours_and_says_so() -> None:
    decided = decide(replace(ALERT, policy=replace(QUIET_NOW, urgent=True)), NOW)
    assert decided.action is Action.SEND
    assert decided.trail[ORDER.index("quiet")].note == "quiet hours, but the rule is urgent"


def test_the_twentieth_alert_in_ten_minutes_still_goes_alone() -> None:
    assert decide(replace(ALERT, sent_last_10_min=BURST - 1), NOW).action is Action.SEND


def test_a_digest_is_not_folded_again() -> None:
    policy = replace(DAILY, budget_per_day=0)
    digest = replace(ALERT, kind=Kind.DIGEST, policy=policy, made_at=NOW - timedelta(days=3), sent_last_10_min=99)
    assert decide(digest, NOW).action is Action.SEND


def test_a_digest_waits_for_the_end_of_quiet_hours() -> None:
    assert decide(replace(ALERT, kind=Kind.DIGEST, policy=QUIET_NOW), NOW).action is Action.HOLD


def test_a_rule_gone_takes_its_alerts_out_of_a_digest() -> None:
    assert decide(replace(ALERT, folded=True, rule_exists=False), NOW).reason is Reason.RULE_GONE


def test_what_piled_up_in_quiet_hours_uses_up_no_budget() -> None:
    assert decide(replace(ALERT, released_with=60, sent_today=50), NOW).reason is Reason.MERGED


def test_what_piled_up_for_a_digest_rule_waits_for_the_digest() -> None:
    assert decide(replace(ALERT, released_with=60, policy=DAILY), NOW).reason is Reason.DIGEST


def test_hours_held_on_purpose_do_not_make_an_alert_stale() -> None:
    made = NOW - timedelta(hours=60)
    assert decide(replace(ALERT, made_at=made, held_until=NOW - HOURS), NOW).action is Action.SEND
    assert decide(replace(ALERT, made_at=made, held_until=NOW - 25 * HOURS), NOW).reason is Reason.STALE
    assert decide(replace(ALERT, made_at=NOW - STALE_AFTER), NOW).action is Action.SEND


POLICIES = st.builds(
    Policy,
    targets=st.just(("desk",)),
    quiet=st.lists(st.builds(Quiet, st.times(), st.times()), max_size=2).map(tuple),
    digest=st.none() | st.builds(DigestTime, st.times()),
    budget_per_day=st.integers(0, 60),
    urgent=st.booleans(),
    timezone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
)
FACTS = st.builds(
    AlertFacts,
    st.sampled_from([Kind.FIRST, Kind.AGAIN, Kind.UPDATE, Kind.DIGEST]),
    POLICIES,
    made_at=st.datetimes(datetime(2026, 2, 27), datetime(2026, 3, 2, 12), timezones=st.just(UTC)),
    rule_exists=st.booleans(),
    story_closed=st.booleans(),
    silenced=st.booleans(),
    silenced_until=st.none() | st.just(NOW - HOURS) | st.just(NOW + HOURS),
    already_told=st.booleans(),
    told_by_earlier=st.booleans(),
    sent_today=st.integers(0, 60),
    sent_last_10_min=st.integers(0, 30),
    held_until=st.none() | st.just(NOW),
    released_with=st.integers(0, 3),
    folded=st.booleans(),
)


@given(FACTS)
def test_every_alert_gets_one_decision_that_its_trail_explains(alert: AlertFacts) -> None:
    decided = decide(alert, NOW)
    last = decided.trail[-1]
    assert (last.stage, last.action, last.reason) == (decided.stage, decided.action, decided.reason)
    assert all(note.action is None for note in decided.trail[:-1])
    assert len(decided.trail) <= len(STAGES) + 1
    assert (decided.until is not None) == (decided.action in (Action.HOLD, Action.FOLD))
    assert decided.until is None or decided.until >= NOW


@given(FACTS)
def test_nothing_that_is_not_urgent_leaves_in_quiet_hours(alert: AlertFacts) -> None:
    quiet = quiet_until(alert.policy.quiet, NOW, alert.policy.timezone)
    if quiet and not alert.policy.urgent:
        assert decide(alert, NOW).action in (Action.HOLD, Action.DROP)
