"""What the fault tests ask a database beside the processes that write it, or after they are gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from sqlalchemy import func, update
from sqlmodel import Session, SQLModel, col, select

from bench.workers import left
from cli.running import cycle
from core.errors import NotAvailable
from pipeline.report import STEPS
from storage.engine import Database
from storage.statements import run
from storage.tables import Alert, Article, Delivery, Entry, Feed, FeedPoll, Hit, Story
from storage.types import db_now
from tests.builders import World

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
    """How many rows each table has; of alerts those of rules, for a trouble that passes has a notice of its own."""
    found = {table.__name__: session.exec(select(func.count()).select_from(table)).one() for table in TABLES}
    return found | {"Alert": session.exec(select(func.count()).where(Alert.kind != "notice")).one()}


def due(url: str) -> None:
    """Have the next run poll all feeds."""
    database = Database(url)
    database.write_now(lambda session: run(session, update(Feed).values(next_poll_at=db_now(-1.0))))
    database.close()


def states(session: Session) -> list[str]:
    """The state of each delivery."""
    return list(session.exec(select(Delivery.state).order_by(col(Delivery.id))).all())


def polled(session: Session) -> int:
    """How many feeds have been polled."""
    return session.exec(select(func.count()).select_from(Feed).where(col(Feed.first_polled_at).is_not(None))).one()


def told_once(world: World, url: str, number: int) -> None:
    """What `copies` publishes, so many in all, is there once and was told to both once, whatever was done twice."""
    kept_once(url, number)
    assert len(world.hook.keys) == len(world.mail.ids) == 1, (world.hook.keys, world.mail.ids)


def kept_once(url: str, number: int) -> None:
    """What `copies` publishes, so many in all, is in the database once, and both its deliveries are sent."""
    found = read(url, rows)
    assert found | {"FeedPoll": 0} == {
        "FeedPoll": 0, "Entry": number, "Article": number, "Hit": number, "Story": 1, "Alert": 1, "Delivery": 2,
    }, found  # fmt: skip
    assert read(url, states) == ["sent", "sent"]


async def run_until_told(world: World, url: str, *, seconds: float = 60.0, data: Path | None = None) -> list[str]:
    """Runs as `wirewatch run` makes them, one soon after the other, until each feed was polled, both messages are
    recorded and nothing is left to be read or matched, or the time is over; what they complained of.
    """
    db, complaints = Database(url), list[str]()
    until = time.monotonic() + seconds
    async with world.worker(db, lease_seconds=2, data=data or world.folder / "data") as app:
        while time.monotonic() < until:
            report = await cycle(app, STEPS, [], patient=True)
            complaints += report.failures if report else []
            with suppress(NotAvailable):
                told = await app.db.read(polled) == len(world.feeds) and await app.db.read(states) == ["sent", "sent"]
                if told and not await app.db.read(left):
                    break
            await asyncio.sleep(0.1)
    db.close()
    return complaints
