"""One event told by texts that come, are edited, and are said to be wrong; messages that are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from sqlmodel import col, select

from core.clock import FixedClock
from pipeline import feedback
from pipeline.app import App
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Feed, Hit
from tests.builders import NOON, Item, World, rss
from tests.sinks.http import Answer

ANTWERP = "Dockers strike at Antwerp"


def telling(number: int) -> Item:
    """A further separate text of one event."""
    return Item(f"t{number}", "", f"{ANTWERP}, {number} ships wait", f"Witness {number * 31} said so.")


def edited(number: int) -> Item:
    """The same item when its words match no more."""
    before = telling(number)
    return replace(before, title=before.title.replace("strike", "sing"))


async def come(world: World, db: Database, app: App, *items: Item) -> None:
    """These items come in, and a cycle is run."""
    world.site["/rss"] = rss(*items)

    def due(session: Any) -> None:
        for feed in session.exec(select(Feed)):
            feed.next_poll_at = NOON
            session.add(feed)

    db.write_now(due)
    await run_cycle(app)


def made(db: Database) -> list[tuple[str, int]]:
    """Kind and ordinal of each alert, in their order: several are made at one moment."""
    rows = db.read_now(lambda s: s.exec(select(Alert)).all())
    return sorted((one.kind, one.ordinal) for one in rows)


async def withdraw(how: str, world: World, db: Database, app: App, number: int) -> None:
    """Have a text of the story count no more."""
    if how == "edited":
        await come(world, db, app, edited(number))
        return
    hit = db.read_now(lambda s: s.exec(select(Hit).order_by(col(Hit.id).desc())).first())
    assert hit is not None
    if how == "a hit":
        db.write_now(lambda s: feedback.not_this_hit(s, hit.id or 0, who="ada", now=app.clock.now()))
    else:
        about = (hit.rule_id, str(hit.story_id))
        db.write_now(lambda s: feedback.not_this(s, *about, who="ada", now=app.clock.now()))


@asynccontextmanager
async def refused_for_good(world: World, db: Database, clock: FixedClock) -> AsyncIterator[App]:
    """A worker that has made a dead letter of what came in, for the webhook refused it."""
    world.hook.will(Answer(404))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        yield app
