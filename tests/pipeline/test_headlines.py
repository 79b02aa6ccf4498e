"""Headlines: what is told to have changed did, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

from pipeline.headlines import Headline, headlines
from storage.tables import Article, ArticleRevision
from tests.builders import NOON

LATER = NOON + timedelta(hours=1)


def article(title: str, feed_title: str = "") -> Article:
    """An article as it is now."""
    return Article(
        key="k", feed_id=1, title=title, feed_title=feed_title, first_seen_at=NOON, not_before=NOON, match_after=NOON
    )


def before(revision: int, title: str, at: int = 0) -> ArticleRevision:
    """What it was until so many hours after noon."""
    return ArticleRevision(article_id=1, revision=revision, title=title, at=NOON + timedelta(hours=at))


def test_an_article_that_never_changed_has_no_changes() -> None:
    assert headlines(article("A", "B"), []) == []


def test_a_text_that_changed_under_its_headline_is_no_change_of_it() -> None:
    assert headlines(article("A"), [before(1, "A"), before(2, "A", 1)]) == []


def test_each_change_says_what_was_and_what_became_of_it() -> None:
    kept = [before(1, "A"), before(2, "B", 1)]
    assert headlines(article("A"), kept) == [Headline(NOON, "A", "B"), Headline(LATER, "B", "A")]


def test_a_feeds_title_and_its_pages_are_not_compared_with_each_other() -> None:
    kept = [before(0, "feed A"), before(1, "page A", 1)]
    found = headlines(article("page B", "feed B"), kept)
    assert found == [Headline(NOON, "feed A", "feed B"), Headline(LATER, "page A", "page B")]
