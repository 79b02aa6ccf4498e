"""What is withdrawn counts no more for `first` and `again_at`: edited so that it matches no more, or "not this"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline import feedback
from pipeline import match as step
from pipeline.app import Active
from pipeline.run import run_cycle
from rules.match import Trouble, Verdict
from storage import configs
from storage.articles import ToMatch
from storage.engine import Database
from storage.tables import Hit, Story
from tests.builders import NOON, Item, World
from tests.pipeline.retelling import come, edited, made, telling, withdraw


def story(db: Database) -> Story:
    """The one story."""
    return db.read_now(lambda session: session.exec(select(Story)).one())


@pytest.mark.parametrize("how", ["edited", "a hit", "the story"])
async def test_what_is_withdrawn_counts_no_more_for_first(
    world: World, db: Database, clock: FixedClock, how: str
) -> None:
    world.rules["strike"]["alert"] |= {"first": 2}
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        await withdraw(how, world, db, app, 0)
        assert (story(db).articles, story(db).origins) == (1, 0)
        await come(world, db, app, telling(1))
        assert (made(db), story(db).origins) == ([], 1)
        await come(world, db, app, telling(2))
    (told,) = (request.json for request in world.hook.requests)
    assert (told["kind"], told["separate_texts"]) == ("first", 2)


@pytest.mark.parametrize("why", ["disabled", "switched off", "gone", "too costly"])
async def test_a_rule_that_gives_no_answer_withdraws_nothing(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    judge = step.judge

    def too_costly(active: Active, one: ToMatch) -> step.Judged:
        return replace(judge(active, one), verdict=Verdict(troubles=(Trouble("strike", Reason.TOO_COSTLY),)))

    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        if why == "too costly":
            monkeypatch.setattr(step, "judge", too_costly)
        elif why == "switched off":
            db.write_now(lambda s: configs.switch_off(s, "strike", Reason.RULE_FAILED, clock.now()))
        else:
            world.rules["strike"]["enabled"] = False
            world.rules["other"] = {"title": "Other", "match": "volcano", "alert": {"to": ["hook"]}}
            if why == "gone":
                del world.rules["strike"]
            await world.apply(app)
        await come(world, db, app, edited(0))
    assert db.read_now(lambda s: s.exec(select(Hit.state)).all()) == ["live"]
    assert (story(db).articles, story(db).origins) == (1, 1)


async def test_a_rule_that_answered_when_it_was_tried_again_withdraws(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge, troubles = step.judge, (Trouble("strike", Reason.TOO_COSTLY),)
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        late = Verdict(troubles=troubles, answered=frozenset({"strike"}))
        monkeypatch.setattr(step, "judge", lambda active, one: replace(judge(active, one), verdict=late))
        await come(world, db, app, edited(0))
    assert db.read_now(lambda s: s.exec(select(Hit.state)).all()) == ["withdrawn"]


@pytest.mark.parametrize(
    "came", ["before its feed", "before its rule", "before its rule, edited since", "while the rule was another"]
)
async def test_what_comes_back_is_from_before_if_it_was(
    world: World, db: Database, clock: FixedClock, came: str
) -> None:
    item = replace(telling(0), published=NOON - timedelta(days=900)) if came == "before its feed" else telling(0)
    if came.startswith("before its rule"):
        world.rules["strike"]["enabled"] = False
    state = "live" if came == "while the rule was another" else "from_before"
    async with world.worker(db, clock) as app:
        await come(world, db, app, item)
        if came != "before its feed":
            clock.move(timedelta(minutes=1))
            world.rules["strike"] |= {"enabled": True, "match": "dockers AND strike"}
            await world.apply(app)
            await run_cycle(app, steps=["match"])
        if came.endswith("edited since"):
            clock.move(timedelta(minutes=1))
            world.rules["strike"]["match"] = "strike AND dockers"
            await world.apply(app)
            await run_cycle(app, steps=["match"])
        for changed, expected in ((item, state), (edited(0), "withdrawn"), (item, state)):
            await come(world, db, app, replace(item, title=changed.title))
            assert db.read_now(lambda s: s.exec(select(Hit.state)).one()) == expected


async def test_what_is_withdrawn_counts_no_more_for_again_at(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"] |= {"again_at": 3}
    async with world.worker(db, clock) as app:
        for number in range(2):
            await come(world, db, app, telling(number))
        await withdraw("a hit", world, db, app, 1)
        await come(world, db, app, telling(2))
        assert made(db) == [("first", 0)]
        await come(world, db, app, telling(3))
    assert [request.json["separate_texts"] for request in world.hook.requests] == [1, 3]


async def test_a_text_counts_as_long_as_one_copy_of_it_does_and_again_when_it_comes_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"first": 3}
    copy = Item("copy", world.url("/copy"), telling(0).title, telling(0).summary)
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        await come(world, db, app, copy, telling(0))
        assert (story(db).articles, story(db).origins) == (2, 1)
        await withdraw("a hit", world, db, app, 0)
        assert story(db).origins == 1
        await withdraw("edited", world, db, app, 0)
        assert story(db).origins == 0
        await come(world, db, app, telling(0))
        assert story(db).origins == 1
        hit = db.read_now(lambda s: s.exec(select(Hit.id).order_by(col(Hit.id).desc())).first())
        db.write_now(lambda s: feedback.take_back(s, hit or 0, who="ada", now=NOON))
        await come(world, db, app, edited(0))
        assert story(db).origins == 1


async def test_a_new_copy_of_a_withdrawn_text_makes_it_count(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"] |= {"first": 2}
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        await withdraw("a hit", world, db, app, 0)
        await come(world, db, app, telling(1))
        assert made(db) == []
        await come(world, db, app, Item("copy", world.url("/copy"), telling(0).title, telling(0).summary))
    assert made(db) == [("first", 0)]


async def test_a_further_text_is_told_even_where_another_was_withdrawn_before(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"update": "every"}
    async with world.worker(db, clock) as app:
        for number in range(2):
            await come(world, db, app, telling(number))
            clock.move(timedelta(minutes=1))
        await withdraw("a hit", world, db, app, 1)
        await come(world, db, app, telling(2))
    assert made(db) == [("first", 0), ("update", 2), ("update", 3)]
    assert len(world.hook.requests) == 3
