"""The watch file is edited while something waits: it goes to those it was owed, when they now ask for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from core.clock import FixedClock
from pipeline.app import App
from pipeline.run import run_cycle
from storage import articles, deliveries
from storage.engine import Database
from storage.tables import Article, Delivery, Hit
from tests.builders import NOON, Item, World, rss
from tests.pipeline.test_alert import events
from tests.pipeline.test_catchup import telling
from tests.sinks.http import Answer

HOUR = timedelta(hours=1)


def owed(db: Database) -> list[tuple[str, str, str]]:
    """Target, state and reason of each delivery."""
    rows = db.read_now(lambda session: session.exec(select(Delivery).order_by(col(Delivery.id))).all())
    return [(one.target_id, one.state, one.reason) for one in rows]


def titles(world: World) -> list[list[str]]:
    """The headlines in each digest that came to the webhook."""
    return [[alert["headline"] for alert in one.json["alerts"]] for one in world.hook.taken]


async def told_further(world: World, app: App, clock: FixedClock, alert: dict[str, Any]) -> None:
    """A first text comes, the rule's `alert` is edited, and an hour later comes a further text of the event."""
    world.site["/rss"] = rss(telling("Antwerp", 1))
    await run_cycle(app)
    world.rules["strike"]["alert"] = alert
    await world.apply(app)
    clock.move(HOUR)
    world.site["/rss"] = rss(telling("Antwerp", 1), telling("Antwerp", 2))
    await run_cycle(app)


async def test_what_was_owed_to_addresses_is_not_sent_to_another_kind_of_channel_under_the_same_name(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.tell_only("ann@x.test", "bob@x.test")
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "match"])
        world.channels["mail"] = world.channels["hook"]
        await world.apply(app)
        await run_cycle(app)
    assert world.hook.requests == []
    assert owed(db) == [(f"mail:{who}@x.test", "dead", "permanent") for who in ("ann", "bob")]


async def test_a_digest_goes_to_each_channel_with_what_it_is_owed(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["mail"], "digest": {"at": "18:00"}}
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["strike"]["alert"]["to"] = ["hook"]
        await world.apply(app)
        clock.move(HOUR)
        events(world, 2, start=1)
        await run_cycle(app)
        clock.at = NOON + 6 * HOUR
        await run_cycle(app)
    (told,) = titles(world)
    assert sorted(headline.split()[0] for headline in told) == ["Bergen", "Cadiz"]
    (mail,) = world.mail.mails
    assert "Aberdeen" in str(mail.parsed.get_body(("plain",)))
    assert "Bergen" not in str(mail.parsed.get_body(("plain",)))


async def test_a_channel_that_was_added_hears_of_an_event_whose_first_alert_tells_all(
    world: World, db: Database, clock: FixedClock
) -> None:
    alert = {"again_at": 2, "quiet": [{"from": "11:00", "to": "18:00"}]}
    world.rules["strike"]["alert"] = {"to": ["mail"], **alert}
    async with world.worker(db, clock) as app:
        await told_further(world, app, clock, {"to": ["hook", "mail"], **alert})
        clock.at = NOON + 6 * HOUR
        await run_cycle(app)
        await run_cycle(app)
    assert sorted(target for target, state, _ in owed(db) if state == "sent") == ["hook", "mail:desk@x.test"]


@pytest.mark.parametrize(
    ("waits", "to"),
    [({"digest": {"at": "16:00"}}, ["mail"]), ({"quiet": [{"from": "11:00", "to": "16:00"}]}, ["hook", "mail"])],
)
async def test_who_was_owed_the_first_message_gets_it_though_a_later_one_went_to_other_channels(
    world: World, db: Database, clock: FixedClock, waits: dict[str, Any], to: list[str]
) -> None:
    world.rules["strike"]["alert"] = {"to": to, "again_at": 2, **waits}
    async with world.worker(db, clock) as app:
        await told_further(world, app, clock, {"to": ["hook"], "again_at": 2})
        clock.at = NOON + 4 * HOUR
        await run_cycle(app)
    assert [request.json["kind"] for request in world.hook.requests] == ["again"]
    assert len(world.mail.mails) == 1


async def test_a_digest_that_is_to_come_sooner_does(world: World, db: Database, clock: FixedClock) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "15:00", "days": ["sun"]}  # and today is Monday
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["strike"]["alert"]["digest"] = {"at": "15:00"}
        await world.apply(app)
        events(world, 2)
        clock.move(HOUR)
        await run_cycle(app)
        clock.at = NOON + 3 * HOUR
        await run_cycle(app)
    assert [len(told) for told in titles(world)] == [2]


async def test_an_article_that_is_to_be_matched_again_is_news_to_a_new_rule_and_no_past(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("e", "", "Volcano wakes", "Ash."), Item("f", "", "Volcano sleeps", "No ash."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.rules["volcano"] = {"title": "Volcano", "match": "volcano", "alert": {"to": ["hook"]}}
        await world.apply(app)
        again = update(Article).where(col(Article.feed_title) == "Volcano wakes")
        await app.db.write(lambda s: s.execute(again.values(match_due=True, match_after=clock.now())) and None)
        newest = await app.db.read(articles.newest_id)
        past = await app.db.read(lambda s: articles.before(s, newest + 1, NOON - 400 * HOUR, 10))
        assert [article.feed_title for article, *_ in past] == ["Volcano sleeps"]
        await run_cycle(app)
    hits = db.read_now(lambda s: s.exec(select(Hit.state).order_by(col(Hit.article_id))).all())
    assert sorted(hits).count("from_before") == 1


async def test_a_message_whose_answer_was_lost_is_not_told_under_another_key_though_it_was_sent_again_by_hand(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.hook.will(Answer(drop=True))
    events(world, 1)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.hook.choose = lambda request: Answer(503)
        (row,) = db.read_now(lambda s: s.exec(select(Delivery)).all())
        await app.db.write(lambda s: deliveries.resend(s, s.get_one(Delivery, row.id), clock.now()))
        for _ in range(30):
            clock.move(HOUR)
            await run_cycle(app)
    assert owed(db) == [("hook", "dead", "gave_up")]
    assert len(set(world.hook.keys)) == 1
