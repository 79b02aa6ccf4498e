"""Fault 37: a rule is edited, renamed, switched off or removed while its alerts wait; docs/rules.md says what holds.

Alerts wait in three ways: held for the end of quiet hours, collected for a digest, or in the ledger for a receiver that
is down. The clock is the test's own: hours pass.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from core.clock import FixedClock
from pipeline.app import App
from pipeline.configure import apply_text, read_watch
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Decision, Delivery
from tests.builders import MATCH, NOON, STRIKE, World, rss
from tests.faults.stored import due
from tests.sinks.http import Answer

HEADLINE = "Harbour at rest"
HELD, COLLECTED, QUEUED = WAYS = ("held", "collected", "queued")
SETTINGS: dict[str, dict[str, Any]] = {
    HELD: {"quiet": [{"from": "11:00", "to": "14:00"}]},
    COLLECTED: {"digest": {"at": "14:00"}},
    QUEUED: {},
}


@asynccontextmanager
async def waiting(world: World, db: Database, clock: FixedClock, way: str) -> AsyncIterator[App]:
    """A worker in whose database an alert of the rule waits in this way; until two o'clock nothing gets through."""
    world.rules["strike"]["alert"] = {"to": ["hook"], **SETTINGS[way]}
    world.rules["other"] = {"title": "Other", "match": "volcano", "alert": {"to": ["hook"]}}
    world.site["/rss"] = rss(world.publish("strike", HEADLINE, STRIKE))
    world.hook.choose = lambda _: Answer(503) if clock.now() < NOON + timedelta(hours=2) else Answer()
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        yield app


async def change(world: World, app: App, rules: dict[str, Any]) -> None:
    """Put these rules into force."""
    world.rules = rules
    assert (await world.apply(app)).changed


async def go_on(world: World, db: Database, app: App, clock: FixedClock) -> None:
    """Until all that waits is decided."""
    clock.at = NOON + timedelta(hours=2, minutes=1)
    for _ in range(3):
        due(db)
        await run_cycle(app)
        clock.move(timedelta(hours=1))


def taken(world: World) -> list[tuple[str, str]]:
    """Kind and rule of each message that was taken, by key once."""
    return sorted({one.key: (one.json["kind"], one.json["rule"]) for one in world.hook.taken}.values())


def states(db: Database) -> list[tuple[str, str, str]]:
    """Kind, state and reason of each alert, with those of its delivery where it has one."""
    rows = select(Alert, Delivery).join(Delivery, col(Delivery.alert_id) == col(Alert.id), isouter=True)
    found = db.read_now(lambda s: list(s.exec(rows.order_by(col(Alert.made_at), col(Alert.kind))).all()))
    return [(a.kind, *((d.state, d.reason) if d else (a.state, a.reason))) for a, d in found]


EXPECTED = {HELD: "first", COLLECTED: "digest", QUEUED: "first"}


@pytest.mark.parametrize("way", WAYS)
async def test_fault_37_what_an_edited_rule_had_to_tell_is_told_as_it_was_made(
    world: World, db: Database, clock: FixedClock, way: str
) -> None:
    async with waiting(world, db, clock, way) as app:
        edited = {**world.rules["strike"], "title": "Walk-outs", "match": "near/5(docker, lockout)"}
        await change(world, app, {**world.rules, "strike": edited})
        await go_on(world, db, app, clock)
    assert taken(world) == [(EXPECTED[way], "strike")]
    assert HEADLINE in world.hook.taken[-1].json["text"]
    (article,) = {one["url"] for message in (world.hook.taken[-1].json,) for one in articles_in(message)}
    assert article == world.url("/strike")


