"""What is withdrawn counts no more for `first` and `again_at`: edited so that it matches no more, or "not this"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline import feedback
from pipeline import match as step
from pipeline.app import Active, App
from pipeline.run import run_cycle
from rules.match import Trouble, Verdict
from storage import configs
from storage.articles import ToMatch
from storage.engine import Database
from storage.tables import Alert, Decision, Feed, Hit, Story
from tests.builders import Item, World, rss
from tests.pipeline.conftest import NOON

ANTWERP = "Dockers strike at Antwerp"


def telling(number: int) -> Item:
    """A further separate text of one event."""
    return Item(f"t{number}", "", f"{ANTWERP}, {number} ships wait", f"Witness {number * 31} said so.")


def edited(number: int) -> Item:
    """The same item when its words match no more."""
    before = telling(number)
    return replace(before, title=before.title.replace("strike", "sing"))


async def come(world: World, db: Database, app: App, *items: Item) -> None:
    """These items come in, and a cycle is run."""
    world.site["/rss"] = rss(*items)

    def due(session: Any) -> None:
        for feed in session.exec(select(Feed)):
            feed.next_poll_at = NOON
            session.add(feed)

    db.write_now(due)
    await run_cycle(app)


def story(db: Database) -> Story:
    """The one story."""
    return db.read_now(lambda session: session.exec(select(Story)).one())


def made(db: Database) -> list[tuple[str, int]]:
    """Kind and ordinal of each alert."""
    rows = db.read_now(lambda s: s.exec(select(Alert).order_by(col(Alert.made_at), col(Alert.ordinal))).all())
    return [(one.kind, one.ordinal) for one in rows]


async def withdraw(how: str, world: World, db: Database, app: App, number: int) -> None:
    """Have a text of the story count no more."""
    if how == "edited":
        await come(world, db, app, edited(number))
        return
    hit = db.read_now(lambda s: s.exec(select(Hit).order_by(col(Hit.id).desc())).first())
    assert hit is not None
    if how == "a hit":
        db.write_now(lambda s: feedback.not_this_hit(s, hit.id or 0, who="ada", now=app.clock.now()))
    else:
        about = (hit.rule_id, str(hit.story_id))
        db.write_now(lambda s: feedback.not_this(s, *about, who="ada", now=app.clock.now()))


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


QUIET_HOURS = {"quiet": [{"from": "11:00", "to": "14:00"}]}
MORNING = NOON + timedelta(hours=2)


@pytest.fixture
def quiet(world: World) -> World:
    """What comes is held until MORNING."""
    world.rules["strike"]["alert"] |= QUIET_HOURS
    return world


async def morning(app: App, clock: FixedClock) -> None:
    """The quiet hours end."""
    clock.at = max(clock.at, MORNING)
    await run_cycle(app)


def heads(world: World) -> list[str]:
    """Which text each message is led by."""
    return [request.json["articles"][0]["title"] for request in world.hook.requests]


@pytest.mark.parametrize("how", ["edited", "a hit", "the story"])
async def test_what_is_withdrawn_while_it_is_held_is_told_to_nobody(
    quiet: World, db: Database, clock: FixedClock, how: str
) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await withdraw(how, quiet, db, app, 0)
        await morning(app, clock)
    assert quiet.hook.requests == []
    (row,) = db.read_now(lambda s: s.exec(select(Alert)).all())
    assert (row.state, row.reason) == ("suppressed", Reason.RETRACTED)
    decided = db.read_now(lambda s: s.exec(select(Decision).where(Decision.alert_id == row.id)).all())
    assert [(one.stage, one.action) for one in decided] == [("quiet", "hold"), ("stands", "drop")]


async def test_what_tells_the_event_after_all_is_told_where_the_first_text_was_withdrawn_before(
    quiet: World, db: Database, clock: FixedClock
) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await withdraw("a hit", quiet, db, app, 0)
        await morning(app, clock)
        await come(quiet, db, app, telling(1))
        await come(quiet, db, app, telling(2))
    assert heads(quiet) == [telling(1).title]
    assert made(db) == [("first", 0)]


@pytest.mark.parametrize("how", ["edited", "a hit"])
async def test_what_is_withdrawn_and_comes_back_is_told_once(
    quiet: World, db: Database, clock: FixedClock, how: str
) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await withdraw(how, quiet, db, app, 0)
        await morning(app, clock)
        for _ in range(2):
            clock.move(timedelta(hours=30))
            if how == "edited":
                await come(quiet, db, app, edited(0))
                await come(quiet, db, app, telling(0))
            else:
                db.write_now(lambda s: feedback.not_this_hit(s, 1, who="ada", now=clock.now()))
                db.write_now(lambda s: feedback.take_back(s, 1, who="ada", now=clock.now()))
                await run_cycle(app)
    assert heads(quiet) == [telling(0).title]


async def test_a_held_alert_is_led_by_a_text_that_stands(quiet: World, db: Database, clock: FixedClock) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await come(quiet, db, app, telling(1), telling(2))
        db.write_now(lambda s: feedback.not_this_hit(s, 1, who="ada", now=clock.now()))
        await morning(app, clock)
    (told,) = (request.json for request in quiet.hook.requests)
    assert told["separate_texts"] == 2
    assert [one["title"] for one in told["articles"]] == [telling(1).title, telling(2).title]
    assert "1 ships" in str(told["passages"])
    assert "0 ships" not in str(told)


async def test_a_held_alert_for_two_texts_is_not_told_for_one(quiet: World, db: Database, clock: FixedClock) -> None:
    quiet.rules["strike"]["alert"] |= {"first": 2}
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0), telling(1))
        await withdraw("a hit", quiet, db, app, 1)
        await morning(app, clock)
        assert quiet.hook.requests == []
        await come(quiet, db, app, telling(2))
    assert [request.json["separate_texts"] for request in quiet.hook.requests] == [2]


async def test_a_digest_leaves_out_what_was_withdrawn_while_it_collected(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "16:00"}, "update": "every"}
    elsewhere = Item("e", "", "Dockers strike at Lisbon, 5 ships wait", "Rain 5 fell on them.")
    async with world.worker(db, clock) as app:
        await come(world, db, app, elsewhere)
        await come(world, db, app, telling(0))
        await withdraw("a hit", world, db, app, 0)
        clock.at = NOON + timedelta(hours=5)
        await run_cycle(app)
    (told,) = (request.json for request in world.hook.requests)
    assert [one["articles"][0]["title"] for one in told["alerts"]] == [elsewhere.title]


async def test_an_update_whose_text_is_withdrawn_while_it_waits_is_told_to_nobody(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"update": "every"}
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        world.rules["strike"]["alert"] |= QUIET_HOURS
        await world.apply(app)
        await come(world, db, app, telling(1))
        assert made(db) == [("first", 0), ("update", 2)]
        await withdraw("a hit", world, db, app, 1)
        await morning(app, clock)
        assert len(world.hook.requests) == 1
        await come(world, db, app, telling(2))
    assert [request.json["kind"] for request in world.hook.requests] == ["first", "update"]
