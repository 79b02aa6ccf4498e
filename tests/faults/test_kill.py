"""Fault 39: SIGKILL at every commit point, then run again; every alert owed arrives, none twice under its key."""

from __future__ import annotations

import itertools
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import Session, select

from storage.tables import Alert, Article, Delivery, Story
from tests.builders import STRIKE, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import Driver
from tests.faults.driver import POINTS
from tests.faults.questions import read

RUNS = 6  # until everything owed has arrived; one is enough unless it is killed again
HEADLINES = ("Harbour stands still", "No ship is unloaded in the north")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one kill: whether its point was reached, and how often a key went over the wire again."""

    killed: bool
    repeats: int


@pytest.fixture
def story(world: World, driver: Driver) -> World:
    """One event in two articles of one feed, owed to two targets."""
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    items = [world.publish(f"a{n}", title, STRIKE) for n, title in enumerate(HEADLINES)]
    world.site["/rss"] = rss(*items)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    driver.warm(world.settings())
    return world


def kill_once(world: World, driver: Driver, databases: Databases, kind: str, kill: tuple[str, int]) -> Outcome:
    """Run until the point, again until all is told; asserts what must hold."""
    settings = world.settings(lease_seconds=5)
    shutil.rmtree(settings.data, ignore_errors=True)
    for name in ("wirewatch.db", "wirewatch.db-wal", "wirewatch.db-shm"):
        Path(world.folder, name).unlink(missing_ok=True)
    world.hook.taken.clear()
    world.hook.requests.clear()
    world.mail.mails.clear()
    with databases.fresh(kind, world.folder, migrate) as url:
        (code,) = driver.run(settings, url, kill=kill)
        assert code in (0, -signal.SIGKILL)
        killed = code != 0
        for _ in range(RUNS if killed else 0):
            if driver.run(settings, url, rest=True) == [0] and nothing_left(url):
                break
        expect_all_told_once(world, url)
    wire = len(world.hook.requests) + len(world.mail.mails)
    return Outcome(killed, wire - 2)


def nothing_left(url: str) -> bool:
    """Whether no delivery waits."""
    return read(url, lambda s: not s.exec(select(Delivery).where(Delivery.state != "sent")).all())


def expect_all_told_once(world: World, url: str) -> None:
    """Every row that is owed is there once, and each receiver that honours keys shows one message."""
    assert len(world.hook.keys) == 1
    assert len(world.mail.ids) == 1

    def rows(session: Session) -> tuple[int, int, int, list[tuple[str, str]]]:
        found = [session.exec(select(table)).all() for table in (Article, Story, Alert)]
        told = sorted((one.channel, one.state) for one in session.exec(select(Delivery)).all())
        return len(found[0]), len(found[1]), len(found[2]), told

    assert read(url, rows) == (2, 1, 1, [("hook", "sent"), ("mail", "sent")])


def kill_at_each(story: World, driver: Driver, databases: Databases, kind: str, point: str, stride: int) -> None:
    """Kill at the first such point, at every `stride`-th after it, until a run passes fewer of them."""
    numbers: list[int] = []
    repeats = 0
    for number in itertools.count(1, stride):
        outcome = kill_once(story, driver, databases, kind, (point, number))
        if not outcome.killed:
            break
        numbers.append(number)
        repeats += outcome.repeats
    assert numbers
    print(f"{kind}: {len(numbers)} kills {point} ({numbers[0]}…{numbers[-1]}), {repeats} repeats under a key")


@pytest.mark.parametrize("point", POINTS)
def test_fault_39_a_kill_loses_no_alert_and_doubles_none(
    story: World, driver: Driver, databases: Databases, database_kind: str, point: str
) -> None:
    stride = 5 if "commit" in point else 1
    kill_at_each(story, driver, databases, database_kind, point, stride)


@pytest.mark.faults
@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", ["before commit", "after commit"])
def test_fault_39_a_kill_at_every_commit_loses_no_alert_and_doubles_none(
    story: World, driver: Driver, databases: Databases, database_kind: str, point: str
) -> None:
    kill_at_each(story, driver, databases, database_kind, point, stride=1)
