"""Fault 47: the backup of yesterday is restored; what was told since is told to nobody again, and what is new is.

The clock is injected: a day cannot pass in a test. The backup is a copy of all rows, put back row by row.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, SQLModel, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline.run import anything_due, run_cycle
from storage.engine import Database
from storage.tables import Alert, Decision
from tests.builders import Item, World, rss

TOWNS = ("Aarhus", "Bergen", "Cadiz", "Dover", "Emden", "Faro", "Gdansk", "Haifa", "Izmir", "Jeddah")
Rows = dict[str, list[dict[str, Any]]]


def backup(db: Database) -> Rows:
    """All rows of all tables."""
    tables = SQLModel.metadata.sorted_tables
    return db.read_now(
        lambda s: {one.name: [dict(row) for row in s.execute(one.select()).mappings()] for one in tables}
    )


def restore(db: Database, rows: Rows) -> None:
    """Only these rows, with their numbers."""

    def work(session: Session) -> None:
        for table in reversed(SQLModel.metadata.sorted_tables):
            session.execute(table.delete())
        for table in SQLModel.metadata.sorted_tables:
            if rows[table.name]:
                session.execute(table.insert(), rows[table.name])
            if session.get_bind().dialect.name == "postgresql" and "id" in table.c and table.c.id.autoincrement is True:
                session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), 100000)"))

    db.write_now(work)


def item(town: str, words: str = "Dockers begin strike at the harbour of") -> Item:
    """An event of this town: its text has no sentence in common with another town's, whatever the headline."""
    text = " ".join(f"Quay {number} of {town.lower()}{number} lies still." for number in range(20))
    return Item(f"{town}-{words[:9]}", "", f"{words} {town}", f"{text} Dockers in {town} are on strike.")


def seen(world: World) -> tuple[int, int]:
    """How many messages the webhook and the mailbox got."""
    return len(world.hook.requests), len(world.mail.mails)


class Day:
    """A day of news in two feeds, which is told, and can come in again."""

    def __init__(self, world: World, db: Database, clock: FixedClock) -> None:
        self.world, self.db, self.clock = world, db, clock
        self.kept: Rows = {}
        self.feeds: dict[str, list[Item]] = {"/rss": [], "/other": []}
        world.feeds.append({"url": world.url("/other"), "name": "Other", "language": "en", "first_poll": "9000h"})
        world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
        self.publish()

    def restore(self) -> None:
        """Put the backup of the day before back."""
        restore(self.db, self.kept)

    def publish(self, path: str = "/rss", items: Sequence[Item] = ()) -> None:
        self.feeds[path] += items
        for feed, all_items in self.feeds.items():
            self.world.site[feed] = rss(Item("calm", "", "Nothing is new"), *all_items)

    async def run(self, *, hours: float = 2.0, until_quiet: bool = False, only: Sequence[str] = ()) -> None:
        """The next cycle, so much later; `until_quiet`: and those that follow from it within the next hour."""
        self.clock.move(timedelta(hours=hours))
        async with self.world.worker(self.db, self.clock) as app:
            await run_cycle(app, only=only)
            for _ in range(6 if until_quiet else 0):
                self.clock.move(timedelta(minutes=10))
                if await anything_due(app):
                    await run_cycle(app)


async def a_day(world: World, db: Database, clock: FixedClock, **alert: object) -> Day:
    """A day that has just begun: its feeds are known, and all is backed up. `alert`: more of the rule's settings."""
    day = Day(world, db, clock)
    world.rules["strike"]["alert"] |= alert
    await day.run(hours=0)
    day.kept = backup(db)
    return day


async def test_fault_47_a_day_old_backup_repeats_nothing_and_still_tells_what_is_new(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    for town in TOWNS:  # hour by hour, and most of them in both feeds
        day.publish("/rss", [item(town)])
        await day.run()
        if town < "G":
            day.publish("/other", [item(town, "Strike of dockers stops the harbour of")])
            await day.run(hours=0.5)
    told = seen(world)
    assert told == (len(TOWNS), len(TOWNS))
    day.restore()
    await day.run(only=["Other"])  # other articles begin the stories now
    await day.run(until_quiet=True)
    assert seen(world) == told
    day.publish("/rss", [item("Kobe")])
    await day.run(until_quiet=True)
    assert seen(world) == (told[0] + 1, told[1] + 1)
    assert "Kobe" in str(world.mail.mails[-1].parsed["Subject"])


async def test_fault_47_what_was_told_in_a_digest_is_not_told_again_alone(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock, digest={"at": "18:00"})
    day.publish("/rss", [item(town) for town in TOWNS])
    await day.run(hours=1)
    assert seen(world) == (0, 0)
    await day.run(hours=6)
    assert seen(world) == (1, 1)
    day.restore()
    await day.run(hours=1)
    await day.run(hours=24)
    assert seen(world) == (1, 1)

    def why(session: Session) -> set[tuple[str, str]]:
        return {(one.state, one.reason) for one in session.exec(select(Alert)).all()}

    assert db.read_now(why) == {("suppressed", str(Reason.ALREADY_TOLD))}


async def test_fault_47_an_alert_that_had_not_left_before_the_loss_goes_out_after_the_restore(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    day.publish("/rss", [item("Aarhus")])
    world.mail.refused["desk@x.test"] = "451 4.3.0 come back later"
    await day.run()
    assert seen(world) == (1, 0)
    day.restore()
    world.mail.refused.clear()
    await day.run(until_quiet=True)
    assert seen(world) == (1, 1)


async def test_fault_47_the_operator_can_read_that_it_was_told_before(
    world: World, db: Database, clock: FixedClock
) -> None:
    day = await a_day(world, db, clock)
    day.publish("/rss", [item("Aarhus")])
    await day.run()
    day.restore()
    await day.run()

    def told(session: Session) -> list[tuple[str, str, str]]:
        query = select(Decision).where(Decision.alert_id != "")
        return [(one.stage, one.action, one.reason) for one in session.exec(query).all()]

    assert db.read_now(told) == [("told", "drop", str(Reason.ALREADY_TOLD))]


async def test_fault_47_without_sent_log_the_same_day_would_be_told_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    """The other tests of this file hold because of `sent.log`: without it they fail."""
    day = await a_day(world, db, clock)
    day.publish("/rss", [item("Aarhus")])
    await day.run()
    day.restore()
    shutil.move(world.folder / "data" / "sent.log", world.folder / "elsewhere")
    await day.run()
    assert seen(world) == (2, 2)
    assert len(world.hook.keys) == len(world.mail.ids) == 1
