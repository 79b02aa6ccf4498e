"""The story's page as it moves: buttons that silence, close and judge, and say what they did and who did it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.html import Html
from nicegui.events import GenericEventArguments
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import InputError
from pipeline import feedback
from pipeline import resend as again
from pipeline import stories as changes
from storage import stories
from storage.engine import Database
from web import pieces
from web.frame import frame, show
from web.pieces import button, done_in, label_of, live_line, said_in
from web.render import render
from web.text import sentence

if TYPE_CHECKING:
    from web.pages.story import Change, Sent, StoryPage, Telling, Text

SILENCES = (("1 h", timedelta(hours=1)), ("24 h", timedelta(hours=24)), ("a week", timedelta(days=7)))

Gathered = Callable[[], Awaitable["StoryPage | None"]]
Changed = Callable[[int], Awaitable["list[Change]"]]
Deed = Callable[[Session, datetime], str]  # something done by hand; says what


def show_story(db: Database, name: str, page: StoryPage, gathered: Gathered, changed: Changed) -> None:
    """The page."""
    title = page.story.title or "(without a title)"
    with frame(title, at="/"):
        ui.add_head_html(render("preview.html", title=title))
        _Desk(db, name, page, gathered, changed)


class _Desk:
    """One open page of a story."""

    def __init__(self, db: Database, name: str, page: StoryPage, gathered: Gathered, changed: Changed) -> None:
        self._db, self._name, self._page, self._gathered, self._changed = db, name, page, gathered, changed
        self._until, self._shown = "", page.story.place.at
        self._lines: dict[int, _Line] = {}
        self._head = ui.html("")
        self._bar()
        self._said = live_line()
        self._further = live_line("quiet")
        self._texts()
        self._events = ui.html("", tag="section").props("aria-labelledby=happened")
        self._alerts = ui.element("section").props("aria-labelledby=alerts")
        self._why = ui.html("", tag="section").props("aria-labelledby=why")
        self._tell()
        ui.timer(0.05, self._opened, once=True)  # by a browser that runs the page, not by one that looks ahead
        ui.timer(pieces.LOOK_EVERY_S, self._look, immediate=False)

    def _bar(self) -> None:
        """What can be done with the whole story."""
        with ui.element("div").classes("desk").props('role=group aria-label="What to do with this story"'):
            with ui.element("div").classes("desk-silence") as self._silences:
                ui.html("Silence for", tag="span").classes("quiet")
                for words, length in SILENCES:
                    button(words, partial(self._silence, length), about="silence this story")
                with ui.element("div").classes("desk-until"):
                    self._until_field()
                    button("Until then", self._silence_until, about="silence this story")
            self._reopen = button("Reopen", partial(self._do, self._deed(changes.reopen)))
            self._close = button("Close", partial(self._do, self._deed(changes.close)))
            self._read = button("Mark read", self._turn)
        self._is_read = False

    def _until_field(self) -> None:
        def typed(event: GenericEventArguments) -> None:
            self._until = str(event.args)

        with ui.element("label").classes("quiet"):
            ui.html("or until (UTC) ", tag="span")
            field = ui.element("input").props("type=datetime-local").classes("own")
            field.on("input", typed, js_handler="(event) => emit(event.target.value)")

    def _deed(self, act: Callable[..., str], **more: object) -> Deed:
        return lambda session, now: act(session, self._page.story.place.story, who=self._name, now=now, **more)

    async def _silence(self, length: timedelta) -> None:
        await self._do(self._deed(changes.silence, until=SystemClock().now() + length))

    async def _silence_until(self) -> None:
        await self._do(lambda session, now: self._deed(changes.silence, until=_moment(self._until))(session, now))

    async def _do(self, deed: Deed) -> None:
        """Do it, say so, and show the story as it is then; the focus goes to what was said if its button is gone."""

        async def act() -> str:
            return sentence(await self._db.write(lambda session: deed(session, SystemClock().now())))

        async def show_anew() -> None:
            if (page := await self._gathered()) is not None:
                self._page = page
                self._tell()

        await done_in(self._said, act, show_anew)

    async def _turn(self) -> None:
        """Unread if it was read, and the other way round."""

        async def act() -> str:
            await self._mark(read=not self._is_read)
            return f"Marked as {'read' if self._is_read else 'unread'} for you."

        await said_in(self._said, act)

    async def _opened(self) -> None:
        await self._mark(read=True)

    async def _mark(self, *, read: bool) -> None:
        place = self._page.story.place

        def work(session: Session) -> None:
            if read:
                changes.mark_read(session, [place], self._name)
            else:
                changes.mark_unread(session, place.story, self._name)

        await self._db.write(work)
        self._is_read = read
        self._read.set_content(label_of("Mark unread" if read else "Mark read"))

    async def _look(self) -> None:
        """Say that something came since; nothing moves until it is asked for."""
        place = self._page.story.place
        row = await self._db.read(lambda session: stories.find(session, place.story))
        if row is not None and row.last_hit_at > self._shown:
            self._further.set_content(render("story_further.html", story=self._page.story))

    def _tell(self) -> None:
        """Show what was gathered wherever it can have changed."""
        page = self._page
        state = page.story.state
        self._head.set_content(render("story_head.html", story=page.story))
        self._silences.set_visibility(state != "closed")
        self._reopen.set_visibility(state != "open")
        self._close.set_visibility(state != "closed")
        self._events.set_content(render("story_events.html", events=page.events))
        self._why.set_content(render("story_why.html", decisions=page.decisions, newest=page.newest))
        for text in page.texts:
            for telling in text.tellings:
                if telling.hit in self._lines:
                    self._lines[telling.hit].tell(telling)
        self._alerts.clear()
        with self._alerts:
            self._show_alerts()

    def _show_alerts(self) -> None:
        show("story_alerts.html", alerts=self._page.alerts, newest=self._page.newest)
        for alert in self._page.alerts:
            with ui.element("div").classes("card"):
                show("story_alert.html", one=alert)
                for sent in alert.deliveries:
                    if sent.state in again.OPEN:
                        act = partial(self._do, partial(self._send_again, sent))
                        button(f"Send again to {sent.target}", act, classes="small")

    def _send_again(self, sent: Sent, session: Session, now: datetime) -> str:
        again.resend(session, str(sent.id), who=self._name, now=now)
        return f"to be sent again to {sent.target} in the next cycle"

    def _texts(self) -> None:
        with ui.element("section").props("aria-labelledby=texts"):
            show("story_texts.html", story=self._page.story)
            with ui.element("ol").classes("timeline"):
                for text in self._page.texts:
                    self._text(text)
            show("story_later.html", story=self._page.story, later=self._page.later)

    def _text(self, text: Text) -> None:
        with ui.element("li").classes("card"):
            for place, telling in enumerate(text.tellings):
                with ui.element("div").classes("copy" if place else "text"):
                    self._lines[telling.hit] = _Line(telling, self._judge, self._changed, copy=place > 0)

    async def _judge(self, telling: Telling) -> None:
        deed = feedback.take_back if telling.mine else feedback.not_this_hit
        await self._do(lambda session, now: deed(session, telling.hit, who=self._name, now=now))


class _Line:
    """One article of the story, and its buttons."""

    def __init__(
        self, telling: Telling, judge: Callable[[Telling], Awaitable[None]], changed: Changed, *, copy: bool
    ) -> None:
        self._telling, self._judge, self._changed, self._copy = telling, judge, changed, copy
        self._content: Html = ui.html(render("story_telling.html", one=telling, copy=copy))
        with ui.element("div").classes("desk"):
            self._wrong = button("", self._pressed, classes="small")
            if telling.changed:
                button("What changed", self._compare, about=telling.title, classes="small")
        self._diff: Element = ui.element("div").props("role=status")
        self.tell(telling)

    def tell(self, telling: Telling) -> None:
        """Show it as it is now."""
        self._telling = telling
        self._content.set_content(render("story_telling.html", one=telling, copy=self._copy))
        self._wrong.set_content(label_of("Undo “not this”" if telling.mine else "Not this", telling.title))

    async def _pressed(self) -> None:
        await self._judge(self._telling)

    async def _compare(self) -> None:
        found = await self._changed(self._telling.article)
        self._diff.clear()
        with self._diff:
            show("story_changes.html", changes=found)


def _moment(text: str) -> datetime:
    """A moment as a browser writes it, in UTC. Raises InputError for none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("no time is said", hint="write a day and a time") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
