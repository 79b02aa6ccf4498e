"""Pages that name another address as their own: of the same article, or of the section it stands in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Hit
from tests.builders import CALM, STRIKE, Item, World, page, rss
from tests.pipeline.test_read import articles_of


async def one_before_the_other(world: World, db: Database, clock: FixedClock, items: list[Item]) -> None:
    """The feed lists the first item, and two hours later both."""
    world.site["/rss"] = rss(items[0])
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/rss"] = rss(*items)
        clock.move(timedelta(hours=2))
        await run_cycle(app)


async def test_two_addresses_of_one_text_are_one_article(world: World, db: Database, clock: FixedClock) -> None:
    head = f'<link rel="canonical" href="{world.url("/a")}">'
    items = [world.publish("a", "Harbour at rest", STRIKE), world.publish("m-a", "Harbour at rest", STRIKE)]
    world.site["/m-a"] = page("Harbour at rest", STRIKE, head=head)
    await one_before_the_other(world, db, clock, items)
    first, second = articles_of(db)
    assert (second.state, second.duplicate_of) == ("duplicate", first.id)
    assert len(db.read_now(lambda session: session.exec(select(Hit)).all())) == 1


async def test_a_page_that_names_another_text_as_its_own_address_stays_an_article(
    world: World, db: Database, clock: FixedClock
) -> None:
    head = f'<link rel="canonical" href="{world.url("/a")}">'
    items = [world.publish("a", "Harbour at rest", STRIKE), world.publish("b", "Glass house", CALM)]
    world.site["/b"] = page("Glass house", CALM, head=head)
    world.site["/rss"] = rss(*items)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert [one.state for one in articles_of(db)] == ["ready", "ready"]


@pytest.mark.parametrize("canonical", ["/warnings/", "/weather/warnings"])
async def test_pages_that_name_their_section_as_their_own_address_stay_articles(
    world: World, db: Database, clock: FixedClock, canonical: str
) -> None:
    head = f'<link rel="canonical" href="{world.url(canonical)}">'
    items = []
    for name in ("Kiel", "Munich"):
        items.append(world.publish(name, f"Warning for {name}", ()))
        world.site[f"/{name}"] = page(f"Warning for {name}", [f"Hail in {name} by night.", *CALM], head=head)
    await one_before_the_other(world, db, clock, items)
    assert [one.state for one in articles_of(db)] == ["ready", "ready"]


async def test_two_addresses_of_one_text_that_name_a_third_are_one_article(
    world: World, db: Database, clock: FixedClock
) -> None:
    head = f'<link rel="canonical" href="{world.url("/itself")}">'
    items = [world.publish(name, "Harbour at rest", STRIKE) for name in ("a", "b")]
    world.site["/a"] = world.site["/b"] = page("Harbour at rest", STRIKE, head=head)
    await one_before_the_other(world, db, clock, items)
    assert [one.state for one in articles_of(db)] == ["ready", "duplicate"]
