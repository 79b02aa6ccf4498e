"""A mail server that takes minutes for its answer: the cycle ends, the others go on, the result comes in time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from core.clock import FixedClock
from pipeline import outlast
from pipeline.app import App
from pipeline.report import STEPS, Report
from pipeline.run import begin, finish, run_cycle, run_step
from storage import deliveries
from storage.engine import Database
from storage.statements import run
from storage.tables import Delivery, Target
from storage.types import db_now
from tests.builders import Item, World, minutes, rss
from tests.sinks.smtp import HANG, LATE

FIVE = [f"p{number}@x.test" for number in range(5)]


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """One event, owed to five people behind a mail server that is slow, and to a webhook."""
    monkeypatch.setattr("pipeline.cycle.PATIENCE_S", 0.1)
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike at the harbour"))
    world.channels["mail"] = world.mailbox(*FIVE)
    world.rules["strike"]["alert"] = {"to": ["mail", "hook"]}
    return world


async def cut_short(app: App, world: World, *, sent: int, mails: int) -> Report:
    """A cycle whose time is over when so much was sent and so many e-mails came: what is left then is what hangs,
    however busy the machine is.
    """
    cycle = await begin(app, seconds=1000)
    steps = asyncio.gather(*(run_step(cycle, step) for step in STEPS))
    while (cycle.report.total("deliver", "sent"), len(world.mail.mails)) != (sent, mails):
        assert not steps.done()
        await asyncio.sleep(0.02)
    cycle.ends_at = cycle.began_at
    await steps
    return finish(cycle)


def states(db: Database) -> dict[str, str]:
    rows = db.read_now(lambda session: session.exec(select(Delivery)).all())
    return {one.target_id.removeprefix("mail:").removesuffix("@x.test"): one.state for one in rows}


async def one_hangs(world: World, db: Database) -> None:
    """Wait until every message came, and of all but one what became of it is written."""
    while len(world.mail.mails) < 5 or sorted(states(db).values()) != ["leased", *["sent"] * 5]:
        await asyncio.sleep(0.02)


def leased_until(db: Database) -> list[datetime]:
    """Until when the deliveries under way are leased, by the database's clock."""
    return [one.lease_until for one in db.read_now(lambda s: s.exec(select(Delivery)).all()) if one.lease_until]


def resting(db: Database, clock: FixedClock) -> set[str]:
    rows = db.read_now(lambda session: session.exec(select(Target)).all())
    return {one.id for one in rows if one.next_allowed_at and one.next_allowed_at > clock.now()}


async def test_a_cycle_does_not_wait_for_an_answer_that_takes_longer_and_the_next_one_goes_on(
    slow: World, db: Database, clock: FixedClock
) -> None:
    slow.mail.will(LATE)
    async with slow.worker(db, clock) as app:
        report = await cut_short(app, slow, sent=5, mails=5)
        counts = {row["reason"]: row["count"] for row in report.rows() if row["step"] == "deliver"}
        assert counts == {"": 5, "no_answer_yet": 1}
        assert sorted(states(db).values()) == ["leased", *["sent"] * 5]
        slow.site["/rss"] = rss(Item("f", "", "Pilots and dockers call a strike far away in Yokohama"))
        clock.move(minutes(90))
        await cut_short(app, slow, sent=5, mails=5 + 4)  # the one that waits gets nothing beside
        assert len(slow.hook.keys) == 2
        slow.mail.let_go()
        while app.outlasting.targets:
            await asyncio.sleep(0.02)
        clock.move(timedelta(minutes=1))
        await run_cycle(app)
    assert report.total("deliver") == 6  # what came later counts in no report twice
    assert len(slow.mail.ids) == len(slow.mail.mails) == 10
    assert [one.error for one in db.read_now(lambda session: session.exec(select(Delivery)).all())] == [""] * 12


