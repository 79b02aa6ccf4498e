"""Fault 53: a worker is asked to end, or stopped for longer than its lease, while a message is under way."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlmodel import Session, select

from bench.costs import family
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Delivery
from tests.builders import STRIKE, Item, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import command
from tests.faults.questions import read
from tests.processes import ends
from tests.sinks.http import Answer, Request

LEASE_S = 2.0
PATIENCE_S = 90.0


@pytest.fixture
def terminal() -> Iterator[None]:
    """Programs are begun as a shell begins them, also where these tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


class Slow:
    """A receiver that answers its first request when it is let."""

    def __init__(self, world: World) -> None:
        self.came, self.go = threading.Event(), threading.Event()
        world.hook.choose = self._choose

    def _choose(self, _request: Request) -> Answer:
        if not self.came.is_set():
            self.came.set()
            assert self.go.wait(PATIENCE_S)
        return Answer()


@pytest.fixture
def told(world: World) -> World:
    """One event without a page, owed to the webhook; the watch file is written."""
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike at the harbour"))
    world.watch_file.write_text(world.watch_text(), "utf-8")
    return world


def ledger(session: Session) -> list[tuple[str, int, str]]:
    return [(one.state, one.attempts, one.lease_owner) for one in session.exec(select(Delivery)).all()]


def stop_between_writes(process: subprocess.Popen[str], url: str) -> None:
    """SIGSTOP, but not while it holds SQLite's one lock for writing, which nobody would get then."""
    while True:
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        if not url.startswith("sqlite") or is_free(url.removeprefix("sqlite:///")):
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)


def is_free(file: str) -> bool:
    """Whether somebody else may write to it now."""
    with closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        other.execute("ROLLBACK")
        return True


def leased_to(url: str) -> str:
    """Who holds the delivery."""

    def owner(session: Session) -> str:
        return session.exec(select(Delivery.lease_owner)).one()

    return read(url, owner)


async def test_fault_53_a_worker_stopped_past_its_lease_changes_nothing_when_it_wakes(
    told: World, databases: Databases, database_kind: str
) -> None:
    slow = Slow(told)
    with (
        databases.fresh(database_kind, told.folder, migrate) as url,
        command(told, url, "-v", "run", "--once", lease_seconds=LEASE_S) as stopped,
    ):
        assert slow.came.wait(PATIENCE_S)
        stop_between_writes(stopped, url)
        assert leased_to(url) != ""
        time.sleep(LEASE_S + 0.5)
        db = Database(url)
        async with told.worker(db, lease_seconds=LEASE_S) as app:
            await run_cycle(app)
        db.close()
        assert read(url, ledger) == [("sent", 1, "")]
        slow.go.set()  # the answer is there when it wakes
        stopped.send_signal(signal.SIGCONT)
        words, _ = stopped.communicate(timeout=PATIENCE_S)
        assert read(url, ledger) == [("sent", 1, "")]  # one commit, the other's
    assert "state=lost" in words, words
    assert len(told.hook.requests) == 2
    assert len(told.hook.keys) == 1
    assert stopped.returncode == 0, words


@pytest.mark.usefixtures("terminal")
def test_fault_53_a_worker_asked_to_end_records_what_is_under_way_and_leaves_no_process(
    told: World, databases: Databases, database_kind: str
) -> None:
    told.site["/rss"] = rss(told.publish("e", "Dockers begin strike at the harbour", STRIKE))  # a process reads it
    slow = Slow(told)
    with databases.fresh(database_kind, told.folder, migrate) as url, command(told, url, "-v", "run") as asked:
        assert slow.came.wait(PATIENCE_S)
        all_of_it = family(asked.pid)
        assert len(all_of_it) > 1
        asked.send_signal(signal.SIGHUP if database_kind == "sqlite" else signal.SIGTERM)  # as a closed terminal
        assert asked.stdout is not None
        heard = any("event=stopping" in line for line in asked.stdout)
        slow.go.set()
        words, _ = asked.communicate(timeout=PATIENCE_S)
        assert heard, words
        assert asked.returncode == 0, words
        assert read(url, ledger) == [("sent", 1, "")]
    assert len(told.hook.requests) == 1
    assert [pid for pid in all_of_it if not ends(pid)] == []
