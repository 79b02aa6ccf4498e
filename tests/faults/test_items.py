"""Faults 18 to 22 and 26: items whose ids, texts or places in the feed change, from the feed to the receiver.

A second feed with nothing wrong is polled in each run. The clock is the test's own: hours lie between two polls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from core.clock import FixedClock
from pipeline.app import App
from pipeline.entries import FLOOD
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, ArticleRevision, Delivery, Entry, FeedPoll, Story
from tests.builders import CALM, NOON, STRIKE, Item, World, page, rss
from tests.faults.stored import DAY, articles_of, due, feed_of, told

HOUR = timedelta(hours=1)
HEADLINE = "Harbour at rest"
FERRY = (
    "Dockers at the island's ferry port began a strike on Friday over unpaid wages, and twelve sailings were off.",
    "Passengers with cars queued along the coast road until dusk; the shipping line offered refunds or other days.",
    "A judge in the capital will hear both sides on Monday; only medicine and mail are taken across the strait.",
)


@asynccontextmanager
async def watching(world: World, db: Database, clock: FixedClock) -> AsyncIterator[App]:
    """A worker of a watch over the feed in question, `/rss`, and a good one; two receivers are told."""
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.site["/good"] = rss(Item("good", world.url("/calm"), "A calm day", "Nothing happened."))
    world.site["/calm"] = page("A calm day", CALM)
    world.feeds.append({"url": world.url("/good"), "name": "Good", "first_poll": "9000h"})
    async with world.worker(db, clock) as app:
        yield app


async def polls(world: World, db: Database, app: App, clock: FixedClock, *editions: bytes) -> None:
    """Poll each edition of the feed, an hour apart, and read, match and deliver what it brings."""
    for edition in editions:
        world.site["/rss"] = edition
        due(db)
        await run_cycle(app)
        clock.move(HOUR)


def told_once_each(world: World, db: Database, *headlines: str) -> None:
    """Each headline reached each receiver once and nothing else did; the feeds are well."""
    told = [request for request in world.hook.requests if request.path == "/hook"]
    assert sorted(request.json["headline"] for request in told) == sorted(headlines)
    assert len({request.key for request in told}) == len(headlines)
    assert len(world.mail.ids) == len(world.mail.mails) == len(headlines)
    assert {one.state for one in db.read_now(lambda s: s.exec(select(Delivery)).all())} == {"sent"}
    assert (feed_of(db).state, feed_of(db, "Good").state) == ("ok", "ok")
    assert [one.title for one in articles_of(db, "Good")] == ["A calm day"]


def entries_of(db: Database) -> list[str]:
    number = feed_of(db).id
    return list(
        db.read_now(lambda s: s.exec(select(Entry.key).where(Entry.feed_id == number).order_by(Entry.key)).all())
    )


def revisions(db: Database) -> list[tuple[str, str]]:
    rows = select(ArticleRevision).order_by(col(ArticleRevision.id))
    return [(one.title, one.text) for one in db.read_now(lambda s: s.exec(rows).all())]


# -- 18


@pytest.mark.parametrize("address", ["same", "none", "new"])
async def test_fault_18_a_guid_that_changes_at_each_fetch_brings_one_alert(
    world: World, db: Database, clock: FixedClock, address: str
) -> None:
    item = world.publish("strike", HEADLINE, STRIKE, summary="Dockers went on strike.")
    editions = []
    for number in range(4):
        link = {"same": item.link, "none": "", "new": f"{item.link}?session={number}"}[address]
        editions.append(rss(replace(item, guid=f"guid-{number}", link=link), title=f"News, edition {number}"))
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, *editions)
    told_once_each(world, db, HEADLINE)
    assert len(entries_of(db)) == (4 if address == "new" else 1)


# -- 19


@pytest.mark.parametrize("has_page", [True, False])
async def test_fault_19_a_guid_given_to_a_new_item_brings_a_second_alert(
    world: World, db: Database, clock: FixedClock, has_page: bool
) -> None:
    first = Item("latest", "", HEADLINE, " ".join(STRIKE), NOON - HOUR)
    second = Item("latest", "", "Ferries stay in port", " ".join(FERRY), NOON + HOUR)
    if has_page:
        first = replace(world.publish("strike", HEADLINE, STRIKE), guid="latest")
        second = replace(world.publish("ferry", "Ferries stay in port", FERRY), guid="latest")
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, rss(first), rss(second), rss(first), rss(second))
    told_once_each(world, db, HEADLINE, "Ferries stay in port")


# -- 20


async def test_fault_20_an_edited_page_brings_no_second_alert_and_its_former_text_is_kept(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with watching(world, db, clock) as app:
        item = world.publish("strike", HEADLINE, STRIKE, summary="Dockers on strike.")
        await polls(world, db, app, clock, rss(item))
        for number in range(3):
            title = f"{HEADLINE}, day {number + 2}"
            edited = world.publish(
                "strike", title, [*STRIKE, f"On day {number + 2} a strike vote of dockers was held."]
            )
            await polls(world, db, app, clock, rss(replace(edited, summary=f"Dockers on strike, {number}.")))
    told_once_each(world, db, HEADLINE)
    (article,) = articles_of(db)
    assert (article.title, article.revision) == (f"{HEADLINE}, day 4", 4)
    assert [title for title, _ in revisions(db)] == [HEADLINE, f"{HEADLINE}, day 2", f"{HEADLINE}, day 3"]
    assert "day 3" not in revisions(db)[0][1]


async def test_fault_20_an_edited_item_without_an_address_brings_no_second_alert_and_its_former_words_are_kept(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = Item("strike", "", HEADLINE, " ".join(STRIKE), NOON - HOUR)
    longer = replace(item, title=f"{HEADLINE} (updated)", summary=" ".join([*STRIKE, "A vote was held at noon."]))
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, rss(item), rss(longer), rss(longer))
    told_once_each(world, db, HEADLINE)
    (article,) = articles_of(db)
    assert article.feed_title == f"{HEADLINE} (updated)"
    assert revisions(db) == [(HEADLINE, " ".join(STRIKE))]


async def test_fault_20_an_item_whose_address_changes_with_its_headline_brings_no_second_alert(
    world: World, db: Database, clock: FixedClock
) -> None:
    first = replace(world.publish("harbour-at-rest", HEADLINE, STRIKE), guid="4711")
    second = replace(world.publish("strike-goes-on", "Strike goes on in the harbour", STRIKE), guid="4711")
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, rss(first), rss(second), rss(second))
    told_once_each(world, db, HEADLINE)


async def test_fault_20_an_edit_that_makes_an_item_match_is_told(world: World, db: Database, clock: FixedClock) -> None:
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, rss(world.publish("page", "A calm week", CALM, summary="Calm.")))
        assert told(world) == []
        edited = world.publish("page", "A calm week ends", [*CALM, *STRIKE], summary="Strike.")
        await polls(world, db, app, clock, rss(edited))
    told_once_each(world, db, "A calm week ends")


# -- 21


def old_events(world: World, count: int, *, edition: int, same_links: bool, dated: bool) -> Iterable[Item]:
    for number in range(count):
        name = f"old{number}" if same_links else f"old{number}-{edition}"
        title = f"Dockers of pier {number} strike over crane {number * 7}"
        published = NOON - 60 * DAY - number * HOUR if dated else None
        yield Item(f"{edition}/{number}", world.url(f"/{name}"), title, f"Pier {number}: {title}.", published)


async def old_items_under_new_ids(world: World, db: Database, clock: FixedClock, kind: str, count: int) -> None:
    """The same old items under new ids at the second and third poll, with one piece of news among them."""
    settings = {"same_links": kind == "same addresses", "dated": "no dates" not in kind}
    world.feeds[0]["first_poll"] = "72h"
    world.more["defaults"] = {"operators": ["ops"]}
    world.channels["ops"] = {"url": world.hook.url("/ops", scheme="webhook")}
    fresh = world.publish("strike", HEADLINE, STRIKE, summary=STRIKE[0])
    async with watching(world, db, clock) as app:
        for edition, items in ((1, count), (2, count), (3, count - 1)):
            first = [replace(fresh, published=clock.now())] if edition > 1 else []
            world.site["/rss"] = rss(*first, *old_events(world, items, edition=edition, **settings))
            due(db)
            await run_cycle(app, steps=["poll"])
            clock.move(HOUR)
            await run_cycle(app, steps=["match", "deliver"])  # on what the feed says: no page is read
            assert len(world.mail.mails) == min(edition - 1, 1)
            clock.move(10 * DAY)
    held = [] if kind == "same addresses" else [f"{count} of {count + 1}", f"{count - 1} of {count - 1}"]
    notices = [one.json["title"] for one in world.hook.requests if one.path == "/ops"]
    assert [line.partition("News: ")[2].partition(" new items: ")[0] for line in notices] == held
    polls = select(FeedPoll.reason).where(FeedPoll.feed_id == feed_of(db).id, FeedPoll.reason != "")
    assert db.read_now(lambda s: s.exec(polls).all()) == ["flood"] * len(held)
    feed = [one.feed_title for one in articles_of(db) if one.feed_title != HEADLINE]
    assert len(feed) == (count if kind == "same addresses" else 3 * count - 1)
    assert {one.from_before for one in articles_of(db) if one.feed_title != HEADLINE} == {True}
    told = [request.json["headline"] for request in world.hook.requests if request.path == "/hook"]
    assert told == [HEADLINE]


FLOODS = ("same addresses", "new addresses and old dates", "new addresses and no dates")


@pytest.mark.parametrize("kind", FLOODS)
async def test_fault_21_a_flood_of_old_items_under_new_ids_brings_no_alert(
    world: World, db: Database, clock: FixedClock, kind: str
) -> None:
    await old_items_under_new_ids(world, db, clock, kind, 2 * FLOOD)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", FLOODS)
async def test_fault_21_five_hundred_old_items_under_new_ids_bring_no_alert(
    world: World, db: Database, clock: FixedClock, kind: str
) -> None:
    await old_items_under_new_ids(world, db, clock, kind, 500)


# -- 22


@pytest.mark.parametrize("copies", ["one address", "copies", "other words"])
async def test_fault_22_the_same_story_in_five_feeds_brings_one_alert(
    world: World, db: Database, clock: FixedClock, copies: str
) -> None:
    world.feeds = []
    for number in range(5):
        name = "story" if copies == "one address" else f"story{number}"
        lead = [f"By our own correspondent {number}."] if copies == "copies" else []
        text = STRIKE if copies != "other words" else [*STRIKE[number % 4 :], *STRIKE[: number % 4]]
        title = HEADLINE if copies == "one address" else f"{HEADLINE}, {number}"
        item = replace(world.publish(name, title, [*lead, *text]), guid=f"guid{number}")
        world.site[f"/rss{number}"] = rss(item)
        world.feeds.append({"url": world.url(f"/rss{number}"), "name": f"Feed {number}", "first_poll": "9000h"})
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        due(db)
        await run_cycle(app)
    assert len(world.hook.requests) == 1
    stories = db.read_now(lambda s: s.exec(select(Story)).all())
    assert [(one.articles, one.origins) for one in stories] == [(1 if copies == "one address" else 5, 1)]


# -- 26


@pytest.mark.parametrize("address", ["with an address", "without an address"])
async def test_fault_26_an_item_that_flaps_in_and_out_is_told_once(
    world: World, db: Database, clock: FixedClock, address: str
) -> None:
    item = world.publish("strike", HEADLINE, STRIKE, summary="Dockers on strike.")
    other = world.publish("calm2", "Another calm day", CALM)
    if address != "with an address":
        item, other = replace(item, link=""), replace(other, link="")
    full, without, empty = rss(item, other), rss(other), rss()
    async with watching(world, db, clock) as app:
        await polls(world, db, app, clock, full, without, full, empty, full)
        clock.move(40 * DAY)
        await polls(world, db, app, clock, without, full)
    told_once_each(world, db, HEADLINE)
    assert db.read_now(lambda s: len(s.exec(select(Alert)).all())) == 1
