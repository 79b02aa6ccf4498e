"""What the API's routes share: the database, the settings, and who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from sqlmodel import Session

from core.clock import SystemClock
from core.pool import WorkerPool
from core.settings import Settings
from pipeline import compiled
from pipeline.app import Active
from pipeline.configure import EMPTY, INDEX
from pipeline.trials import Place, trial_pool
from storage import configs
from storage.engine import Database
from web.api.problems import ProblemError, missing
from web.guard import LOCAL, WHO

T = TypeVar("T")


@dataclass
class Desk:
    """One for the application. The active revision is loaded when a route first needs it, and when it changed."""

    db: Database
    settings: Settings
    pool: WorkerPool = field(default_factory=trial_pool)
    _active: Active | None = None
    _loading: asyncio.Lock = field(default_factory=asyncio.Lock)

    def now(self) -> datetime:
        """The time."""
        return SystemClock().now()

    async def read(self, work: Callable[[Session], T]) -> T:
        """Read rows."""
        return await self.db.read(work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Change rows."""
        return await self.db.write(work)

    async def active(self) -> Active:
        """The active revision, without channels: what sends opens an application of its own."""
        revision, off = await self.db.read(
            lambda session: (configs.active_revision(session), configs.switched_off(session))
        )
        async with self._loading:
            if self._active is None or self._active.revision != revision:
                text = await self.text()
                watch, matcher = await asyncio.to_thread(
                    compiled.opened, self.settings.data / INDEX, text, file=f"revision {revision}"
                )
                self._active = Active(revision, watch, matcher, channels={})
            if self._active.off != off:
                self._active = self._active.without(off)
            return self._active

    async def text(self) -> str:
        """The active revision's text."""
        active = await self.db.read(configs.active)
        return active.text if active else EMPTY

    async def place(self) -> Place:
        """What a task in the pool needs."""
        return Place(await self.text(), self.settings.data / INDEX, self.settings.database_url)


def _who(request: Request) -> str:
    return str(request.scope.get(WHO, LOCAL))


Who = Annotated[str, Depends(_who)]


def _base(
    if_match: Annotated[str, Header(description='the revision that was edited, as its ETag: `"12"`')] = "",
) -> int:
    """The revision that an edit was made for. Raises 428 without one, 412 for what names none."""
    if not if_match:
        raise ProblemError(428, "say in If-Match which revision was edited", 'for example If-Match: "12"')
    with suppress(ValueError):
        number = int(if_match.strip().removeprefix("W/").strip('"'))
        if number >= 0:
            return number
    raise ProblemError(412, "If-Match names no revision", 'for example If-Match: "12"')


Base = Annotated[int, Depends(_base)]


def etag(revision: int) -> dict[str, str]:
    """The header that names a revision."""
    return {"etag": f'"{revision}"'}


def found(row: T | None, what: str) -> T:
    """The row. Raises 404 when there is none."""
    if row is None:
        raise missing(what)
    return row
