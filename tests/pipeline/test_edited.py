"""Articles that their feed edits while somebody holds them as they were: nothing of the edit is lost."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from pipeline import match as step
from pipeline.run import begin, run_cycle
from storage import articles
from storage.engine import Database
from storage.tables import Article, Hit
from tests.builders import CALM, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer, Request

PATIENCE_S = 60
QUIET = " ".join(CALM)
LOUD = f"{QUIET} Dockers begin a strike."


def article_of(db: Database) -> Article:
    """The one article."""
    return db.read_now(lambda session: session.exec(select(Article)).one())


def hits(db: Database) -> list[str]:
    """The states of all hits."""
    return list(db.read_now(lambda session: session.exec(select(Hit.state)).all()))


@pytest.mark.parametrize(
    "former", [Answer(200, {"Content-Type": "text/html"}, page("Glass house", CALM)), Answer(503)], ids=["text", "none"]
)
async def test_an_article_edited_while_its_page_is_read_is_read_again(
    world: World, db: Database, clock: FixedClock, former: Answer
) -> None:
    edited, serve = threading.Event(), world.web.choose
    assert serve

    def choose(request: Request) -> Answer:
        if request.path != "/a" or world.asked("/a") > 1:
            return serve(request)
        assert edited.wait(PATIENCE_S)
        return former

    world.web.choose = choose
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Glass house"))
    async with world.worker(db, clock) as reader, world.worker(db, clock, follow=False) as poller:
        await run_cycle(poller, steps=["poll"])
        reading = asyncio.create_task(run_cycle(reader, steps=["read"]))
        while not world.asked("/a"):
            await asyncio.sleep(0.01)
        world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
        clock.move(timedelta(hours=2))
        await run_cycle(poller, steps=["poll"])
        edited.set()
        report = await reading
        await run_cycle(reader, steps=["match", "deliver"])
    article = article_of(db)
    assert (article.state, article.revision, article.title) == ("ready", 1, "Harbour at rest")
    assert (report.total("read", "skipped"), report.total("read", "ready"), world.asked("/a")) == (1, 1, 2)
    assert len(world.hook.requests) == 1


@pytest.mark.parametrize("link", ["", "/a"])
@pytest.mark.parametrize(
    ("former", "words", "states"),
    [(QUIET, LOUD, ([], ["live"])), (LOUD, QUIET, (["live"], ["withdrawn"]))],
    ids=["matches now", "matched before"],
)
async def test_words_that_a_feed_changes_while_the_former_ones_are_matched_are_matched_too(
    world: World, db: Database, clock: FixedClock, former: str, words: str, states: tuple[list[str], ...], link: str
) -> None:
    address = world.url(link) if link else ""
    world.site["/rss"] = rss(Item("a", address, "Glass house", former))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        clock.move(minutes(60))
        now, cycle = clock.now(), await begin(app, steps=["match"])
        held = await app.db.write(lambda s: articles.claim_to_match(s, owner=app.owner, now=now, limit=5))
        world.site["/rss"] = rss(Item("a", address, "Glass house", words))
        await run_cycle(app, steps=["poll"])
        await step.match_batch(cycle, step.Claimed(held))
        assert (hits(db), article_of(db).match_due) == (states[0], True)
        clock.move(minutes(1))
        await run_cycle(app, steps=["match"])
    assert (hits(db), article_of(db).match_due) == (states[1], False)
