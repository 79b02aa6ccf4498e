"""What goes out when: quiet hours, digests, budgets, bursts, silences; from a hit to what a receiver sees."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from core.clock import FixedClock
from pipeline.alert import _after
from pipeline.release import release_due
from pipeline.run import run_cycle
from pipeline.stories import silence
from pipeline.told import told_before
from storage.alerts import open_digest
from storage.engine import Database, lock_names
from storage.tables import Alert, Decision, Delivery, Digest
from tests.builders import NOON, Item, World, rss
from tests.sinks.http import Answer

_NAMES = (
    "Aberdeen Bergen Cadiz Dakar Emden Fremantle Genoa Havana Izmir Jakarta Klaipeda Lisbon Mumbai Naples Odessa "
    "Piraeus Qingdao Rotterdam Santos Tampa Uddevalla Valencia Wellington Xiamen Yokohama Zeebrugge Antwerp Bremen"
)
PORTS = tuple(_NAMES.split())


def events(world: World, count: int, start: int = 0) -> None:
    """So many different events, without pages: each is matched on what the feed says of it."""
    world.site["/rss"] = rss(
        *(
            Item(
                f"e{n}",
                "",
                f"{PORTS[n % 28]} dockers begin strike number {n}",
                f"Cranes {n * 7} stand in {PORTS[n % 28]}.",
            )
            for n in range(start, start + count)
        )
    )


def alerts_of(db: Database) -> list[Alert]:
    """All alerts, in the order they were made."""
    return list(db.read_now(lambda session: session.exec(select(Alert).order_by(col(Alert.made_at))).all()))


def states(db: Database) -> list[tuple[str, str, str]]:
    """Kind, state and reason of each alert."""
    return sorted((one.kind, one.state, one.reason) for one in alerts_of(db))


async def again(world: World, db: Database, clock: FixedClock, count: int, start: int) -> None:
    """Let further events come in and run a cycle."""
    events(world, count, start)
    async with world.worker(db, clock) as app:
        await run_cycle(app)


def test_an_alert_is_made_after_the_last_of_its_story_unless_that_is_of_a_clock_that_was_set_back() -> None:
    zero, some, least = timedelta(), timedelta(seconds=2), timedelta(microseconds=1)
    ahead = (-some, zero, some, timedelta(days=400))
    made = [_after([Alert(id="", rule_id="", kind="first", made_at=NOON + one)], NOON) - NOON for one in ahead]
    assert made == [zero, least, some + least, zero]


async def test_each_event_is_told_on_its_own(world: World, db: Database, clock: FixedClock) -> None:
    events(world, 3)
    async with world.worker(db, clock) as app:
        report = await run_cycle(app)
    assert len(world.hook.keys) == 3
    assert report.total("alert", "sent") == report.total("deliver", "sent") == 3


async def test_over_twenty_in_ten_minutes_the_rest_is_one_digest(world: World, db: Database, clock: FixedClock) -> None:
    events(world, 26)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert len(world.hook.keys) == 20
        clock.move(timedelta(minutes=10))
        await run_cycle(app)
        await run_cycle(app)
    assert len(world.hook.keys) == 21
    digest = world.hook.requests[-1].json
    assert digest["kind"] == "digest"
    assert sum(state == ("first", "folded", "burst") for state in states(db)) == 6


async def test_over_the_daily_budget_the_rest_is_one_digest_at_midnight(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["budget"] = "2/day"
    events(world, 5)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert len(world.hook.keys) == 2
        clock.at = NOON + timedelta(hours=12)
        await run_cycle(app)
    assert len(world.hook.keys) == 3
    assert states(db).count(("first", "folded", "over_budget")) == 3


async def test_what_comes_in_quiet_hours_is_told_in_one_message_when_they_end(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["quiet"] = [{"from": "11:00", "to": "14:00"}]
    events(world, 3)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert world.hook.requests == []
        clock.at = NOON + timedelta(hours=1, minutes=59)
        await run_cycle(app)
        assert world.hook.requests == []
        clock.at = NOON + timedelta(hours=2)
        await run_cycle(app)
        await run_cycle(app)
    (told,) = world.hook.requests
    assert told.json["kind"] == "digest"
    assert states(db).count(("first", "folded", "merged")) == 3


async def test_a_single_alert_held_over_quiet_hours_goes_out_as_itself(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["quiet"] = [{"from": "11:00", "to": "14:00"}]
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.at = NOON + timedelta(hours=3)
        await run_cycle(app)
    assert [request.json["kind"] for request in world.hook.requests] == ["first"]


async def test_what_is_told_when_quiet_hours_end_is_not_told_again_as_an_update(
    world: World, db: Database, clock: FixedClock
) -> None:
    quiet = [{"from": "11:00", "to": "18:00"}]
    world.rules["strike"]["alert"] = {"to": ["mail"], "quiet": quiet, "update": "thread"}
    async with world.worker(db, clock) as app:
        for number in range(3):
            headline = f"Dockers strike at Antwerp, {number} ships wait"
            world.site["/rss"] = rss(Item(f"t{number}", "", headline, f"Witness {number * 31} said so."))
            await run_cycle(app)
            clock.move(timedelta(hours=1))
        for minutes in (0, 15, 30):
            clock.at = NOON + timedelta(hours=6, minutes=minutes)
            await run_cycle(app)
    (mail,) = world.mail.mails
    assert "3 separate texts" in str(mail.parsed.get_body(("plain",)))


async def test_an_urgent_rule_passes_quiet_hours(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"] |= {"quiet": [{"from": "11:00", "to": "14:00"}], "urgent": True}
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert len(world.hook.keys) == 1


async def test_a_digest_goes_once_a_day_at_its_local_time_with_all_of_the_day(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["settings"] = {"timezone": "America/New_York"}
    world.rules["strike"]["alert"]["digest"] = {"at": "08:00"}  # 13:00 UTC before the clocks change, 12:00 after
    events(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.at = NOON + timedelta(hours=1)
        await run_cycle(app)
    assert len(world.hook.requests) == 1
    clock.at = datetime(2026, 3, 8, 11, 0, tzinfo=UTC)  # the day the clocks change
    await again(world, db, clock, 2, start=2)
    clock.at = datetime(2026, 3, 8, 11, 59, tzinfo=UTC)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert len(world.hook.requests) == 1
        clock.at = datetime(2026, 3, 8, 12, 0, tzinfo=UTC)
        await run_cycle(app)
        clock.at = datetime(2026, 3, 8, 13, 0, tzinfo=UTC)
        await run_cycle(app)
    assert [request.json["kind"] for request in world.hook.requests] == ["digest", "digest"]


async def test_a_digest_due_in_quiet_hours_waits_for_their_end(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "12:30"}, "quiet": [{"from": "12:15", "to": "14:00"}]}
    events(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        for minutes in (31, 90):
            clock.at = NOON + timedelta(minutes=minutes)
            await run_cycle(app)
        assert world.hook.requests == []
        clock.at = NOON + timedelta(hours=2)
        await run_cycle(app)
    assert len(world.hook.keys) == 1


async def test_a_digest_made_again_after_a_restore_is_not_sent_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    events(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(hours=1))
        await run_cycle(app)

        def lost(session: Session) -> None:
            """As in a backup from before the digest, in which others were opened meanwhile."""
            digest = session.exec(select(Digest)).one()
            again = Digest(rule_id="strike", cause=digest.cause, due_at=digest.due_at, opened_at=NOON)
            session.add(again)
            session.flush()
            session.execute(delete(Delivery))
            session.execute(delete(Alert).where(col(Alert.kind) == "digest"))
            session.execute(update(Alert).values(digest_id=again.id))
            session.delete(digest)

        await app.db.write(lost)
        await run_cycle(app)
    assert len(world.hook.requests) == 1


async def test_of_a_digest_the_silenced_stories_are_left_out(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    events(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        story = alerts_of(db)[0].story_id or 0
        until = clock.now() + timedelta(days=1)
        await app.db.write(lambda s: silence(s, story, until=until, who="me", now=clock.now()))
        clock.move(timedelta(hours=1))
        await run_cycle(app)
    assert states(db) == [
        ("digest", "queued", "digest"), ("first", "folded", "digest"), ("first", "suppressed", "silenced"),
    ]  # fmt: skip


async def test_a_digest_of_which_nothing_is_left_is_not_sent(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        story = alerts_of(db)[0].story_id or 0
        until = clock.now() + timedelta(days=1)
        await app.db.write(lambda s: silence(s, story, until=until, who="me", now=clock.now()))
        clock.move(timedelta(hours=1))
        await run_cycle(app)
        await run_cycle(app)
    assert world.hook.requests == []
    assert db.read_now(lambda session: session.exec(select(Digest.closed_at)).one()) is not None


async def test_an_alert_that_could_only_be_sent_a_day_late_goes_into_the_catch_up_digest(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["quiet"] = [{"from": "11:00", "to": "14:00"}]
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.at = NOON + timedelta(hours=27)  # the machine slept through the release
        await run_cycle(app)
        clock.move(timedelta(minutes=10))
        await run_cycle(app)
    assert ("first", "folded", "stale") in states(db)
    assert [request.json["kind"] for request in world.hook.requests] == ["digest"]


async def test_a_rule_that_is_deleted_takes_its_held_and_queued_alerts_with_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["quiet"] = [{"from": "11:00", "to": "14:00"}]
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules = {"other": {"title": "Other", "match": "volcano", "alert": {"to": ["hook"]}}}
        await world.apply(app)
        clock.at = NOON + timedelta(hours=3)
        await run_cycle(app)
    assert states(db) == [("first", "suppressed", "rule_gone")]
    assert world.hook.requests == []


async def test_further_texts_of_an_event_are_told_as_the_rule_asks(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"first": 2, "again_at": 3}
    async with world.worker(db, clock) as app:
        for number in range(4):
            world.site["/rss"] = rss(
                Item(
                    f"t{number}",
                    "",
                    f"Dockers strike at Antwerp, {number} ships wait",
                    f"Witness {number * 31} said so.",
                )
            )
            clock.move(timedelta(hours=2))
            await run_cycle(app)
    kinds = [request.json["kind"] for request in world.hook.requests]
    assert kinds == ["first", "again"]


async def test_a_digest_is_released_by_one_worker_only(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    events(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        clock.move(timedelta(hours=1))

        def twice(session: Session) -> tuple[list[str], list[str]]:
            return release_due(session, app, clock.now()), release_due(session, app, clock.now())

        assert await app.db.write(twice) == (["digest"], [])
    assert len(db.read_now(lambda session: session.exec(select(Delivery)).all())) == 1


async def test_what_is_folded_while_a_digest_is_told_is_told_by_it_or_by_the_next(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    events(world, 2)
    holding = threading.Event()
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        clock.move(timedelta(hours=1))
        now = clock.now()

        def fold(session: Session) -> None:
            lock_names(session, ["rule:strike"])
            digest = open_digest(session, "strike", "digest", due_at=now, now=now)
            holding.set()
            time.sleep(0.5)
            late = Alert(id="late", rule_id="strike", kind="first", state="folded", made_at=now, digest_id=digest.id)
            known = session.exec(select(Alert)).all()[0]
            late.view, late.targets = known.view, known.targets
            session.add(late)

        folding = asyncio.create_task(app.db.write(fold))
        await asyncio.to_thread(holding.wait)
        await run_cycle(app, steps=["alert"])
        await folding
    digest = db.read_now(lambda session: session.exec(select(Alert).where(Alert.kind == "digest")).one())
    assert len(digest.view["alerts"]) == 3


async def test_an_address_of_two_channels_is_told_once_and_why_is_kept(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.channels = {
        "day": world.mailbox("ann@x.test", "bob@x.test"),
        "night": world.mailbox("Bob@x.test", "cy@x.test"),
    }
    world.rules["strike"]["alert"] = {"to": ["day", "night"]}
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert told_before(app, app.active, alerts_of(db)[0])  # as a restore would ask
    assert sorted(mail.recipients for mail in world.mail.mails) == [("ann@x.test",), ("bob@x.test",), ("cy@x.test",)]
    notes = db.read_now(lambda session: session.exec(select(Decision).order_by(col(Decision.id))).all())
    dropped = [one.detail for one in notes if one.reason == "same_address"]
    assert dropped == ["night:Bob@x.test: this address has it through another channel"]
    assert notes[-1].action == "send"


async def test_every_decision_is_kept_with_its_stage(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike"))
    world.hook.will(Answer(200))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    kept = db.read_now(lambda session: session.exec(select(Decision).order_by(col(Decision.id))).all())
    assert [(one.stage, one.action, one.reason) for one in kept] == [
        ("past", "none", "from_before"), ("story", "none", "new_story"), ("send", "send", "sent"),
    ]  # fmt: skip
