"""An article that several feeds list is every one's: a rule for some feeds is tried on it, whichever came first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import col, select

from core.clock import FixedClock
from pipeline.app import App
from pipeline.run import run_cycle
from pipeline.why import of_stored
from storage import articles
from storage.engine import Database
from storage.tables import Article, Hit
from tests.builders import World, rss

STRIKE = ["Dockers began a strike at the port of Antwerp."]
FEEDS = ("Top", "Asia")


@pytest.fixture
def overlapping(world: World) -> World:
    """Two feeds of one site, and a rule for one of them."""
    settings = {"language": "en", "first_poll": "9000h"}
    world.feeds = [{"url": world.url(f"/{name}"), "name": name, "tags": [name.lower()], **settings} for name in FEEDS]
    world.rules["strike"]["feeds"] = {"tags": ["asia"]}
    world.site |= {f"/{name}": rss() for name in FEEDS}
    return world


async def listed(app: App, world: World, clock: FixedClock, name: str) -> None:
    """A feed comes to list the article, and everything is polled."""
    world.site[f"/{name}"] = rss(world.publish("a", "Dockers begin strike", STRIKE))
    clock.move(timedelta(hours=2))
    await run_cycle(app)


def hits(db: Database) -> list[tuple[str, str]]:
    return list(db.read_now(lambda s: s.exec(select(Hit.rule_id, Hit.state).order_by(col(Hit.id))).all()))


@pytest.mark.parametrize("order", [FEEDS, FEEDS[::-1]])
async def test_a_rule_for_a_feed_is_tried_on_what_another_feed_brought_first(
    overlapping: World, db: Database, clock: FixedClock, order: tuple[str, str]
) -> None:
    async with overlapping.worker(db, clock) as app:
        for name in order:
            await listed(app, overlapping, clock, name)
        assert len(db.read_now(lambda s: s.exec(select(Article)).all())) == 1
        (why,) = of_stored(db, app.active.watch, "1")
    assert hits(db) == [("strike", "live")]
    assert len(overlapping.hook.requests) == 1
    assert why.outcome != "not tried"


async def test_a_feed_that_a_rule_refuses_takes_nothing_from_what_another_brought(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    overlapping.rules["strike"]["feeds"] = {"none": ["asia"]}
    async with overlapping.worker(db, clock) as app:
        for name in FEEDS:
            await listed(app, overlapping, clock, name)
    assert hits(db) == [("strike", "live")]
    assert len(overlapping.hook.requests) == 1


async def test_without_a_rule_for_certain_feeds_nothing_is_matched_again(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    del overlapping.rules["strike"]["feeds"]
    async with overlapping.worker(db, clock) as app:
        await listed(app, overlapping, clock, "Top")
        overlapping.site["/Asia"] = overlapping.site["/Top"]
        clock.move(timedelta(hours=2))
        await run_cycle(app, steps=["poll"])
    assert not db.read_now(lambda s: s.exec(select(Article.match_due)).one())


async def test_a_new_rule_for_a_feed_finds_what_another_feed_brought_first_in_the_past(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    overlapping.rules["strike"]["match"] = "volcano"
    async with overlapping.worker(db, clock) as app:
        for name in FEEDS:
            await listed(app, overlapping, clock, name)
        overlapping.rules["second"] = {**overlapping.rules["strike"], "match": "strike"}
        await overlapping.apply(app)
        await run_cycle(app)
    assert hits(db) == [("second", "from_before")]


def test_of_many_articles_each_has_its_own_other_feeds(db: Database) -> None:
    assert db.read_now(lambda session: articles.with_feeds(session, [])) == []
    assert db.read_now(lambda session: articles.also_listing(session, [1, 2])) == {}
