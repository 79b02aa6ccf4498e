"""`/feeds/add`: feeds by a site's address, a list of addresses or an OPML file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from nicegui import ui

from core.settings import Settings
from core.text import one_line
from fetching.discover import FoundFeed
from pipeline import subscriptions
from pipeline.subscriptions import discover_alone
from storage import feeds
from storage.engine import Database
from web.acts import number_of, show_acting
from web.controls import AWAY_S
from web.editing import edited
from web.frame import frame, page_at, show
from web.people import who
from web.text import counted


def register(db: Database, settings: Settings) -> None:
    """Add the page."""

    @page_at("/feeds/add", reconnect_timeout=AWAY_S)
    async def adding(address: str = "") -> None:
        site = one_line(address, 2000)
        found: list[FoundFeed] | None = None

        async def values() -> Mapping[str, object]:
            known = {one.url for one in await db.read(feeds.names)}
            lines = [(place, one, one.url in known) for place, one in enumerate(found or [])]
            return {"found": lines, "looking": site and found is None}

        async def look() -> str:
            nonlocal found
            found = []
            found = await discover_alone(settings, site if "://" in site else f"https://{site}")
            return (
                f"{counted(len(found), 'feed was', 'feeds were')} found there." if found else "No feed was found there."
            )

        async def add(place: str) -> str:
            one = (found or [])[number_of(place)]
            edit = partial(subscriptions.add, url=one.url, name=one.title)
            return await edited(db, edit, who(), f"feeds add {one.url}")

        with frame("Add feeds", at="/feeds"):
            show("back.html", to="/feeds", text="All feeds")
            with ui.element("section").props("aria-labelledby=by-address").classes("card form"):
                show("feed-search.html", site=site)
                do = await show_acting("feeds-found.html", values, {"add": add})
            show("feed-adding.html")
        if site:  # a site may take longer than a page is waited for
            ui.timer(0.05, lambda: do(look), once=True)
