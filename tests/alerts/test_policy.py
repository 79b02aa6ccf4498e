from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.message import Kind
from alerts.policy import (
    LONGEST_QUIET,
    DigestTime,
    Owed,
    Policy,
    Quiet,
    StoryFacts,
    Update,
    local_day,
    local_instant,
    next_digest,
    owed,
    quiet_until,
)
from core.reasons import Reason

AT_ONCE = Policy(targets=("desk",))
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"]
NIGHT = Quiet(time(22), time(7))
WEEKDAYS = frozenset(range(5))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# -- what is owed


def test_the_first_article_of_a_story_is_told_at_once() -> None:
    assert owed(StoryFacts(origins=1), AT_ONCE) == Owed(Kind.FIRST, Reason.FIRST)


def test_a_rule_without_channels_owes_nothing() -> None:
    assert owed(StoryFacts(origins=1), Policy()).reason is Reason.NO_TARGET


def test_what_was_stored_before_the_rule_is_owed_only_when_the_rule_asks_for_the_past() -> None:
    stored = StoryFacts(origins=1, from_before=True)
    assert owed(stored, AT_ONCE).reason is Reason.FROM_BEFORE
    assert owed(stored, Policy(targets=("desk",), past=True)).kind is Kind.FIRST


def test_a_rule_can_wait_for_separate_texts() -> None:
    policy = Policy(targets=("desk",), first=2)
    assert owed(StoryFacts(origins=1), policy) == Owed(None, Reason.NOT_ENOUGH_ORIGINS)
    assert owed(StoryFacts(origins=2), policy).kind is Kind.FIRST


def test_a_told_story_is_silent() -> None:
    assert owed(StoryFacts(origins=5, first_at_origins=1), AT_ONCE) == Owed(None, Reason.ALREADY_TOLD)


def test_again_comes_once_when_so_many_separate_texts_tell_it() -> None:
    policy = Policy(targets=("desk",), again_at=3)
    assert owed(StoryFacts(origins=2, first_at_origins=1), policy).kind is None
    assert owed(StoryFacts(origins=3, first_at_origins=1), policy) == Owed(Kind.AGAIN, Reason.AGAIN)
    assert owed(StoryFacts(origins=4, first_at_origins=1), policy).kind is Kind.AGAIN
    assert owed(StoryFacts(origins=4, first_at_origins=1, again_made=True), policy).kind is None


def test_again_is_not_owed_when_the_first_alert_told_as_many() -> None:
    policy = Policy(targets=("desk",), first=3, again_at=3)
    assert owed(StoryFacts(origins=4, first_at_origins=3), policy).kind is None


def test_updates_come_for_separate_texts_only() -> None:
    policy = Policy(targets=("desk",), update=Update.EVERY)
    copy = StoryFacts(origins=2, new_origin=False, first_at_origins=1)
    assert owed(copy, policy).reason is Reason.ALREADY_TOLD
    assert owed(StoryFacts(origins=2, text=2, first_at_origins=1), policy) == Owed(Kind.UPDATE, Reason.UPDATE, 2)


def test_replies_in_a_thread_are_spaced_by_a_quarter_of_an_hour() -> None:
    policy = Policy(targets=("desk",), update=Update.THREAD)
    told = utc("2026-03-01T12:00+00:00")
    update = owed(StoryFacts(origins=2, text=2, first_at_origins=1, last_alert_at=told), policy)
    assert update == Owed(Kind.UPDATE, Reason.UPDATE, 2, told + timedelta(minutes=15))
    assert owed(StoryFacts(origins=2, first_at_origins=1), policy).not_before is None


def test_a_waiting_reply_tells_what_comes_meanwhile() -> None:
    policy = Policy(targets=("desk",), update=Update.THREAD)
    story = StoryFacts(origins=3, first_at_origins=1, still_goes=True)
    assert owed(story, policy) == Owed(None, Reason.MERGED)


