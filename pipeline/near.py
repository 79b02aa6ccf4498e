"""Stored articles that a rule nearly matches: where an analyst sees the word that is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from pipeline.match import article_text, feed_tag
from pipeline.preview import Found, found
from pipeline.search import loaded
from rules import lookup
from rules.config import Rule
from rules.document import analyse
from rules.explain import Explainable, NearMiss, near_miss
from storage import lookup as stored
from storage.engine import Database

SHOWN = 20
MOST = 2_000  # articles looked at: explaining one takes some milliseconds


@dataclass(frozen=True, slots=True)
class Near:
    """A rule's near misses, newest first.

    Of `articles` there are, `offered` have all words but those of one clause, and `looked_at` of these were explained:
    all, unless enough was found or the limit was reached before.
    """

    rule: str
    since: datetime
    articles: int
    offered: int
    looked_at: int
    misses: tuple[tuple[Found, NearMiss], ...]


def near_misses(db: Database, rule: Rule, *, since: datetime, limit: int = SHOWN, most: int = MOST) -> Near:
    """What was first seen since then and satisfies all of the rule's clauses but one, or misses a limit by little."""
    explainable = Explainable(replace(rule, enabled=True))
    query, version = lookup.nearly(rule.expr), lookup.version()
    offered = db.read_now(lambda session: stored.ids(session, query, version, since=since, matched=True))
    misses: list[tuple[Found, NearMiss]] = []
    looked_at = 0
    for article, feed, also in loaded(db, offered[::-1][:most]):
        looked_at += 1
        explained = explainable.explain(analyse(article_text(article, feed)), feed=feed_tag(feed, also))
        if (miss := near_miss(explained)) is not None:
            misses.append((found(article), miss))
            if len(misses) == limit:
                break
    everything = db.read_now(lambda session: stored.count(session, since=since, matched=True))
    return Near(rule.id, since, everything, len(offered), looked_at, tuple(misses))
