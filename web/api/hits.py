"""`/hits`: which rule matched which article, and where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from pipeline import feedback as changes
from storage import feedback, hits, listings
from storage.stories import LARGEST_ID
from storage.tables import Article, Hit
from web.api.desk import Desk, Who, found
from web.api.paging import Cursor, Filter, Id, Limit, Page, after_id, page

State = Literal["", "live", "from_before", "withdrawn"]


class HitLine(BaseModel):
    """A match that is stored."""

    id: int
    rule: str
    at: datetime
    state: str
    story: int
    article: int
    title: str
    url: str
    not_this: list[str] = Field(description="who said that it is not what its rule is for")


class HitWhole(HitLine):
    """A hit with its places."""

    why: str
    score: float
    spans: list[Any]
    sentences: list[Any]


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/hits", tags=["hits"])

    @routes.get("")
    async def list_hits(
        rule: Filter = "", state: State = "", story: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        cursor: Cursor = "", limit: Limit = 50,
    ) -> Page[HitLine]:  # fmt: skip
        """Hits, newest first."""
        after = after_id(cursor)

        def work(session: Session) -> Page[HitLine]:
            rows = listings.hits(session, after, limit + 1, rule=rule, state=state, story=story)
            said = feedback.not_this(session, [hit.id or 0 for hit, _ in rows])
            return page(rows, limit, lambda pair: _line(*pair, said), lambda pair: (pair[0].id,))

        return await desk.read(work)

    async def whole(hit_id: int) -> HitWhole:
        hit, article = found(await desk.read(lambda session: hits.with_article(session, hit_id)), f"hit {hit_id}")
        said = await desk.read(lambda session: feedback.not_this(session, [hit_id]))
        return HitWhole(
            **_line(hit, article, said).model_dump(),
            why=hit.why, score=hit.score, spans=hit.spans, sentences=hit.sentences,
        )  # fmt: skip

    @routes.get("/{hit_id}")
    async def one_hit(hit_id: Id) -> HitWhole:
        """A hit with the sentences that matched, and where."""
        return await whole(hit_id)

    @routes.post("/{hit_id}/not-this")
    async def not_this(who: Who, hit_id: Id) -> HitLine:
        """Keep that a hit is not what its rule is for: its text counts no more for what is told of its story."""
        await desk.write(lambda session: changes.not_this_hit(session, hit_id, who=who, now=desk.now()))
        return await whole(hit_id)

    @routes.delete("/{hit_id}/not-this")
    async def take_back(who: Who, hit_id: Id) -> HitLine:
        """Take back what whoever asks said of a hit; what others said stays."""
        await desk.write(lambda session: changes.take_back(session, hit_id, who=who, now=desk.now()))
        return await whole(hit_id)

    return routes


def _line(hit: Hit, article: Article, said: Mapping[int, list[str]]) -> HitLine:
    return HitLine(
        id=hit.id or 0,
        rule=hit.rule_id,
        at=hit.at,
        state=hit.state,
        story=hit.story_id,
        article=hit.article_id,
        title=article.title or article.feed_title,
        url=article.url or article.key,
        not_this=said.get(hit.id or 0, []),
    )
