"""The inbox as it moves: marks stories as read, and shows newer ones while it is open.

A page that nobody has touched shows them at once; on one that somebody works on they wait behind "3 new", so that
nothing moves under what is being read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.html import Html
from sqlmodel import Session

from core.clock import SystemClock
from pipeline import stories as changes
from storage import inbox
from storage.engine import Database
from storage.inbox import LOOKED, Place
from web import pieces
from web.demo import Demo
from web.frame import frame, show
from web.pieces import button, label_of, live_line, said_in
from web.render import render
from web.text import capped

if TYPE_CHECKING:
    from web.pages.inbox import Inbox, Line

TO_THE_FIRST = "document.querySelector('.story h2 a')?.focus()"  # the button that was pressed is gone

Gathered = Callable[[], Awaitable["Inbox"]]


async def show_inbox(db: Database, name: str, gathered: Gathered, demo: Demo | None) -> None:
    """The page; `demo` is offered where there is nothing yet."""
    page = await gathered()
    with frame("Inbox", at="/"):
        ui.add_head_html('<script src="/static/keys.js" defer></script>')
        if page.start is None:
            show("inbox_filter.html", asked=page.asked, rules=page.rules, sources=page.sources, states=page.states)
        _List(db, name, gathered, page)
        if demo and page.start and not (page.start.feeds and page.start.rules):
            _offer(demo)
        show("keys.html")


def _offer(demo: Demo) -> None:
    said = live_line()

    async def lead() -> str:
        said.set_content("The demo reads two made-up news sites, and opens in half a minute …")
        address = await demo.address()
        ui.navigate.to(address)
        return f"The demo is at {address}"

    async def show_it() -> None:
        shown.set_visibility(False)
        shown.set_visibility(not await said_in(said, lead))

    shown = button("Look around in the demo", show_it)


class _List:
    """The stories of one open page."""

    def __init__(self, db: Database, name: str, gathered: Gathered, page: Inbox) -> None:
        self._db, self._name, self._gathered = db, name, gathered
        self._page, self._touched, self._newer = page, False, 0
        self._lines: dict[int, _Line] = {}
        with ui.element("div").classes("above inbox-head"):
            self._count = ui.html("", tag="p").props("role=status").classes("quiet")
            self._new = button("", self._show_newer_now, classes="new-ones")
            self._all = button("Mark all shown as read", self._read_all, classes="read-all")
        self._said = live_line()
        self._list = ui.element("div")
        self._fill()
        if page.counts is not None:
            ui.on("touched", self._touch, [])
            ui.timer(pieces.LOOK_EVERY_S, self._look, immediate=False)

    def _touch(self) -> None:
        self._touched = True

    def _fill(self) -> None:
        """Show what was gathered, in the place of what stood there."""
        self._list.clear()
        with self._list:
            if not self._page.lines:
                show("inbox_none.html", asked=self._page.asked, start=self._page.start, older=self._page.older)
            with ui.element("ol").classes("stories").props('aria-label="Stories, newest first"'):
                self._lines = {one.id: _Line(one, self._turn) for one in self._page.lines}
            show("inbox_end.html", older=self._page.older, some=bool(self._page.lines), looked=LOOKED)
        self._newer = 0
        self._tell()

    def _unread(self) -> int:
        """How many of this view are, by what was counted and what was read here since."""
        counted = self._page.counts.unread if self._page.counts else 0
        before = sum(one.unread for one in self._page.lines)
        return counted - before + sum(one.unread for one in self._lines.values())

    def _tell(self) -> None:
        """The counts, above the list and in the window's title."""
        counts = self._page.counts
        unread = self._unread()
        if counts:
            shown = capped(unread, LOOKED)
            waiting = capped(unread + self._newer, LOOKED)
            ui.page_title(f"({waiting}) Inbox · wirewatch" if unread + self._newer else "Inbox · wirewatch")
            self._count.set_visibility(self._page.start is None)
            self._count.set_content(render("inbox_count.html", counts=counts, unread=shown, looked=LOOKED))
        else:
            self._count.set_content(render("inbox_later.html", newest=self._page.asked.address()))
        self._new.set_visibility(self._newer > 0)
        self._new.set_content(label_of(f"{capped(self._newer, LOOKED)} new"))
        self._all.set_visibility(any(one.unread for one in self._lines.values()))

    async def _look(self) -> None:
        """Ask for what came since; keys, clicks and scrolling have said whether somebody is at work here."""
        after, wanted = self._page.newest, self._page.asked.wanted
        newer = await self._db.read(
            lambda session: inbox.counts(session, wanted, self._name, SystemClock().now(), after=after)
        )
        if newer.wanted and not self._touched:
            await self._show_newer()
        elif newer.wanted != self._newer:
            self._newer = newer.wanted
            self._tell()

    async def _show_newer(self) -> None:
        self._page = await self._gathered()
        self._fill()

    async def _show_newer_now(self) -> None:
        if await self._did(self._show_newer()):
            ui.run_javascript(TO_THE_FIRST)

    async def _turn(self, line: _Line) -> None:
        """Read, if it was unread; unread, if it was read."""
        await self._did(self._mark([line], read=line.unread))

    async def _read_all(self) -> None:
        if await self._did(self._mark([one for one in self._lines.values() if one.unread], read=True)):
            ui.run_javascript(TO_THE_FIRST)

    async def _mark(self, lines: Sequence[_Line], *, read: bool) -> None:
        await self._db.write(lambda session: _mark(session, [one.place for one in lines], self._name, read=read))
        for one in lines:
            one.turn(unread=not read)
        self._tell()

    async def _did(self, doing: Awaitable[None]) -> bool:
        """Do it; what it does is seen, and only that it cannot be done is said."""

        async def deed() -> str:
            await doing
            return ""

        return await said_in(self._said, deed)


def _mark(session: Session, places: Sequence[Place], name: str, *, read: bool) -> None:
    if read:
        changes.mark_read(session, places, name)
    else:
        for place in places:
            changes.mark_unread(session, place.story, name)


class _Line:
    """One story of the list, and its button."""

    def __init__(self, line: Line, turn: Callable[[_Line], Awaitable[None]]) -> None:
        self.place, self._title = line.place, line.title

        async def pressed() -> None:
            await turn(self)

        self._item: Element = ui.element("li").classes("card story")
        with self._item:
            ui.html(render("inbox_line.html", one=line))
            self._button: Html = button("", pressed, classes="turn")
        self.turn(unread=line.unread)

    def turn(self, *, unread: bool) -> None:
        """Show it so."""
        self.unread = unread
        self._item.classes(**{"add" if unread else "remove": "unread"})
        self._button.set_content(label_of("Mark read" if unread else "Mark unread", self._title))
