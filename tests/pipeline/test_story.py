"""Hits find their story among those that are open, without reading all their articles again for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from pipeline import match, story
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Feed, Story
from stories.facts import Facts, facts_of
from stories.telling import Telling, just_told
from tests.builders import CALM, NOON, STRIKE, Item, World, minutes, rss

PIERS = rss(*(Item(f"e{n}", "", f"Dockers of pier {n} strike", f"Crane {n * 7}.") for n in range(30)))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Article → how often what it tells was made of its row."""
    counts: Counter[str] = Counter()

    def counting(*args: Any, **named: Any) -> Telling:
        made = real(*args, **named)
        counts[made.article] += 1
        return made

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
    world.site["/rss"] = PIERS
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert len(made) == 30
    assert max(made.values()) == 2  # as the new hit, and as one that is there


async def test_a_rule_with_more_tellings_than_are_kept_has_each_of_its_articles_read_once(
    world: World, db: Database, clock: FixedClock, made: Counter[str]
) -> None:
    world.site["/rss"] = PIERS
    async with world.worker(db, clock) as app:
        app.active = replace(app.active, tellings_kept=5)
        await run_cycle(app)
    assert max(made.values()) == 2


async def test_what_was_not_asked_for_the_longest_is_not_kept(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = PIERS
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        before = len(app.active.tellings)
        app.active = replace(app.active, tellings_kept=5)
        clock.move(timedelta(days=30))  # out of the rule's window
        world.site["/rss"] = rss(*(Item(f"f{n}", "", f"Dockers of quay {n} strike", f"Ship {n}.") for n in range(8)))
        poll_again(db)
        await run_cycle(app)
        assert (before, len(app.active.tellings)) == (29, 7)  # all but the last, which none was compared with


async def test_after_a_start_what_open_stories_tell_is_found_before_the_transaction(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = PIERS
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    just_told.cache_clear()
    found = within = 0

    def finding(*args: Any) -> Facts:
        nonlocal found
        found += 1
        return facts_of(*args)

    def recording(*args: Any, **named: Any) -> Any:
        nonlocal within
        before = found
        try:
            return record(*args, **named)
        finally:
            within += found - before

    record = match.record
    monkeypatch.setattr("stories.telling.facts_of", finding)
    monkeypatch.setattr(match, "record", recording)
    world.site["/rss"] = rss(Item("f", "", "Dockers of Bergen strike", "Cranes."))
    async with world.worker(db, clock) as app:
        poll_again(db)
        await run_cycle(app)
    assert (found, within) == (31, 1)  # the new one's own


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


async def test_an_alert_shows_the_passages_that_say_why_it_came_whole(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["match"] = "dockers AND cranes AND near/20(harbour, closed)"
    told = (
        "Dockers met.",
        "Dockers sang.",
        "Dockers left.",
        "The harbour is quiet. It is closed.",
        "Cranes stand still.",
    )
    world.site["/rss"] = rss(Item("a", "", "Dockers of Lisbon", " ".join(told)))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    (request,) = world.hook.requests
    assert [
        [passage["sentence"][start:end] for start, end in passage["marks"]] for passage in request.json["passages"]
    ] == [["Dockers"], ["harbour", "closed"], ["Cranes"]]
    assert request.json["more_passages"] == 3


async def test_a_place_that_ends_in_the_next_sentence_is_shown_with_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["match"] = "dockers AND near/20(strike, Thursday)"
    world.site["/rss"] = rss(Item("a", "", "Lisbon", "Dockers began a strike. It may end on Thursday. Rain fell."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    (request,) = world.hook.requests
    (passage,) = request.json["passages"]
    assert passage["sentence"] == "Dockers began a strike. It may end on Thursday."
    assert [passage["sentence"][start:end] for start, end in passage["marks"]] == ["Dockers", "strike", "Thursday"]
