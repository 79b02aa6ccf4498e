"""`/articles`: what was read, and what became of it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pipeline import why as reasons
from pipeline.search import search
from storage import listings
from storage.tables import Article
from web.api.desk import Desk, found
from web.api.paging import LONGEST, Cursor, Filter, Id, Limit, Page, Time, after_id, page

State = Literal["", "pending", "ready", "partial", "failed", "duplicate"]


class ArticleLine(BaseModel):
    """A page, once, whatever led to it."""

    id: int
    url: str
    title: str
    source: str
    state: str
    reason: str
    language: str
    published: datetime | None
    first_seen: datetime
    read: datetime | None
    matched: datetime | None


class ArticleWhole(ArticleLine):
    """An article with its text."""

    author: str
    extractor: str
    text: str


class Found(BaseModel):
    """What a search found, newest first."""

    items: list[ArticleLine]


class RuleSays(BaseModel):
    """What became of an article under one rule."""

    rule: str
    outcome: str
    stage: str
    why: str


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/articles", tags=["articles"])

    @routes.get("")
    async def list_articles(
        state: State = "", source: Filter = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[ArticleLine]:
        """Articles, newest first."""
        after = after_id(cursor)
        rows = await desk.read(lambda session: listings.articles(session, after, limit + 1, state=state, source=source))
        return page(rows, limit, _line, lambda row: (row.id,))

    @routes.get("/search")
    async def search_articles(
        words: Annotated[
            str, Query(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]*$", description='words and "phrases", all')
        ],
        since: Time = None,
        limit: Limit = 50,
    ) -> Found:
        """Articles by the words of their title and text, in any form, newest first."""
        rows = await asyncio.to_thread(search, desk.db, words, since=since, limit=limit)
        return Found(items=[_line(row) for row in rows])

    @routes.get("/{article_id}")
    async def one_article(article_id: Id) -> ArticleWhole:
        """An article with its text."""
        row = found(await desk.read(lambda session: session.get(Article, article_id)), f"article {article_id}")
        more = {"author": row.author, "extractor": row.extractor, "text": row.text or row.feed_text}
        return ArticleWhole(**_line(row).model_dump(), **more)

    @routes.get("/{article_id}/why")
    async def why(article_id: Id) -> list[RuleSays]:
        """For every rule, the alert that an article led to, or the first stage or clause that said no."""
        _, watch = await desk.book.active()
        told = await asyncio.to_thread(reasons.of_stored, desk.db, watch, str(article_id))
        return [RuleSays.model_validate(one, from_attributes=True) for one in told]

    return routes


def _line(row: Article) -> ArticleLine:
    return ArticleLine(
        id=row.id or 0,
        url=row.url or row.key,
        title=row.title or row.feed_title,
        source=row.source,
        state=row.state,
        reason=row.reason,
        language=row.language,
        published=row.published,
        first_seen=row.first_seen_at,
        read=row.read_at,
        matched=row.matched_at,
    )
