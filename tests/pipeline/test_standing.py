"""What is withdrawn while its alert waits is left out of it; what stands after all is told once, to everybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from alerts import keys
from alerts.message import Kind
from core.clock import FixedClock
from core.reasons import Reason
from pipeline import feedback, restored
from pipeline.app import App
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Article, Config, Decision, Story
from tests.builders import NOON, Item, World
from tests.pipeline.retelling import come, edited, made, telling, withdraw
from tests.sinks.http import Answer

QUIET_HOURS = {"quiet": [{"from": "11:00", "to": "14:00"}]}
HOUR = timedelta(hours=1)
MORNING = NOON + 2 * HOUR


@pytest.fixture
def quiet(world: World) -> World:
    """What comes is held until MORNING."""
    world.rules["strike"]["alert"] |= QUIET_HOURS
    return world


def wrong(db: Database, clock: FixedClock, hit: int, who: str = "ada") -> None:
    """Ada, or another, says that a hit is not what its rule is for."""
    db.write_now(lambda s: feedback.not_this_hit(s, hit, who=who, now=clock.now()))


def right(db: Database, clock: FixedClock, hit: int) -> None:
    """Ada takes it back."""
    db.write_now(lambda s: feedback.take_back(s, hit, who="ada", now=clock.now()))


def copy_of(world: World, number: int) -> Item:
    """The same text elsewhere."""
    return replace(telling(number), guid=f"copy{number}", link=world.url(f"/copy{number}"))


async def loud_then_quiet(world: World, db: Database, app: App, **policy: Any) -> None:
    """The first text is told at once, what follows waits."""
    world.rules["strike"]["alert"] |= policy
    await world.apply(app)
    await come(world, db, app, telling(0))
    world.rules["strike"]["alert"] |= QUIET_HOURS
    await world.apply(app)


async def update_that_is_not_told(world: World, db: Database, clock: FixedClock, app: App) -> None:
    """The first text is told; the second is said to be wrong while its update waits."""
    await loud_then_quiet(world, db, app, update="every")
    await come(world, db, app, telling(1))
    wrong(db, clock, 2)
    await morning(app, clock)


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
    about = select(Decision).where(Decision.alert_id == row.id).order_by(col(Decision.id))
    decided = db.read_now(lambda s: s.exec(about).all())
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
    (told,) = (request.json for request in quiet.hook.requests)
    assert [one["title"] for one in told["articles"]] == [telling(1).title]
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
                wrong(db, clock, 1)
                right(db, clock, 1)
                await run_cycle(app)
    assert heads(quiet) == [telling(0).title]


async def test_a_held_alert_is_led_by_a_text_that_stands(quiet: World, db: Database, clock: FixedClock) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await come(quiet, db, app, telling(1), telling(2))
        wrong(db, clock, 1)
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


async def test_what_a_digest_left_out_is_told_by_the_next_when_a_further_text_tells_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "16:00"}}
    elsewhere = Item("e", "", "Dockers strike at Lisbon, 5 ships wait", "Rain 5 fell on them.")
    async with world.worker(db, clock) as app:
        await come(world, db, app, elsewhere)
        await come(world, db, app, telling(0))
        await withdraw("a hit", world, db, app, 0)
        clock.move(timedelta(hours=5))
        await run_cycle(app)
        await come(world, db, app, telling(1))
        clock.move(timedelta(hours=24))
        await run_cycle(app)
    digests = [request.json["alerts"] for request in world.hook.requests]
    titles = [one["articles"][0]["title"] for told in digests for one in told]
    assert titles == [elsewhere.title, telling(1).title]
    assert len(digests) == 2


async def test_an_update_whose_text_is_withdrawn_while_it_waits_is_told_to_nobody_until_that_text_comes_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await update_that_is_not_told(world, db, clock, app)
        await come(world, db, app, telling(2))
        wrong(db, clock, 1)
        right(db, clock, 1)
        await run_cycle(app)
        assert heads(world) == [telling(0).title, telling(2).title]
        right(db, clock, 2)
        await run_cycle(app)
        await run_cycle(app)
    assert heads(world) == [telling(0).title, telling(2).title, telling(1).title]
    assert made(db) == [("first", 0), ("update", 2), ("update", 3)]


async def test_a_copy_of_a_text_whose_update_was_not_told_is_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await update_that_is_not_told(world, db, clock, app)
        await come(world, db, app, copy_of(world, 1))
    assert heads(world) == [telling(0).title, telling(1).title]


async def test_an_update_whose_text_is_withdrawn_does_not_tell_a_copy_of_what_was_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update="every")
        await come(world, db, app, telling(1))
        await come(world, db, app, copy_of(world, 0))
        wrong(db, clock, 2)
        await morning(app, clock)
    assert heads(world) == [telling(0).title]


async def test_a_further_message_that_waits_does_not_lose_its_own_text_with_an_earlier_one(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update="every", again_at=3)
        await come(world, db, app, telling(1))
        await come(world, db, app, telling(2))
        assert made(db) == [("again", 0), ("first", 0), ("update", 2)]
        wrong(db, clock, 2)
        await morning(app, clock)
    assert heads(world) == [telling(0).title, telling(2).title]


async def test_a_further_message_for_two_texts_comes_when_there_are_two_after_all(
    quiet: World, db: Database, clock: FixedClock
) -> None:
    quiet.rules["strike"]["alert"] |= {"again_at": 2}
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await come(quiet, db, app, telling(1))
        assert made(db) == [("again", 0), ("first", 0)]
        wrong(db, clock, 2)
        await morning(app, clock)
        await come(quiet, db, app, telling(2))
    assert [request.json["kind"] for request in quiet.hook.requests] == ["first", "again"]


@pytest.mark.parametrize("update", ["every", "thread"])
async def test_a_text_whose_further_message_was_made_anew_for_another_is_an_update_when_it_comes_back(
    world: World, db: Database, clock: FixedClock, update: str
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update=update, again_at=2, to=["mail"])
        await come(world, db, app, telling(1))
        assert made(db) == [("again", 0), ("first", 0)]
        wrong(db, clock, 2)
        await morning(app, clock)
        await come(world, db, app, telling(2))
        for _ in range(2):
            clock.move(HOUR)
            right(db, clock, 2)
            await run_cycle(app)
            wrong(db, clock, 2)
    subjects = [str(mail.parsed["Subject"]) for mail in world.mail.mails]
    assert [subject.partition("] ")[2].partition(" (")[0] for subject in subjects] == [
        telling(number).title for number in (0, 2, 1)
    ]
    assert made(db) == [("again", 0), ("first", 0), ("update", 2)]


@pytest.mark.parametrize(("update", "comes"), [("every", [1, 0]), ("never", [1])])
async def test_a_text_whose_first_message_another_made_is_an_update_when_it_comes_back(
    quiet: World, db: Database, clock: FixedClock, update: str, comes: list[int]
) -> None:
    quiet.rules["strike"]["alert"] |= {"update": update}
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await come(quiet, db, app, edited(0))
        await morning(app, clock)
        await come(quiet, db, app, telling(1))
        wrong(db, clock, 2)
        right(db, clock, 2)
        await run_cycle(app)
        assert heads(quiet) == [telling(1).title]
        for item in (telling(0), edited(0), telling(0)):
            await come(quiet, db, app, item)
    assert heads(quiet) == [telling(number).title for number in comes]


async def test_what_is_from_before_leads_no_message(quiet: World, db: Database, clock: FixedClock) -> None:
    before = replace(telling(0), published=NOON - timedelta(days=900))
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, before)
        clock.move(timedelta(minutes=1))
        await come(quiet, db, app, telling(1))
        wrong(db, clock, 2)
        await morning(app, clock)
        assert quiet.hook.requests == []
        await come(quiet, db, app, telling(2))
    assert heads(quiet) == [telling(2).title]


async def test_who_missed_what_others_had_gets_it_in_the_catch_up_though_it_was_withdrawn(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.hook.choose = lambda request: Answer(503)
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        while clock.now() < NOON + timedelta(hours=26):
            clock.move(timedelta(hours=1))
            await run_cycle(app)
        wrong(db, clock, 1)
        world.hook.choose = None
        for _ in range(2):
            clock.move(timedelta(hours=1))
            await run_cycle(app)
    assert len(world.mail.mails) == 1
    assert [request.json["kind"] for request in world.hook.taken] == ["digest"]


async def test_what_comes_back_is_not_told_when_it_may_have_been_before_a_restore(
    quiet: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        wrong(db, clock, 1)
        await morning(app, clock)
        monkeypatch.setattr(restored, "maybe_told", lambda *_: True)
        right(db, clock, 1)
        await run_cycle(app)
    assert quiet.hook.requests == []
    assert db.read_now(lambda s: s.exec(select(Alert.reason)).all()) == [Reason.RESTORED]


async def test_each_of_two_updates_that_wait_answers_for_its_own_text(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update="every")
        await come(world, db, app, telling(1))
        await come(world, db, app, telling(2))
        wrong(db, clock, 2)
        await morning(app, clock)
        assert heads(world) == [telling(0).title, telling(2).title]
        clock.at = NOON + timedelta(hours=23, minutes=30)  # quiet again
        right(db, clock, 2)
        await run_cycle(app)
        wrong(db, clock, 2)
        clock.at = NOON + timedelta(hours=26)
        await run_cycle(app)
        assert len(world.hook.requests) == 2
        right(db, clock, 2)
        await run_cycle(app)
    assert heads(world)[2:] == [telling(1).title]


async def test_an_update_for_several_texts_is_told_when_the_last_of_them_comes_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update="thread", to=["mail"])
        for number in (1, 2):
            await come(world, db, app, telling(number))
        assert made(db) == [("first", 0), ("update", 2)]
        for hit in (2, 3):
            wrong(db, clock, hit)
        await morning(app, clock)
        assert len(world.mail.mails) == 1
        right(db, clock, 3)
        await run_cycle(app)
    (_, told) = (str(mail.parsed) for mail in world.mail.mails)
    assert telling(2).title in told
    assert telling(1).title not in told


@pytest.mark.parametrize("again", [copy_of, right])
async def test_a_text_that_the_first_message_told_after_all_is_no_update_any_more(
    quiet: World, db: Database, clock: FixedClock, again: Any
) -> None:
    quiet.rules["strike"]["alert"] |= {"update": "every"}
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, telling(0))
        await come(quiet, db, app, telling(1))
        await withdraw("the story", quiet, db, app, 0)
        await morning(app, clock)
        await come(quiet, db, app, copy_of(quiet, 1))
        if again is copy_of:
            await come(quiet, db, app, replace(copy_of(quiet, 1), guid="more", link=quiet.url("/more")))
        else:
            right(db, clock, 2)
            await run_cycle(app)
    assert [request.json["kind"] for request in quiet.hook.requests] == ["first"]


async def test_a_copy_that_was_withdrawn_is_not_named_though_its_text_stands(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, update="every")
        await come(world, db, app, copy_of(world, 0))
        await come(world, db, app, telling(1))
        wrong(db, clock, 2)
        await morning(app, clock)
    told = world.hook.requests[1].json["articles"]
    assert [one["url"] for one in told] == [telling(1).link, telling(0).link]


async def test_two_texts_of_which_one_comes_back_are_two(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"] |= {"first": 2}
    async with world.worker(db, clock) as app:
        for item in (telling(0), edited(0), telling(1)):
            await come(world, db, app, item)
        assert made(db) == []
        await come(world, db, app, telling(0))
        await come(world, db, app, edited(0))
        await come(world, db, app, telling(0))
    assert [request.json["separate_texts"] for request in world.hook.requests] == [2]


async def two_texts_of_which_one_is_wrong(world: World, db: Database, clock: FixedClock, app: App) -> None:
    """Of a rule that asks for two: nothing is made yet."""
    await come(world, db, app, telling(0))
    wrong(db, clock, 1)
    await come(world, db, app, telling(1))
    assert made(db) == []


async def test_two_texts_of_which_one_is_right_after_all_are_told_once(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"first": 2}
    async with world.worker(db, clock) as app:
        await two_texts_of_which_one_is_wrong(world, db, clock, app)
        for _ in range(2):
            right(db, clock, 1)
            await run_cycle(app)
            wrong(db, clock, 1)
    (told,) = (request.json for request in world.hook.requests)
    assert (told["kind"], told["separate_texts"]) == ("first", 2)
    assert [one["title"] for one in told["articles"]] == [telling(0).title, telling(1).title]
    about = select(Decision.stage, Decision.action, Decision.reason).where(col(Decision.alert_id) != "")
    decided = db.read_now(lambda s: s.exec(about.order_by(col(Decision.id))).all())
    assert list(decided) == [("policy", "hold", "taken_back"), ("send", "send", "sent")]


@pytest.mark.parametrize("why", ["rule gone", "rule off", "others say so too", "withdrawn, too", "too few", "past"])
async def test_a_verdict_that_is_taken_back_makes_no_message_that_is_not_owed(
    world: World, db: Database, clock: FixedClock, why: str
) -> None:
    world.rules["strike"]["alert"] |= {"first": 3 if why == "too few" else 2}
    first = replace(telling(0), published=NOON - timedelta(days=900)) if why == "past" else telling(0)
    async with world.worker(db, clock) as app:
        await come(world, db, app, first)
        wrong(db, clock, 1)
        await come(world, db, app, telling(1))
        if why == "others say so too":
            wrong(db, clock, 1, who="bob")
        elif why == "withdrawn, too":
            await come(world, db, app, edited(0))
        elif why.startswith("rule"):
            world.rules["strike"]["enabled"] = False
            world.rules["other"] = {"title": "Other", "match": "volcano", "alert": {"to": ["hook"]}}
            if why == "rule gone":
                del world.rules["strike"]
            await world.apply(app)
        right(db, clock, 1)
        await run_cycle(app)
    assert (made(db), world.hook.requests) == ([], [])


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("silenced", Reason.SILENCED),
        ("quiet", Reason.QUIET_HOURS),
        ("told", Reason.ALREADY_TOLD),
        ("restored", Reason.RESTORED),
    ],
)
async def test_what_a_verdict_taken_back_owes_is_decided_as_all_else_is(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, why: str, reason: Reason
) -> None:
    world.rules["strike"]["alert"] |= {"first": 2, **(QUIET_HOURS if why == "quiet" else {})}
    async with world.worker(db, clock) as app:
        await two_texts_of_which_one_is_wrong(world, db, clock, app)
        if why == "silenced":
            db.write_now(lambda s: feedback.silence(s, "strike", "1", who="ada", now=clock.now()))
        elif why == "restored":
            monkeypatch.setattr(restored, "maybe_told", lambda *_: True)
        elif why == "told":
            begun = db.read_now(lambda s: s.exec(select(Article.key).order_by(col(Article.id))).first()) or ""
            app.sent_log.add(keys.delivery_key(app.installation, keys.alert_id("strike", begun, Kind.FIRST), "hook"))
        right(db, clock, 1)
        await run_cycle(app)
    assert db.read_now(lambda s: s.exec(select(Alert.reason)).all()) == [reason]
    assert world.hook.requests == []


async def test_a_verdict_is_taken_back_though_the_watch_file_is_damaged(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"first": 2}
    async with world.worker(db, clock) as app:
        await two_texts_of_which_one_is_wrong(world, db, clock, app)
    db.write_now(lambda s: s.execute(update(Config).values(text="version: 2\n")) and None)
    right(db, clock, 1)
    assert db.read_now(lambda s: s.exec(select(Story.origins)).all()) == [2]
    assert made(db) == []


async def test_no_update_goes_before_the_first_message(quiet: World, db: Database, clock: FixedClock) -> None:
    quiet.rules["strike"]["alert"] |= {"first": 2, "update": "every"}
    async with quiet.worker(db, clock) as app:
        for number in range(3):
            await come(quiet, db, app, telling(number))
        for hit in (1, 2):
            wrong(db, clock, hit)
        await morning(app, clock)
        assert quiet.hook.requests == []
        right(db, clock, 2)
        await run_cycle(app)
    (told,) = (request.json for request in quiet.hook.requests)
    assert (told["kind"], told["separate_texts"]) == ("first", 2)


async def test_a_further_message_is_not_led_by_what_was_told(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        await loud_then_quiet(world, db, app, again_at=3)
        for number in (1, 2, 3):
            await come(world, db, app, telling(number))
        wrong(db, clock, 3)
        await morning(app, clock)
    assert heads(world) == [telling(0).title, telling(3).title]


@pytest.mark.parametrize("asked", [False, True])
async def test_what_is_from_before_leads_a_message_where_that_is_asked_for(
    quiet: World, db: Database, clock: FixedClock, asked: bool
) -> None:
    quiet.rules["strike"]["alert"] |= {"past": asked}
    async with quiet.worker(db, clock) as app:
        await come(quiet, db, app, replace(telling(0), published=NOON - timedelta(days=900)))
        wrong(db, clock, 1)
        await morning(app, clock)
        right(db, clock, 1)
        await run_cycle(app)
    assert heads(quiet) == [telling(0).title] * asked
