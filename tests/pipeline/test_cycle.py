"""The loops of a cycle: when they end, and that what fails stops them loudly."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.errors import InputError, NotAvailable
from pipeline import cycle as cycles
from pipeline.app import App
from pipeline.cycle import Batch, Cycle, _keep_leases, work_off
from pipeline.run import _keep, anything_due, job_lock, run_cycle, steps_of
from storage import articles, feeds, locks
from storage.engine import Database
from storage.leases import Columns, Lease
from storage.office import JobLock
from storage.tables import Feed
from tests.builders import STRIKE, World, rss


@dataclass(frozen=True)
class Thing:
    """Something claimed."""

    lease: Lease


async def test_loops_end_when_nothing_is_due_anywhere_and_what_one_finishes_wakes_the_others(
    world: World, db: Database, clock: FixedClock
) -> None:
    first, second, done = ["a", "b"], list[str](), list[str]()
    async with world.worker(db, clock) as app:
        cycle = Cycle(app, seconds=30.0, loops=["first", "second"])

        async def loop(name: str, source: list[str], to: list[str]) -> None:
            async def claim(room: int) -> Sequence[Thing]:
                taken = [Thing(Lease(0, source.pop(), 0))] if source else []
                return taken[:room]

            async def do(thing: Thing) -> None:
                to.append(thing.lease.owner)

            await work_off(cycle, name, claim, do, width=2, columns=feeds.LEASE)

        await asyncio.gather(loop("first", first, second), loop("second", second, done))
    assert sorted(done) == ["a", "b"]


async def test_an_unknown_error_of_one_item_stops_the_cycle(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(url: str) -> None:
        raise RuntimeError("a fault of ours")

    world.site["/rss"] = rss(world.publish("a", "Harbour", STRIKE))
    async with world.worker(db, clock) as app:
        monkeypatch.setattr(app.robots, "refusal", broken)
        with pytest.raises(ExceptionGroup) as error:
            await run_cycle(app)
    assert error.group_contains(RuntimeError, match="a fault of ours", depth=1)


async def test_a_cycle_that_is_told_to_stop_begins_nothing_new(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour", STRIKE))
    async with world.worker(db, clock) as app:
        app.stopping.set()
        report = await run_cycle(app)
    assert report.rows() == []
    assert world.web.requests == []


async def test_leases_are_prolonged_while_work_takes_long(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leased_until() -> datetime:
        until = db.read_now(lambda session: session.exec(select(Feed.lease_until)).one())
        assert until
        return until

    monkeypatch.setattr(cycles, "RENEW_SECONDS", 0.05)
    world.site["/rss"] = rss(world.publish("a", "Harbour", STRIKE))
    async with world.worker(db, clock) as app:
        ask = app.client.get

        async def slowly(*what):  # type: ignore[no-untyped-def]
            first = leased_until()
            while leased_until() <= first:
                await asyncio.sleep(0.02)
            return await ask(*what)

        app.client.get = slowly  # type: ignore[method-assign]
        report = await run_cycle(app, steps=["poll"])
    assert report.total("poll", "changed") == 1
    assert db.read_now(lambda session: session.exec(select(Feed.lease_epoch)).one()) == 1


async def test_an_idle_installation_has_nothing_due(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour", STRIKE))
    async with world.worker(db, clock) as app:
        assert await anything_due(app)
        await run_cycle(app)
        assert not await anything_due(app)


async def test_a_job_lock_keeps_a_second_run_out_and_is_given_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as one, world.worker(db, clock) as two:
        async with job_lock(one, "ingest") as mine, job_lock(two, "ingest") as theirs:
            assert (mine, theirs) == (True, False)
        async with job_lock(two, "ingest") as later:
            assert later

    def row(session: Session) -> JobLock:
        return session.get_one(JobLock, "ingest")

    assert db.read_now(row).last_finished_at == clock.now()


async def test_a_run_that_is_broken_off_gives_its_lock_back_and_is_not_taken_for_one_that_ended(
    world: World, db: Database, clock: FixedClock
) -> None:
    def ended(session: Session) -> datetime | None:
        return locks.last_finished(session, "ingest")

    async with world.worker(db, clock) as one:
        with pytest.raises(NotAvailable):
            async with job_lock(one, "ingest"):
                raise NotAvailable("the disk is full")
        assert db.read_now(ended) is None
        async with job_lock(one, "ingest") as mine:
            assert mine
    assert db.read_now(ended) == clock.now()


@pytest.mark.parametrize("what", ["leases", "lock"])
async def test_leases_and_the_lock_are_prolonged_again_when_the_database_is_back(
    world: World, db: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    tries, back = asyncio.Semaphore(0), asyncio.Event()

    async def write(_: object) -> set[Lease]:
        tries.release()
        if not back.is_set():
            raise NotAvailable("away")
        return set()

    async with world.worker(db, lease_seconds=0.03) as app:
        with monkeypatch.context() as patched:
            patched.setattr(app.db, "write", write)
            running = asyncio.create_task(asyncio.sleep(60))
            leases = _keep_leases(app, feeds.LEASE, {running: Thing(Lease(1, "w", 1))})
            keeper = asyncio.create_task(leases if what == "leases" else _keep(app, "ingest", 0.03))
            for left in (2, 1, 0):
                await tries.acquire()
                if not left:
                    back.set()
            await tries.acquire()
            assert not keeper.done()
            for task in (keeper, running):
                task.cancel()
            if what == "lock":
                leases.close()


async def test_every_lease_of_a_batch_is_prolonged_until_its_own_thing_is_done(
    world: World, db: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    things = [Thing(Lease(row_id, "w", 1)) for row_id in (1, 2, 3)]
    batch, first, again = Batch(things), asyncio.Event(), asyncio.Event()
    asked: list[list[int]] = []

    async def renewed(_app: App, _columns: Columns, leases: Sequence[Lease]) -> set[Lease]:
        asked.append([lease.row_id for lease in leases])
        (again if first.is_set() else first).set()
        if len(asked) == 1:
            batch.done(things[:2])  # while the database is asked
        return {things[0].lease} if len(asked) == 1 else {things[2].lease}

    monkeypatch.setattr(cycles, "_renew", renewed)
    async with world.worker(db, lease_seconds=0.03) as app:
        running = asyncio.create_task(asyncio.sleep(60))
        keeper = asyncio.create_task(_keep_leases(app, articles.MATCH, {running: batch}))
        await first.wait()
        assert "leases lost" not in caplog.text
        await again.wait()
        for task in (keeper, running):
            task.cancel()
        await asyncio.gather(keeper, running, return_exceptions=True)
    assert asked[:2] == [[1, 2, 3], [3]]
    assert 'event="leases lost" table=Article lost=1 held=1' in caplog.text


def test_steps_come_in_the_order_of_the_way_and_matching_releases_too() -> None:
    assert steps_of(["match", "poll"]) == ["poll", "match", "alert"]
    assert steps_of(["read"]) == ["read"]
    with pytest.raises(InputError, match="no step 'fetch'"):
        steps_of(["fetch"])
