"""Fault 43: another process holds the database locked for a minute: what waits for it waits, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from storage import engine
from tests.builders import World, copies
from tests.conftest import migrate
from tests.faults.questions import run_until_told, told_once


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Held by somebody else, as a backup, a `VACUUM` or a forgotten session holds it."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 20000")
            other.execute("BEGIN EXCLUSIVE")
            yield
    else:
        with psycopg.connect(url.replace("postgresql+psycopg", "postgresql")) as other:
            other.execute("LOCK TABLE feed, entry, article, delivery, joblock IN ACCESS EXCLUSIVE MODE")
            yield  # idle in its transaction
            other.rollback()


async def hold(world: World, url: str, seconds: float) -> float:
    """Lock it once pages are read; when it was about to be given up."""
    while not world.asked("/copy2"):
        await asyncio.sleep(0.01)
    with locked(url):
        await asyncio.sleep(seconds)
        return time.monotonic()


async def hold_and_tell(world: World, url: str, seconds: float) -> list[str]:
    async def tell() -> tuple[list[str], float]:
        return await run_until_told(world, url, seconds=seconds + 60), time.monotonic()

    copies(world, feeds=3, each=4)
    async with asyncio.TaskGroup() as group:
        held, telling = group.create_task(hold(world, url, seconds)), group.create_task(tell())
    complaints, ended = telling.result()
    assert ended > held.result(), "all was told before the lock was given up"
    told_once(world, url, 12)
    return complaints


async def test_fault_43_a_lock_that_is_given_up_soon_only_makes_wait(world: World, database_url: str) -> None:

    migrate(database_url)
    assert await hold_and_tell(world, database_url, 2.5) == []


async def test_fault_43_a_lock_that_outlasts_sqlites_patience_is_told_and_its_work_done_afterwards(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(engine, "BUSY_SECONDS", 0.5)
    migrate(database_url)
    complaints = await hold_and_tell(world, database_url, 2.5)
    assert all("database is locked" in one for one in complaints)
    assert bool(complaints) == database_url.startswith("sqlite")


@pytest.mark.faults
@pytest.mark.timeout(240)
async def test_fault_43_a_minute_locked_loses_nothing(world: World, database_url: str) -> None:

    migrate(database_url)
    await hold_and_tell(world, database_url, 60.0)
