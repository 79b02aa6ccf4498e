"""Near misses: stored articles that lack one clause, newest first, and how many were looked at."""

from __future__ import annotations

from datetime import timedelta

from core.clock import FixedClock
from pipeline.app import App
from pipeline.near import Near, near_misses
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import NOON, Item, World, rss

TEXTS = {
    "Dockers strike in Antwerp": "A hit.",
    "Dockers rest in Antwerp": "The strike of three years ago is long over, and nobody in town wants it back.",
    "Pilots strike in Antwerp": "No plane leaves.",
    "Dockers in Antwerp sing": "A choir.",
    "Garden opens": "Ferns.",
}


def misses(app: App, **how: int) -> Near:
    """The near misses of the rule on strikes."""
    rule = app.active.watch.rule("strike")
    assert rule is not None
    return near_misses(app.db, rule, since=NOON - timedelta(days=1), **how)


async def test_what_lacks_one_clause_is_listed_with_it(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["match"] = "near/3(docker, strike) AND Antwerp"
    async with world.worker(db, clock) as app:
        for title, text in TEXTS.items():
            world.site["/rss"] = rss(Item(title, "", title, text))
            await run_cycle(app)
            clock.move(timedelta(hours=1))
        one = misses(app)
        first = misses(app, limit=1)
        few = misses(app, most=1)
    assert [(found.title, miss.failed, miss.miss) for found, miss in one.misses] == [
        ("Dockers in Antwerp sing", "strike", "not in the article"),
        ("Pilots strike in Antwerp", "docker", "not in the article"),
        ("Dockers rest in Antwerp", "near/3(docker, strike)", "never as separate words in one field"),
    ]
    assert (one.articles, one.offered, one.looked_at) == (5, 4, 4)
    assert ([found.title for found, _ in first.misses], first.looked_at) == (["Dockers in Antwerp sing"], 1)
    assert few.looked_at == 1


async def test_an_article_that_the_rule_is_not_tried_on_is_no_near_miss(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"] |= {"match": "docker AND strike", "feeds": {"none": ["News"]}, "enabled": False}
    world.site["/rss"] = rss(Item("a", "", "Dockers sing"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        one = misses(app)
        world.rules["strike"]["feeds"] = {}
        await world.apply(app)
        await run_cycle(app)
        free = misses(app)
    assert one.misses == ()
    assert len(free.misses) == 1