@given(
    origins=st.integers(1, 9),
    first=st.integers(1, 9),
    again=st.none() | st.integers(1, 9),
    update=st.sampled_from(Update),
)
def test_a_growing_story_is_told_first_once_and_again_at_most_once(
    origins: int, first: int, again: int | None, update: Update
) -> None:
    policy = Policy(targets=("desk",), first=first, again_at=again, update=update)
    kinds: list[Kind | None] = []
    first_at, again_made = None, False
    for number in range(1, origins + 1):
        kind = owed(StoryFacts(number, first_at_origins=first_at, again_made=again_made), policy).kind
        first_at = number if kind is Kind.FIRST else first_at
        again_made = again_made or kind is Kind.AGAIN
        kinds.append(kind)
    assert kinds.count(Kind.FIRST) == (origins >= first)
    assert kinds.count(Kind.AGAIN) == (again is not None and first < again <= origins)
    assert update is not Update.NEVER or Kind.UPDATE not in kinds


# -- quiet hours


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-02T21:59+01:00", None),
        ("2026-03-02T22:00+01:00", "2026-03-03T07:00+01:00"),
        ("2026-03-03T06:59+01:00", "2026-03-03T07:00+01:00"),
        ("2026-03-03T07:00+01:00", None),
    ],
)
def test_quiet_hours_go_over_midnight(now: str, until: str | None) -> None:
    assert quiet_until((NIGHT,), utc(now), "Europe/Paris") == (utc(until) if until else None)


def test_hours_within_a_day_do_not_reach_into_the_next() -> None:
    lunch = (Quiet(time(12), time(13)),)
    assert quiet_until(lunch, utc("2026-03-02T12:30+00:00"), "UTC") == utc("2026-03-02T13:00+00:00")
    assert quiet_until(lunch, utc("2026-03-02T11:30+00:00"), "UTC") is None


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    friday_night = (Quiet(time(22), time(7), frozenset({4})),)
    assert quiet_until(friday_night, utc("2026-03-07T06:00+00:00"), "UTC") == utc("2026-03-07T07:00+00:00")
    assert quiet_until(friday_night, utc("2026-03-06T06:00+00:00"), "UTC") is None


def test_hours_that_meet_are_one_stretch() -> None:
    weekend = (NIGHT, Quiet(time(7), time(22), frozenset({5, 6})))
    assert quiet_until(weekend, utc("2026-03-07T03:00+00:00"), "UTC") == utc("2026-03-09T07:00+00:00")


def test_equal_ends_mean_a_whole_day() -> None:
    sunday = (Quiet(time(0), time(0), frozenset({6})),)
    assert quiet_until(sunday, utc("2026-03-08T13:00+00:00"), "UTC") == utc("2026-03-09T00:00+00:00")


def test_hours_without_an_end_hold_for_little_more_than_a_week() -> None:
    now = utc("2026-03-08T13:00+00:00")
    until = quiet_until((Quiet(time(0), time(0)),), now, "UTC")
    assert until is not None
    assert LONGEST_QUIET <= until - now <= LONGEST_QUIET + timedelta(days=1)


def test_no_quiet_hours_hold_nothing() -> None:
    assert quiet_until((), utc("2026-03-08T13:00+00:00"), "UTC") is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-28T23:00+01:00", "2026-03-29T03:00+02:00"),  # 02:30 is skipped: the end is the change itself
        ("2026-10-25T02:10+02:00", "2026-10-25T02:30+01:00"),  # 02:30 comes twice: the end is the second
        ("2026-10-25T02:45+02:00", "2026-10-25T02:30+01:00"),
    ],
)
def test_an_end_at_a_clock_change_is_defined(now: str, until: str) -> None:
    assert quiet_until((Quiet(time(22), time(2, 30)),), utc(now), "Europe/Berlin") == utc(until)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