async def test_a_channel_all_of_whose_sends_hang_rests_for_every_worker_and_its_leases_are_kept(
    slow: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlast, "RENEW_SECONDS", 0.05)
    slow.mail.will(*[LATE] * 4)  # as many as go out at once
    async with slow.worker(db, clock) as one, slow.worker(db, clock) as other:
        await cut_short(one, slow, sent=1, mails=4)
        before = max(leased_until(db))
        while len(resting(db, clock)) < 5 or min(leased_until(db)) <= before:
            await asyncio.sleep(0.02)
        await run_cycle(other)
        assert sorted(states(db).values()) == [*["leased"] * 4, "pending", "sent"]
        slow.mail.let_go()
    assert len(slow.mail.mails) == len(slow.mail.ids) == 4
    clock.move(outlast.REST)
    async with slow.worker(db, clock) as app:
        await run_cycle(app)
    assert set(states(db).values()) == {"sent"}
    assert len(slow.mail.mails) == len(slow.mail.ids) == 5


async def test_a_worker_waits_for_what_outlasted_its_cycles_before_it_ends(
    slow: World, db: Database, clock: FixedClock
) -> None:
    slow.mail.will(LATE)
    async with slow.worker(db, clock) as app:
        await cut_short(app, slow, sent=5, mails=5)
        assert app.outlasting.targets
        asyncio.get_running_loop().call_later(0.3, slow.mail.let_go)
    assert set(states(db).values()) == {"sent"}


async def test_a_worker_told_to_stop_still_waits_for_it(slow: World, db: Database, clock: FixedClock) -> None:
    slow.mail.will(LATE)
    async with slow.worker(db, clock) as app:
        await cut_short(app, slow, sent=5, mails=5)
        assert app.outlasting.targets
        app.stopping.set()
        asyncio.get_running_loop().call_later(0.3, slow.mail.let_go)
    assert set(states(db).values()) == {"sent"}


async def test_a_worker_told_to_stop_waits_a_minute_at_most_and_its_lease_says_what_became_of_it(
    slow: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlast, "STOP_SECONDS", 0.2)
    slow.mail.will(HANG)
    async with slow.worker(db, clock) as app:
        await cut_short(app, slow, sent=5, mails=5)
        app.stopping.set()
    assert sorted(states(db).values()) == ["leased", *["sent"] * 5]
    lapse = update(Delivery).where(col(Delivery.state) == "leased").values(lease_until=db_now(-1))
    db.write_now(lambda session: run(session, lapse))
    assert len(db.write_now(deliveries.expire)) == 1
    assert sorted(states(db).values()) == [*["sent"] * 5, "unknown"]


async def test_trouble_in_another_step_breaks_off_no_message_that_its_receiver_has(
    slow: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        await one_hangs(slow, db)
        raise RuntimeError("a fault of ours")

    slow.mail.will(LATE)
    monkeypatch.setattr("pipeline.run.index", broken)
    async with slow.worker(db, clock) as app:
        with pytest.raises(ExceptionGroup):
            await run_cycle(app)
        while len(app.outlasting.targets) > 1:  # what became of the others is written, and their tasks end at once
            await asyncio.sleep(0.02)
        assert list(app.outlasting.targets.values()) == ["mail"]
        slow.mail.let_go()
    assert set(states(db).values()) == {"sent"}
    assert len(slow.mail.mails) == len(slow.mail.ids) == 5


async def test_a_run_that_is_cancelled_waits_for_the_messages_that_their_receivers_have(
    slow: World, db: Database, clock: FixedClock
) -> None:
    async def whole() -> None:
        async with slow.worker(db, clock) as app:
            await run_cycle(app)

    slow.mail.will(LATE)
    cycle = asyncio.create_task(whole())
    await one_hangs(slow, db)
    cycle.cancel()
    asyncio.get_running_loop().call_later(0.3, slow.mail.let_go)
    with pytest.raises(asyncio.CancelledError):
        await cycle
    assert set(states(db).values()) == {"sent"}


async def test_an_error_while_the_result_is_recorded_is_told_and_leaves_the_delivery_to_its_lease(
    slow: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slow.mail.will(LATE)
    async with slow.worker(db, clock) as app:
        await cut_short(app, slow, sent=5, mails=5)

        def broken(*_: object) -> bool:
            raise RuntimeError("a fault of ours")

        monkeypatch.setattr(deliveries, "record", broken)
        slow.mail.let_go()
    assert "not recorded" in caplog.text
    assert sorted(states(db).values()) == ["leased", *["sent"] * 5]
