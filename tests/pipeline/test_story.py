"""Hits find their story among those that are open, without reading all their articles again for each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from pipeline import story
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Feed, Story
from stories.telling import Telling
from tests.builders import CALM, NOON, STRIKE, Item, World, minutes, rss


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Article → how often what it tells was made of its row."""
    counts: Counter[str] = Counter()

    def counting(*args: Any, **named: Any) -> Telling:
        telling = real(*args, **named)
        counts[telling.article] += 1
        return telling

    real = story.telling
    monkeypatch.setattr(story, "telling", counting)
    return counts


def poll_again(db: Database) -> None:
    """The feed is due."""

    def work(session: Session) -> None:
        feed = session.exec(select(Feed)).one()
        feed.next_poll_at = NOON
        session.add(feed)

    db.write_now(work)


async def test_of_many_hits_each_article_is_read_once_for_all_later_ones(
    world: World, db: Database, clock: FixedClock, made: Counter[str]
) -> None:
    world.site["/rss"] = rss(*(Item(f"e{n}", "", f"Dockers of pier {n} strike", f"Crane {n * 7}.") for n in range(30)))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert len(made) == 30
    assert max(made.values()) == 2  # as the new hit, and as one that is there


async def test_a_text_that_was_read_anew_is_compared_as_it_is_now(
    world: World, db: Database, clock: FixedClock
) -> None:
    first = world.publish("a", "Harbour at rest", ["The dockers' strike.", *CALM])
    world.site["/rss"] = rss(first)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(minutes(10))
        first = world.publish("a", "Harbour stands still", STRIKE, summary="Edited.")
        copy = world.publish("b", "Nothing is unloaded", [*STRIKE, "A strike of dockers."])
        for items in ((first, Item("c", "", "Dockers of Bergen strike", "Cranes.")), (first, copy)):
            world.site["/rss"] = rss(*items)
            poll_again(db)
            await run_cycle(app)
            clock.move(minutes(10))
    stories = db.read_now(lambda session: session.exec(select(Story).order_by(Story.id)).all())  # type: ignore[arg-type]
    assert [(one.articles, one.origins) for one in stories] == [(2, 1), (1, 1)]