TIMES = st.times().map(lambda at: at.replace(microsecond=0, fold=0, tzinfo=None))
DAYS = st.frozensets(st.integers(0, 6), min_size=1)
HOURS = st.lists(st.builds(Quiet, TIMES, TIMES, DAYS), max_size=3).map(tuple)


@given(quiet=HOURS, now=MOMENTS, zone=st.sampled_from(ZONES))
def test_a_release_is_ahead_and_never_in_quiet_hours_again(quiet: tuple[Quiet, ...], now: datetime, zone: str) -> None:
    until = quiet_until(quiet, now, zone)
    if until is not None:
        assert until > now
        assert until - now >= LONGEST_QUIET or quiet_until(quiet, until, zone) is None


@given(hours=st.builds(Quiet, TIMES, TIMES, DAYS), now=MOMENTS, zone=st.sampled_from(ZONES))
def test_quiet_hours_are_what_the_wall_clock_says(hours: Quiet, now: datetime, zone: str) -> None:
    local = now.astimezone(ZoneInfo(zone))
    nearby = {
        moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in (now - timedelta(days=2), now + timedelta(days=2))
    }
    clock, today = local.time().replace(fold=0), local.weekday()
    if hours.start < hours.end:
        quiet = today in hours.days and hours.start <= clock < hours.end
    else:
        quiet = (today in hours.days and clock >= hours.start) or ((today - 1) % 7 in hours.days and clock < hours.end)
    if len(nearby) == 1:
        assert (quiet_until((hours,), now, zone) is not None) == quiet


# -- digests


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-02T07:59+01:00", "2026-03-02T08:00+01:00"),
        ("2026-03-02T08:00+01:00", "2026-03-03T08:00+01:00"),
        ("2026-03-06T09:00+01:00", "2026-03-09T08:00+01:00"),  # Friday to Monday
    ],
)
def test_a_digest_goes_at_its_local_time_on_its_days(now: str, due: str) -> None:
    assert next_digest(DigestTime(time(8), WEEKDAYS), utc(now), "Europe/Paris") == utc(due)


def test_a_digest_at_a_skipped_time_goes_when_the_clocks_change() -> None:
    digest = DigestTime(time(2, 30))
    due = next_digest(digest, utc("2026-03-29T00:00+01:00"), "Europe/Berlin")
    assert due == utc("2026-03-29T03:00+02:00")
    assert next_digest(digest, due, "Europe/Berlin") == utc("2026-03-30T02:30+02:00")


def test_a_digest_at_a_repeated_time_goes_at_the_first() -> None:
    digest = DigestTime(time(2, 30))
    due = next_digest(digest, utc("2026-10-25T00:00+02:00"), "Europe/Berlin")
    assert due == utc("2026-10-25T02:30+02:00")
    assert next_digest(digest, due, "Europe/Berlin") == utc("2026-10-26T02:30+01:00")


def test_half_an_hour_of_lord_howe_is_handled_like_a_whole_one() -> None:
    assert local_instant(date(2026, 10, 4), time(2, 10), ZoneInfo("Australia/Lord_Howe")) == utc(
        "2026-10-03T15:30+00:00"
    )


@given(at=TIMES, days=DAYS, start=MOMENTS, zone=st.sampled_from(ZONES))
def test_every_digest_day_has_one_digest(at: time, days: frozenset[int], start: datetime, zone: str) -> None:
    digest, now, dates = DigestTime(at, days), start, []
    for _ in range(5):
        due = next_digest(digest, now, zone)
        assert due > now
        now = due
        dates.append(due.astimezone(ZoneInfo(zone)).date())
    assert len(set(dates)) == 5
    assert {day.weekday() for day in dates} <= days
    assert dates[-1] - dates[0] <= timedelta(days=28)


def test_a_local_day_lasts_25_hours_when_clocks_go_back() -> None:
    start, end = local_day(utc("2026-10-25T12:00+01:00"), "Europe/Berlin")
    assert (start, end - start) == (utc("2026-10-25T00:00+02:00"), timedelta(hours=25))
