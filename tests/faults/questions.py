"""What the fault tests ask a database beside the processes that write it, or after they are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, update
from sqlmodel import Session, SQLModel, select

from storage.engine import Database
from storage.statements import run
from storage.tables import Alert, Article, Delivery, Entry, Feed, FeedPoll, Hit, Story
from storage.types import db_now

T = TypeVar("T")
TABLES: tuple[type[SQLModel], ...] = (FeedPoll, Entry, Article, Hit, Story, Alert, Delivery)


def read(url: str, work: Callable[[Session], T]) -> T:
    """Ask the database a question."""
    database = Database(url)
    try:
        return database.read_now(work)
    finally:
        database.close()


def rows(session: Session) -> dict[str, int]:
    """How many rows each table has."""
    return {table.__name__: session.exec(select(func.count()).select_from(table)).one() for table in TABLES}


def due(url: str) -> None:
    """Have the next run poll all feeds."""
    database = Database(url)
    database.write_now(lambda session: run(session, update(Feed).values(next_poll_at=db_now(-1.0))))
    database.close()
