"""Deliveries of which it is not known whether they arrived: what a later refusal, a channel that is gone, a person who
unsubscribed and two people who send again do to them.
"""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.errors import InputError
from core.reasons import Reason
from pipeline.app import App
from pipeline.resend import resend
from pipeline.run import run_cycle
from storage import alerts, deliveries, optouts
from storage.engine import Database
from storage.tables import Alert, Delivery, RuleState
from tests.builders import Item, World, rss
from tests.pipeline.retelling import refused_for_good
from tests.sinks.http import Answer


@pytest.fixture
def told(world: World) -> World:
    """One event without a page, owed to the webhook."""
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike at the harbour"))
    return world


def row_of(db: Database) -> Delivery:
    """The one delivery."""
    return db.read_now(lambda session: session.exec(select(Delivery)).one())


async def next_try(app: App, db: Database, clock: FixedClock) -> None:
    """The cycle in which the delivery is due again."""
    clock.at = row_of(db).not_before
    await run_cycle(app, steps=["deliver"])


async def test_what_may_have_arrived_is_not_told_again_in_a_catch_up_after_refusals(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.hook.will(Answer(drop=True), *[Answer(503)] * 40)
    async with told.worker(db, clock) as app:
        await run_cycle(app)
        assert row_of(db).error_class == "unknown"
        for _ in range(40):
            if row_of(db).state != "retry":
                break
            await next_try(app, db, clock)
        assert (row_of(db).state, row_of(db).reason, row_of(db).error_class) == ("dead", "gave_up", "unknown")
        told.hook.will()
        clock.move(timedelta(days=2))
        await run_cycle(app)
    assert len(told.hook.keys) == 1
    assert db.read_now(lambda session: session.exec(select(Alert.kind)).all()) == ["first"]


async def test_what_waits_for_a_person_still_does_when_its_channel_comes_back(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.channels["hook"]["on_unknown"] = "hold"
    told.hook.will(Answer(drop=True))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    hook = told.channels.pop("hook")
    told.rules["strike"]["alert"] = {"to": ["mail"]}
    clock.move(timedelta(minutes=5))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert (row_of(db).state, row_of(db).reason) == ("unknown", "answer_lost")
    told.channels["hook"] = hook
    clock.move(timedelta(hours=2))
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert (row_of(db).state, len(told.hook.requests)) == ("unknown", 1)


async def test_what_may_have_arrived_is_not_sent_again_when_its_rule_is_removed(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.hook.will(Answer(drop=True))
    async with told.worker(db, clock, lease_seconds=0.01) as dead:
        await run_cycle(dead, steps=["poll", "match"])
        now, who = clock.now(), deliveries.Who()
        await dead.db.write(lambda s: deliveries.claim_due(s, owner=dead.owner, now=now, limit=5, who=who))
        await asyncio.sleep(0.1)
        assert len(await dead.db.write(deliveries.expire)) == 1
    told.rules["strike"]["enabled"] = False
    async with told.worker(db, clock) as app:
        assert (row_of(db).state, row_of(db).reason) == ("suppressed", "rule_gone")
        await run_cycle(app)
    assert told.hook.requests == []


def why(db: Database) -> tuple[str, str, str, str]:
    """The last decision about the one alert."""
    last = db.read_now(lambda session: alerts.decisions(session, alert_id=row_of(db).alert_id))[-1]
    return last.stage, last.action, last.reason, last.detail


@pytest.mark.parametrize("reason", [Reason.OPTED_OUT, Reason.RULE_GONE])
async def test_what_is_not_wanted_any_more_while_it_is_on_its_way_is_not_sent_again_and_says_why(
    told: World, db: Database, clock: FixedClock, reason: Reason
) -> None:
    def leaves(_: object) -> Answer:
        def work(session: Session) -> None:
            if reason is Reason.OPTED_OUT:
                optouts.add(session, "strike", "hook", clock.now())
            else:
                session.delete(session.get_one(RuleState, "strike"))

        db.write_now(work)
        return Answer(503)

    told.hook.choose = leaves
    async with told.worker(db, clock) as app:
        await run_cycle(app)
    assert (row_of(db).state, row_of(db).reason) == ("suppressed", reason)
    assert why(db) == ("deliver", "drop", reason, f"hook: {reason.sentence}")


async def test_what_a_dead_worker_was_sending_of_a_rule_that_is_gone_is_not_sent_again_and_says_why(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock, lease_seconds=0.01) as dead:
        await run_cycle(dead, steps=["poll", "match"])
        now, who = clock.now(), deliveries.Who()
        await dead.db.write(lambda s: deliveries.claim_due(s, owner=dead.owner, now=now, limit=5, who=who))
    told.rules["strike"]["enabled"] = False
    async with told.worker(db, clock) as app:
        assert row_of(db).state == "leased"
        await run_cycle(app)
    assert (row_of(db).state, row_of(db).reason) == ("suppressed", "rule_gone")
    assert why(db) == ("deliver", "drop", "rule_gone", f"hook: {Reason.RULE_GONE.sentence}")
    assert told.hook.requests == []


async def test_a_dead_letter_is_sent_again_once_whoever_asks_for_it(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with refused_for_good(told, db, clock) as app:
        which = str(row_of(db).id)
        assert await app.db.write(lambda session: resend(session, "dead", who="ada", now=clock.now())) == 1
        await run_cycle(app)
        assert await app.db.write(lambda session: resend(session, "dead", who="bob", now=clock.now())) == 0
        with pytest.raises(InputError, match="is sent"):
            await app.db.write(lambda session: resend(session, which, who="bob", now=clock.now()))
    assert len(told.hook.requests) == 2


async def test_two_who_send_all_dead_letters_again_at_once_send_each_once(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with refused_for_good(told, db, clock):
        pass
    has_begun = threading.Event()

    def first(session: Session) -> int:
        count = resend(session, "dead", who="ada", now=clock.now())
        has_begun.set()
        time.sleep(0.5)
        row = session.exec(select(Delivery)).one()
        row.state = "sent"  # by a worker, before the second has come to it
        session.add(row)
        return count

    def second() -> int:
        has_begun.wait()
        return db.write_now(lambda session: resend(session, "dead", who="bob", now=clock.now()))

    counts = tuple(await asyncio.gather(asyncio.to_thread(db.write_now, first), asyncio.to_thread(second)))
    assert (counts, row_of(db).state) == ((1, 0), "sent")
