"""When an article's headline changed, and from what to what. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from storage.tables import Article, ArticleRevision


@dataclass(frozen=True, slots=True)
class Headline:
    """One change of a headline; `at` is when the new one was first seen."""

    at: datetime
    old: str
    new: str


def headlines(article: Article, kept: Sequence[ArticleRevision]) -> list[Headline]:
    """The changes that the kept revisions know of, oldest first: of the feed's title, then of the page's.

    That a page has another title than its feed is no change of either.
    """
    of_feed = [(one.at, one.title) for one in kept if one.revision <= 0]
    of_page = [(one.at, one.title) for one in kept if one.revision > 0]
    return [*_changes(of_feed, article.feed_title), *_changes(of_page, article.title)]


def _changes(replaced: Sequence[tuple[datetime, str]], now: str) -> list[Headline]:
    """`replaced` are titles with the time at which another took their place."""
    titles = [*(title for _, title in replaced), now]
    moments = [at for at, _ in replaced]
    return [Headline(at, old, new) for at, (old, new) in zip(moments, pairwise(titles), strict=True) if old != new]
