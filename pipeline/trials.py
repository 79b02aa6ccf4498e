"""Rules tried on texts and stored articles for the page: in processes that can be killed, for a rule may be costly and
the page is one process.

Each task opens the compiled index of the active revision's text and, where it asks stored articles, the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import Missing
from core.pool import WorkerPool
from pipeline import compiled, trying
from pipeline.near import Near, near_misses
from pipeline.preview import Backtest, backtest
from rules.config import Rule, Watch
from rules.document import ArticleText
from rules.parse import parse
from storage.engine import Database

TRY_S, LOOK_BACK_S = 10.0, 60.0  # seconds a task may take
MEMORY_BYTES = 1_500_000_000
WORKERS = 2  # at once; others wait


@dataclass(frozen=True, slots=True)
class Place:
    """What a task needs: the active revision's text, the folder of compiled indexes, the database's URL."""

    text: str
    folder: Path
    url: str


def trial_pool() -> WorkerPool:
    """Processes for the functions below; none is started before it is needed."""
    return WorkerPool(WORKERS, preload=(__name__,), memory_bytes=MEMORY_BYTES)


def verdicts(place: Place, article: ArticleText, rule_ids: Sequence[str], match: str) -> list[dict[str, Any]]:
    """What rules say of a text: those named, all when none is, or a rule's text that is not saved."""
    watch = _watch(place)
    rules = [_draft(watch, match)] if match else [_rule(watch, one) for one in rule_ids] or list(watch.rules)
    return [trying.verdict(rule, article).values for rule in rules]


def backtested(place: Place, rule_id: str, match: str, since: datetime, until: datetime) -> Backtest:
    """What a saved rule would have done since then; with `match`, what it would with this text, beside the saved."""
    watch = _watch(place)
    saved = watch.rule(rule_id)
    rule = _draft(watch, match, saved) if match else _rule(watch, rule_id)
    with _database(place) as db:
        return backtest(db, watch, rule, since=since, until=until, against=saved if match else None)


def near(place: Place, rule_id: str, match: str, since: datetime, limit: int) -> Near:
    """The near misses of a saved rule, or of a text in its place."""
    watch = _watch(place)
    rule = _draft(watch, match, watch.rule(rule_id)) if match else _rule(watch, rule_id)
    with _database(place) as db:
        return near_misses(db, rule, since=since, limit=limit)


def _watch(place: Place) -> Watch:
    return compiled.opened(place.folder, place.text, file="active revision")[0]


def _rule(watch: Watch, rule_id: str) -> Rule:
    rule = watch.rule(rule_id)
    if rule is None:
        raise Missing(f"there is no rule {rule_id}")
    return rule


def _draft(watch: Watch, match: str, saved: Rule | None = None) -> Rule:
    """A rule of this text, with what the saved one says of languages, feeds and alerts. Raises RuleSyntaxError."""
    rule = saved or Rule("draft", parse(match, watch.names))
    return replace(rule, read=parse(match, watch.names), text=match, enabled=True)


@contextmanager
def _database(place: Place) -> Iterator[Database]:
    db = Database(place.url)
    try:
        yield db
    finally:
        db.close()
