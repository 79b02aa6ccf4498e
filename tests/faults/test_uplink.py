"""Faults 12 and 52: this machine's own network is away for six hours, or the machine itself sleeps for eight.

The clock is injected, since hours cannot pass in a test; a process is stopped for seconds, too. What the hours bring is
caught up with once, paced, and told once.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from core.clock import FixedClock
from core.errors import NotAvailable
from core.reasons import Reason
from pipeline.lookout import look_after
from pipeline.run import run_cycle
from storage.engine import Database
from storage.statements import run
from storage.tables import Delivery, Feed, FeedPoll
from storage.types import db_now
from tests.builders import Item, World, minutes, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import command
from tests.faults.questions import read
from tests.faults.ward import PUBLIC, Ward

FEEDS = 8
TOWNS = ("Aarhus", "Bergen", "Cadiz", "Dover", "Emden", "Faro", "Gdansk", "Haifa")


def publish(world: World, *, news: bool) -> None:
    """Feeds of a site by its name, each with something new when there is `news`."""
    for number, town in enumerate(TOWNS):
        item = Item(town, "", f"Dockers begin strike at the harbour of {town}", f"Quay {number} of {town} is empty.")
        world.site[f"/rss{number}"] = rss(Item("calm", title="Calm"), *([item] if news else []))


async def test_fault_12_after_six_hours_without_a_network_feeds_are_asked_once_each_and_what_they_brought_is_told_once(
    ward: Ward,
) -> None:
    world, clock = ward.world, ward.clock
    address = f"http://bad.test:{world.web.port}"
    world.feeds = [
        {"url": f"{address}/rss{n}", "name": f"Feed {n}", "every": "15m", "first_poll": "9000h"} for n in range(FEEDS)
    ]
    world.more["defaults"] = {"operators": ["mail"]}
    publish(world, news=False)

    async def for_minutes(count: int) -> None:
        async with ward.worker() as app:
            for _ in range(count // 5):
                clock.move(minutes(5))
                await look_after(app)
                await run_cycle(app)

    await for_minutes(20)
    assert ward.db.read_now(lambda s: {one.state for one in s.exec(select(Feed)).all()}) == {"ok"}
    ward.names.names["bad"] = []
    publish(world, news=True)
    before = len(world.web.requests)
    await for_minutes(360)
    assert len(world.web.requests) == before
    rows = ward.db.read_now(lambda s: list(s.exec(select(Feed)).all()))
    assert {(one.state, one.last_reason) for one in rows} == {("failing", str(Reason.DNS))}
    ward.names.names["bad"] = [PUBLIC]
    await for_minutes(90)
    asked = Counter(request.path for request in world.web.requests[before:] if request.path.startswith("/rss"))
    assert set(asked) == {f"/rss{n}" for n in range(FEEDS)}
    assert max(asked.values()) <= 90 / 15
    assert len(world.hook.keys) == len(world.hook.requests) == len(TOWNS)
    subjects = [str(one.parsed["Subject"]) for one in world.mail.mails]
    assert [("none of 8 feeds" in one, "answer again" in one) for one in subjects] == [(True, False), (False, True)]


async def test_fault_52_after_eight_hours_of_sleep_one_cycle_catches_up(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds = [
        {"url": world.url(f"/rss{n}"), "name": f"Feed {n}", "every": "5m", "first_poll": "9000h"} for n in range(FEEDS)
    ]
    publish(world, news=False)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        publish(world, news=True)
        clock.move(timedelta(hours=8))
        before = len(world.web.requests)
        await run_cycle(app)
        await run_cycle(app)  # at once: nothing is made up for
    asked = Counter(request.path for request in world.web.requests[before:])
    assert asked == {f"/rss{n}": 1 for n in range(FEEDS)}
    assert len(world.hook.requests) == len(world.hook.keys) == len(TOWNS)
    assert db.read_now(lambda s: len(s.exec(select(FeedPoll)).all())) == 2 * FEEDS


def eight_hours(url: str) -> None:
    """What eight hours do: every feed is long due, and every lease ran out."""
    db = Database(url)

    def work(session: Session) -> None:
        run(session, update(Feed).values(next_poll_at=db_now(-8 * 3600.0)))
        for table in (Feed, Delivery):
            held = col(table.lease_until).is_not(None)
            run(session, update(table).where(held).values(lease_until=db_now(-8 * 3600.0)))

    db.write_now(work)
    db.close()


def fall_asleep(process: subprocess.Popen[str], url: str) -> None:
    """Stop it for eight hours; where it was about to write to SQLite, nobody else could: then a moment later."""
    for _ in range(20):
        process.send_signal(signal.SIGSTOP)
        with suppress(NotAvailable):
            return eight_hours(url)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.1)
    raise AssertionError


def test_fault_52_a_run_that_was_stopped_for_many_cycles_makes_up_for_none_of_them(
    world: World, databases: Databases, database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.BUSY_SECONDS", 0.2)
    publish(world, news=False)
    world.feeds = [{"url": world.url("/rss0"), "name": "Feed", "every": "8h", "first_poll": "9000h"}]
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with (
        databases.fresh(database_kind, world.folder, migrate) as url,
        command(world, url, "run", every_seconds=0.5, cycle_seconds=0.5) as asleep,
    ):
        until = time.monotonic() + 60
        while not read(url, lambda s: s.exec(select(FeedPoll.id)).all()) and time.monotonic() < until:
            time.sleep(0.05)
        publish(world, news=True)
        fall_asleep(asleep, url)
        time.sleep(2)  # four cycles
        asleep.send_signal(signal.SIGCONT)
        while not world.hook.requests and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1)
        asleep.terminate()
        said, _ = asleep.communicate(timeout=60)
        assert asleep.returncode == 0, said
        assert world.asked("/rss0") == 2
    assert len(world.hook.requests) == len(world.hook.keys) == 1
