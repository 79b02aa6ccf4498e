"""What a rule would have done with the stored articles: `rules backtest`. Nothing is stored, nothing is sent.

The same analysis and matcher, the same stories and the same policy as live: the rule is rehearsed (rehearsal.py) on
the articles that the index offers, each at the time it was first seen. Stories and alerts from before the time asked
for are made too, as far as the rule's story window reaches back, and not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from core.lookup import some
from core.reasons import Reason
from pipeline import costly
from pipeline.app import Active
from pipeline.configure import rule_digest
from pipeline.match import Judged, feed_tag, judge
from pipeline.rehearsal import Rehearsal, rehearsal
from pipeline.search import loaded
from rules import lookup
from rules.config import Rule, Watch
from rules.match import Matcher
from storage import lookup as stored
from storage.articles import ToMatch
from storage.engine import Database
from storage.leases import Lease
from storage.tables import Alert, Article

_NO_LEASE = Lease(0, "", 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A stored article that a rule matches."""

    id: int
    title: str
    url: str
    source: str
    first_seen: datetime
    outcome: str = ""  # the Reason of what it would have led to


@dataclass(frozen=True, slots=True)
class Day:
    """One day, in the watch file's time zone. `held` and `folded` count alerts when that was decided."""

    day: date
    hits: int = 0
    stories: int = 0
    alerts: int = 0  # that go out singly
    digests: int = 0
    held: int = 0
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Backtest:
    """What a rule would have done. `articles`: how many there were; `looked_at`: how many the index offered."""

    rule: str
    since: datetime
    until: datetime
    articles: int
    looked_at: int
    found: tuple[Found, ...]
    days: tuple[Day, ...]
    too_costly: int
    gained: tuple[Found, ...]
    lost: tuple[Found, ...]

    def total(self, what: str) -> int:
        """The sum of a Day's counts."""
        return sum(int(getattr(day, what)) for day in self.days)

    @property
    def worst(self) -> Day | None:
        """The day with most messages, of such the one with most hits; None without any hit."""
        told = [day for day in self.days if day.hits or day.alerts or day.digests]
        return max(told, key=lambda day: (day.alerts + day.digests, day.hits), default=None)


def backtest(
    db: Database, watch: Watch, rule: Rule, *, since: datetime, until: datetime, against: Rule | None = None
) -> Backtest:
    """Try a rule (of `watch`, whose time zone holds) on what was first seen since then; also when it is switched off.

    `against`: the saved rule; `gained` and `lost` say which articles only one of the two matches.
    """
    rule = replace(rule, enabled=True)
    active = Active(0, replace(watch, rules=(rule,)), Matcher([rule]), {})
    saved = Matcher([replace(against, enabled=True)]) if against and _differ(rule, against) else None
    matched: list[Found] = []
    gained: list[Found] = []
    lost: list[Found] = []
    looked_at, too_costly = 0, 0
    with rehearsal(active) as stage:
        for judged in _judged(db, active, against if saved else None, since - rule.story_window):
            article, counted = judged.one.article, judged.one.article.first_seen_at >= since
            looked_at += counted
            too_costly += bool(counted and judged.verdict.troubles)
            outcome = ""
            for match in judged.verdict.matches:
                outcome = stage.tell(judged, match, article.first_seen_at)
            if not counted:
                continue
            mine = bool(judged.verdict.matches)
            if mine:
                matched.append(found(article, outcome))
            tag = feed_tag(judged.one.feed, judged.one.also)
            if saved and bool(costly.decided(saved, judged.document, tag).matches) != mine:
                (gained if mine else lost).append(found(article))
        stage.until(until)
        days = _days(stage, since, until, active.timezone)
    everything = db.read_now(lambda session: stored.count(session, since=since, matched=True))
    return Backtest(
        rule.id, since, until, everything, looked_at, tuple(matched), days, too_costly, tuple(gained), tuple(lost)
    )


def _differ(rule: Rule, other: Rule) -> bool:
    return rule_digest(rule) != rule_digest(other)


def _judged(db: Database, active: Active, against: Rule | None, since: datetime) -> Iterator[Judged]:
    """The articles that either rule could match, judged by the one on trial."""
    (rule,) = active.watch.rules
    query = some(lookup.query(rule.expr), lookup.query(against.expr)) if against else lookup.query(rule.expr)
    version = lookup.version()
    offered = db.read_now(lambda session: stored.ids(session, query, version, since=since, matched=True))
    return (judge(active, ToMatch(one.article, _NO_LEASE, one.feed, one.also)) for one in loaded(db, offered))


def found(article: Article, outcome: str = "") -> Found:
    """An article as results name it."""
    title = article.title if article.revision > 0 else article.feed_title
    return Found(article.id or 0, title, article.url or article.key, article.source, article.first_seen_at, outcome)


def _days(stage: Rehearsal, since: datetime, until: datetime, timezone: str) -> tuple[Day, ...]:
    """The counts of every day from the first to the last."""
    zone = ZoneInfo(timezone)
    counts: Counter[tuple[date, str]] = Counter()

    def count(what: str, at: datetime) -> None:
        if since <= at <= until:
            counts[at.astimezone(zone).date(), what] += 1

    for hit in stage.hits():
        count("hits", hit.at)
    for story in stage.stories():
        count("stories", story.first_hit_at)
    kinds = {alert.id: alert for alert in stage.alerts()}
    for alert_id, action, at in _turns(stage):
        count(_word(kinds[alert_id], action), at)
    first, last = since.astimezone(zone).date(), until.astimezone(zone).date()
    names = ("hits", "stories", "alerts", "digests", "held", "folded")
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return tuple(Day(day, **{name: counts[day, name] for name in names}) for day in every)


def _turns(stage: Rehearsal) -> Iterator[tuple[str, str, datetime]]:
    """Alert, what was done with it, and when: each only once, though the stages look again at every release."""
    seen: set[tuple[str, str]] = set()
    for one in stage.decisions():
        turn = (one.alert_id, one.action)
        if one.action in ("send", "hold", "fold") and turn not in seen and one.reason != Reason.OPTED_OUT:
            seen.add(turn)
            yield one.alert_id, one.action, one.at


def _word(alert: Alert, action: str) -> str:
    if action == "send":
        return "digests" if alert.kind == "digest" else "alerts"
    return {"hold": "held", "fold": "folded"}[action]
