"""`/links/{purpose}/{token}`: where the links in messages lead. A GET says what a click would do; a POST does it.

Nobody signs in here: the token is the proof. `List-Unsubscribe-Post` (RFC 8058) posts to the same address, without
cookies; what a POST's body says does not matter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from alerts.links import BadLink, Purpose, read
from core.clock import SystemClock
from core.errors import InputError
from pipeline import feedback
from storage import optouts
from storage.engine import Database
from storage.tables import Story
from web.headers import BARE_POLICY
from web.render import render

NO_STORE = {"cache-control": "no-store"}
BARE = NO_STORE | {"content-security-policy": BARE_POLICY}


@dataclass(frozen=True, slots=True)
class Link:
    """A link whose signature is good: what it is for, of which rule and story (or target) it speaks, and whom the
    message went to that it stood in.
    """

    purpose: Purpose
    token: str
    rule: str
    subject: str
    by: str
    now: datetime

    @property
    def address(self) -> str:
        """Where it is, and where its button posts to."""
        return f"/links/{self.purpose}/{self.token}"


@dataclass(frozen=True, slots=True)
class Said:
    """A page: its heading, its lines, a button that posts to `action`, a way to the story's page."""

    title: str
    lines: tuple[str, ...] = ()
    button: str = ""
    action: str = ""
    story: int | None = None
    status: int = 200


NOT_VALID = Said("This link is not valid", ("A mail program may have cut it in two.",), status=404)
Answer = Callable[[Database, Link], Awaitable[Said]]


def router(db: Database, key: str) -> APIRouter:
    """The routes. `key` signed the tokens."""
    routes = APIRouter()

    @routes.get("/links/story/{token}")
    async def story(token: str) -> Response:
        said = await _answer(db, key, {Purpose.STORY: _open}, "story", token)
        to_story = said.story is not None
        return RedirectResponse(f"/stories/{said.story}", 303, headers=NO_STORE) if to_story else _page(said)

    @routes.get("/links/{purpose}/{token}/undo")  # looked at again by whoever pressed its button
    @routes.get("/links/{purpose}/{token}")
    async def ask(purpose: str, token: str) -> Response:
        return _page(await _answer(db, key, ASK, purpose, token))

    @routes.post("/links/{purpose}/{token}")
    async def do(purpose: str, token: str) -> Response:
        return _page(await _answer(db, key, DO, purpose, token))

    @routes.post("/links/{purpose}/{token}/undo")
    async def undo(purpose: str, token: str) -> Response:
        return _page(await _answer(db, key, UNDO, purpose, token))

    @routes.api_route("/links/{path:path}", methods=["GET", "POST"])
    async def broken() -> Response:
        return _page(NOT_VALID)

    return routes


async def away(_request: Request, _error: Exception) -> Response:
    """The page of what needs the database while that does not answer, as of a link that a mail program posts to."""
    answer = _page(Said("Not now", ("The database does not answer. Try it again in a minute.",), status=503))
    answer.headers["retry-after"] = "10"
    return answer


async def _answer(db: Database, key: str, answers: Mapping[Purpose, Answer], purpose: str, token: str) -> Said:
    """What a link's page says; a link that is not good, and what cannot be done any more, are pages too."""
    if purpose not in answers:
        return NOT_VALID
    now = SystemClock().now()
    try:
        rule, subject, *by = read(key, Purpose(purpose), token, now=now)
        return await answers[Purpose(purpose)](db, Link(Purpose(purpose), token, rule, subject, "".join(by), now))
    except BadLink as error:
        if error.expired:
            return Said("This link has expired", ("What it could do can be done on the page itself.",), status=410)
        return NOT_VALID
    except InputError as error:
        return Said("That cannot be done any more", (f"{error.message[:1].upper()}{error.message[1:]}.",), status=410)


def _page(said: Said) -> Response:
    page = render(
        "link.html", title=said.title, lines=said.lines, button=said.button, action=said.action, story=said.story
    )
    return HTMLResponse(page, said.status, headers=BARE)


async def _open(db: Database, link: Link) -> Said:
    return Said("Story", story=(await _story(db, link)).id)


async def _ask_not_this(db: Database, link: Link) -> Said:
    story = await _story(db, link)
    kept = f"This keeps, as said by {link.by}, that it is not what the rule {link.rule} is for."
    counted = "Its texts count no more for what is told of it later. It changes no rule by itself."
    lines = (story.title, f"{kept} {counted}")
    return Said("Not this?", lines, "Not this", link.address, story.id)


async def _not_this(db: Database, link: Link) -> Said:
    story = await db.write(
        lambda session: feedback.not_this(session, link.rule, link.subject, who=link.by, now=link.now)
    )
    return Said("Kept", (story.title, f"is not what the rule {link.rule} is for."), story=story.id)


async def _ask_silence(db: Database, link: Link) -> Said:
    story = await _story(db, link)
    lines = (story.title, "Nothing more is told of this story for 72 hours. It stays on the page.")
    return Said("Silence this story?", lines, "Silence for 72 h", link.address, story.id)


async def _silence(db: Database, link: Link) -> Said:
    story = await db.write(
        lambda session: feedback.silence(session, link.rule, link.subject, who=link.by, now=link.now)
    )
    until = f"Nothing more is told of it until {story.silenced_until:%d %b %Y, %H:%M} UTC."
    return Said("Silenced", (story.title, until), story=story.id)


async def _ask_unsubscribe(db: Database, link: Link) -> Said:
    if link.subject in await db.read(lambda session: optouts.targets_of(session, link.rule)):
        return _stopped(link)
    lines = (f"No more alerts of the rule {link.rule} to {link.subject}.", "The operators are told of it.")
    return Said("Stop these alerts?", lines, "Stop them", link.address)


async def _unsubscribe(db: Database, link: Link) -> Said:
    await feedback.unsubscribe(db, link.rule, link.subject, now=link.now)
    return _stopped(link)


async def _subscribe_again(db: Database, link: Link) -> Said:
    await feedback.subscribe_again(db, link.rule, link.subject, now=link.now)
    return Said("As before", (f"Alerts of the rule {link.rule} go to {link.subject} again.",))


def _stopped(link: Link) -> Said:
    line = f"No more alerts of the rule {link.rule} go to {link.subject}."
    return Said("Stopped", (line,), "Get them again", f"{link.address}/undo")


async def _story(db: Database, link: Link) -> Story:
    return await db.read(lambda session: feedback.story_of(session, link.rule, link.subject))


ASK: Mapping[Purpose, Answer] = {
    Purpose.NOT_THIS: _ask_not_this,
    Purpose.SILENCE: _ask_silence,
    Purpose.UNSUBSCRIBE: _ask_unsubscribe,
}
DO: Mapping[Purpose, Answer] = {
    Purpose.NOT_THIS: _not_this,
    Purpose.SILENCE: _silence,
    Purpose.UNSUBSCRIBE: _unsubscribe,
}
UNDO: Mapping[Purpose, Answer] = {Purpose.UNSUBSCRIBE: _subscribe_again}
