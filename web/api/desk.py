"""What the API's routes share: database, settings, active revision, processes to try rules in, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from sqlmodel import Session

from core.clock import SystemClock
from core.settings import Settings
from storage.engine import Database
from storage.stories import LARGEST_ID
from web.api.problems import ProblemError, missing
from web.guard import LOCAL, WHO
from web.rulebook import Rulebook
from web.trials import Trials

T = TypeVar("T")


class Desk:
    """One for the application: `trials` are its processes, which whoever made the desk has to close."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self.db, self.settings = db, settings
        self.trials = Trials(settings)
        self.book = Rulebook(db, self.trials.folder)

    def now(self) -> datetime:
        """The time."""
        return SystemClock().now()

    async def read(self, work: Callable[[Session], T]) -> T:
        """Read rows."""
        return await self.db.read(work)

    async def write(self, work: Callable[[Session], T]) -> T:
        """Change rows."""
        return await self.db.write(work)


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
        if 0 <= number <= LARGEST_ID:
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
