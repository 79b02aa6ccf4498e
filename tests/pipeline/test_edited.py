"""Articles that their feed edits while somebody holds them as they were: nothing of the edit is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from pipeline import match as step
from pipeline.entries import ASKED_OFTEN
from pipeline.run import begin, run_cycle
from storage import articles
from storage.engine import Database
from storage.tables import Article, Entry, Hit
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


@pytest.mark.parametrize(
    ("former", "kept"), [(STRIKE, "full"), (STRIKE[:1], "teaser")], ids=["a full text", "another teaser"]
)
async def test_a_teaser_takes_the_place_of_a_teaser_and_of_no_full_text(
    world: World, db: Database, clock: FixedClock, former: Sequence[str], kept: str
) -> None:
    walled = '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": false}</script>'
    item = world.publish("a", "Harbour at rest", former)
    if kept == "teaser":
        world.site["/a"] = page("Harbour at rest", former, head=walled)
    world.site["/rss"] = rss(item)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/a"] = page("Harbour at rest", ["No ship is unloaded."], head=walled)
        world.site["/rss"] = rss(Item(item.guid, item.link, "Harbour at rest!"))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        article = article_of(db)
        if kept == "teaser":
            assert (article.state, article.text, article.revision) == ("partial", "No ship is unloaded.", 2)
            return
        assert (article.state, article.reason, article.revision) == ("pending", "wall", 1)
        clock.move(timedelta(minutes=2))
        await run_cycle(app)
        article = article_of(db)
        assert (article.state, article.attempts, article.revision) == ("pending", 2, 1)
        world.site["/a"] = page("Harbour at rest!", [*STRIKE, "Talks begin tomorrow."])
        clock.move(timedelta(minutes=6))
        await run_cycle(app)
        article = article_of(db)
        assert (article.state, article.reason, article.revision) == ("ready", "", 2)
        assert hits(db) == ["live"]


@pytest.mark.parametrize("former", ["", "/gone", "/walled"])
async def test_an_unread_article_is_read_at_the_address_that_its_item_gets_later_and_told_once(
    world: World, db: Database, clock: FixedClock, former: str
) -> None:
    world.site |= {"/gone": Answer(410), "/walled": Answer(503), "/a": page("Harbour at rest", STRIKE)}
    first = Item("a", world.url(former) if former else "", "Harbour at rest", "Read more inside.")
    async with world.worker(db, clock) as app:
        for link in (first.link, world.url("/a"), world.url("/a"), world.url("/elsewhere")):
            world.site["/rss"] = rss(replace(first, link=link), title=str(clock.now()))
            await run_cycle(app)
            clock.move(timedelta(hours=2))
    article = article_of(db)
    assert (article.state, article.url, article.revision) == ("ready", world.url("/a"), 1)
    assert (hits(db), len(world.hook.requests)) == (["live"], 1)
    assert (world.asked("/a"), world.asked("/elsewhere")) == (1, 0)


async def test_an_item_whose_later_address_is_another_feeds_article_joins_that_one(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds.append({**world.feeds[0], "url": world.url("/other"), "name": "Other"})
    item = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/other"] = rss(item)
    async with world.worker(db, clock) as app:
        for link in (world.url("/gone"), item.link):
            world.site["/rss"] = rss(replace(item, guid="b", link=link))
            await run_cycle(app)
            clock.move(timedelta(hours=2))
    listing = db.read_now(lambda session: session.exec(select(Entry.article_id)).all())
    assert (len(listing), len(set(listing)), world.asked("/a")) == (2, 1, 1)
    assert (hits(db), len(world.hook.requests)) == (["live"], 1)


async def test_links_that_differ_at_each_poll_do_not_have_a_page_asked_for_without_end(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        for number in range(15):
            world.site["/rss"] = rss(Item("a", world.url(f"/gone?session={number}"), "Harbour at rest"))
            for step_of_it in ("poll", "read"):
                await run_cycle(app, steps=[step_of_it])
            clock.move(timedelta(hours=12))
    assert sum(request.path.startswith("/gone") for request in world.web.requests) == ASKED_OFTEN + 1
    assert article_of(db).state == "partial"
