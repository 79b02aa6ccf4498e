"""What comes out of holds and digests: each event once, telling all that piled up, counted when it goes out."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlmodel import Session, col, select

from alerts.message import AlertView
from core.clock import FixedClock
from pipeline import stories as by_hand
from pipeline import views
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Decision, Delivery, Hit, Story
from tests.builders import NOON, Item, World, rss
from tests.pipeline.retelling import come, telling

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
QUIET = [{"from": "11:00", "to": "14:00"}]
TELLINGS = {
    "Antwerp": ("Witness 31 said so.", "Ships 77 wait outside.", "The union 93 wants talks.", "Cranes 12 stand still."),
    "Lisbon": ("Rain 5 fell on them.", "Mayor 8 came to see.", "Trucks 41 turned back.", "Fish 66 went bad."),
}


def tell(world: World, *told: tuple[str, int]) -> None:
    """Articles: (port, which telling of its strike), without pages."""
    world.site["/rss"] = rss(
        *(Item(f"{port}{n}", "", f"Dockers strike at {port}, {n} ships wait", TELLINGS[port][n]) for port, n in told)
    )


def told(world: World) -> list[tuple[str, int]]:
    """Kind and separate texts (in a digest: alerts) of what the receiver got."""
    return [
        (one["kind"], len(one["alerts"]) if one["kind"] == "digest" else one["separate_texts"])
        for one in (request.json for request in world.hook.requests)
    ]


def why(db: Database, reason: str) -> list[tuple[str, str]]:
    """Stage and action of the decisions for this reason."""
    query = select(Decision).where(Decision.reason == reason).order_by(col(Decision.id))
    return [(one.stage, one.action) for one in db.read_now(lambda session: session.exec(query).all())]


def made(db: Database) -> list[tuple[str, str, str]]:
    """Kind, state and reason of each alert in the order they were made."""
    rows = db.read_now(lambda session: session.exec(select(Alert).order_by(col(Alert.made_at))).all())
    return [(one.kind, one.state, one.reason) for one in rows]


async def test_a_mail_that_was_held_bears_the_time_at_which_it_goes(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.tell_only("desk@x.test")
    world.more["settings"] = {"public_url": "https://wächter.test/ü"}
    world.rules["strike"]["alert"] |= {"quiet": QUIET}
    tell(world, ("Antwerp", 0))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert not world.mail.mails
        clock.move(3 * HOUR)
        await run_cycle(app)
    (mail,) = world.mail.mails
    assert mail.parsed["Date"].datetime == NOON + 3 * HOUR  # mailboxes show what came at noon below what came since
    thread = sha256(f"story.{app.installation}/strike/1".encode()).hexdigest()[:32]
    assert mail.parsed["References"] == f"<{thread}@x.test>"  # another installation's first story is another thread
    assert mail.parsed["List-Unsubscribe"].startswith("<https://xn--wchter-bua.test/%C3%BC/links/unsubscribe/")


async def test_an_event_that_grew_in_quiet_hours_is_one_message_that_tells_all_its_texts(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"quiet": QUIET, "again_at": 3}
    async with world.worker(db, clock) as app:
        for number in range(3):
            tell(world, *(("Antwerp", n) for n in range(number + 1)))
            await run_cycle(app)
            clock.move(30 * MINUTE)
        clock.at = NOON + 2 * HOUR
        await run_cycle(app)
        tell(world, *(("Antwerp", n) for n in range(4)))
        clock.move(HOUR)
        await run_cycle(app)
    assert told(world) == [("first", 3)]
    assert len(world.hook.requests[0].json["articles"]) == 3
    assert why(db, "merged") == [("told", "drop")]
    assert made(db) == [("first", "queued", "sent"), ("again", "suppressed", "merged")]


async def test_an_event_stands_once_in_a_digest_with_all_its_texts(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "16:00"}, "update": "every"}
    async with world.worker(db, clock) as app:
        for number in range(3):
            tell(world, ("Lisbon", 0), *(("Antwerp", n) for n in range(number + 1)))
            await run_cycle(app)
            clock.move(30 * MINUTE)
        clock.at = NOON + 4 * HOUR
        await run_cycle(app)
    (digest,) = (request.json for request in world.hook.requests)
    assert sorted((one["kind"], one["headline"], one["separate_texts"]) for one in digest["alerts"]) == [
        ("first", "Dockers strike at Antwerp, 0 ships wait", 3), ("first", "Dockers strike at Lisbon, 0 ships wait", 1),
    ]  # fmt: skip
    assert why(db, "merged") == [("told", "drop"), ("told", "drop")]


async def test_a_late_joiner_of_a_story_that_was_told_rings_nobody_and_is_kept_with_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        tell(world, ("Antwerp", 0))
        await run_cycle(app)
        clock.move(30 * HOUR)
        tell(world, ("Antwerp", 0), ("Antwerp", 1))
        await run_cycle(app)
    assert told(world) == [("first", 1)]
    assert made(db) == [("first", "queued", "sent")]
    one, other = db.read_now(lambda session: session.exec(select(Hit.story_id)).all())
    assert one == other


async def test_two_replies_that_are_due_together_go_each_into_its_own_thread(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["mail"], "update": "thread"}
    world.feeds[0]["every"] = "1m"
    async with world.worker(db, clock) as app:
        tell(world, ("Antwerp", 0), ("Lisbon", 0))
        await run_cycle(app)
        tell(world, ("Antwerp", 0), ("Lisbon", 0), ("Antwerp", 1), ("Lisbon", 1))
        clock.move(5 * MINUTE)
        await run_cycle(app)
        assert updates(world) == [False, False]
        clock.move(10 * MINUTE)
        await run_cycle(app)
    assert updates(world) == [False, False, True, True]
    first, second = (mail.parsed["References"] for mail in world.mail.mails[2:])
    assert first != second


def updates(world: World) -> list[bool]:
    """Of each e-mail, whether it is an update in the thread of its event."""
    return ["Update: a further separate text" in mail.parsed.as_string() for mail in world.mail.mails]


async def test_replies_in_a_thread_are_spaced_from_when_the_last_one_went_out(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["mail"], "update": "thread"}
    world.feeds[0]["every"] = "1m"
    sent: list[int] = []
    async with world.worker(db, clock) as app:
        for minute in (0, 1, 2, 14, 15, 18, 29, 30, 39):
            tell(world, *(("Antwerp", n) for n in range(1 + sum(minute >= at for at in (1, 18)))))
            clock.at = NOON + minute * MINUTE
            before = len(world.mail.mails)
            await run_cycle(app)
            sent += [minute] * (len(world.mail.mails) - before)
    assert sent == [0, 15, 30]


@pytest.mark.parametrize("pause", [MINUTE, timedelta(seconds=-2)])
async def test_a_text_that_comes_behind_a_further_message_is_a_reply_of_its_own(
    world: World, db: Database, clock: FixedClock, pause: timedelta
) -> None:
    world.tell_only("desk@x.test")
    world.rules["strike"]["alert"] |= {"update": "thread", "again_at": 3}
    clock.move(HOUR)
    async with world.worker(db, clock) as app:
        # the first message, a reply that waits, the further one that tells its text, a reply
        for number in range(1, 5):
            await come(world, db, app, *map(telling, range(1, number + 1)))
            clock.move(pause)
        assert len(world.mail.mails) == 2
        clock.move(16 * MINUTE)
        await run_cycle(app)
    assert updates(world) == [False, False, True]
    assert "4 separate texts" in world.mail.mails[-1].parsed.as_string()


@pytest.mark.parametrize("how", ["off", "closed", "silenced"])
async def test_of_what_nobody_was_told_a_further_text_is_the_first_message(
    world: World, db: Database, clock: FixedClock, how: str
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "13:00"}}
    async with world.worker(db, clock) as app:

        async def hush(for_now: bool) -> None:
            world.rules["strike"]["enabled"] = how != "off" or not for_now
            await world.apply(app)
            if how == "closed":
                act = by_hand.close if for_now else by_hand.reopen
                db.write_now(lambda s: act(s, story, who="ada", now=clock.at))
            elif how == "silenced" and for_now:
                db.write_now(
                    lambda s: by_hand.silence(s, story, until=NOON + 2 * HOUR + MINUTE, who="ada", now=clock.at)
                )

        await come(world, db, app, telling(1))
        story = db.read_now(lambda s: s.exec(select(Story.id)).one()) or 0
        await hush(for_now=True)
        await hush(for_now=how != "off")
        await come(world, db, app, Item("other", "", "Dockers strike at Lisbon", "Rain 5 fell on them."))
        clock.move(2 * HOUR)
        await run_cycle(app)
        assert told(world) == [("digest", 1)]
        await hush(for_now=False)
        clock.move(MINUTE)
        await come(world, db, app, telling(2))
        clock.at = NOON + 25 * HOUR
        await run_cycle(app)
    digest = world.hook.requests[-1].json
    assert [(one["kind"], one["separate_texts"]) for one in digest["alerts"]] == [("first", 2)]


async def test_what_was_held_uses_up_the_budget_of_the_day_it_goes_out(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"quiet": [{"from": "11:00", "to": "01:00"}], "budget": "1/day"}
    async with world.worker(db, clock) as app:
        tell(world, ("Antwerp", 0))
        await run_cycle(app)
        clock.at = NOON + 13 * HOUR  # the next day
        await run_cycle(app)
        assert told(world) == [("first", 1)]
        tell(world, ("Antwerp", 0), ("Lisbon", 0))
        clock.move(HOUR)
        await run_cycle(app)
        assert told(world) == [("first", 1)]
    assert why(db, "over_budget") == [("budget", "fold")]


async def test_what_waits_in_a_digest_is_not_told_when_a_later_message_of_its_event_went_out(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "16:00"}, "again_at": 2}
    async with world.worker(db, clock) as app:
        tell(world, ("Antwerp", 0))
        await run_cycle(app)
        del world.rules["strike"]["alert"]["digest"]
        await world.apply(app)
        clock.move(HOUR)
        tell(world, ("Antwerp", 0), ("Antwerp", 1))
        await run_cycle(app)
        assert told(world) == [("again", 2)]
        clock.at = NOON + 4 * HOUR
        await run_cycle(app)
    assert told(world) == [("again", 2)]
    assert ("told", "drop") in why(db, "already_told")


async def test_however_many_piled_up_they_are_one_message(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.alerts.RELEASED_AT_ONCE", 50)
    many = 110
    world.rules["strike"]["alert"] |= {"quiet": QUIET}
    tell(world, ("Antwerp", 0))
    async with world.worker(db, clock) as app:
        await run_cycle(app)

        def pile_up(session: Session) -> None:
            held = session.exec(select(Alert)).one()
            view = views.load(held.view)
            assert isinstance(view, AlertView)
            for number in range(many):
                story = Story(
                    rule_id="strike",
                    title="S",
                    first_article_id=held.article_id or 0,
                    first_hit_at=NOON,
                    last_hit_at=NOON,
                    origins=1,
                )
                session.add(story)
                session.flush()
                values = {**held.model_dump(), "id": f"{number:064d}", "story_id": story.id}
                session.add(Alert(**values))

        await app.db.write(pile_up)
        clock.at = NOON + 2 * HOUR
        await run_cycle(app)
    (digest,) = (request.json for request in world.hook.requests)
    assert len(digest["alerts"]) + digest["left_out"] == 1 + many


async def test_a_deleted_rule_says_of_each_alert_that_it_took_it_along(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["other"] = {"title": "Other", "match": "volcano", "alert": {"to": ["hook"]}}
    tell(world, ("Antwerp", 0), ("Lisbon", 0))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        del world.rules["strike"]
        await world.apply(app)
        await run_cycle(app)
    assert why(db, "rule_gone") == [("rule", "drop"), ("rule", "drop")]
    assert set(db.read_now(lambda s: s.exec(select(Delivery.state)).all())) == {"suppressed"}


async def test_a_digest_says_of_each_article_which_message_told_it_and_when_it_waited(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "12:30"}, "quiet": [{"from": "12:15", "to": "14:00"}]}
    tell(world, ("Antwerp", 0))
    async with world.worker(db, clock) as app:
        for at in (0, 31, 120):
            clock.at = NOON + at * MINUTE
            await run_cycle(app)
    told = db.read_now(lambda s: s.exec(select(Alert).where(Alert.kind == "first")).one())
    query = select(Decision).where(Decision.alert_id == told.id).order_by(col(Decision.id))
    decided = [(one.stage, one.action, one.reason) for one in db.read_now(lambda s: s.exec(query).all())]
    assert decided == [("digest", "fold", "digest"), ("quiet", "hold", "quiet_hours"), ("digest", "none", "digest")]
