"""New and changed rules on what is stored: shown, told to nobody unless the rule asks for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from pipeline import past as step
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Article, Hit, RuleState, Story
from tests.builders import Item, World, rss


def stored(world: World, count: int) -> None:
    """So many articles without a page."""
    world.site["/rss"] = rss(
        *(Item(f"e{n}", "", f"Volcano number {n} wakes", f"Ash over {n * 37}.") for n in range(count))
    )


def hits_of(db: Database) -> list[Hit]:
    """All hits."""
    return list(db.read_now(lambda session: session.exec(select(Hit)).all()))


async def test_a_new_rule_finds_what_is_stored_and_tells_nobody(world: World, db: Database, clock: FixedClock) -> None:
    stored(world, 3)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["volcano"] = {"title": "Volcano", "match": "volcano", "alert": {"to": ["hook"]}}
        await world.apply(app)
        report = await run_cycle(app)
        await run_cycle(app)
    assert [(hit.rule_id, hit.state) for hit in hits_of(db)] == [("volcano", "from_before")] * 3
    assert world.hook.requests == []
    assert report.total("past", "hit") == 3
    assert db.read_now(lambda s: s.get_one(RuleState, "volcano").past_id) == 0


async def test_a_rule_that_asks_for_it_tells_of_what_is_stored(world: World, db: Database, clock: FixedClock) -> None:
    stored(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["volcano"] = {"title": "Volcano", "match": "volcano", "alert": {"to": ["hook"], "past": True}}
        await world.apply(app)
        await run_cycle(app)
    assert len(world.hook.requests) == 1


async def test_what_is_older_than_the_story_window_is_left_alone(world: World, db: Database, clock: FixedClock) -> None:
    stored(world, 2)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(hours=25))
        world.rules["volcano"] = {"title": "V", "match": "volcano", "story_window": "24h", "alert": {"to": ["hook"]}}
        await world.apply(app)
        await run_cycle(app, steps=["match"])
    assert hits_of(db) == []


async def test_a_long_past_is_walked_in_batches(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "BATCH", 4)
    stored(world, 10)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["volcano"] = {"title": "Volcano", "match": "volcano", "alert": {"to": ["hook"]}}
        await world.apply(app)
        await run_cycle(app)
    assert len({hit.article_id for hit in hits_of(db)}) == 10


async def test_a_changed_rule_keeps_its_hits_and_finds_further_ones(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike"), Item("f", "", "Volcano wakes"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["strike"]["match"] = "docker OR volcano"
        await world.apply(app)
        await run_cycle(app)
    assert sorted(hit.state for hit in hits_of(db)) == ["from_before", "live"]
    assert len(world.hook.requests) == 1


async def test_a_new_article_in_a_story_from_before_is_told(world: World, db: Database, clock: FixedClock) -> None:
    title = "Volcano Etna wakes and buries the road to Catania"
    world.site["/rss"] = rss(Item("e", "", title, "Ash lies on the road."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["volcano"] = {"title": "Volcano", "match": "volcano", "alert": {"to": ["hook"]}}
        await world.apply(app)
        await run_cycle(app)
        world.site["/rss"] = rss(Item("f", "", title, "Ash lies on the road, and on roofs."))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
    assert len(db.read_now(lambda session: session.exec(select(Story)).all())) == 1
    assert len(world.hook.requests) == 1


async def test_a_first_polls_old_items_are_shown_and_told_to_nobody(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds[0]["first_poll"] = "72h"
    world.site["/rss"] = rss(
        Item("old", "", "Dockers begin strike in May", published=clock.now() - timedelta(days=30)),
        Item("new", "", "Pilots and dockers strike in Yokohama", published=clock.now() - timedelta(hours=1)),
    )
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert sorted(hit.state for hit in hits_of(db)) == ["from_before", "live"]
    assert len(world.hook.requests) == 1
    assert len(db.read_now(lambda session: session.exec(select(Article)).all())) == 2
