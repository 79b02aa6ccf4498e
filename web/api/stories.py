"""`/stories`: events, as each rule saw them told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from pipeline import stories as changes
from pipeline.feedback import SILENCE
from storage import alerts, hits, inbox, stories
from storage.inbox import Place, Wanted
from storage.tables import Article, Hit, Story
from web.api.alerts import AlertLine, alert_line
from web.api.desk import Desk, Who, found
from web.api.paging import Cursor, Filter, Id, Limit, Page, Said, Time, WithinReach, after_moment, written

State = Literal["", "open", "silenced", "closed"]


class StoryLine(BaseModel):
    """A story."""

    id: int
    rule: str
    title: str
    state: str = Field(description="open, silenced or closed")
    silenced_until: datetime | None
    first: datetime = Field(description="when its first hit came in")
    last: datetime = Field(description="when its newest hit came in")
    articles: int
    separate_texts: int
    unread: bool = Field(description="whether it has news since whoever asks read it last")


class Telling(BaseModel):
    """An article of a story, with the sentences that matched."""

    hit: int
    article: int
    title: str
    url: str
    source: str
    author: str
    seen: datetime
    text: int = Field(description="articles that go back to one text share its number")
    why: str
    state: str
    sentences: list[Any]


class StoryWhole(StoryLine):
    """A story with all that hangs on it."""

    timeline: list[Telling]
    alerts: list[AlertLine]


class Silencing(Said):
    """Until when nothing more of a story is told; 72 hours when nothing is said."""

    until: WithinReach | None = None


class Reading(Said):
    """How far a story was read; as far as it is told when nothing is said."""

    up_to: WithinReach | None = Field(
        None, description="`last` of the story as it was shown: what came in later stays unread"
    )


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/stories", tags=["stories"])
    _reading(routes, desk)
    _changing(routes, desk)
    return routes


def _reading(routes: APIRouter, desk: Desk) -> None:
    @routes.get("")
    async def list_stories(
        who: Who, rule: Filter = "", source: Filter = "", state: State = "", since: Time = None, until: Time = None,
        unread: Annotated[bool, Query(description="only what has news for whoever asks")] = False,
        cursor: Cursor = "", limit: Limit = 50,
    ) -> Page[StoryLine]:  # fmt: skip
        """Stories, newest first. A page goes through 10,000 at most: with few or none on it there may be a next one."""
        wanted = Wanted(rule, source, state, since, until, unread)
        now, after = desk.now(), after_moment(cursor)

        def work(session: Session) -> Page[StoryLine]:
            shown, end = inbox.page(session, wanted, who, now, before=after and Place(*after), limit=limit)
            rows = stories.of_ids(session, [one.place.story for one in shown])
            kept = [(rows[one.place.story], one.unread) for one in shown if one.place.story in rows]
            lines = [StoryLine(**_values(row, now, unread=news)) for row, news in kept]
            return Page(items=lines, next=written(*end) if end else None)

        return await desk.read(work)

    @routes.get("/{story_id}")
    async def one_story(who: Who, story_id: Id) -> StoryWhole:
        """A story with its articles and alerts."""
        return await desk.read(lambda session: _whole(session, story_id, who, desk.now()))


def _changing(routes: APIRouter, desk: Desk) -> None:
    async def changed(who: str, story_id: int) -> StoryLine:
        now = desk.now()

        def work(session: Session) -> StoryLine:
            row = found(stories.find(session, story_id), f"story {story_id}")
            return StoryLine(**_values(row, now, unread=inbox.is_unread(session, row, who)))

        return await desk.read(work)

    @routes.post("/{story_id}/silence")
    async def silence(who: Who, story_id: Id, said: Silencing | None = None) -> StoryLine:
        """Tell nothing more of a story for a time."""
        now = desk.now()
        until = (said and said.until) or now + SILENCE
        await desk.write(lambda session: changes.silence(session, story_id, until=until, who=who, now=now))
        return await changed(who, story_id)

    @routes.post("/{story_id}/close")
    async def close(who: Who, story_id: Id) -> StoryLine:
        """Tell nothing more of a story, whatever joins it."""
        await desk.write(lambda session: changes.close(session, story_id, who=who, now=desk.now()))
        return await changed(who, story_id)

    @routes.post("/{story_id}/reopen")
    async def reopen(who: Who, story_id: Id) -> StoryLine:
        """Tell again of a story that was silenced or closed."""
        await desk.write(lambda session: changes.reopen(session, story_id, who=who, now=desk.now()))
        return await changed(who, story_id)

    @routes.put("/{story_id}/read")
    async def read(who: Who, story_id: Id, said: Reading | None = None) -> StoryLine:
        """Keep that whoever asks has read a story: with `up_to`, no more of it than they were shown."""
        up_to = said.up_to if said else None
        await desk.write(lambda session: _mark_read(session, story_id, who, up_to))
        return await changed(who, story_id)

    @routes.delete("/{story_id}/read")
    async def unread(who: Who, story_id: Id) -> StoryLine:
        """Forget that whoever asks has read a story."""
        await desk.write(lambda session: changes.mark_unread(session, changes.find(session, story_id).id or 0, who))
        return await changed(who, story_id)


def _mark_read(session: Session, story_id: int, who: str, up_to: datetime | None) -> None:
    story = changes.find(session, story_id)
    told = story.last_hit_at
    changes.mark_read(session, [Place(min(up_to or told, told), story.id or 0)], who)


def _values(row: Story, now: datetime, *, unread: bool) -> dict[str, Any]:
    state = stories.state_of(row, now)
    return {
        "id": row.id,
        "rule": row.rule_id,
        "title": row.title,
        "state": state,
        "silenced_until": row.silenced_until if state == "silenced" else None,
        "first": row.first_hit_at,
        "last": row.last_hit_at,
        "articles": row.articles,
        "separate_texts": row.origins,
        "unread": unread,
    }


def _whole(session: Session, story_id: int, who: str, now: datetime) -> StoryWhole:
    row = found(stories.find(session, story_id), f"story {story_id}")
    told = [_telling(*pair) for pair in hits.of_story(session, story_id)]
    made = [alert_line(one) for one in alerts.of_story(session, story_id)]
    return StoryWhole(**_values(row, now, unread=inbox.is_unread(session, row, who)), timeline=told, alerts=made)


def _telling(hit: Hit, article: Article) -> Telling:
    read = article.revision > 0
    return Telling(
        hit=hit.id or 0,
        article=article.id or 0,
        title=article.title if read else article.feed_title,
        url=article.url,
        source=article.source,
        author=article.author if read else article.feed_author,
        seen=article.first_seen_at,
        text=hit.origin,
        why=hit.why,
        state=hit.state,
        sentences=hit.sentences,
    )
