"""An article that several feeds list is every one's: a rule for some feeds is tried on it, whichever came first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select, update

from core.clock import FixedClock
from pipeline.app import App
from pipeline.run import run_cycle
from pipeline.why import of_stored
from storage import articles, entries
from storage.engine import Database
from storage.tables import Article, Hit
from tests.builders import CALM, STRIKE, Item, World, page, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.sinks.http import Answer

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


@pytest.mark.parametrize("order", [("Top", "Asia"), ("Asia", "Top"), ("Top", "Third", "Asia")])
async def test_a_rule_for_a_feed_is_tried_on_what_another_feed_brought_under_another_address(
    overlapping: World, db: Database, clock: FixedClock, order: Sequence[str]
) -> None:
    world, title = overlapping, "Dockers begin strike"
    world.feeds.append({**world.feeds[0], "url": world.url("/Third"), "name": "Third", "tags": []})
    world.site["/Third"] = rss()
    first = world.publish("a", title, STRIKE)
    world.site["/m-a"] = page(title, STRIKE, head=f'<link rel="canonical" href="{first.link}">')
    mobile = Item(guid="m-a", link=world.url("/m-a"), title=title)
    async with world.worker(db, clock) as app:
        for name in order:
            world.site[f"/{name}"] = rss(first if name == order[0] else mobile)
            clock.move(timedelta(hours=2))
            await run_cycle(app)
        (why, *_) = of_stored(db, app.active.watch, "1")
    assert [one.state for one in db.read_now(lambda s: s.exec(select(Article).order_by(col(Article.id))).all())] == [
        "ready",
        "duplicate",
    ]
    assert hits(db) == [("strike", "live")]
    assert len(world.hook.requests) == 1
    assert why.outcome != "not tried"


async def test_what_was_told_on_a_copys_own_words_is_not_told_again_under_its_originals_address(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    world, title = overlapping, "Dockers begin strike"
    first = world.publish("a", title, STRIKE)
    mobile = Item(guid="m-a", link=world.url("/m-a"), title=title, summary=STRIKE[0])
    async with world.worker(db, clock) as app:
        world.site["/Top"], world.site["/m-a"] = rss(first), Answer(503)
        await run_cycle(app)
        clock.move(timedelta(days=4))  # longer than a story is open
        world.site["/Asia"] = rss(mobile)
        await run_cycle(app)
        assert len(world.hook.requests) == 1
        world.site["/m-a"] = page(title, STRIKE, head=f'<link rel="canonical" href="{first.link}">')
        for _ in range(3):
            clock.move(timedelta(hours=2))
            await run_cycle(app)
    articles = db.read_now(lambda s: s.exec(select(Article).order_by(col(Article.id))).all())
    assert [one.state for one in articles] == ["ready", "duplicate"]
    assert hits(db) == [("strike", "live")]
    assert len(world.hook.requests) == 1


async def test_an_edit_of_a_duplicate_has_its_originals_page_read_again_and_is_told_once(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    world = overlapping
    del world.rules["strike"]["feeds"]
    head = f'<link rel="canonical" href="{world.url("/a")}">'

    def both(title: str, *more: str) -> None:
        world.site["/a"] = world.site["/m-a"] = page(title, [*CALM, *more], head=head)

    def listing(title: str) -> bytes:
        return rss(Item(guid="m-a", link=world.url("/m-a"), title=title))

    both("Garden opens")
    async with world.worker(db, clock) as app:
        world.site["/Top"] = rss(Item(guid="a", link=world.url("/a"), title="Garden opens"))
        await run_cycle(app)
        steps = "Garden opens", "Garden opens amid protest", "Garden opens amid protest"
        for number, title in enumerate(steps):
            world.site["/Asia"] = listing(title)
            clock.move(timedelta(hours=2))
            await run_cycle(app)
            if number == 0:
                both("Garden opens amid protest", "Dockers who had begun a strike blocked the gates.")
    found = db.read_now(lambda s: s.exec(select(Article).order_by(col(Article.id))).all())
    assert [(one.state, one.revision) for one in found] == [("ready", 2), ("duplicate", 1)]
    assert (hits(db), len(world.hook.requests)) == ([("strike", "live")], 1)


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


async def test_of_several_articles_each_has_its_own_other_feeds(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    one, two, three = (overlapping.publish(name, f"{name} news", STRIKE) for name in "abc")
    async with overlapping.worker(db, clock) as app:
        for name, items in (("Top", (one, two)), ("Asia", (two, three))):
            overlapping.site[f"/{name}"] = rss(*items)
            clock.move(timedelta(hours=2))
            await run_cycle(app, steps=["poll"])
    found = db.read_now(lambda session: articles.with_feeds(session, [1, 2, 3]))
    listing = {row.article.feed_title[0]: (row.feed.name, [feed.name for feed in row.also]) for row in found}
    assert listing == {"a": ("Top", []), "b": ("Top", ["Asia"]), "c": ("Asia", [])}
    assert db.read_now(lambda session: articles.with_feeds(session, [])) == []


async def test_what_another_worker_has_just_matched_is_matched_again_all_the_same(
    overlapping: World, databases: Databases, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = entries.article_by_key

    def matched_meanwhile(session: Session, keys: Sequence[str]) -> dict[str, Article]:
        """Between a look at the article and its change, which only PostgreSQL's writers can do."""
        found = ask(session, keys)
        other.write_now(lambda s: s.execute(update(Article).values(match_due=False)) and None)
        return found

    with databases.fresh("postgresql", tmp_path, migrate) as url:
        db, other = Database(url), Database(url)
        async with overlapping.worker(db, clock) as app:
            await listed(app, overlapping, clock, "Top")
            again = update(Article).values(match_due=True)
            await app.db.write(lambda s: s.execute(again) and None)
            overlapping.site["/Asia"] = overlapping.site["/Top"]
            clock.move(timedelta(hours=2))
            monkeypatch.setattr(entries, "article_by_key", matched_meanwhile)
            await run_cycle(app, steps=["poll"])
        assert db.read_now(lambda s: s.exec(select(Article.match_due)).one())
        db.close()
        other.close()


async def test_what_a_new_feed_took_for_old_is_told_when_a_watched_feed_comes_to_list_it(
    overlapping: World, db: Database, clock: FixedClock
) -> None:
    del overlapping.rules["strike"]["feeds"]
    top, asia = overlapping.feeds
    overlapping.feeds = [top]
    async with overlapping.worker(db, clock) as app:
        await run_cycle(app)
        overlapping.feeds = [top, {**asia, "first_poll": "72h"}]
        await overlapping.apply(app)
        undated = replace(overlapping.publish("a", "Dockers begin strike", STRIKE), published=None)
        overlapping.site["/Asia"] = rss(undated)
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        assert (hits(db), len(overlapping.hook.requests)) == ([("strike", "from_before")], 0)
        overlapping.site["/Top"] = rss(undated)
        for _ in range(2):
            clock.move(timedelta(hours=2))
            await run_cycle(app)
    assert hits(db) == [("strike", "live")]
    assert len(overlapping.hook.requests) == 1
