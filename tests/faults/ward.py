"""Two feeds, one of which falls ill: what the tests of network faults poll, and what must hold of every fault."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bench.costs import begin_peak, family, own_kb
from cli.feeds import _row
from core.clock import FixedClock
from core.reasons import Reason
from fetching.client import Client
from pipeline.app import App
from pipeline.getting import ask
from pipeline.report import Report
from pipeline.run import run_cycle
from storage.engine import POOL, Database
from storage.tables import Article, Entry, Feed, FeedPoll
from tests.builders import Item, World, rss
from tests.faults import stored
from tests.fetching.hostile import Book
from web.pages.feeds import gather

CANARY = "canary-b81f6c"
XML = {"Content-Type": "application/rss+xml"}
PUBLIC, PRIVATE, NOWHERE = "127.0.0.1", "127.0.0.2", "127.0.0.9"  # in these tests
MOST_MEMORY = 60_000  # KB


def open_things() -> tuple[int, int, int]:
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(family(os.getpid()))


async def start_threads(app: App) -> None:
    """Have the loop and the database start all threads that they may have: what is more later is a leak."""
    for _ in range(2):
        await asyncio.gather(
            *(asyncio.to_thread(time.sleep, 0.05) for _ in range(64)),
            *(app.db.read(lambda _: time.sleep(0.05)) for _ in range(4 * POOL)),
        )


@dataclass
class Ward:
    """Two feeds: News, which is well, and Bad at bad.test, whose address and headers hold a secret."""

    world: World
    db: Database
    clock: FixedClock
    log: pytest.LogCaptureFixture
    names: Book = field(default_factory=lambda: Book(bad=[PUBLIC], other=[PUBLIC]))
    connect_seconds: float = 5.0

    def put(self, url: str = "") -> None:
        """Name the feeds in the watch file."""
        url = url or f"http://bad.test:{self.world.web.port}/bad"
        bad = {"url": f"{url}?key=${{TOKEN}}", "name": "Bad", "headers": {"Authorization": "Bearer ${TOKEN}"}}
        self.world.feeds[1:] = [{**bad, "first_poll": "9000h"}]
        self.world.site["/rss"] = rss(Item("n1", title="Calm"))
        self.world.site["/bad"] = rss(Item("b1", title="Calm too"))

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[App]:
        """A worker whose client asks our names, and gives up connecting sooner."""
        allow = self.world.settings(allow_addresses=f"{PUBLIC}/32,{NOWHERE}/32").allow_addresses
        async with (
            self.world.worker(self.db, self.clock, environ={"TOKEN": CANARY}) as app,
            Client(
                user_agent="wirewatch/0.1", allow=allow, resolver=self.names, clock=self.clock,
                connect_seconds=self.connect_seconds,
            ) as client,
        ):  # fmt: skip
            app.client = app.robots._client = client
            yield app

    async def cycle(self, *, due: bool = True) -> Report:
        """One run of the poll; `due` makes both feeds due first, as an operator would."""
        async with self.worker() as app:
            if due:
                stored.due(self.db)
            return await run_cycle(app, steps=["poll"])

    def feed(self, name: str = "Bad") -> Feed:
        return stored.feed_of(self.db, name)

    def polls(self) -> list[tuple[str, str]]:
        """Feed and outcome of every poll, in the order in which they ended."""
        rows = select(Feed.name, FeedPoll.outcome).join(FeedPoll, col(FeedPoll.feed_id) == Feed.id)
        return self.db.read_now(lambda session: list(session.exec(rows.order_by(col(FeedPoll.id))).all()))

    def kept(self) -> tuple[object, ...]:
        """All that a poll of Bad may have left."""
        feed = self.feed()

        def ids(session: Session) -> list[list[int | None]]:
            return [
                list(session.exec(select(Entry.id).where(Entry.feed_id == feed.id).order_by(col(Entry.id))).all()),
                list(
                    session.exec(select(Article.id).where(Article.feed_id == feed.id).order_by(col(Article.id))).all()
                ),
            ]

        entries, articles = self.db.read_now(ids)
        return feed.etag, feed.last_modified, feed.body_hash, feed.fetch_url, feed.last_success_at, entries, articles

    async def fails(self, reason: Reason, state: str = "failing") -> Report:
        """One poll under the fault, and all that must hold then."""
        polled = len(self.polls())
        before = self.kept() if polled else None
        report = await self.cycle()
        feed, good = self.feed(), self.feed("News")
        before = before or ("", "", "", feed.config_url, None, [], [])
        assert (feed.state, feed.last_reason) == (state, str(reason))
        assert sorted(self.polls()[polled:]) in (
            [("Bad", "failed"), ("News", kind)] for kind in ("changed", "unchanged")
        )
        assert (good.state, good.last_success_at) == ("ok", self.clock.now())
        assert feed.last_success_at != self.clock.now()
        assert self.kept() == before
        self.is_visible(report, reason)
        self.tells_no_secret(report)
        return report

    def is_visible(self, report: Report, reason: Reason) -> None:
        (told,) = report.failures
        assert told.startswith(f"poll: Bad: {reason}")
        assert reason.sentence in str(_row(self.feed())["error"])
        (line,) = (one for one in self.lines() if "Bad" in one)
        assert reason.sentence in line

    def lines(self) -> list[str]:
        return [repr(one) for one in self.db.read_now(lambda session: gather(session, self.clock.now())).lines]

    def tells_no_secret(self, report: Report) -> None:
        assert CANARY not in self.log.text
        assert CANARY not in repr(report) + "".join(self.lines()) + repr(_row(self.feed()))
        files = [path for path in self.world.folder.rglob("*") if path.is_file()]
        assert any(path.suffix == ".db" for path in files)
        assert [path for path in files if CANARY.encode() in path.read_bytes()] == []

    async def heals(self) -> None:
        """When its cause is gone, the next scheduled poll finds all in order."""
        self.clock.move(self.feed().next_poll_at - self.clock.now())
        report = await self.cycle(due=False)
        feed = self.feed()
        assert (feed.state, feed.failures, feed.last_reason, feed.last_error) == ("ok", 0.0, "", "")
        assert feed.last_success_at == self.clock.now()
        assert not [one for one in report.failures if "Bad" in one]
        assert self.kept()[5] != []

    def wait(self) -> timedelta:
        return self.feed().next_poll_at - self.clock.now()


def in_seconds(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Give feeds so long instead of half a minute."""
    usual = ask
    monkeypatch.setattr("pipeline.poll.ask", lambda app, feed: replace(usual(app, feed), seconds=seconds))


Talk = Callable[[socket.socket], None]


def says(*pieces: bytes, reset: bool = False, for_ever: bytes = b"", every: float = 0.0) -> Talk:
    """Reads a request, then writes these pieces as they are; `reset` cuts the connection off, `for_ever` never ends."""

    def talk(peer: socket.socket) -> None:
        peer.settimeout(10)
        got = b""
        while b"\r\n\r\n" not in got and (piece := peer.recv(65_536)):
            got += piece
        for piece in pieces:
            peer.sendall(piece)
        while for_ever:
            peer.sendall(for_ever)
            time.sleep(every)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    return talk


def whole(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """An answer with status 200."""
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/rss+xml", 'ETag: "half"', *headers]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class LittleMemory:
    """Asserts that this process grew by less than 60 MB at any moment of the block."""

    def __enter__(self) -> None:
        begin_peak()
        self._before = own_kb("VmHWM")

    def __exit__(self, *_: object) -> None:
        assert own_kb("VmHWM") - self._before < MOST_MEMORY


def peak_memory() -> int:
    """The most that this process held at any moment, in MB."""
    return own_kb("VmHWM") // 1000
