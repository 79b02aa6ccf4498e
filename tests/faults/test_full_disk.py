"""Fault 42: the disk is full: under SQLite's file, under PostgreSQL's, under what notes what was sent.

A disk of the test's own, of two MB, is filled. Where none may be mounted these are listed as not run; that a full
SQLite file loses nothing is tried in tests/storage/test_engine.py as well, by telling it to grow no further.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from sqlmodel import Session

from cli.running import cycle
from core.clock import FixedClock
from core.errors import NotAvailable
from pipeline.app import App
from pipeline.health import check_up
from pipeline.report import STEPS, Report
from pipeline.run import INGEST
from storage import locks, notices
from storage.engine import Database
from tests.builders import Item, World, minutes, rss
from tests.conftest import migrate
from tests.faults import stored
from tests.faults.disks import Disk
from tests.faults.questions import states
from tests.faults.servers import Server
from tests.sinks.http import Answer

pytestmark = pytest.mark.disk
PAGE = 4096
TOWNS = ("Aarhus", "Bergen", "Cadiz", "Dover")


def item(town: str) -> Item:
    """An event of this town."""
    return Item(town, "", f"Dockers begin strike at the harbour of {town}", f"Dockers in {town} strike.")


def publish(world: World, *items: Item) -> None:
    """The feed holds these, under an ETag that no other list has."""
    headers = {"Content-Type": "application/rss+xml", "ETag": f'"{len(items)}"'}
    world.site["/rss"] = Answer(200, headers, rss(*items))


async def run(app: App, db: Database) -> Report:
    """The next run, of all feeds."""
    with suppress(NotAvailable):  # the disk is full: it is due all the same, for its time has come
        stored.due(db)
    report = await cycle(app, STEPS, [], patient=True)
    assert report is not None
    return report


def to_the_brim(data: Path) -> None:
    """The last page that `sent.log` has on the disk is full, too."""
    with (data / "sent.log").open("ab") as file:
        file.write(b"x" * (PAGE - file.tell() % PAGE - 1) + b"\n")


def towns(world: World) -> list[str]:
    """The towns that were told of, in the order of the messages."""
    return [next(town for town in TOWNS if town in one) for one in stored.told(world)]


def opened(session: Session) -> list[str]:
    return [one.key.partition(":")[0] for one in notices.open_notices(session)]


async def test_fault_42_on_a_full_disk_under_sqlite_runs_fail_aloud_and_what_they_missed_is_told_when_there_is_room(
    world: World, clock: FixedClock, disk: Disk
) -> None:
    url = f"sqlite:///{disk.path}/wirewatch.db"
    migrate(url)
    db = Database(url)
    publish(world, item("Aarhus"))
    async with world.worker(db, clock) as app:
        await run(app, db)
        before, ended = stored.feed_of(db), clock.now()
        with closing(sqlite3.connect(disk.path / "wirewatch.db")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # its journal, too, has to grow for the next commit
        disk.fill()
        for some in (TOWNS[:2], TOWNS[:3]):
            clock.move(minutes(30))
            publish(world, *map(item, some))
            report = await run(app, db)
            assert any("full" in one and "wirewatch doctor" in one for one in report.failures), report
        feed = stored.feed_of(db)
        assert (feed.etag, feed.body_hash, feed.last_success_at) == (before.etag, before.body_hash, ended)
        assert db.read_now(lambda session: locks.last_finished(session, INGEST)) == ended  # /healthz goes by that
        assert [one.key for one in stored.articles_of(db)] == [stored.articles_of(db)[0].key]
        assert towns(world) == ["Aarhus"]
        disk.free()
        clock.move(minutes(30))
        publish(world, *map(item, TOWNS))
        assert (await run(app, db)).failures == []
    assert sorted(towns(world)) == sorted(TOWNS)
    assert db.read_now(states) == ["sent"] * 4
    db.close()


async def test_fault_42_what_is_sent_on_a_full_disk_is_noted_and_nothing_more_is_sent_until_there_is_room(
    world: World, db: Database, clock: FixedClock, disk: Disk
) -> None:
    world.more["defaults"] = {"operators": ["mail"]}
    data, told = disk.path / "data", []

    async def next_run(*some: str) -> Report:
        publish(world, *map(item, some))
        clock.move(minutes(30))
        async with world.worker(db, clock, data=data) as app:  # each run is a process of its own, as with cron
            report = await run(app, db)
        told.append(towns(world))
        return report

    await next_run("Aarhus")
    disk.fill()
    to_the_brim(data)
    await next_run(*TOWNS[:2])  # noted in the room that was kept
    assert told == [["Aarhus"], ["Aarhus", "Bergen"]]
    assert (data / "sent.log").stat().st_size > PAGE
    assert not (data / "sent.room").exists()
    disk.fill()
    report = await next_run(*TOWNS[:3])
    assert report.failures == [f"deliver: sent.log: not_noted: {data}/sent.log: No space left on device"]
    assert report.total("poll", "changed") == report.total("articles", "new") == 1
    (found,) = (one for one in await check_up(world.settings(data=data), {}) if one.check == "sent.log")
    assert (found.ok, found.do) == (False, "make room")
    await next_run(*TOWNS)
    assert told[1:] == [["Aarhus", "Bergen"]] * 3
    assert db.read_now(opened) == ["sent.log"]
    assert world.mail.mails == []
    disk.free()
    report = await next_run(*TOWNS)
    assert report.failures == []
    assert sorted(told[-1]) == sorted(TOWNS)
    assert db.read_now(opened) == []
    subjects = [str(one.parsed["Subject"]) for one in world.mail.mails]
    assert [("sends nothing" in one, "sends again" in one) for one in subjects] == [(True, False), (False, True)]


async def test_fault_42_what_was_sent_and_can_nowhere_be_noted_is_not_sent_again_by_the_same_process(
    world: World, db: Database, clock: FixedClock, disk: Disk
) -> None:
    data = disk.path / "data"

    def fills(_request: object) -> Answer:
        (data / "sent.room").unlink(missing_ok=True)
        disk.fill()
        return Answer()

    world.hook.choose = fills
    publish(world, item("Aarhus"))
    async with world.worker(db, clock, data=data) as app:
        await run(app, db)
        assert towns(world) == ["Aarhus"]
        assert (data / "sent.log").read_bytes() == b""
        publish(world, item("Aarhus"), item("Bergen"))
        for _ in range(2):
            clock.move(minutes(30))
            assert (await run(app, db)).failures != []
        assert towns(world) == ["Aarhus"]
        assert db.read_now(states)[0] == "sent"
        disk.free()
        world.hook.choose = None
        clock.move(minutes(30))
        assert (await run(app, db)).failures == []
    assert towns(world) == ["Aarhus", "Bergen"]
    assert db.read_now(states) == ["sent", "sent"]
    assert len((data / "sent.log").read_text("ascii").split()) == 2


@pytest.fixture
def server_on_a_disk() -> Iterator[tuple[Server, Disk]]:
    """A PostgreSQL on a disk of its own, where another user reaches it."""
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-faults-"))
    folder.chmod(0o711)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        disk = Disk(folder, kilobytes=250_000)
        stack.callback(disk.close)
        server = Server(disk.path)
        stack.callback(server.close)
        yield server, disk


@pytest.mark.faults
async def test_fault_42_on_a_full_disk_under_postgresql_runs_fail_aloud_and_what_they_missed_is_told_when_there_is_room(
    world: World, clock: FixedClock, server_on_a_disk: tuple[Server, Disk]
) -> None:
    server, disk = server_on_a_disk
    chance = random.Random(42)
    calm = [Item(f"calm{n}", "", f"Calm day {n}", chance.randbytes(10_000).hex()) for n in range(15)]
    with server.fresh(migrate) as url:
        db = Database(url)
        publish(world, item("Aarhus"))
        async with world.worker(db, clock, lease_seconds=1) as app:
            await run(app, db)
            before = stored.feed_of(db)
            disk.fill()
            clock.move(minutes(30))
            publish(world, *map(item, TOWNS), *calm)
            report = await run(app, db)
            assert any("No space left" in one for one in report.failures), report
            disk.free()
            assert stored.feed_of(db).etag == before.etag
            await asyncio.sleep(1.2)  # what the broken run held is free again
            clock.move(minutes(30))
            assert (await run(app, db)).failures == []
        assert sorted(towns(world)) == sorted(TOWNS)
        db.close()
