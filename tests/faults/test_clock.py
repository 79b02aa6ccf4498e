"""Faults 55 and 56: the clocks of people change, and the machine's clock steps.

The worker's clock is injected: nobody can set the machine's. The database's own clock, which leases are compared by,
cannot be set either: a lease that a dead worker took before such a step is written to its row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from core.clock import FixedClock
from pipeline.app import App
from pipeline.run import run_cycle
from storage import locks
from storage.engine import Database
from storage.statements import run
from storage.tables import Article, Delivery, Feed, FeedPoll
from storage.types import db_now
from tests.builders import Item, World, rss
from tests.sinks.http import Answer

HALF = timedelta(minutes=30)
CHANGES = {  # zone → when its clocks change; a digest at 02:15 local comes on that day, and when in UTC
    "Europe/Berlin": (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),  # there is no 02:15
    "America/New_York": (datetime(2026, 11, 1, 6, tzinfo=UTC), datetime(2026, 11, 1, 7, 15, tzinfo=UTC)),  # 01:xx twice
    "Australia/Lord_Howe": (  # half an hour back, from 02:00 to 01:30
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2026, 4, 4, 15, 45, tzinfo=UTC),
    ),
}


def event(town: str) -> Item:
    return Item(town, "", f"Dockers begin strike at the harbour of {town}")


def polls(db: Database) -> list[datetime]:
    return db.read_now(lambda session: list(session.exec(select(FeedPoll.at).order_by(col(FeedPoll.id))).all()))


@pytest.mark.parametrize("zone", CHANGES)
async def test_fault_55_while_clocks_change_polls_are_steady_and_a_digest_goes_once(
    world: World, db: Database, zone: str
) -> None:
    change, due = CHANGES[zone]
    clock = FixedClock(change - 3 * HALF)
    world.more["settings"] = {"timezone": zone}
    world.feeds[0]["every"] = "30m"
    world.rules["strike"]["alert"]["digest"] = {"at": "02:15"}
    world.site["/rss"] = rss(event("Aarhus"))
    gone: list[datetime] = []
    async with world.worker(db, clock, cycle_seconds=3) as app:
        while clock.now() < change + 6 * HALF:
            await _cycle(app, world, gone)
            clock.move(HALF / 2)
        assert len(gone) == 1
        assert due <= gone[0] < due + HALF
        every = polls(db)
        assert clock.now() - every[-1] <= 2 * HALF, every
        gaps = [later - sooner for sooner, later in pairwise(every)]
        assert all(HALF * 0.5 <= gap <= HALF * 1.5 for gap in gaps), gaps
        world.site["/rss"] = rss(event("Aarhus"), event("Bergen"))
        await _cycle(app, world, gone)
        clock.at = due + timedelta(hours=23)  # the day after has its own, once
        while clock.now() < due + timedelta(hours=26):
            await _cycle(app, world, gone)
            clock.move(HALF)
    assert len(gone) == 2
    assert timedelta(hours=23) <= gone[1] - due <= timedelta(hours=25.5)
    assert ["Aarhus" in str(one.json) for one in world.hook.requests] == [True, False]


async def _cycle(app: App, world: World, gone: list[datetime]) -> None:
    await run_cycle(app)
    gone += [app.clock.now()] * (len(world.hook.requests) - len(gone))


STEPS = {
    "two hours ahead": timedelta(hours=2),
    "two hours back": timedelta(hours=-2),
    "to 1970": datetime(1970, 1, 1, tzinfo=UTC) - datetime(2026, 3, 2, 12, tzinfo=UTC),
}


@pytest.fixture
def told(world: World) -> World:
    """A feed that is polled each quarter of an hour, and one event in it, owed to the webhook."""
    world.feeds[0]["every"] = "15m"
    world.site["/rss"] = rss(event("Aarhus"))
    return world


async def for_forty_minutes(app: App, clock: FixedClock) -> None:
    for _ in range(5):
        await run_cycle(app)
        clock.move(timedelta(minutes=10))


def states(db: Database) -> list[str]:
    return sorted(db.read_now(lambda session: list(session.exec(select(Delivery.state)).all())))


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_fault_56_after_a_step_of_the_clock_nothing_is_sent_again_and_news_is_told_as_soon_as_before(
    told: World, db: Database, clock: FixedClock, step: timedelta
) -> None:
    async with told.worker(db, clock, cycle_seconds=3) as app:
        await run_cycle(app, seconds=50)
        assert len(told.hook.requests) == 1
        clock.move(step)
        told.site["/rss"] = rss(event("Aarhus"), event("Bergen"))
        await for_forty_minutes(app, clock)
        assert ["Bergen" in str(one.json) for one in told.hook.requests] == [False, True]
        if step < -timedelta(days=1):  # and when the clock is right again
            clock.at = datetime(2026, 3, 2, 14, tzinfo=UTC)
            told.site["/rss"] = rss(event("Aarhus"), event("Bergen"), event("Cadiz"))
            await for_forty_minutes(app, clock)
            assert len(told.hook.requests) == 3
    assert states(db) == ["sent"] * len(told.hook.requests)


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
async def test_fault_56_what_was_under_way_at_the_step_goes_on(
    told: World, db: Database, clock: FixedClock, step: timedelta
) -> None:
    """A page not read yet, an article not matched yet, a delivery to be tried again, a target with a pace."""
    told.site["/rss"] = rss(
        event("Aarhus"), told.publish("page", "Dockers begin strike in Bergen", ["Bergen stands still."])
    )
    told.hook.will(Answer(503))
    async with told.worker(db, clock, cycle_seconds=3) as app:
        app.active.channels["hook"].pace = 60.0
        await run_cycle(app, steps=["poll"])
        clock.move(step)
        await run_cycle(app)
        clock.move(-step)
        await run_cycle(app)
        clock.move(step)
        await for_forty_minutes(app, clock)
    unread = select(Article).where(col(Article.state) == "pending")
    assert db.read_now(lambda session: session.exec(unread.where(col(Article.url) != "")).all()) == []
    assert states(db) == ["sent", "sent"]
    assert len(told.hook.keys) == 2
    assert len(told.hook.requests) == 3


async def test_fault_56_what_a_dead_worker_held_before_the_clock_was_set_back_is_free_at_once(
    told: World, db: Database, clock: FixedClock
) -> None:
    def die(session: Session) -> None:
        later = db_now(2 * 3600.0)
        run(session, update(Feed).values(lease_owner="dead", lease_until=later))
        assert locks.take(session, "ingest", "dead", seconds=2 * 3600.0, now=clock.now())

    async with told.worker(db, clock, cycle_seconds=3) as app:
        await app.db.write(die)
        await run_cycle(app, seconds=50)
        assert len(told.hook.requests) == 1
        assert await app.db.write(lambda s: locks.take(s, "ingest", "alive", seconds=60.0, now=clock.now()))


async def test_fault_56_a_retry_is_not_given_up_because_the_clock_jumped_ahead(
    told: World, db: Database, clock: FixedClock
) -> None:
    clock.at = datetime(1970, 1, 1, tzinfo=UTC)
    told.hook.will(Answer(503), Answer(503))
    async with told.worker(db, clock, cycle_seconds=3) as app:
        await run_cycle(app, seconds=50)
        clock.at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        await for_forty_minutes(app, clock)
    assert states(db) == ["sent"]


@pytest.mark.parametrize(
    ("alert", "ahead", "on_the_day"),
    [
        ({"budget": "1/day"}, 400, 3),  # nothing more comes to the digest that is to wait
        ({"budget": "1/day"}, 5, 4),  # it waits no longer than any other; what comes to it brings it forward
        ({"quiet": [{"from": "11:00", "to": "13:00"}]}, 400, 4),
    ],
    ids=["over budget next year", "over budget next week", "quiet hours"],
)
async def test_fault_56_what_was_to_wait_until_an_hour_that_is_far_ahead_is_told_when_the_clock_is_right(
    told: World, db: Database, clock: FixedClock, alert: dict[str, object], ahead: int, on_the_day: int
) -> None:
    told.rules["strike"]["alert"] |= alert
    right, towns = clock.now(), [event(town) for town in ("Aarhus", "Bergen", "Cadiz", "Dover")]
    async with told.worker(db, clock, cycle_seconds=3) as app:
        clock.move(timedelta(days=ahead))
        told.site["/rss"] = rss(*towns[:2])
        await run_cycle(app, seconds=50)
        for day in range(2):  # the next day tells what this one's budget does not
            clock.at = right + timedelta(days=day, hours=2)
            told.site["/rss"] = rss(*(towns if day else towns[:on_the_day]))
            await for_forty_minutes(app, clock)
    sent = [str(one.json) for one in told.hook.requests]
    assert [sum(town.title in one for one in sent) for town in towns] == [1, 1, 1, 1]
