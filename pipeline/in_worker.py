"""What the page and the API have worker processes do, killed when they take too long: plain functions and values.

A process keeps its database, and the last watch files that it read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.clock import SystemClock
from core.errors import Missing
from extractors.choose import extract
from pipeline import compiled, configure, drafts, editing, near, preview, promise, trying, verdicts
from rules import concepts, lookup
from rules.config import Rule, Watch, load
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.parse import parse
from rules.slim import slim
from storage import feeds
from storage.engine import Database

KEPT = 100  # gained and lost articles that are sent back

FewMisses = tuple[drafts.Miss, ...]
Values = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A backtest with at most KEPT of its gained and lost articles, and how many there are of them."""

    backtest: preview.Backtest
    gained: int
    lost: int
    compared: bool  # with a saved rule


def warm() -> None:
    """What a new process does before its first task's time begins."""
    concepts.shipped()
    lookup.version()
    analyse(ArticleText("warm", text="Words of a first text."))


def check(text: str, rule_id: str, written: str) -> drafts.Checked:
    """`drafts.checked`."""
    return drafts.checked(text, rule_id, written)


def widen(text: str, rule_id: str, written: str, clause: str, word: str, limit: int) -> str:
    """`drafts.widened`."""
    return drafts.widened(text, rule_id, written, clause=clause, word=word, limit=limit)


def ready(text: str, draft: editing.Draft) -> tuple[str, Watch]:
    """The watch file with the draft in it, and its watch, checked with all examples. Raises ConfigError, InputError."""
    merged = editing.merged(draft, text)
    return merged, configure.read_watch(merged, file="the watch file", secrets=None).unread()


def matches(database: str, text: str, rule_id: str, days: float) -> drafts.Matches:
    """What the rule of this watch file matches of the last days."""
    _, rule = _rule(text, rule_id)
    return drafts.matches(_database(database), rule, since=_ago(days))


def misses(database: str, text: str, rule_id: str, days: float) -> FewMisses:
    """What it nearly matches."""
    watch, rule = _rule(text, rule_id)
    return drafts.misses(_database(database), watch, rule, since=_ago(days))


def backtest(database: str, text: str, rule_id: str, saved: str, days: float) -> Rehearsed:
    """What the rule would have done in the last days, against the one of the saved watch file, where there is one."""
    watch, rule = _rule(text, rule_id)
    other = _watch(slim(saved, rule_id, editing.lines_of(saved, rule_id))).rule(rule_id)
    now = SystemClock().now()
    done = preview.backtest(
        _database(database), watch, rule, since=now - timedelta(days=days), until=now, against=other
    )
    few = replace(done, found=(), gained=done.gained[:KEPT], lost=done.lost[:KEPT])
    return Rehearsed(few, len(done.gained), len(done.lost), other is not None)


def promised(database: str, text: str, rule_id: str, every_s: float) -> str:
    """How late the rule's news can be at the worst over the feeds that are polled now, in words."""
    _, rule = _rule(text, rule_id)
    polled = promise.of_rows(_database(database).read_now(feeds.listing))
    return promise.promised(rule, polled, run_every_s=every_s).words


def read_page(body: bytes, url: str, content_type: str, charset: str, language: str) -> ArticleText:
    """The text of a page that was fetched. Raises InputError when it has none."""
    return trying.of_page(extract(body, url=url, content_type=content_type, charset=charset), language)


def tried(folder: Path, text: str, article: ArticleText, off: frozenset[str]) -> tuple[verdicts.Answer, ...]:
    """The rules of a watch file that match a text; those `off` are not tried."""
    return verdicts.matching(*_without(folder, text, off), trying.with_language(article))


def nearly(folder: Path, text: str, article: ArticleText, off: frozenset[str]) -> verdicts.Nearly:
    """The rules of a watch file that nearly match a text; those `off` are not tried."""
    return verdicts.nearly(*_without(folder, text, off), trying.with_language(article))


def verdicts_of(folder: Path, text: str, article: ArticleText, rule_ids: Sequence[str], match: str) -> Values:
    """What rules of a watch file say of a text: those named, all when none is.

    With `match`, what a rule of this text says: in the place of the one named, or as a draft.
    """
    watch, _ = _compiled(folder, text)
    rules = [_saved(watch, one) for one in rule_ids] or list(watch.rules)
    if match:
        rules = [_draft(watch, match, rules[0] if rule_ids else None)]
    article = trying.with_language(article)
    return [trying.verdict(rule, article).values for rule in rules]


def backtest_of(
    database: str, folder: Path, text: str, rule_id: str, match: str, since: datetime, until: datetime
) -> preview.Backtest:
    """What a saved rule would have done; with `match`, what it would with this text, beside the saved one."""
    watch, _ = _compiled(folder, text)
    saved = watch.rule(rule_id)
    rule = _draft(watch, match, saved) if match else _saved(watch, rule_id)
    against = saved if match else None
    return preview.backtest(_database(database), watch, rule, since=since, until=until, against=against)


def near_of(database: str, folder: Path, text: str, rule_id: str, match: str, since: datetime, limit: int) -> near.Near:
    """The near misses of a saved rule, or of a text in its place."""
    watch, _ = _compiled(folder, text)
    rule = _draft(watch, match, watch.rule(rule_id)) if match else _saved(watch, rule_id)
    return near.near_misses(_database(database), rule, since=since, limit=limit)


def costs(database: str, folder: Path, text: str, rule_ids: tuple[str, ...]) -> dict[str, float]:
    """Rule id → microseconds of matching an article, over the newest ones; empty while there are none."""
    watch, _ = _compiled(folder, text)
    wanted = set(rule_ids)
    return drafts.costs(_database(database), [rule for rule in watch.rules if rule.id in wanted])


def _rule(text: str, rule_id: str) -> tuple[Watch, Rule]:
    watch = _watch(text)
    return watch, _saved(watch, rule_id)


def _saved(watch: Watch, rule_id: str) -> Rule:
    rule = watch.rule(rule_id)
    if rule is None:
        raise Missing(f"there is no rule {rule_id}")
    return rule


def _draft(watch: Watch, match: str, saved: Rule | None = None) -> Rule:
    """A rule of this text, with what the saved one says of languages, feeds and alerts. Raises RuleSyntaxError."""
    read = parse(match, watch.names)
    return replace(saved or Rule("draft", read), read=read, text=match, enabled=True)


def _ago(days: float) -> datetime:
    return SystemClock().now() - timedelta(days=days)


@lru_cache(2)
def _watch(text: str) -> Watch:
    return load(text, env=None)


@lru_cache(1)
def _compiled(folder: Path, text: str) -> tuple[Watch, Matcher]:
    return compiled.opened(folder, text, file="the active revision")


def _without(folder: Path, text: str, off: frozenset[str]) -> tuple[Watch, Matcher]:
    watch, matcher = _compiled(folder, text)
    if not off:
        return watch, matcher
    rules = tuple(rule for rule in watch.rules if rule.id not in off)
    return replace(watch, rules=rules), matcher.with_rules(gone=off)


@lru_cache(1)
def _database(url: str) -> Database:
    return Database(url)
