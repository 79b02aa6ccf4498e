"""A request that missed its host's moment takes another: no two come together, however late they are."""

from __future__ import annotations

import asyncio
import itertools
from datetime import timedelta

import pytest

from core.clock import FixedClock
from core.urls import host_of
from pipeline.app import App
from pipeline.poll import Polled
from pipeline.run import run_cycle
from pipeline.turns import Turns, own_turn, turn_came
from storage import feeds, hosts
from storage.engine import Database
from storage.feeds import LEASE
from storage.leases import Lease
from storage.tables import Feed
from tests.builders import STRIKE, World, rss

SPACING = timedelta(seconds=0.02)
TURNS = Turns(LEASE, "next_poll_at", SPACING)
NO_ROW = Lease(0, "x", 0)


async def test_moments_that_were_missed_together_are_spread_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        given = await db.write(
            lambda session: hosts.reserve(
                session, "h", 4, now=clock.now(), spacing=SPACING, horizon=timedelta(seconds=1)
            )
        )
        clock.move(timedelta(seconds=10))  # the machine stood still
        kept = await asyncio.gather(*(turn_came(app, "h", at, NO_ROW, TURNS) for at in given))
    times = sorted(at for at in kept if at)
    assert len(times) == 4
    assert times[0] >= clock.now()
    assert all(after - before >= SPACING for before, after in itertools.pairwise(times))


async def test_a_moment_that_is_kept_costs_no_question(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        now = clock.now()
        assert await turn_came(app, "h", now, NO_ROW, TURNS) == now
        assert await turn_came(app, "", now - timedelta(days=1), NO_ROW, TURNS) == now - timedelta(days=1)
        assert db.read_now(lambda session: hosts.next_free(session, "h", now)) == now


async def test_without_a_spacing_no_moment_is_missed(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        late = clock.now() - timedelta(minutes=1)
        assert await turn_came(app, "h", late, NO_ROW, Turns(LEASE, "next_poll_at", timedelta())) == late


async def test_who_is_told_to_stop_waits_for_no_moment(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        app.stopping.set()
        assert await turn_came(app, "h", clock.now() + timedelta(hours=1), NO_ROW, TURNS) is None
        later = timedelta(minutes=1)
        for _ in range(2):  # the first moment is now
            busy = await asyncio.wait_for(own_turn(app, world.url("/"), later, later), 10)
        assert busy


@pytest.mark.parametrize("step", ["poll", "read"])
async def test_what_is_due_at_a_host_that_answers_nothing_waits_in_nobodys_place(
    world: World, db: Database, clock: FixedClock, step: str
) -> None:
    world.site["/rss"] = rss(world.publish("a", "A", STRIKE))
    host = host_of(world.url("/"))
    async with world.worker(db, clock, page_spacing=0.01) as app:
        if step == "read":
            await run_cycle(app, steps=["poll"])
        before = len(world.web.requests)
        async with app.client._slots.at(host), app.client._slots.at(host):  # two requests that hang
            await asyncio.wait_for(run_cycle(app, steps=[step], seconds=0.3), 20)
        await run_cycle(app, steps=[step], seconds=0.3)  # it was put off, else it would be asked for again and again
        assert len(world.web.requests) == before
        clock.move(timedelta(seconds=3))
        report = await run_cycle(app, steps=[step])
    assert report.total(step, "changed" if step == "poll" else "ready") == 1


async def test_a_run_that_breaks_off_gives_back_what_it_holds(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.feeds += [{**world.feeds[0], "name": "Other", "url": world.url("/other")}]
    asked = asyncio.Event()

    async def breaks(_app: App, feed: Feed) -> Polled:
        if feed.name == "News":
            asked.set()
            await asyncio.Event().wait()
        await asked.wait()
        raise RuntimeError("unknown")

    monkeypatch.setattr("pipeline.poll.ask_and_understand", breaks)
    async with world.worker(db, clock) as app:
        with pytest.raises(ExceptionGroup):
            await run_cycle(app, steps=["poll"])
        holder = app.owner.name
        held = db.read_now(lambda session: [(one.name, one.lease_owner) for one in feeds.listing(session)])
    assert dict(held) == {"News": "", "Other": holder}  # what broke it may break the next one: it waits for its lease


async def test_a_feed_that_is_due_in_a_moment_is_polled_in_the_same_cycle(world: World, db: Database) -> None:
    world.site["/rss"] = rss()
    async with world.worker(db) as app:
        await run_cycle(app, steps=["poll"])
        soon = app.clock.now() + timedelta(seconds=1)
        await db.write(lambda session: feeds.poll_now(session, [], soon))
        report = await run_cycle(app, steps=["poll"])
    assert report.total("poll") == 1
