"""What of a page that was read is taken for its article's text, beside what its feed says of it. Pure."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

from core.reasons import Reason
from core.urls import article_key, canonical
from extractors import walls
from extractors.base import Extraction, PageState
from storage.tables import Article

DOUBTED = frozenset({"trafilatura", "prose"})  # readers that find a text on any page of HTML
BELIEVED_AFTER = 3  # readings of a page that seems to be another: some twenty minutes
THIN = 0.5  # of the text that the feed gives: a page that has less of it was not read, or shows a part
_FRONT = re.compile(r"(?:/[a-z]{2}(?:-[a-z]{2})?)?/?(?:(?:index|home|default)(?:\.\w{2,5})?/?)?", re.IGNORECASE)


def leads_home(url: str, led_to: str) -> bool:
    """Whether a site answers for an article of its own with its front page, as many do for one that is gone."""
    hosts = {article_key(one).partition("/")[0] for one in (url, led_to)}
    return len(hosts) == 1 and _is_front(led_to) and not _is_front(url)


def _is_front(url: str) -> bool:
    parts = urlsplit(canonical(url))
    return not parts.query and bool(_FRONT.fullmatch(parts.path))


def refused(article: Article, page: Extraction) -> str | None:
    """Why a page is not taken, in words (it counts as a notice in the article's place); None where it is.

    A notice that no word gives away is told by what it does not speak of: what the article said, and what the feed
    announced. As that may be wrong, a page that was never taken is, in the end. A teaser does not
    replace a longer text that was read before; PAYWALL is said of articles of which a teaser is stored.
    """
    doubted = page.extractor in DOUBTED and (article.revision or article.attempts < BELIEVED_AFTER)
    if doubted and _is_another(article, page, page.title):
        return "it names nothing of what was said of the article"
    if page.reason is not Reason.PAYWALL or article.reason == Reason.PAYWALL or len(page.text) >= len(article.text):
        return None
    return Reason.PAYWALL.sentence


def fuller(article: Article, page: Extraction) -> Extraction:
    """The page, with its feed's words before its own where the feed says more than a teaser; and where the page calls
    itself whole and has far less than the feed, or under its headline nothing that the feed speaks of.
    """
    said = article.feed_text
    if page.reason is Reason.PAYWALL and len(said) > len(page.text):
        return replace(page, text=_joined(said, page.text))
    if not said or page.state is not PageState.READY or page.extractor not in DOUBTED:
        return page
    thin = len(page.text) < THIN * len(said)
    if not thin and (article.revision or not _is_another(article, page, "")):
        return page
    return replace(
        page,
        state=PageState.PARTIAL,
        reason=Reason.NO_BODY,
        title=article.feed_title or page.title,
        text=_joined(said, page.text),
        language=article.feed_language or page.language,
    )


def _is_another(article: Article, page: Extraction, title: str) -> bool:
    """Whether it is none of what the feed announced, nor, if it was read before, of what it said then: a first text may
    have said that more is to come.
    """
    announced = [f"{article.feed_title}\n{article.feed_text}"]
    if article.revision:
        announced.append(f"{article.title}\n{article.text}")
    return all(walls.is_another(page.text, title, words) for words in announced)


def _joined(said: str, text: str) -> str:
    """The feed's words, then the lines of the page that are not in them."""
    more = (line for line in text.split("\n") if line not in said)
    return "\n".join([said, *more])
