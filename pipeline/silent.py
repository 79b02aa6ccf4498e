"""Why a rule stayed silent: the nearest it came, in words; and whether its words stood outside the articles."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import html

from core.settings import Settings
from core.text import clean, one_line
from pipeline.app import Active
from pipeline.bootstrap import open_app
from pipeline.explaining import nearness, summary
from pipeline.match import article_text
from rules.config import Rule
from rules.document import ArticleText, Document, analyse
from rules.explain import Explanation, explain
from rules.match import Matcher
from storage import articles, hits
from storage.engine import Database

ARTICLES = 500


@dataclass(frozen=True, slots=True)
class Silent:
    """A rule without a hit, and why, a line each."""

    rule: str
    title: str
    why: tuple[str, ...]


async def silent_rules(settings: Settings, pages: Mapping[str, bytes]) -> list[Silent]:
    """The rules that hit nothing that is stored. `pages` (URL → bytes as served) tell what was left out of the
    articles.
    """
    async with open_app(settings) as app:
        return await asyncio.to_thread(_silent, app.db, app.active, pages)


def _silent(db: Database, active: Active, pages: Mapping[str, bytes]) -> list[Silent]:
    hit = {found.rule_id for found, _ in db.read_now(lambda session: hits.recent(session, limit=10_000))}
    stored = db.read_now(lambda session: articles.recent(session, limit=ARTICLES))
    with_feeds = db.read_now(lambda session: articles.with_feeds(session, [one.id or 0 for one in stored]))
    documents = [analyse(article_text(article, feed)) for article, feed, _ in with_feeds]
    quiet = [rule for rule in active.watch.rules if rule.enabled and rule.id not in hit]
    outside = {url: outside_article(url, page) for url, page in pages.items()}
    return [Silent(rule.id, rule.title, _why(rule, documents, outside)) for rule in quiet]


def _why(rule: Rule, documents: list[Document], outside: Mapping[str, ArticleText]) -> tuple[str, ...]:
    lines = [f"none of {len(documents)} articles matches: {in_line(nearest(rule, documents))}"]
    alone = Matcher([rule])
    for url, text in outside.items():
        for match in alone.match(analyse(text), feed=None).matches[:1]:
            words = one_line(match.spans[0].sentence, 160) if match.spans else ""
            lines.append(f"its words stand only outside an article's text (a link to another story): “{words}”")
            lines.append(f"on {url}")
    return tuple(lines)


def nearest(rule: Rule, documents: list[Document]) -> Explanation | None:
    """The explanation of the article that came nearest: the most clauses matched."""
    explained = [explain(rule, document) for document in documents]
    return max(explained, key=lambda one: nearness(one), default=None)


def in_line(explanation: Explanation | None) -> str:
    """An explanation in one line."""
    return "there is none" if explanation is None else one_line(summary(explanation), 200)


def outside_article(url: str, page: bytes) -> ArticleText:
    """All the words of a page, whatever they are: its links, captions and player controls with its article."""
    tree = html.document_fromstring(page) if page.lstrip()[:1] == b"<" else None
    if tree is None:
        return ArticleText(id=url, title="", text="")
    lines = (one_line(part) for part in tree.itertext() if isinstance(part, str))
    return ArticleText(id=url, title="", text=clean("\n".join(line for line in lines if line)), language="en")
