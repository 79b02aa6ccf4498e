"""index: articles that were matched → the keys they are looked up by.

Nobody's alert waits for it: it works while the other loops, but for `prune`, have nothing to do, or when much has piled
up. Until it has come to an article, that article is offered to every question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from pipeline.app import App
from pipeline.cycle import Cycle
from pipeline.match import article_text
from rules import lookup
from rules.document import ArticleText
from storage import lookup as stored
from storage import meta
from storage.lookup import Keys
from storage.tables import Article, Feed

BATCH = 50  # articles in one commit: some 30 ms in which nobody else writes to SQLite
PILE = 400  # articles: so many do not wait until the other loops are idle


async def index(cycle: Cycle) -> None:
    """The loop: make the keys of what was matched, until the cycle ends."""
    app, name = cycle.app, "index"
    await follow_version(app)
    while cycle.is_open:
        version = cycle.version
        waiting = await app.db.read(lambda session: stored.count_due(session, PILE))
        if waiting and (waiting == PILE or cycle.others_idle(name, "prune")):
            cycle.report.count("index", "done", by=await index_batch(app))
            continue
        if not waiting:
            cycle.found_nothing(name, version)
        await cycle.pause()
    cycle.leave(name)


async def follow_version(app: App) -> None:
    """Have all keys made anew when they are of another version of the analyser."""
    if await app.db.read(meta.lookup_version) != lookup.version():
        await app.db.write(lambda session: stored.all_due(session, lookup.version()))
        await app.db.write(lambda session: meta.set_lookup_version(session, lookup.version()))


async def index_batch(app: App) -> int:
    """Make and write the keys of some articles that are due. Returns how many were written."""
    due = await app.db.read(lambda session: stored.due(session, BATCH))
    made = await asyncio.to_thread(keys_of, due)
    return await app.db.write(lambda session: stored.put(session, made, lookup.version()))


def keys_of(due: Sequence[tuple[Article, Feed]]) -> list[Keys]:
    """What each article is to be looked up by."""
    return [Keys(article.id or 0, article.matched_at, lookup.keys_of(_text(article, feed))) for article, feed in due]


def _text(article: Article, feed: Feed) -> ArticleText:
    """What the rules see, but for the feed's language in the watch file: that may change any day."""
    return replace(article_text(article, feed), fallback_language=article.feed_language)
