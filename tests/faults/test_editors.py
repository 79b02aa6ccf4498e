"""Fault 72: people, files and programs edit one watch file at a time. What is saved second overwrites nothing unasked.

Each editor begins with what is active then, and saves later; `save` says whether it was taken. The page's editor is
tried as the page calls it; in Chromium it is in tests/browser/test_rules.py.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

import pytest
import yaml

from core.clock import SystemClock
from pipeline import configure, revising
from pipeline.app import App
from pipeline.editing import Draft, current, lines_of, merged, save, theirs
from pipeline.follow import follow_file
from rules.config import load
from storage import notices
from storage.engine import Database
from tests.builders import World
from tests.web.asgi import Visitor
from web.api.desk import Desk
from web.app import bare_app


class Editor(ABC):
    """Somebody who edits: looks at the active text in `begin`, and later gives the rule a title."""

    def __init__(self, app: App, api: Visitor, old: int) -> None:
        self.app, self.api, self.old = app, api, old

    async def begin(self) -> None:
        self.seen = self.app.db.read_now(current)

    @abstractmethod
    async def save(self, title: str) -> bool:
        """Save it; whether that was taken."""

    def titled(self, title: str) -> str:
        """The text they began with, with this title."""
        return self.seen.text.replace("title: Strike", f"title: {title}")

    async def asked(self, method: str, path: str, **options: object) -> bool:
        """What a program does."""
        tag = {"if-match": f'"{self.seen.revision}"'}
        answer = await self.api.client.request(method, f"/api/v1{path}", headers=tag, **options)  # type: ignore[arg-type]
        assert answer.status_code in (200, 201, 412), answer.text
        assert answer.status_code != 412 or answer.json()["diff"]
        return answer.status_code != 412


class PageRule(Editor):
    """The page's editor of one rule."""

    async def save(self, title: str) -> bool:
        draft = Draft("strike", lines_of(self.seen.text, "strike"), lines_of(self.titled(title), "strike"))
        now = await self.app.db.read(current)
        if theirs(draft, now.text) is not None:
            return False
        text = merged(draft, now.text)
        at = SystemClock().now()
        made = await self.app.db.write(
            lambda session: save(session, draft, text, load(text), upon=now.revision, who="ada", now=at)
        )
        return made is not None


class PageRollBack(Editor):
    """The page's button that makes an old revision the active one."""

    async def save(self, title: str) -> bool:
        at = SystemClock().now()
        try:
            await revising.roll_back(self.app.db, self.old, who="ada", now=at, base=self.seen.revision)
        except revising.Conflict:
            return False
        return True


class File(Editor):
    """Somebody who took the file when it was the active text, and writes it back changed; a worker follows it."""

    async def save(self, title: str) -> bool:
        self.app.settings.config.write_text(self.titled(title), "utf-8")
        return (await follow_file(self.app, "file")).changed


class Apply(Editor):
    """`wirewatch apply`."""

    async def save(self, title: str) -> bool:
        text = self.titled(title)
        watch, at = load(text), SystemClock().now()
        applied = await self.app.db.write(
            lambda session: configure.apply_text(session, text, watch, from_file=True, who="cli", now=at)
        )
        assert applied.changed or applied.diff
        return applied.changed


class ProgramConfig(Editor):
    """A program that puts the whole text."""

    async def save(self, title: str) -> bool:
        return await self.asked("PUT", "/config", json={"text": self.titled(title)})


class ProgramRule(Editor):
    """A program that puts one rule."""

    async def save(self, title: str) -> bool:
        rule = yaml.safe_load(self.titled(title))["rules"]["strike"]
        return await self.asked("PUT", "/rules/strike", json=rule)


class ProgramRollBack(Editor):
    """A program that makes an old revision the active one."""

    async def save(self, title: str) -> bool:
        return await self.asked("POST", f"/config/revisions/{self.old}/rollback")


class ProgramFeed(Editor):
    """A program that adds a feed to whatever is active: that takes nothing from anybody."""

    async def save(self, title: str) -> bool:
        return await self.asked("POST", "/feeds", json={"url": f"https://{title.lower()}.example/rss"})


PAGE, PROGRAM = (PageRule, PageRollBack), (ProgramConfig, ProgramRule, ProgramRollBack, ProgramFeed)
FILE = (File, Apply)
ALL = (*PAGE, *FILE, *PROGRAM)
SOME = (PageRule, File, ProgramConfig)


def shows(text: str, editor: Editor, title: str) -> bool:
    """Whether what this editor made is in the text."""
    if isinstance(editor, ProgramFeed):
        return f"https://{title.lower()}.example/rss" in text
    return f"title: {'Older' if isinstance(editor, PageRollBack | ProgramRollBack) else title}\n" in text


@asynccontextmanager
async def installation(world: World, db: Database) -> AsyncIterator[tuple[App, Visitor]]:
    """A worker and the API on one database."""
    settings = world.settings(data=world.folder / "page")
    desk = Desk(db, settings)
    async with world.worker(db) as app:
        yield app, Visitor(bare_app(settings, db, "k" * 40, desk))
    desk.trials.close()


async def afresh(app: App, text: str) -> int:
    """The text is active and in the file, as at the beginning; the number of a revision before it."""
    numbers = []
    for one in (text.replace("title: Strike", "title: Older"), text):
        watch, at = load(one), SystemClock().now()
        app.settings.config.write_text(one, "utf-8")
        applied = await app.db.write(
            lambda session, one=one, watch=watch, at=at: configure.apply_text(  # type: ignore[misc]
                session, one, watch, from_file=True, who="test", now=at, force=True
            )
        )
        numbers.append(applied.revision)
    await follow_file(app, "test")
    return numbers[0]


@pytest.mark.parametrize(
    "editors", [pytest.param(SOME, id="some"), pytest.param(ALL, id="all", marks=pytest.mark.faults)]
)
async def test_fault_72_of_two_who_edit_one_rule_the_second_overwrites_nobody_silently(
    world: World, db: Database, editors: tuple[type[Editor], ...]
) -> None:
    """Every one after every other: the first is taken, and the second is refused or leaves the first's change."""
    refused = 0
    async with installation(world, db) as (app, api):
        for first, second in product(editors, editors):
            if first in FILE and second in FILE:
                continue  # one file: who writes it sees what stands there
            old = await afresh(app, world.watch_text())
            one, other = first(app, api, old), second(app, api, old)
            await one.begin()
            await other.begin()
            pair = (first.__name__, second.__name__)
            assert await one.save("First"), pair
            taken = await other.save("Second")
            text = db.read_now(current).text
            assert shows(text, one, "First"), pair
            assert shows(text, other, "Second") or not taken, pair
            refused += not taken
            if second is File and not taken:
                assert [notice.key for notice in db.read_now(notices.open_notices)] == ["config"]
    assert refused > len(editors)


@pytest.mark.parametrize("pair", [(PageRule, PageRule), (ProgramRule, ProgramConfig), (*PAGE, File, *PROGRAM)])
async def test_fault_72_of_those_who_save_at_one_moment_nobodys_change_is_taken_and_lost(
    world: World, db: Database, pair: tuple[type[Editor], ...]
) -> None:
    async with installation(world, db) as (app, api):
        old = await afresh(app, world.watch_text())
        editors = [one(app, api, old) for one in pair]
        for one in editors:
            await one.begin()
        taken = await asyncio.gather(*(one.save(f"T{number}") for number, one in enumerate(editors)))
        text = db.read_now(current).text
    assert any(taken)
    lost = [one for number, one in enumerate(editors) if taken[number] and not shows(text, one, f"T{number}")]
    assert lost == []
