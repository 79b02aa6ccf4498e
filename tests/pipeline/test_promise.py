"""How late a rule's news can be: from its slowest feed, and what delays on purpose said apart."""

from __future__ import annotations

from datetime import timedelta

import pytest
import yaml

from pipeline.promise import Polled, Promise, of_watch, promised
from rules.config import load

FEEDS = [
    {"url": "https://x.test/slow", "name": "Slow", "tags": ["asia"], "every": "30m"},
    {"url": "https://x.test/fast", "name": "Fast", "every": "5m"},
]


def of(rule: dict[str, object], feeds: list[dict[str, object]] | None = None) -> Promise:
    channels = {"desk": {"url": "terminal://"}}
    rules = {"strike": {"title": "Strike", "match": "strike", "alert": {"to": ["desk"]}, **rule}}
    written = {"version": 1, "rules": rules, "channels": channels, "feeds": FEEDS if feeds is None else feeds}
    watch = load(yaml.safe_dump(written), env=None)
    return promised(watch.rules[0], of_watch(watch.feeds), run_every_s=60.0)


def test_the_slowest_feed_decides() -> None:
    found = of({})
    assert found.words == "told within about 35 min of publication: the slowest feed, Slow, is polled every 30 min"
    assert found.within == timedelta(minutes=33 + 1, seconds=20 + 5 + 30)


@pytest.mark.parametrize(
    ("chosen", "slowest"),
    [
        ({"none": ["Slow"]}, "Fast"),
        ({"any": ["Fast"]}, "Fast"),
        ({"tags": ["asia"]}, "Slow"),
        ({"none": ["asia"]}, "Fast"),
    ],
)
def test_only_feeds_that_the_rule_listens_to_count(chosen: dict[str, list[str]], slowest: str) -> None:
    assert of({"feeds": chosen}).slowest == slowest


def test_an_interval_that_follows_its_feed_is_an_hour_at_most() -> None:
    found = of({}, [{"url": "https://x.test/any", "name": "Any"}])
    assert "the slowest feed, Any, is polled at least every 60 min (`every` makes it faster)" in found.words
    assert found.within
    assert found.within > timedelta(minutes=66)


def test_what_delays_on_purpose_is_said_apart() -> None:
    alert = {"to": ["desk"], "first": 2, "digest": {"at": "18:00"}, "quiet": [{"from": "22:00", "to": "07:00"}]}
    found = of({"alert": alert})
    assert found.within == of({}).within
    assert found.words.endswith(
        "; later on purpose: waits for 2 separate texts, collected for the digest at 18:00, quiet from 22:00 to 07:00"
    )
    assert "quiet" not in of({"alert": {**alert, "urgent": True, "digest": None}}).words


def test_who_is_told_nothing_is_promised_nothing() -> None:
    assert of({"alert": {"to": []}}).words == "told to nobody: the rule names no channel"
    assert of({"enabled": False}).words == "told to nobody: the rule is switched off"
    assert of({}, []).words == "told to nobody: the rule listens to no feed"


def test_an_interval_under_a_minute_is_a_minute() -> None:
    assert Polled("x", frozenset(), timedelta(seconds=5)).interval == timedelta(minutes=1)
