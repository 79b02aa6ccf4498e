"""`/config`: the watch file's revisions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field

from pipeline import configure, revising
from storage import configs
from storage.stories import LARGEST_ID
from storage.tables import Config
from web.api.desk import Base, Desk, Who, etag, found
from web.api.paging import Cursor, Id, Limit, Page, Said, after_id, page
from web.api.problems import EDITED
from web.api.rules import Revision

MOST_TEXT = 20_000_000  # characters of a watch file


class RevisionLine(BaseModel):
    """One revision of the watch file."""

    revision: int
    at: datetime
    who: str
    made_from: str = Field(description="file, or page (also a command or a program)")
    sha256: str
    note: str


class RevisionWhole(RevisionLine):
    """A revision with its text; secrets stand in it as ${NAME}."""

    text: str


class Diff(BaseModel):
    """What leads from one revision to another."""

    before: int
    after: int
    diff: str = Field(description="unified; empty when they are the same")


class Text(Said):
    """A watch file."""

    text: str = Field(max_length=MOST_TEXT)
    note: str = Field("", max_length=500, pattern=r"^[^\x00]*$")  # PostgreSQL stores no NUL


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/config", tags=["config"])

    async def revision_of(number: int) -> Config:
        return found(await desk.read(lambda session: configs.get(session, number)), f"revision {number}")

    @routes.get("")
    async def active(response: Response) -> RevisionWhole:
        """The active revision; its number is the ETag."""
        row = found(await desk.read(configs.active), "active revision yet")
        response.headers.update(etag(row.revision or 0))
        return _whole(row)

    @routes.put("", responses=EDITED)
    async def put(who: Who, base: Base, said: Annotated[Text, Body()], response: Response) -> Revision:
        """Make a text the active revision. What is wrong is told at once, with lines and columns."""
        made = await revising.revise(desk.db, lambda _: said.text, who=who, now=desk.now(), note=said.note, base=base)
        response.headers.update(etag(made.revision))
        return Revision(revision=made.revision, changed=made.changed)

    @routes.get("/history")
    async def history(cursor: Cursor = "", limit: Limit = 50) -> Page[RevisionLine]:
        """The revisions, newest first."""
        after = after_id(cursor)
        before = 0 if after is None else max(after, 1)
        rows = await desk.read(lambda session: configs.listing(session, before, limit + 1))
        return page(rows, limit, _line, lambda row: (row.revision,))

    @routes.get("/revisions/{number}")
    async def one_revision(number: Id) -> RevisionWhole:
        """One revision."""
        return _whole(await revision_of(number))

    @routes.get("/revisions/{number}/diff")
    async def diff(number: Id, against: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None) -> Diff:
        """What leads from a revision to another one, by default to the active."""
        before = await revision_of(number)
        after = await revision_of(against) if against else found(await desk.read(configs.active), "active revision yet")
        names = (f"revision {number}", f"revision {after.revision}")
        difference = await desk.trials.quick(configure.diff, before.text, after.text, names)
        return Diff(before=number, after=after.revision or 0, diff=difference)

    @routes.post("/revisions/{number}/rollback", responses=EDITED)
    async def rollback(who: Who, base: Base, number: Id, response: Response) -> Revision:
        """Make an old revision's text the active one, as a new revision."""
        made = await revising.roll_back(desk.db, number, who=who, now=desk.now(), base=base)
        response.headers.update(etag(made.revision))
        return Revision(revision=made.revision, changed=made.changed)

    return routes


def _line(row: configs.Line) -> RevisionLine:
    return RevisionLine(**_values(row))


def _whole(row: Config) -> RevisionWhole:
    return RevisionWhole(**_values(row), text=row.text)


def _values(row: Config | configs.Line) -> dict[str, object]:
    return {
        "revision": row.revision,
        "at": row.at,
        "who": row.who,
        "made_from": "file" if row.from_file else "page",
        "sha256": row.sha256,
        "note": row.note,
    }
