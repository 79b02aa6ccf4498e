"""Fault 48: bits of the database's file flip, or it can only be read: loud, and never "nothing new".

SQLite keeps no checksums: a letter that flips inside a text stays unseen. What is tried is what a page is read by.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import Session

from cli.running import cycle
from core.clock import SystemClock
from core.errors import NotAvailable
from core.settings import Settings
from pipeline.report import STEPS
from pipeline.run import INGEST
from storage.engine import Database
from storage.office import JobLock
from tests.builders import Item, World, minutes, rss
from tests.conftest import migrate
from tests.faults import stored
from tests.faults.conftest import command
from tests.faults.disks import Disk
from tests.faults.servers import Server, database_of
from tests.web.asgi import Visitor
from web.app import bare_app

PAGE = 4096
HEAD = 100  # bytes of the file's own head on its first page


@pytest.fixture
def story(world: World) -> World:
    """One event, owed to the webhook; the watch file is written."""
    world.site["/rss"] = rss(Item("a", "", "Dockers begin strike at the harbour of Aarhus"))
    world.watch_file.write_text(world.watch_text(), "utf-8")
    return world


def four_minutes_ago(session: Session) -> None:
    """When the last run ended: longer ago than three may be missed."""
    lock = session.get_one(JobLock, INGEST)
    lock.last_finished_at = SystemClock().now() - minutes(4)
    session.add(lock)


async def healthz(url: str) -> int:
    db = Database(url)
    answer = await Visitor(bare_app(Settings(_env_file=None), db, "k")).get("/healthz")
    db.close()
    return answer.status_code


async def one_run(world: World, url: str) -> list[str]:
    """What a run as of `wirewatch run` complains of; its feed is due."""
    db = Database(url)
    async with world.worker(db) as app:
        report = await cycle(app, STEPS, [], patient=True)
    db.close()
    assert report is not None
    return report.failures


async def expect_loud(world: World, url: str, why: str) -> None:
    """Exit code 3 with the reason, without a traceback; and whoever asks /healthz hears of it."""
    with command(world, url, "run", "--once") as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 3, said
    assert why in said
    assert "wirewatch doctor" in said
    assert "Traceback" not in said
    assert await healthz(url) == 503
    assert world.hook.requests == []


@pytest.mark.disk
async def test_fault_48_sqlite_on_a_disk_that_can_only_be_read_is_loud_and_heals(story: World, disk: Disk) -> None:
    url = f"sqlite:///{disk.path}/wirewatch.db"
    migrate(url)
    assert await one_run(story, url) == []
    story.hook.requests.clear()
    publish_more(story, url)
    disk.read_only(True)
    await expect_loud(story, url, "database sqlite:///")
    disk.read_only(False)
    assert await one_run(story, url) == []
    assert len(story.hook.requests) == 1


async def test_fault_48_postgresql_that_takes_no_writes_is_loud_and_heals(story: World, server: Server) -> None:
    with server.fresh(migrate) as url:
        assert await one_run(story, url) == []
        story.hook.requests.clear()
        publish_more(story, url)
        name = database_of(url)
        server.ask(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await expect_loud(story, url, "read-only transaction")
        server.ask(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        assert await one_run(story, url) == []
        assert len(story.hook.requests) == 1


def publish_more(world: World, url: str) -> None:
    """A second event, its feed being due, and the last run was long ago."""
    world.site["/rss"] = rss(Item("b", "", "Dockers begin strike at the harbour of Bergen"))
    db = Database(url)
    stored.due(db)
    db.write_now(four_minutes_ago)
    db.close()


@pytest.mark.faults
async def test_fault_48_a_damaged_table_of_postgresql_is_loud(story: World, server: Server) -> None:
    with server.damaged(migrate) as url:
        assert await one_run(story, url) == []
        story.hook.requests.clear()
        publish_more(story, url)
        ((place,),) = server.ask("SELECT pg_relation_filepath('feed')", database_of(url))
        server.end()
        with (server.data / str(place)).open("r+b") as file:
            file.write(random.Random(48).randbytes(32))
        server.start()
        await expect_loud(story, url, "invalid page")


def damaged(path: Path, chance: random.Random) -> None:
    """Flip a bit of what a page of the file is read by: the head of the page or the places of its cells."""
    pages = path.stat().st_size // PAGE
    page = chance.randrange(pages)
    place = page * PAGE + (HEAD if page == 0 else 0) + chance.randrange(16)
    with path.open("r+b") as file:
        file.seek(place)
        (old,) = file.read(1)
        file.seek(place)
        file.write(bytes([old ^ 1 << chance.randrange(8)]))


async def flip(story: World, tmp_path: Path, count: int) -> Counter[str]:
    """What runs came to, each on a database with such a bit flipped; asserts what must hold of each."""
    good, url = tmp_path / "good.db", f"sqlite:///{tmp_path}/wirewatch.db"
    migrate(f"sqlite:///{good}")
    assert await one_run(story, f"sqlite:///{good}") == []
    publish_more(story, f"sqlite:///{good}")
    ended: Counter[str] = Counter()
    for number in range(count):
        story.hook.requests.clear()
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        for name in ("wirewatch.db-wal", "wirewatch.db-shm"):
            Path(tmp_path, name).unlink(missing_ok=True)
        path = shutil.copyfile(good, tmp_path / "wirewatch.db")
        damaged(path, random.Random(number))
        try:
            complaints = await one_run(story, url)
        except NotAvailable as error:
            complaints = [str(error)]
        told = len(story.hook.requests)
        assert complaints or told == 1, f"silent after flip {number}"
        ended["loud" if complaints else "told"] += 1
    return ended


async def test_fault_48_after_a_flipped_bit_a_run_is_loud_or_tells_what_it_should(story: World, tmp_path: Path) -> None:
    ended = await flip(story, tmp_path, 6)
    assert ended["loud"]


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_fault_48_after_any_of_many_flipped_bits_a_run_is_loud_or_tells_what_it_should(
    story: World, tmp_path: Path
) -> None:
    ended = await flip(story, tmp_path, 150)
    print(f"sqlite: {ended['loud']} of 150 flips told as damage, {ended['told']} without consequence for the alert")
    assert ended["loud"] > 10
