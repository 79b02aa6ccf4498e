"""`/feeds/add`: feeds by a site's address, a list of addresses or an OPML file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from nicegui import ui

from core.errors import WirewatchError
from core.settings import Settings
from core.text import one_line
from fetching.discover import FoundFeed
from pipeline import subscriptions
from pipeline.subscriptions import discover_alone
from storage import feeds
from storage.engine import Database
from web.acts import number_of, show_acting
from web.editing import edited
from web.frame import frame, show
from web.people import who
from web.text import told


def register(db: Database, settings: Settings) -> None:
    """Add the page."""

    @ui.page("/feeds/add")
    async def adding(address: str = "") -> None:
        site = one_line(address, 2000)
        found, wrong = await _found(settings, site) if site else ([], "")

        async def values() -> Mapping[str, object]:
            known = {one.url for one in await db.read(feeds.names)}
            lines = [(place, one, one.url in known) for place, one in enumerate(found)]
            return {"site": site, "found": lines, "wrong": wrong}

        async def add(place: str) -> str:
            one = found[number_of(place)]
            edit = partial(subscriptions.add, url=one.url, name=one.title)
            return await edited(db, edit, who(), f"feeds add {one.url}")

        with frame("Add feeds", at="/feeds"):
            show("back.html", to="/feeds", text="All feeds")
            await show_acting("feed-adding.html", values, {"add": add})


async def _found(settings: Settings, site: str) -> tuple[list[FoundFeed], str]:
    """A site's feeds, or why there are none."""
    try:
        found = await discover_alone(settings, site if "://" in site else f"https://{site}")
    except WirewatchError as error:
        return [], told(error)
    return found, "" if found else "No feed was found there."