def articles_in(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The articles that a message names."""
    alerts = message["alerts"] if message["kind"] == "digest" else [message]
    return [article for alert in alerts for article in alert["articles"]]


@pytest.mark.parametrize("how", ["removed", "switched off", "renamed"])
@pytest.mark.parametrize("way", WAYS)
async def test_fault_37_what_a_rule_that_is_gone_had_to_tell_is_suppressed_and_says_so(
    world: World, db: Database, clock: FixedClock, way: str, how: str
) -> None:
    async with waiting(world, db, clock, way) as app:
        rule = world.rules["strike"]
        rest = {name: one for name, one in world.rules.items() if name != "strike"}
        more = {"removed": {}, "switched off": {"strike": {**rule, "enabled": False}}, "renamed": {"walkout": rule}}
        await change(world, app, {**rest, **more[how]})
        await go_on(world, db, app, clock)
    assert taken(world) == []
    kinds = {(kind, state, reason) for kind, state, reason in states(db)}
    assert kinds == {("first", "suppressed", "rule_gone")}
    why = select(Decision).where(Decision.reason == "rule_gone")
    assert [one.action for one in db.read_now(lambda s: s.exec(why).all())] == ["drop"]


@pytest.mark.parametrize("way", WAYS)
async def test_fault_37_what_was_told_before_its_rule_is_removed_stays_told(
    world: World, db: Database, clock: FixedClock, way: str
) -> None:
    async with waiting(world, db, clock, way) as app:
        await go_on(world, db, app, clock)
        before = states(db)
        await change(world, app, {"other": world.rules["other"]})
        await go_on(world, db, app, clock)
    assert taken(world) == [(EXPECTED[way], "strike")]
    assert states(db) == before


@pytest.mark.parametrize("way", WAYS)
async def test_fault_37_a_rule_that_is_switched_off_and_on_again_tells_only_what_comes_then(
    world: World, db: Database, clock: FixedClock, way: str
) -> None:
    async with waiting(world, db, clock, way) as app:
        rules = world.rules
        await change(world, app, {**rules, "strike": {**rules["strike"], "enabled": False}})
        await change(world, app, {**rules, "strike": {**rules["strike"], "alert": {"to": ["hook"]}}})
        await go_on(world, db, app, clock)
        assert taken(world) == []
        ferry = world.publish("ferry", "Ferries stay in port", ["The dockers of the islands are on strike over pay."])
        world.site["/rss"] = rss(ferry)
        due(db)
        await run_cycle(app)
    assert taken(world) == [("first", "strike")]
    assert world.hook.taken[-1].json["headline"] == "Ferries stay in port"


async def test_fault_37_a_send_that_fails_while_its_rule_is_removed_is_not_tried_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with waiting(world, db, clock, HELD) as app:
        clock.at = NOON + timedelta(hours=2)
        await run_cycle(app, steps=["match"])  # released into the ledger

        def remove(_: object) -> Answer:
            """While the receiver has the message, an editor removes the rule."""
            world.hook.choose = None
            removed.append(True)
            db.write_now(lambda session: gone(session, world))
            return Answer(503)

        removed: list[bool] = []
        world.hook.choose = remove
        await run_cycle(app)
        await go_on(world, db, app, clock)
    assert removed
    assert taken(world) == []
    assert states(db) == [("first", "suppressed", "rule_gone")]


def gone(session: Session, world: World) -> None:
    """The revision without the rule becomes active."""

    world.rules.pop("strike")
    text = world.watch_text()
    apply_text(
        session,
        text,
        read_watch(text, file="watch.yaml", secrets={}),
        from_file=True,
        who="editor",
        now=NOON,
        force=True,
    )


async def test_fault_37_targets_stay_those_of_when_an_alert_was_made_and_quiet_hours_are_the_rules_new_ones(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with waiting(world, db, clock, HELD) as app:
        rule = {**world.rules["strike"], "alert": {"to": ["mail"], "quiet": [{"from": "11:00", "to": "16:00"}]}}
        await change(world, app, {**world.rules, "strike": rule})
        clock.at = NOON + timedelta(hours=2, minutes=1)
        await run_cycle(app)
        assert taken(world) == []
        clock.at = NOON + timedelta(hours=4, minutes=1)
        await run_cycle(app)
    assert taken(world) == [("first", "strike")]
    assert world.mail.mails == []
    assert world.rules["strike"]["match"] == MATCH
