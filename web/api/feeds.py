"""`/feeds`: what is polled, and how it fares."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from fetching import opml
from pipeline import polling, subscriptions
from storage import feeds, listings, polls
from storage.tables import Feed
from web.api.desk import Desk, Who
from web.api.paging import Cursor, Id, Limit, Page, Said, Word, after_id, page
from web.api.rules import Revision
from web.text import why

POLLS = 100
TEXT: dict[str, Any] = {"type": "string"}
State = Literal["", "new", "ok", "failing", "paused"]


class FeedLine(BaseModel):
    """An address polled on a schedule."""

    id: int
    name: str
    url: str
    kind: str
    tags: list[str]
    state: str = Field(description="new, ok, failing or paused")
    paused_by: str
    next_poll: datetime | None
    not_before: datetime | None = Field(description="until then its server asks to be left alone")
    interval_seconds: float
    last_success: datetime | None
    possible_gaps: int
    error: str


class Poll(BaseModel):
    """What one poll brought."""

    model_config = ConfigDict(from_attributes=True)
    at: datetime
    outcome: str
    reason: str
    items: int
    new: int
    gap: bool
    ms: float


class FeedWhole(FeedLine):
    """A feed with its last polls, newest first."""

    polls: list[Poll]


class Discovered(BaseModel):
    """A feed that a site has."""

    model_config = ConfigDict(from_attributes=True)
    url: str
    title: str
    type: str


class NewFeed(Said):
    """A feed to add."""

    url: Word = Field(min_length=1, description="its address")
    name: Word = ""
    tags: list[Word] = Field(default_factory=list, max_length=50)


class Added(Revision):
    """The revision that an edit made, and what was done; of a list, which lines were left out and why."""

    summary: str
    left_out: list[str] = Field(default_factory=list)


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/feeds", tags=["feeds"])
    _list(routes, desk)
    _one(routes, desk)
    return routes


def _list(routes: APIRouter, desk: Desk) -> None:
    @routes.get("")
    async def list_feeds(state: State = "", cursor: Cursor = "", limit: Limit = 50) -> Page[FeedLine]:
        """The feeds of the active revision, in the order they were added in."""
        after = after_id(cursor)
        rows = await desk.read(lambda session: listings.feeds(session, after, limit + 1, state=state))
        return page(rows, limit, _line, lambda row: (row.id,))

    @routes.post("", status_code=201)
    async def add(who: Who, said: NewFeed) -> Added:
        """Add a feed, as a new revision."""
        return await _edited(
            desk,
            lambda text: subscriptions.add(text, said.url, name=said.name, tags=said.tags),
            who,
            f"feed {said.url}",
        )

    @routes.get("/discover")
    async def discover(
        url: Annotated[
            str, Query(min_length=1, max_length=2000, pattern=r"^[^\x00]*$", description="a site's address")
        ],
    ) -> list[Discovered]:
        """Find a site's feeds: the address itself, what its page names, or what is where many sites have theirs."""
        found = await subscriptions.discover_alone(desk.settings, url)
        return [Discovered.model_validate(one) for one in found]

    @routes.get("/opml", response_class=Response, responses={200: {"content": {"text/x-opml": {"schema": TEXT}}}})
    async def export() -> Response:
        """The feeds as OPML."""
        rows = await desk.read(feeds.listing)
        text = opml.write([opml.Subscription(one.config_url, one.name, tuple(one.tags)) for one in rows])
        return Response(text, media_type="text/x-opml")

    @routes.post("/opml")
    async def import_opml(
        who: Who, body: Annotated[bytes, Body(media_type="text/x-opml", max_length=opml.MOST_BYTES)]
    ) -> Added:
        """Add the feeds of an OPML document, or of a list with an address a line; folders become tags. What cannot be
        used is left out, unless that is all.
        """
        given = await asyncio.to_thread(opml.read, body, name="the list")
        return await _edited(desk, lambda text: subscriptions.add_all(text, given), who, "feeds imported")


def _one(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/{feed_id}")
    async def one_feed(feed_id: Id) -> FeedWhole:
        """A feed with its last polls."""

        def work(session: Session) -> FeedWhole:
            row = polling.find(session, feed_id)
            last = [Poll.model_validate(one) for one in polls.newest(session, feed_id, POLLS)]
            return FeedWhole(**_line(row).model_dump(), polls=last)

        return await desk.read(work)

    @routes.delete("/{feed_id}")
    async def remove(who: Who, feed_id: Id) -> Added:
        """Take a feed out, as a new revision. What it brought stays."""
        row = await desk.read(lambda session: polling.find(session, feed_id))
        edit = lambda text: subscriptions.remove(text, row.config_url)  # noqa: E731 - as its neighbours
        return await _edited(desk, edit, who, f"feed {row.name} removed")

    @routes.post("/{feed_id}/pause")
    async def pause(who: Who, feed_id: Id) -> FeedLine:
        """Poll a feed no more until it is resumed."""
        return _line(await desk.write(lambda session: polling.pause(session, feed_id, who=who)))

    @routes.post("/{feed_id}/resume")
    async def resume(feed_id: Id) -> FeedLine:
        """Poll a paused feed again, in the next cycle."""
        return _line(await desk.write(lambda session: polling.resume(session, feed_id, now=desk.now())))

    @routes.post("/{feed_id}/poll")
    async def poll(feed_id: Id) -> FeedLine:
        """Have a feed polled in the next cycle, whatever its schedule."""
        return _line(await desk.write(lambda session: polling.poll_now(session, feed_id, now=desk.now())))


async def _edited(desk: Desk, edit: subscriptions.Edit, who: str, note: str) -> Added:
    made = await subscriptions.edit_revision(desk.db, edit, who=who, now=desk.now(), note=note)
    return Added(revision=made.revision, changed=made.changed, summary=made.summary, left_out=list(made.left_out))


def _line(feed: Feed) -> FeedLine:
    return FeedLine(
        id=feed.id or 0,
        name=feed.name,
        url=feed.config_url,
        kind=feed.kind,
        tags=[str(tag) for tag in feed.tags],
        state=feed.state,
        paused_by=feed.paused_by,
        next_poll=None if feed.state == "paused" else feed.next_poll_at,
        not_before=feed.not_before,
        interval_seconds=feed.interval_s,
        last_success=feed.last_success_at,
        possible_gaps=feed.possible_gaps,
        error=": ".join(part for part in (why(feed.last_reason), feed.last_error) if part),
    )
