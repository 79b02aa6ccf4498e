"""Faults 49 and 50: worker and run are killed at once, and Prefect's API goes away and comes back.

Real servers of Prefect, real processes, real kills; the tests take minutes, because leases do.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import Session, select

from storage import feeds
from storage.engine import Database
from storage.office import JobLock
from storage.statements import run
from storage.tables import Delivery, Feed
from storage.types import db_now
from tests.builders import Item, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import command
from tests.faults.orchestrator import START_S, PrefectServer, environment, kill_all, standing, until
from tests.faults.questions import due, read, rows
from tests.sinks.http import Answer, Request

EVENTS = ("Bergen", "Genoa", "Cadiz", "Malmo", "Izmir", "Busan")
MINUTE_S = 60.0
SHORT_S = 30.0  # WIREWATCH_EVERY_SECONDS of the long outage: its minutes


class Held:
    """A feed whose first answer comes when it is let."""

    def __init__(self, world: World) -> None:
        self.came, self.go = threading.Event(), threading.Event()
        usual = world.web.choose
        assert usual

        def choose(request: Request) -> Answer:
            if request.path == "/rss" and not self.came.is_set():
                self.came.set()
                self.go.wait(START_S)
            return usual(request)

        world.web.choose = choose


@pytest.fixture
def held(world: World) -> Iterator[Held]:
    """One event to be told, in a feed that is held; the watch file is written."""
    publish(world, 1)
    world.feeds[0]["every"] = "1m"
    world.watch_file.write_text(world.watch_text(), "utf-8")
    made = Held(world)
    yield made
    made.go.set()


def publish(world: World, count: int) -> None:
    """So many events are in the feed."""
    world.site["/rss"] = rss(*(Item(one, "", f"Dockers begin strike at {one}") for one in EVENTS[:count]))


def let_leases_run_out(url: str) -> None:
    """What a minute's waiting would do: no lease of the dead holds any more."""
    past = {"until": db_now(-1.0)}
    database = Database(url)
    database.write_now(lambda session: run(session, update(JobLock).values(**past)))
    database.write_now(lambda session: run(session, update(Feed).values({feeds.LEASE.until: db_now(-1.0)})))
    database.close()


def ledger(session: Session) -> list[str]:
    return [one.state for one in session.exec(select(Delivery)).all()]


def flow_runs(api: str, state: str = "") -> list[dict[str, Any]]:
    """The runs that Prefect knows, those in a state of this type only."""
    asked = {"flow_runs": {"state": {"type": {"any_": [state]}}}} if state else {}
    answer = httpx.post(f"{api}/flow_runs/filter", json=asked, timeout=30)
    return list(answer.raise_for_status().json())


def test_fault_49_a_run_that_was_killed_holds_its_feeds_for_its_lease_only(
    held: Held, world: World, databases: Databases, database_kind: str
) -> None:
    with databases.fresh(database_kind, world.folder, migrate) as url:
        with command(world, url, "run", "--once") as killed:
            assert held.came.wait(START_S)
            kill_all(killed.pid)
        held.go.set()
        with command(world, url, "run", "--once") as second:
            said, _ = second.communicate(timeout=START_S)
        assert "another run is at work, or was killed less than a minute ago" in said
        assert world.asked("/rss") == 1
        let_leases_run_out(url)
        with command(world, url, "run", "--once") as third:
            said, _ = third.communicate(timeout=START_S)
        assert third.returncode == 0, said
        assert world.asked("/rss") == 2
        assert read(url, ledger) == ["sent"]
    assert len(world.hook.requests) == 1


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("started", "module", "kind"), [("up", "flows.serve", "sqlite"), ("worker", "flows.worker", "postgresql")]
)
def test_fault_49_feeds_are_polled_again_within_two_intervals_while_the_killed_run_says_running(
    held: Held, world: World, databases: Databases, started: str, module: str, kind: str
) -> None:
    with (
        PrefectServer(world.folder / "server") as server,
        databases.fresh(kind, world.folder, migrate) as url,
        standing(started, environment(world, url, server.api, world.folder), world.folder) as ours,
    ):
        assert held.came.wait(START_S), ours.said()
        kill_all(ours.part(module))
        took = until(lambda: world.asked("/rss") > 1, 2 * MINUTE_S + START_S, "the feed is polled again", ours.said)
        until(lambda: read(url, ledger) == ["sent"], MINUTE_S, "its event is told")
        assert [run["state"]["type"] for run in flow_runs(server.api, "RUNNING")] != []
        assert f"{module.partition('.')[2].replace('serve', 'flows')} ended by itself (exit code -9)" in ours.said(0)
        assert ours.stop() == 0
    assert took < 2 * MINUTE_S, took
    assert len(world.hook.requests) == 1


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("started", "kind"), [("up", "sqlite"), ("up", "postgresql"), ("worker", "postgresql")])
def test_fault_50_while_prefects_api_is_away_events_are_told_and_when_it_is_back_none_again(
    world: World, databases: Databases, started: str, kind: str
) -> None:
    """The outage lasts several minutes of WIREWATCH_EVERY_SECONDS=30 and longer: until what serves runs has given up,
    our own clock has begun, and three events were told by it.
    """
    publish(world, 0)
    world.watch_file.write_text(world.watch_text(), "utf-8")

    def told(count: int) -> None:
        """So many events are published, and told before long."""
        publish(world, count)
        due(url)
        until(lambda: len(world.hook.keys) == count, 2 * START_S, f"{EVENTS[count - 1]} is told", ours.said)

    with (
        PrefectServer(world.folder / "server") as server,
        databases.fresh(kind, world.folder, migrate) as url,
        standing(
            started, environment(world, url, server.api, world.folder, every_seconds=SHORT_S), world.folder
        ) as ours,
    ):
        until(lambda: read(url, rows)["FeedPoll"], START_S, "the first poll is over", ours.said)
        told(1)
        until(lambda: flow_runs(server.api, "COMPLETED"), START_S, "Prefect's run ends", ours.said)
        server.kill()
        for count in (2, 3, 4):
            told(count)
        assert "keeping the minute on our own clock" in ours.said(0)
        assert ours.process.poll() is None
        back = datetime.now(UTC)
        server.start()

        def ran_again() -> bool:
            try:
                ended = [run["end_time"] or "" for run in flow_runs(server.api, "COMPLETED")]
            except httpx.TransportError:  # it has much to catch up with
                return False
            return any(one > back.isoformat() for one in ended)

        told(5)
        until(ran_again, 2 * START_S, "Prefect runs it again", ours.said)
        told(6)
        assert ours.stop() == 0, ours.said()
        assert read(url, ledger) == ["sent"] * 6
    assert len(world.hook.requests) == len(world.hook.keys) == 6
