"""Lists of feeds in and out: `/feeds.opml`, and the forms of `/feeds/add`. Plain HTML, without a websocket."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, Response

from core.errors import WirewatchError
from core.text import one_line
from fetching import opml
from pipeline import subscriptions
from storage import feeds
from storage.engine import Database
from web.editing import edited
from web.guard import LOCAL, WHO
from web.headers import BARE_POLICY
from web.render import render
from web.text import told

TOO_MUCH = opml.MOST_BYTES + 1
LARGEST_PART = 4 * opml.MOST_BYTES  # of a form: what is too long is told by how long a list may be
MEDIA_TYPE = "text/x-opml; charset=utf-8"
DOWNLOAD = {"content-disposition": 'attachment; filename="feeds.opml"'}
BARE = {"cache-control": "no-store", "content-security-policy": BARE_POLICY}


def router(db: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter()

    @routes.get("/feeds.opml")
    async def export() -> Response:
        rows = await db.read(feeds.names)
        text = opml.write([opml.Subscription(one.url, one.name, one.tags) for one in rows])
        return Response(text, media_type=MEDIA_TYPE, headers=DOWNLOAD)

    @routes.post("/feeds/import")
    async def take(request: Request) -> Response:
        async with request.form(max_files=1, max_fields=2, max_part_size=LARGEST_PART) as form:
            file, addresses = form.get("opml"), form.get("addresses", "")
            name = one_line(file.filename or "", 100) if isinstance(file, UploadFile) else ""
            source = await file.read(TOO_MUCH) if isinstance(file, UploadFile) else str(addresses)
        by = str(request.scope.get(WHO, LOCAL))
        return await _taken(db, source, name or "the list", by)

    return routes


async def _taken(db: Database, source: str | bytes, name: str, by: str) -> Response:
    """Add what is new of a list, as `wirewatch feeds import` does, and say what was done."""
    try:
        found = await asyncio.to_thread(opml.read, source, name=name)
        said = await edited(db, partial(subscriptions.add_all, found=found, file=name), by, f"feeds import {name}")
    except WirewatchError as error:
        return _page("No feed was added", told(error).split("\n"), 422)
    return _page("Feeds added", said.split("\n"), 200)


def _page(title: str, lines: list[str], status: int) -> Response:
    return HTMLResponse(render("feeds-taken.html", title=title, lines=lines), status, headers=BARE)
