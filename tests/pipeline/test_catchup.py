"""What could only be delivered a day late: one catch-up digest, to those who missed it and to nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select, update

from alerts import keys
from alerts.message import Kind
from alerts.retry import GIVE_UP, Next, State
from core.clock import FixedClock
from core.reasons import Reason
from pipeline.app import App
from pipeline.catchup import gives_up, is_stale
from pipeline.resend import resend
from pipeline.run import run_cycle
from pipeline.stories import silence
from storage import deliveries
from storage.engine import Database
from storage.tables import Alert, Article, Decision, Delivery, Hit
from tests.builders import Item, World, rss
from tests.pipeline.conftest import NOON
from tests.pipeline.retelling import refused_for_good
from tests.sinks.http import Answer

HOUR, DAY, TEN = timedelta(hours=1), timedelta(days=1), timedelta(minutes=10)
ANN, DESK = "mail:ann@x.test", "mail:desk@x.test"


def publish(world: World, *numbers: int) -> None:
    """Different events, without pages."""
    ports = ("Aberdeen", "Bergen", "Cadiz", "Dakar", "Emden")
    world.site["/rss"] = rss(
        *(
            Item(f"e{n}", "", f"{ports[n]} dockers begin strike", f"Cranes {n * 7} stand in {ports[n]}.")
            for n in numbers
        )
    )


async def pause(app: App, target: str) -> None:
    """Send nothing to this target."""
    await app.db.write(lambda s: deliveries.pause(s, target, "auth", app.clock.now()))


def telling(port: str, number: int) -> Item:
    """A separate text of this port's strike."""
    headline = f"Dockers strike at {port}, {number} ships wait"
    return Item(f"{port}{number}", "", headline, f"Witness {number * 31} of {port} said so.")


def states(db: Database) -> list[tuple[str, str, str, str]]:
    """Kind, target, state and reason of each delivery, in the order they were made."""
    found = db.read_now(
        lambda s: s.exec(
            select(Alert.kind, Delivery.target_id, Delivery.state, Delivery.reason)
            .where(Alert.id == Delivery.alert_id)
            .order_by(col(Delivery.id))
        ).all()
    )
    return [tuple(one) for one in found]  # type: ignore[misc]


def stages(db: Database, headline: str) -> list[tuple[str, str, str]]:
    """What `alerts why` tells of the article of this headline, since it was placed in a story."""

    def asked(session: Session) -> list[tuple[str, str, str]]:
        alerts = session.exec(select(Alert).where(Alert.kind != "digest")).all()
        article = next(one.article_id for one in alerts if headline in one.view["article"]["title"])
        query = select(Decision).where(Decision.article_id == article).order_by(col(Decision.id))
        return [(one.stage, one.action, one.reason) for one in session.exec(query).all() if one.alert_id]

    return db.read_now(asked)


