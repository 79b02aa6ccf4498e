"""Which troubles the operators hear of: told once each, and over when they are over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipeline.troubles import NOBODY, Facts, FeedFacts, SiteFacts, collapsed, dead, look, silent, standing

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAILY = tuple(NOW - DAY * ago for ago in range(30, 2, -1))  # the last news three days ago, one each day before
FEED = FeedFacts("https://x.test/rss", "News", "ok", answered_at=NOW, news=DAILY)
DOWN = FeedFacts("https://x.test/rss", "News", "failing", "the host refused the connection", 4.0, answered_at=NOW - DAY)
SITE = SiteFacts("x.test", full=2, pages=10, full_before=90, pages_before=100, why="no article text was found")


def begun(*feeds: FeedFacts, known: tuple[str, ...] = ()) -> dict[str, str]:
    """What is told anew of these feeds."""
    return dict(look(Facts(feeds=feeds), known, NOW).begun)


def test_a_feed_without_an_answer_for_a_day_is_told_with_its_reason() -> None:
    assert begun(DOWN) == {
        "feed:https://x.test/rss": "feed News is down: the host refused the connection\n"
        "No usable answer since 01 Mar 2026 12:00 UTC."
    }
    assert begun(DOWN, known=("feed:https://x.test/rss",)) == {}


@pytest.mark.parametrize(
    "change",
    [
        {"answered_at": NOW - DAY + HOUR},
        {"failures": 1.0, "answered_at": NOW - 9 * DAY},  # the machine slept, and one poll failed since
        {"answered_at": None, "asked_since": NOW - HOUR},
        {"answered_at": None},
        {"state": "gone"},
    ],
)
def test_a_feed_is_not_called_dead_too_soon(change: dict[str, object]) -> None:
    assert not dead(replace(DOWN, **change), NOW)  # type: ignore[arg-type]


def test_a_feed_that_never_answered_counts_from_when_it_was_first_asked() -> None:
    assert dead(replace(DOWN, answered_at=None, asked_since=NOW - DAY), NOW)


def test_one_network_that_is_down_is_one_trouble_and_not_one_a_feed() -> None:
    feeds = [replace(DOWN, url=f"https://{n}.test/", answered_at=NOW - 30 * HOUR) for n in range(5)]
    told = look(Facts(feeds=feeds), ["feed:https://1.test/"], NOW)
    assert list(told.begun) == [NOBODY]
    assert told.over == {}
    back = [replace(feeds[0], state="ok"), *feeds[1:]]
    ended = look(Facts(feeds=back), [NOBODY, "feed:https://0.test/"], NOW)
    assert ended.over == {NOBODY: "feeds answer again", "feed:https://0.test/": "feed News can be read again"}
    assert len(ended.begun) == 4


def test_two_feeds_down_are_two_troubles() -> None:
    assert len(begun(DOWN, replace(DOWN, url="https://y.test/"))) == 2


def test_a_feed_silent_for_twice_its_longest_pause_is_told() -> None:
    assert silent(FEED) == DAY
    text = begun(FEED)["silent:https://x.test/rss"]
    assert text.startswith("feed News has been silent since 27 Feb 2026 12:00 UTC\n")
    assert "more than 24 hours" in text


@pytest.mark.parametrize(
    "change",
    [
        {"answered_at": DAILY[-1] + 2 * DAY},  # twice the longest pause, not more
        {"news": DAILY[-5:]},  # nobody knows its habit yet
        {"news": tuple(NOW - 3 * DAY - HOUR * ago for ago in range(30, 0, -1))},  # known for a day only
        {"news": (NOW - 50 * DAY, *DAILY)},  # it was silent for three weeks before
        {"state": "failing"},
    ],
)
def test_a_feed_is_not_called_silent_within_its_habit(change: dict[str, object]) -> None:
    assert silent(replace(FEED, **change)) is None  # type: ignore[arg-type]


def test_a_lively_feed_is_not_called_silent_within_a_day() -> None:
    minutes = tuple(NOW - DAY * 20 + timedelta(hours=4 * n) for n in range(116))
    assert silent(replace(FEED, news=minutes, answered_at=minutes[-1] + 23 * HOUR)) is None
    assert silent(replace(FEED, news=minutes, answered_at=minutes[-1] + 25 * HOUR)) is not None


def test_weekends_are_a_habit() -> None:
    weekdays = tuple(day for n in range(40, 2, -1) if (day := NOW - n * DAY).weekday() < 5)  # up to Friday noon
    assert silent(replace(FEED, news=weekdays, answered_at=NOW)) is None


def test_silence_that_ended_by_an_outage_stays_one_trouble_and_a_paused_feed_is_no_trouble() -> None:
    known = ["silent:https://x.test/rss", "feed:https://x.test/rss"]
    assert look(Facts(feeds=[DOWN]), known, NOW).over == {}
    rest = look(Facts(feeds=[replace(DOWN, state="resting")]), known, NOW)
    assert set(rest.over.values()) == {"feed News is paused"}
    gone = look(Facts(), known, NOW)
    assert set(gone.over.values()) == {"feed https://x.test/rss is not watched any more"}


def test_a_site_that_is_no_longer_read_is_told_with_both_shares() -> None:
    told = look(Facts(sites=[SITE]), (), NOW)
    text = told.begun["site:x.test"]
    assert "2 of 10 in full" in text
    assert "90%" in text
    assert "no article text was found" in text


@pytest.mark.parametrize(
    "change",
    [
        {"pages": 7},
        {"pages_before": 15, "full_before": 15},
        {"full_before": 40},  # it was never read well: a paywall, and no news
        {"full": 5, "full_before": 90},  # fell, but not to half
    ],
)
def test_a_site_has_not_collapsed_when(change: dict[str, object]) -> None:
    assert not collapsed(replace(SITE, **change), already=False)  # type: ignore[arg-type]


def test_a_collapsed_site_is_over_when_it_is_near_what_it_was_and_not_before() -> None:
    known = ["site:x.test"]
    assert look(Facts(sites=[replace(SITE, full=6)]), known, NOW).over == {}
    assert look(Facts(sites=[replace(SITE, full=0, pages=0)]), known, NOW).over == {}
    assert look(Facts(sites=[replace(SITE, full=7)]), known, NOW).over == {
        "site:x.test": "pages of x.test are read again"
    }
    assert look(Facts(), known, NOW).over == {"site:x.test": "no pages of x.test come any more"}


def test_what_a_new_watch_file_ends_is_over() -> None:
    known = ["rule-off:3:slow", "rule-off:3:gone", "rule-off:3:off", "channel:desk:a@x.test", "channel:hook", "config"]
    facts = Facts(
        rules=frozenset({"slow", "off"}), rules_off=frozenset({"off"}), targets=frozenset({"hook"})
    )  # fmt: skip
    assert standing(facts, known).over == {
        "rule-off:3:slow": "the rule slow is on again",
        "rule-off:3:gone": "the rule gone is not in the watch file any more",
        "channel:desk:a@x.test": "desk:a@x.test is not in the watch file any more",
    }
    assert look(Facts(), known, NOW).over == {}  # judged by the file alone


STATES = st.sampled_from(["new", "ok", "failing", "gone", "resting"])
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 2, 12), timezones=st.just(UTC))
FEEDS = st.lists(
    st.builds(
        FeedFacts,
        st.sampled_from([f"https://{n}.test/" for n in range(5)]),
        st.just("News"),
        STATES,
        failures=st.floats(0, 9),
        asked_since=st.none() | MOMENTS,
        answered_at=st.none() | MOMENTS,
        news=st.lists(MOMENTS, max_size=14).map(lambda found: tuple(sorted(found))),
    ),
    max_size=5,
    unique_by=lambda one: one.url,
)
SITES = st.lists(
    st.builds(
        SiteFacts, st.sampled_from(["a.test", "b.test"]), st.integers(0, 30), st.integers(30, 60), st.integers(0, 30),
        st.integers(30, 60),
    ),
    max_size=2,
    unique_by=lambda one: one.host,
)  # fmt: skip


class Watched(RuleBasedStateMachine):
    """Whatever happens: no trouble begins that is open, none ends that is not, and looking twice tells nothing new."""

    def __init__(self) -> None:
        super().__init__()
        self.open: set[str] = set()
        self.facts = Facts()

    @rule(feeds=FEEDS, sites=SITES)
    def happens(self, feeds: list[FeedFacts], sites: list[SiteFacts]) -> None:
        self.facts = Facts(feeds=feeds, sites=sites)
        found = look(self.facts, self.open, NOW)
        assert all(found.begun.values())
        assert all(found.over.values())
        assert not found.begun.keys() & self.open
        assert found.over.keys() <= self.open
        self.open = (self.open | found.begun.keys()) - found.over.keys()

    @invariant()
    def looking_twice_tells_nothing_new(self) -> None:
        again = look(self.facts, self.open, NOW)
        assert (again.begun, again.over) == ({}, {})


Watched.TestCase.settings = settings(max_examples=40, stateful_step_count=8)
test_troubles_open_and_end_once_whatever_happens = Watched.TestCase


@given(FEEDS)
def test_no_feed_is_both_dead_and_silent(feeds: list[FeedFacts]) -> None:
    assert all(not (dead(one, NOW) and silent(one)) for one in feeds)
