"""The second gate of grouping: topics of twelve events, told by several texts in several languages, under one rule.

A topic's texts are placed in the order of time; wrong merges and events missed count most, then the stories made for
each event. The topics in `tune` and `forms` may be read by whoever betters the grouping, those in `held` are counted
only; weights are fitted to those in `tune`. The floors only rise. What `-s` prints, `python -m bench.stories` prints
too.
"""

from functools import cache

import pytest

from bench.stories import TOPICS, Outcome, judge, lines, topic, topics

MOST = {  # stories made, texts merged wrongly
    "forms/agency-forms": (22, 0),
    "forms/press-releases": (23, 0),
    "held/agency-forms": (24, 2),
    "held/data-breaches": (22, 0),
    "held/disasters": (25, 0),
    "held/elections": (26, 0),
    "held/press-releases": (23, 0),
    "held/rate-decisions": (22, 2),
    "held/sanctions": (22, 2),
    "held/takeovers": (25, 0),
    "tune/air-strikes": (25, 0),
    "tune/ceasefires": (25, 0),
    "tune/court-verdicts": (19, 0),
    "tune/earthquakes": (18, 0),
    "tune/hostage-releases": (21, 0),
    "tune/leaders-meet": (18, 0),
    "tune/missile-launches": (26, 0),
    "tune/profit-warnings": (23, 0),
    "tune/protests-strikes": (27, 0),
    "tune/resignations": (17, 0),
    "tune/trade-deals": (19, 0),
    "tune/votes-in-parliament": (20, 0),
}


@cache
def outcome(name: str) -> Outcome:
    return judge(topic(TOPICS / f"{name}.yaml"))


def test_every_topic_has_its_floor() -> None:
    assert sorted(name.partition("/")[2] for name in MOST) == sorted(one.name for one in topics())


@pytest.mark.parametrize("name", MOST)
def test_no_event_is_missed_by_a_wrong_merge(name: str) -> None:
    assert outcome(name).missed == ()


@pytest.mark.parametrize("name", MOST)
def test_hardly_a_text_is_put_into_another_events_story(name: str) -> None:
    assert len(outcome(name).wrong) <= MOST[name][1]


@pytest.mark.parametrize("name", MOST)
def test_an_event_makes_no_more_stories_than_it_did(name: str) -> None:
    assert outcome(name).stories <= MOST[name][0]


def test_the_figures_can_be_read() -> None:
    table = list(lines([outcome(name) for name in MOST], {}))
    print("", *table, sep="\n")
    assert table[-1].startswith("all ")
