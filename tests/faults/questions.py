"""What the fault tests ask a database after the processes that wrote it are gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

from storage.engine import Database
from storage.tables import Alert, Article, Delivery, Entry, FeedPoll, Hit, Story

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
