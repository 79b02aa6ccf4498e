"""The dead man's switch: asked after a good run and after no other; its own failure is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.running import cycle
from core.clock import FixedClock
from core.errors import NotAvailable
from pipeline.app import App
from pipeline.health import check_up
from pipeline.heartbeat import FORGET_AFTER, TELL_AFTER, Beats, after, beat, known, lasts
from pipeline.report import STEPS
from pipeline.run import INGEST, job_lock
from storage import notices as rows
from storage.engine import Database
from tests.builders import Item, World, rss
from tests.sinks.http import Answer, HttpSink

MINUTE = timedelta(minutes=1)


async def run(app: App) -> list[str]:
    """A scheduled run; what failed in it."""
    report = await cycle(app, STEPS, [], patient=True)
    return report.failures if report else ["another run is at work"]


async def test_each_good_run_is_one_heartbeat_and_an_idle_one_too(world: World, db: Database) -> None:
    with HttpSink() as monitor:
        async with world.worker(db, heartbeat_url=monitor.url("/ping")) as app:
            for _ in range(2):
                await run(app)
    assert [request.path for request in monitor.requests] == ["/ping", "/ping"]


async def test_a_run_that_fails_or_is_not_the_whole_or_finds_another_at_work_is_none(
    world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HttpSink() as monitor:
        async with world.worker(db, heartbeat_url=monitor.url("/ping")) as app, world.worker(db) as other:
            await cycle(app, ["poll"], [], patient=True)
            async with job_lock(other, INGEST) as held:
                assert held
                await run(app)

            async def broken(*_: object, **__: object) -> None:
                raise NotAvailable("the database went away")

            monkeypatch.setattr("cli.running.run_cycle", broken)
            assert await run(app) == ["the database went away"]
    assert monitor.requests == []


async def test_without_an_address_nobody_is_asked(world: World, db: Database) -> None:
    async with world.worker(db) as app:
        assert await beat(app) == ""
    assert db.read_now(known) == Beats()


async def test_a_heartbeat_that_is_not_taken_is_told_once_and_once_when_it_is(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"operators": ["hook"]}
    world.site["/rss"] = rss(Item("a", title="A"))
    with HttpSink() as monitor:
        monitor.choose = lambda request: Answer(503)
        settings = world.settings(heartbeat_url=monitor.url("/secret-canary"), database=db_url(db))
        async with world.worker(db, clock, heartbeat_url=settings.heartbeat_url) as app:
            assert await run(app) == ["heartbeat: HTTP 503"]
            clock.move(9 * MINUTE)
            await run(app)
            assert world.hook.requests == []
            for _ in range(3):
                clock.move(MINUTE)
                await run(app)
            (finding,) = [one for one in await check_up(settings, {}) if one.check == "heartbeat"]
            assert (finding.ok, "HTTP 503" in finding.found) == (False, True)
            monitor.choose = None
            for _ in range(3):
                clock.move(MINUTE)
                assert await run(app) == []
    assert [request.json["title"] for request in world.hook.requests] == [
        "[wirewatch] the heartbeat is not taken: HTTP 503", "[wirewatch] the heartbeat is taken again",
    ]  # fmt: skip
    assert b"secret-canary" not in b"".join(request.body for request in world.hook.requests)
    assert db.read_now(rows.open_notices) == []


async def test_a_heartbeat_that_is_asked_for_no_more_is_no_trouble_any_more(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"operators": ["hook"]}
    world.site["/rss"] = rss(Item("a", title="A"))
    with HttpSink() as monitor:
        monitor.choose = lambda request: Answer(503)
        async with world.worker(db, clock, heartbeat_url=monitor.url("/ping")) as app:
            for _ in range(2):
                await run(app)
                clock.move(TELL_AFTER)
    async with world.worker(db, clock) as app:
        await run(app)  # another machine may still have an address
        assert len(db.read_now(rows.open_notices)) == 1
        clock.move(FORGET_AFTER)
        for _ in range(2):
            await run(app)
            clock.move(MINUTE)
    assert [request.json["title"] for request in world.hook.requests] == [
        "[wirewatch] the heartbeat is not taken: HTTP 503", "[wirewatch] no heartbeat is asked for any more",
    ]  # fmt: skip
    assert db.read_now(known) == Beats()
    assert db.read_now(rows.open_notices) == []


def db_url(db: Database) -> str:
    """The address of a test's database, password and all."""
    return db.engine.url.render_as_string(hide_password=False)


NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@given(st.lists(st.tuples(st.booleans(), st.integers(-30, 30)), max_size=30))
def test_a_heartbeat_is_a_trouble_exactly_when_it_has_failed_for_ten_minutes_on_end(
    beats: list[tuple[bool, int]],
) -> None:
    state, now = Beats(), NOW
    failing_since: datetime | None = None
    for taken, minutes in beats:
        now += timedelta(minutes=minutes)
        state = after(state, "" if taken else "HTTP 503", now)
        failing_since = None if taken else now if failing_since is None else min(failing_since, now)
        assert lasts(state, now) == (failing_since is not None and now - failing_since >= TELL_AFTER)
        assert bool(state.why) == (not taken)
