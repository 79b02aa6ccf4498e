"""Texts that join a story later: while its alert waits, after it was told, and when the rule asks for more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from core.clock import FixedClock
from pipeline.app import App
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Feed
from tests.builders import Item, World, rss
from tests.pipeline.conftest import NOON

HOUR = timedelta(hours=1)
ANTWERP = "Dockers strike at Antwerp"


def telling(number: int) -> Item:
    """A further separate text of one event."""
    return Item(f"t{number}", "", f"{ANTWERP}, {number} ships wait", f"Witness {number * 31} said so.")


async def come(world: World, db: Database, app: App, *items: Item) -> None:
    """These items come in, and a cycle is run."""
    world.site["/rss"] = rss(*items)

    def due(session: Any) -> None:
        for feed in session.exec(select(Feed)):
            feed.next_poll_at = NOON
            session.add(feed)

    db.write_now(due)
    await run_cycle(app)


def made(db: Database) -> list[tuple[str, str, str]]:
    """Kind, state and reason of each alert in the order they were made."""
    rows = db.read_now(lambda s: s.exec(select(Alert).order_by(col(Alert.made_at))).all())
    return [(one.kind, one.state, one.reason) for one in rows]


async def test_what_joins_while_the_first_alert_is_held_is_told_with_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"again_at": 3, "quiet": [{"from": "11:00", "to": "14:00"}]}
    async with world.worker(db, clock) as app:
        for number in range(3):
            await come(world, db, app, telling(number))
            clock.move(timedelta(minutes=10))
        assert world.hook.requests == []
        clock.at = NOON + 2 * HOUR
        await run_cycle(app)
        await come(world, db, app, telling(3))
    (told,) = (request.json for request in world.hook.requests)
    assert (told["kind"], told["separate_texts"], len(told["articles"])) == ("first", 3, 3)
    assert made(db) == [("first", "queued", "sent"), ("again", "suppressed", "merged")]


async def test_of_a_story_that_a_digest_collected_twice_the_digest_tells_once_with_all_its_texts(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"again_at": 2, "digest": {"at": "15:00"}}
    async with world.worker(db, clock) as app:
        for number in range(2):
            await come(world, db, app, telling(number), Item("b", "", "Bergen dockers strike", "Cranes stand still."))
            clock.move(HOUR)
        clock.at = NOON + 3 * HOUR
        await run_cycle(app)
    (told,) = (request.json for request in world.hook.requests)
    assert sorted((one["headline"], one["separate_texts"]) for one in told["alerts"]) == [
        ("Bergen dockers strike", 1), (f"{ANTWERP}, 0 ships wait", 2),
    ]  # fmt: skip


async def test_replies_that_waited_for_their_turn_go_each_into_its_own_thread(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["mail"], "update": "thread"}
    bergen = ("Bergen ferry dockers strike over wages", "Pilots in Bergen strike beside the ferry dockers over wages")
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0), Item("b0", "", bergen[0], "Ferry crews in Bergen want higher wages."))
        await come(world, db, app, telling(1), Item("b1", "", bergen[1], "Bergen's ferry crews ask for wages, too."))
        stories = {one.kind for one in db.read_now(lambda s: s.exec(select(Alert)).all())}
        clock.move(timedelta(minutes=20))
        await run_cycle(app)
    assert stories == {"first", "update"}
    assert {kind for kind, _, _ in made(db)} == {"first", "update"}
    replies = [mail.parsed for mail in world.mail.mails if "Update:" in str(mail.parsed.get_body(("plain",)))]
    assert len({one["References"] for one in replies}) == len(replies) == 2


async def test_a_late_joiner_of_a_story_that_was_told_rings_nobody_and_is_kept_with_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        clock.move(30 * HOUR)
        await come(world, db, app, telling(1))
    assert len(world.hook.requests) == 1
    assert made(db) == [("first", "queued", "sent")]
