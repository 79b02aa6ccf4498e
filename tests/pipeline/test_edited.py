"""Articles that their feed edits while somebody holds them as they were: nothing of the edit is lost."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Article
from tests.builders import CALM, STRIKE, Item, World, page, rss
from tests.sinks.http import Answer, Request

PATIENCE_S = 60


def article_of(db: Database) -> Article:
    """The one article."""
    return db.read_now(lambda session: session.exec(select(Article)).one())


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
