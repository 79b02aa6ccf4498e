"""Fault 71: the page stalls or is gone, or its visitors stall: alerts go on."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from core.clock import FixedClock
from pipeline.run import run_cycle
from storage.engine import Database
from tests.browser.site import Site, served
from tests.builders import NOON, Item, World, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.orchestrator import START_S, environment, kill_all, standing, until
from tests.faults.questions import due, read, rows

EVENTS = ("Bergen", "Genoa", "Cadiz", "Malmo")
STALLED = 40  # of each kind of visitor


@contextmanager
def visitors_that_stall(site: Site) -> Iterator[None]:
    """Some send half a request and no more; some ask for the inbox again and again and read no answer."""
    at = urlsplit(site.address)
    with ExitStack() as open_sockets:
        for number in range(2 * STALLED):
            one = open_sockets.enter_context(socket.create_connection((at.hostname, at.port), timeout=30))
            head = f"GET / HTTP/1.1\r\nHost: {at.netloc}\r\n"
            one.sendall(head.encode() if number % 2 else f"{head}\r\n".encode() * 20)
        yield


@contextmanager
def visitors_that_ask(site: Site) -> Iterator[None]:
    """Two who look at the inbox all the time."""
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            try:
                with urlopen(site.address, timeout=1) as answer:
                    answer.read()
            except (URLError, OSError):
                continue

    threads = [threading.Thread(target=look) for _ in range(2)]
    for one in threads:
        one.start()
    try:
        yield
    finally:
        over.set()
        for one in threads:
            one.join()


async def test_fault_71_whatever_the_page_and_its_visitors_do_each_event_is_told_at_once(
    world: World, databases: Databases, database_kind: str
) -> None:
    clock = FixedClock(NOON)
    with databases.fresh(database_kind, world.folder, migrate) as url:
        db = Database(url)

        async def told(event: str) -> None:
            """It is published, and one cycle later it is told."""
            items = [Item(one, "", f"Dockers begin strike at {one}") for one in EVENTS[: EVENTS.index(event) + 1]]
            world.site["/rss"] = rss(*items)
            clock.move(timedelta(hours=1))
            async with world.worker(db, clock) as app:
                await run_cycle(app)
            assert len(world.hook.keys) == EVENTS.index(event) + 1
            assert event in world.hook.requests[-1].body.decode()

        with served(world.folder, DATABASE=url, DATA=str(world.folder / "web")) as site:
            await told("Bergen")
            with visitors_that_stall(site):
                await told("Genoa")
            with visitors_that_ask(site):
                site.send(signal.SIGSTOP)  # in the middle of answering
                await told("Cadiz")
            site.process.kill()
            await told("Malmo")
        db.close()


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_fault_71_up_goes_on_telling_without_its_page_and_starts_it_again(
    world: World, databases: Databases, database_kind: str
) -> None:
    """The page's process is killed in the middle of `up`, again and again."""
    world.site["/rss"] = rss()
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with databases.fresh(database_kind, world.folder, migrate) as url:
        environ = environment(world, url, "http://127.0.0.1:9/api", world.folder, every_seconds=2)
        address = f"http://127.0.0.1:{environ['WIREWATCH_PORT']}/healthz"

        def answers() -> bool:
            try:
                with urlopen(address, timeout=5) as answer:
                    return bool(answer.status == 200)
            except (URLError, OSError):
                return False

        with standing("up --no-prefect", environ, world.folder) as ours:
            until(answers, START_S, "the page is up", ours.said)
            until(lambda: read(url, rows)["FeedPoll"], START_S, "the first poll is recorded", ours.said)
            for count, event in enumerate(EVENTS[:2], 1):
                kill_all(ours.part("web"))
                items = [Item(one, "", f"Dockers begin strike at {one}") for one in EVENTS[:count]]
                world.site["/rss"] = rss(*items)
                due(url)
                until(lambda: len(world.hook.keys) == count, START_S, f"{event} is told", ours.said)  # noqa: B023
                until(answers, START_S, "the page is up again", ours.said)
            assert ours.said(0).count("page ended by itself (exit code -9): starting it again") == 2
            assert ours.stop() == 0
    assert len(world.hook.requests) == 2
