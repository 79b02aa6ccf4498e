"""Several workers at the same moment: every item once, every event told once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from sqlalchemy import func
from sqlmodel import Session, select

from pipeline.report import Report
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Article, Delivery, Entry, FeedPoll, Hit, Story
from tests.builders import World, fifty_copies

TABLES = (FeedPoll, Entry, Article, Hit, Story, Alert, Delivery)


def counts(session: Session) -> list[int]:
    """How many rows each table has."""
    return [session.exec(select(func.count()).select_from(table)).one() for table in TABLES]


async def test_three_workers_and_fifty_copies_of_one_event_make_exactly_one_alert(world: World, db: Database) -> None:
    fifty_copies(world)
    async with AsyncExitStack() as stack:
        databases = [db, Database(db.url), Database(db.url)]
        for other in databases[1:]:
            stack.callback(other.close)
        first = await stack.enter_async_context(world.worker(databases[0]))
        workers = [first] + [
            await stack.enter_async_context(world.worker(other, follow=False)) for other in databases[1:]
        ]
        reports = await asyncio.gather(*(run_cycle(worker) for worker in workers))
    assert db.read_now(counts) == [10, 50, 50, 50, 1, 1, 2]
    assert len(world.hook.requests) == len(world.mail.mails) == 1
    assert _total(reports, "poll") == 10
    assert _total(reports, "read", "ready") == 50
    assert _total(reports, "match", "hit") == 50
    assert _total(reports, "deliver", "sent") == 2
    assert [failure for report in reports for failure in report.failures] == []
    for number in range(50):
        assert world.asked(f"/copy{number}") == 1


def _total(reports: list[Report], step: str, outcome: str = "") -> int:
    return sum(report.total(step, outcome) for report in reports)