async def test_only_who_missed_it_gets_the_catch_up_and_its_two_alerts_are_one_message(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.hook.choose = lambda request: Answer(503)
    publish(world, 0, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert len(world.mail.mails) == 2
        while clock.now() < NOON + 26 * HOUR:
            clock.move(HOUR)
            await run_cycle(app)
        world.hook.choose = None
        for _ in range(3):
            clock.move(HOUR)
            await run_cycle(app)
    (digest,) = world.hook.taken
    assert digest.json["kind"] == "digest"
    assert len(digest.json["alerts"]) == 2
    assert len(world.mail.mails) == 2
    assert [one for one in states(db) if one[1] == "hook"] == [
        ("first", "hook", "suppressed", "merged"),
        ("first", "hook", "suppressed", "merged"),
        ("digest", "hook", "sent", "accepted"),
    ]
    assert stages(db, "Aberdeen") == [
        ("send", "send", "sent"), ("deliver", "fold", "stale"), ("digest", "none", "stale"),
    ]  # fmt: skip


async def test_what_a_paused_target_missed_for_a_day_is_one_message_when_it_is_resumed(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        publish(world, 0)
        await run_cycle(app)
        await pause(app, "hook")
        publish(world, 0, 1, 2)
        clock.move(HOUR)
        await run_cycle(app)
        clock.move(DAY)
        publish(world, 0, 1, 2, 3)
        await run_cycle(app)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        clock.move(HOUR)
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    kinds = [(one.json["kind"], len(one.json.get("alerts", [1]))) for one in world.hook.taken]
    assert kinds == [("first", 1), ("first", 1), ("digest", 2)]  # the youngest is an hour old and goes as itself


@pytest.mark.parametrize("paused", [True, False])
async def test_what_was_refused_once_before_days_without_a_try_is_one_message(
    world: World, db: Database, clock: FixedClock, paused: bool
) -> None:
    world.hook.will(Answer(503), Answer(429))
    publish(world, 0, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(TEN)
        if paused:  # else nothing runs
            await pause(app, "hook")
            await run_cycle(app)
        clock.move(3 * DAY)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        backs_off = update(Delivery).where(col(Delivery.id) == 2).values(not_before=clock.now() + 3 * TEN)
        await app.db.write(lambda s: s.execute(backs_off) and None)  # as another that was refused a while ago
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    assert [(one.json["kind"], len(one.json["alerts"])) for one in world.hook.taken] == [("digest", 2)]


async def test_nothing_that_ran_late_by_less_than_a_day_is_folded(
    world: World, db: Database, clock: FixedClock
) -> None:
    publish(world, 0)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        assert world.hook.requests == []
        await pause(app, "hook")
        clock.move(DAY)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        await run_cycle(app)
    assert [one.json["kind"] for one in world.hook.taken] == ["first"]


async def test_what_a_person_sends_again_goes_as_itself_however_old(
    world: World, db: Database, clock: FixedClock
) -> None:
    publish(world, 0)
    async with refused_for_good(world, db, clock) as app:
        clock.move(5 * DAY)
        assert await app.db.write(lambda s: resend(s, "dead", who="me", now=clock.now())) == 1
        await run_cycle(app)
    assert [one.json["kind"] for one in world.hook.taken] == ["first"]


async def test_of_the_catch_up_the_silenced_stories_are_left_out_and_the_others_keep_what_they_had(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    publish(world, 0)
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: deliveries.sync_targets(s, [("hook", "hook", "")]))
        await pause(app, "hook")
        await run_cycle(app)
        clock.move(DAY + HOUR)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        await run_cycle(app)
        story = db.read_now(lambda s: s.exec(select(Alert.story_id)).first()) or 0
        until = clock.now() + DAY
        await app.db.write(lambda s: silence(s, story, until=until, who="me", now=clock.now()))
        clock.move(TEN)
        await run_cycle(app)
    assert world.hook.requests == []
    alert = db.read_now(lambda s: s.exec(select(Alert)).one())
    assert alert.state == "queued"
    assert stages(db, "Aberdeen")[-1] == ("silence", "drop", "silenced")


async def test_a_channel_that_lacked_its_secret_for_a_day_catches_up_with_each_recipient(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.channels["mail"] = {
        **world.mailbox("ann@x.test", "bob@x.test"),
        "user": "watch",
        "password": "${MAIL_PASSWORD}",
    }
    world.rules["strike"]["alert"] = {"to": ["mail"]}
    publish(world, 0, 1)
    async with world.worker(db, clock, environ={"MAIL_PASSWORD": "hush"}):
        pass
    async with world.worker(db, clock, follow=False) as app:
        await run_cycle(app)
    del world.channels["mail"]["user"], world.channels["mail"]["password"]
    clock.move(DAY + HOUR)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    assert sorted(mail.recipients for mail in world.mail.mails) == [("ann@x.test",), ("bob@x.test",)]
    assert all("2 alerts: catch-up" in str(mail.parsed["Subject"]) for mail in world.mail.mails)


async def test_an_address_of_two_channels_gets_one_catch_up(world: World, db: Database, clock: FixedClock) -> None:
    world.channels["mail"], world.channels["night"] = world.mailbox("ann@x.test"), world.mailbox("ANN@x.test")
    world.rules["strike"]["alert"] = {"to": ["mail", "night"], "quiet": [{"from": "11:00", "to": "13:00"}]}
    publish(world, 0, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(DAY + 3 * HOUR)  # nothing ran when the quiet hours ended
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    assert [mail.recipients for mail in world.mail.mails] == [("ann@x.test",)]


async def test_who_missed_it_waits_for_a_channel_that_lacks_its_secret_when_the_catch_up_is_due(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.channels["mail"] = world.mailbox("ann@x.test", "bob@x.test")
    world.rules["strike"]["alert"] = {"to": ["mail", "hook"]}
    publish(world, 0)
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: deliveries.sync_targets(s, [(ANN, "mail", "ann@x.test"), ("hook", "hook", "")]))
        for target in (ANN, "hook"):
            await pause(app, target)
        await run_cycle(app)
        clock.move(DAY + HOUR)
        await app.db.write(lambda s: [deliveries.resume(s, one) for one in ("mail", "hook")])
        await run_cycle(app)
    secret = {"user": "watch", "password": "${MAIL_PASSWORD}"}
    world.channels["mail"] |= secret
    async with world.worker(db, clock, environ={"MAIL_PASSWORD": "hush"}):
        pass
    clock.move(TEN)
    async with world.worker(db, clock, follow=False) as app:
        await run_cycle(app)
    assert states(db)[-2:] == [("digest", "hook", "sent", "accepted"), ("digest", ANN, "pending", "")]
    for name in secret:
        del world.channels["mail"][name]
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert [mail.recipients for mail in world.mail.mails] == [("bob@x.test",), ("ann@x.test",)]


async def test_what_was_missed_by_a_recipient_or_channel_that_is_gone_is_a_dead_letter_and_told_to_the_others(
    world: World, db: Database, clock: FixedClock
) -> None:
    bob = "mail:bob@x.test"
    world.channels["mail"] = world.mailbox("ann@x.test", "bob@x.test")
    world.rules["strike"]["alert"] = {"to": ["mail", "hook"]}
    publish(world, 0)
    async with world.worker(db, clock) as app:
        known = [(ANN, "mail", "ann@x.test"), (bob, "mail", "bob@x.test"), ("hook", "hook", "")]
        await app.db.write(lambda s: deliveries.sync_targets(s, known))
        for target, _, _ in known:
            await pause(app, target)
        await run_cycle(app)
        clock.move(DAY + HOUR)
        await app.db.write(lambda s: [deliveries.resume(s, one) for one in ("mail", "hook")])
        await run_cycle(app)
    world.tell_only("bob@x.test")
    del world.channels["hook"]
    clock.move(TEN)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert sorted(states(db)) == [
        ("digest", bob, "sent", "accepted"),
        ("first", "hook", "dead", "gave_up"),
        ("first", ANN, "dead", "gave_up"),
        ("first", bob, "suppressed", "merged"),
    ]


async def test_what_a_catch_up_told_is_noted_for_each_target_under_all_articles_of_its_events(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    tellings = [telling(port, number) for number in range(2) for port in ("Antwerp", "Bergen")]
    missing = {"hook": "hook", "mail": DESK}
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: deliveries.sync_targets(s, [("hook", "hook", ""), (DESK, "mail", "desk@x.test")]))
        for count, target in enumerate(missing.values(), start=1):  # the mailbox had Antwerp when it was paused
            await pause(app, target)
            world.site["/rss"] = rss(*tellings[:count])
            await run_cycle(app)
            clock.move(HOUR)
        clock.move(DAY)
        await app.db.write(lambda s: [deliveries.resume(s, channel) for channel in missing])
        for count in (2, 2, 4):
            world.site["/rss"] = rss(*tellings[:count])
            await run_cycle(app)
            clock.move(HOUR)
        joined = db.read_now(
            lambda s: s.exec(select(Article.key, Hit.story_id).where(Hit.article_id == Article.id)).all()
        )
        first = {key: keys.alert_id("strike", key, Kind.FIRST) for key, _ in joined}
        noted = {
            (key, target)
            for key, alert in first.items()
            for target in missing.values()
            if keys.delivery_key(app.installation, alert, target) in app.sent_log
        }
    assert len(joined) == 4
    assert len({story for _, story in joined}) == 2
    assert noted == {(key, target) for key in first for target in missing.values()}
    assert [len(one.json["alerts"]) for one in world.hook.taken] == [2]
    assert len(world.mail.mails) == 2


async def test_an_event_that_grew_while_nothing_ran_is_caught_up_with_all_its_texts(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"again_at": 3, "quiet": [{"from": "11:00", "to": "14:00"}]}
    async with world.worker(db, clock) as app:
        for count in range(1, 4):
            world.site["/rss"] = rss(*(telling("Antwerp", number) for number in range(count)))
            await run_cycle(app)
            clock.move(HOUR / 2)
        clock.at = NOON + 28 * HOUR
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    (digest,) = world.hook.taken
    (event,) = digest.json["alerts"]
    assert (event["kind"], event["separate_texts"], len(event["articles"])) == ("first", 3, 3)


async def test_an_event_of_which_a_target_missed_two_alerts_stands_once_in_its_catch_up(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"again_at": 2}
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: deliveries.sync_targets(s, [("hook", "hook", "")]))
        await pause(app, "hook")
        for count in (1, 2):
            world.site["/rss"] = rss(*(telling("Antwerp", number) for number in range(count)))
            await run_cycle(app)
            clock.move(HOUR)
        clock.move(DAY)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    (digest,) = world.hook.taken
    assert [(one["kind"], one["separate_texts"]) for one in digest.json["alerts"]] == [("again", 2)]
    for headline in ("0 ships", "1 ships"):
        assert stages(db, headline)[-1] == ("digest", "none", "stale")


@pytest.mark.parametrize(
    ("update", "comes"),
    [
        ({}, ["update"]),
        ({"digest": {"at": "13:05"}}, ["digest"]),  # of the rule, before the catch-up is due
        ({"to": ["mail"]}, ["digest"]),  # the catch-up: the update is for others
    ],
)
async def test_who_got_a_later_message_of_an_event_is_not_told_its_first_by_the_catch_up(
    world: World, db: Database, clock: FixedClock, update: dict[str, Any], comes: list[str]
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"], "update": "every"}
    async with world.worker(db, clock) as app:
        await app.db.write(lambda s: deliveries.sync_targets(s, [("hook", "hook", "")]))
        await pause(app, "hook")
        world.site["/rss"] = rss(telling("Antwerp", 0))
        await run_cycle(app)
        clock.move(DAY + HOUR)
        world.rules["strike"]["alert"] |= update
        await world.apply(app)
        world.site["/rss"] = rss(telling("Antwerp", 0), telling("Antwerp", 1))
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        for _ in range(3):
            await run_cycle(app)
            clock.move(TEN / 2)
        await run_cycle(app)
    assert [request.json["kind"] for request in world.hook.taken] == comes
    first = next(one for one in states(db) if one[:2] == ("first", "hook"))
    assert first == ("first", "hook", "suppressed", "merged")
    if "to" in update:
        assert "0 ships" in str(world.hook.taken[0].json["alerts"])
    else:
        assert stages(db, "0 ships")[-1] == ("told", "drop", "already_told")
    assert len(world.mail.mails) == 2


async def test_who_got_an_events_first_message_alone_is_told_its_update_by_the_catch_up(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["update"] = "every"
    async with world.worker(db, clock) as app:
        for count in (1, 2):
            world.site["/rss"] = rss(*(telling("Antwerp", number) for number in range(count)))
            await run_cycle(app)
            clock.move(HOUR)
            await pause(app, "hook")
        clock.move(DAY)
        await app.db.write(lambda s: deliveries.resume(s, "hook"))
        await run_cycle(app)
        clock.move(TEN)
        await run_cycle(app)
    assert [request.json["kind"] for request in world.hook.taken] == ["first", "digest"]


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FRESH = Delivery(key="k", alert_id="a", target_id="t", channel="c", not_before=NOW, made_at=NOW)


@pytest.mark.parametrize("kind", ["first", "again", "update", "digest", "notice"])
@given(
    age=st.timedeltas(timedelta(0), timedelta(days=9)),
    attempts=st.integers(0, 2),
    reason=st.sampled_from(["", "answer_lost", "temporary"]),
    moved=st.booleans(),
)
def test_a_delivery_is_stale_exactly_when_nobody_tried_it_for_a_day(
    kind: str, age: timedelta, attempts: int, reason: str, moved: bool
) -> None:
    put_back = NOW + age if moved and age else NOW
    row = Delivery(**{**FRESH.model_dump(), "attempts": attempts, "reason": reason, "not_before": put_back})
    alert = Alert(id="a", rule_id="r", kind=kind, made_at=NOW)
    untried = attempts == 0 and reason == "" and put_back == NOW
    assert is_stale(row, alert, NOW + age) == (untried and age > GIVE_UP and kind not in ("digest", "notice"))


GAVE_UP = Next(State.DEAD, Reason.GAVE_UP)


@pytest.mark.parametrize(
    ("following", "kind", "unknown", "folded"),
    [
        (GAVE_UP, "first", False, True),
        (GAVE_UP, "first", True, False),  # it may have arrived
        (GAVE_UP, "digest", False, False),
        (GAVE_UP, "notice", False, False),
        (replace(GAVE_UP, reason=Reason.PERMANENT), "first", False, False),
        (replace(GAVE_UP, reason=Reason.POISON), "first", False, False),
        (Next(State.RETRY, Reason.TEMPORARY, NOW), "first", False, False),
    ],
)
def test_only_what_surely_did_not_arrive_within_a_day_is_folded(
    following: Next, kind: str, unknown: bool, folded: bool
) -> None:
    assert gives_up(following, Alert(id="a", rule_id="r", kind=kind, made_at=NOW), unknown=unknown) == folded
