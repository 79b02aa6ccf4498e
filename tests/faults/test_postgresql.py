"""Fault 44: PostgreSQL restarts, ends our sessions, or has no connection to give."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from cli.running import cycle
from core.errors import NotAvailable
from pipeline.report import STEPS
from storage import engine
from storage.engine import Database
from storage.office import Meta
from tests.builders import World, copies
from tests.conftest import migrate
from tests.faults.questions import run_until_told, states, told_once
from tests.faults.servers import Server, database_of

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'"
PATIENCE_S = 20


@pytest.fixture
def url(server: Server) -> Iterator[str]:
    with server.fresh(migrate) as made:
        yield made


def end_sessions(server: Server, url: str) -> None:
    server.ask(END_SESSIONS.format(database_of(url)))


def restart(server: Server, _url: str) -> None:
    server.end()
    server.start()


def crash(server: Server, _url: str) -> None:
    server.kill()
    server.start()


@pytest.mark.parametrize("fault", [end_sessions, restart, crash])
def test_fault_44_what_a_lost_connection_broke_off_is_done_once_more(
    server: Server, url: str, fault: Callable[[Server, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AGAIN_SECONDS", 0.2)
    db = Database(url)
    began, go = threading.Barrier(3), threading.Event()
    tries: list[str] = []

    def in_the_middle(what: str) -> None:
        tries.append(what)
        if tries.count(what) == 1:
            began.wait(PATIENCE_S)
            assert go.wait(PATIENCE_S)

    def look(session: Session) -> int:
        session.execute(text("SELECT 1"))
        in_the_middle("read")
        return int(session.execute(text("SELECT 42")).scalar_one())

    def put(session: Session) -> str:
        session.add(Meta(key="k", value="v"))
        session.flush()
        in_the_middle("write")
        return "put"

    with ThreadPoolExecutor(2) as threads:
        seen, written = threads.submit(db.read_now, look), threads.submit(db.write_now, put)
        began.wait(PATIENCE_S)
        fault(server, url)
        go.set()
        assert (seen.result(PATIENCE_S), written.result(PATIENCE_S)) == (42, "put")
    assert sorted(tries) == ["read", "read", "write", "write"]
    assert db.read_now(lambda session: list(session.exec(select(Meta.key)).all())) == ["k"]
    db.close()


async def test_fault_44_sessions_ended_again_and_again_lose_no_alert_and_double_none(
    world: World, server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AGAIN_SECONDS", 0.05)
    copies(world, feeds=3, each=4)
    chance = random.Random(44)

    async def interfere() -> None:
        while not world.asked("/rss0"):
            await asyncio.sleep(0.01)
        for _ in range(8):
            await asyncio.sleep(chance.uniform(0.05, 0.25))
            await asyncio.to_thread(end_sessions, server, url)

    async with asyncio.TaskGroup() as group:
        group.create_task(interfere())
        group.create_task(run_until_told(world, url))
    told_once(world, url, 12)


async def test_fault_44_a_server_that_is_away_is_told_and_its_work_done_when_it_is_back(
    world: World, server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AGAIN_SECONDS", 0.05)
    copies(world, feeds=3, each=4)

    async def interfere() -> None:
        while not world.asked("/copy5"):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(0.7)
        await asyncio.to_thread(server.start)

    async with asyncio.TaskGroup() as group:
        group.create_task(interfere())
        told = group.create_task(run_until_told(world, url))
    assert any("connection" in one and "wirewatch doctor" in one for one in told.result()), told.result()
    told_once(world, url, 12)


async def test_fault_44_a_server_without_a_free_connection_is_told_and_heals(
    world: World, server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "AGAIN_SECONDS", 0.05)
    copies(world, feeds=3, each=4)
    address = url.replace("postgresql+psycopg", "postgresql")
    db = Database(url)
    async with world.worker(db, lease_seconds=2) as app:
        db.engine.dispose()  # its idle sessions end, and others are quicker
        with ExitStack() as taken:
            for _ in range(3):  # sessions that end late leave room
                with suppress(psycopg.OperationalError):
                    while True:
                        taken.enter_context(psycopg.connect(address))
                await asyncio.sleep(0.3)
            report = await cycle(app, STEPS, [], patient=True)
            assert report is not None
            assert "too many" in report.failures[0]
        await cycle(app, STEPS, [], patient=True)
    db.close()
    told_once(world, url, 12)


def test_fault_44_work_that_finds_all_our_own_connections_taken_is_told_so(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(url)
    monkeypatch.setattr(db.engine.pool, "_timeout", 0.1)
    with ExitStack() as taken:
        for _ in range(engine.POOL):
            taken.enter_context(db.engine.connect())
        with pytest.raises(NotAvailable, match="limit of size"):
            db.read_now(states)
    assert db.read_now(states) == []
    db.close()
