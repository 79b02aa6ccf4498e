"""How late a rule's news can be told at the worst, from its settings alone: pure.

A feed that is polled just before something is published brings it one interval later. An interval that follows the feed
is at most an hour; each poll comes up to a tenth of its interval late, and a run begins once a minute. An article that
cannot be read in 20 s is matched on its summary. What fails, and what asks for rest, is not promised.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from fetching.schedule import JITTER, LONGEST_LEARNT, SHORTEST
from rules.config import FeedConfig, Rule
from rules.match import takes_feed
from storage.articles import UNREAD_WAIT
from storage.tables import Feed

MATCH = timedelta(seconds=5)  # a burst gathers, and its texts are compared
DELIVER = timedelta(seconds=30)  # a webhook's whole time; mail servers that hang take longer


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed as a promise sees it; `every` None: its interval follows it."""

    name: str
    tags: frozenset[str]
    every: timedelta | None

    @property
    def interval(self) -> timedelta:
        """The longest time between two polls, but for a server's own wish."""
        return max(self.every, SHORTEST) if self.every else LONGEST_LEARNT


@dataclass(frozen=True, slots=True)
class Promise:
    """`within` None: the rule tells nobody, or listens to no feed. `later`: what delays on purpose, in words."""

    within: timedelta | None
    slowest: str = ""
    interval: timedelta = timedelta()
    follows: bool = False
    later: tuple[str, ...] = ()
    why_not: str = ""

    @property
    def words(self) -> str:
        """In a sentence."""
        if self.within is None:
            return self.why_not
        how = "is polled at least every" if self.follows else "is polled every"
        hint = " (`every` makes it faster)" if self.follows else ""
        kept = f"; later on purpose: {', '.join(self.later)}" if self.later else ""
        told = f"told within about {_minutes(self.within)} of publication"
        return f"{told}: the slowest feed, {self.slowest}, {how} {_minutes(self.interval)}{hint}{kept}"


def promised(rule: Rule, feeds: Iterable[Polled], *, run_every_s: float) -> Promise:
    """What can be promised of this rule over these feeds, with runs so often."""
    if not rule.enabled:
        return Promise(None, why_not="told to nobody: the rule is switched off")
    if not rule.alert.to:
        return Promise(None, why_not="told to nobody: the rule names no channel")
    heard = [one for one in feeds if takes_feed(rule.feeds, one.name, one.tags)]
    if not heard:
        return Promise(None, why_not="told to nobody: the rule listens to no feed")
    slowest = max(heard, key=lambda one: (one.interval, one.name))
    waits = slowest.interval * (1 + JITTER) + timedelta(seconds=run_every_s)
    return Promise(
        waits + UNREAD_WAIT + MATCH + DELIVER,
        slowest.name,
        slowest.interval,
        slowest.every is None,
        tuple(_later(rule)),
    )


def _later(rule: Rule) -> Iterable[str]:
    alert = rule.alert
    if alert.first > 1:
        yield f"waits for {alert.first} separate texts"
    if alert.digest:
        yield f"collected for the digest at {alert.digest.at:%H:%M}"
    if not alert.urgent:
        yield from (f"quiet from {hours.from_:%H:%M} to {hours.to:%H:%M}" for hours in alert.quiet)


def of_watch(feeds: Iterable[FeedConfig]) -> list[Polled]:
    """The feeds of a watch file."""
    return [Polled(one.name, frozenset(one.tags), one.every) for one in feeds]


def of_rows(feeds: Iterable[Feed]) -> list[Polled]:
    """The feeds that are polled now."""
    every = ((one, timedelta(seconds=one.every_s) if one.every_s else None) for one in feeds if one.active)
    return [Polled(one.name, frozenset(one.tags), interval) for one, interval in every]


def _minutes(length: timedelta) -> str:
    minutes = -(-length.total_seconds() // 60)
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
