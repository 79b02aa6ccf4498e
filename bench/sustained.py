"""Polls at a given rate for some minutes, as a worker runs them: a cycle a minute, politeness kept, judged by sites.

Several feeds share each host (made-up names, all of them loopback). Most answers are 304, one in twenty brings
an entry. The sites keep when each host and feed was asked; a poll is late by what lies between `next_poll_at` and its
request.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import math
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import linear_regression, quantiles
from typing import Any
from urllib.request import urlopen

from sqlalchemy import delete
from sqlmodel import Session, col, select

from bench.costs import cpu_seconds, family, memory_mb
from bench.polls import Loopback, feed
from bench.servers import databases
from bench.site import HOST, server_in_process
from core.settings import Settings
from fetching.client import Client
from fetching.schedule import JITTER
from pipeline import poll
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.entries import Counts
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage.feeds import Claimed
from storage.tables import Feed, HostState

SPACING_S = 1.0  # between two requests to one host, as by default
LEAST_GAP_S = 0.7  # a request may leave a quarter of the spacing late; the rest is for the way
AT_ONCE = 2  # requests that one host answers at the same moment
NEWS = 0.05  # of the answers bring something
FEEDS_A_HOST = 40  # so that many are due at a host at the same moment
SAMPLE_S = 2.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    minutes: float = 10.0
    rate: float = 100_000.0  # polls an hour
    every_s: float = 300.0  # of each feed
    cycle_s: float = 50.0
    database: str = "sqlite"

    @property
    def feeds(self) -> int:
        """So many make the rate: each waits a little longer than its interval, by chance."""
        return math.ceil(self.rate / 3_600 * self.every_s * (1 + JITTER / 2))


@dataclass
class Seen:
    """What the sites' owners saw."""

    requests: int = 0
    too_soon: int = 0  # after the request before it, at the same host
    too_many: int = 0  # at once
    too_often: int = 0  # sooner than the feed's interval
    least_gap_s: float = math.inf

    @property
    def faults(self) -> int:
        """Of politeness."""
        return self.too_soon + self.too_many + self.too_often


class Owners:
    """All hosts in one server, which keeps what it was asked. `/begin/SECONDS` forgets it: that is how often a feed may
    be asked from then on; `/end` tells it.
    """

    def __init__(self) -> None:
        self._seen = Seen()
        self._every_s = 0.0
        self._hosts: dict[str, float] = {}
        self._feeds: dict[str, float] = {}
        self._answering: dict[str, int] = {}
        self._editions: dict[str, int] = {}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        path, host = head.split()[1], head.partition("\r\nhost: ")[2].partition(":")[0]
        if host == HOST:
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + self._told(path))
        else:
            self._note(host, path, time.monotonic())
            writer.write(self._page(host, path, '\r\nif-none-match: "' in head))
        await writer.drain()
        writer.close()
        self._answering[host] = self._answering.get(host, 1) - 1

    def _told(self, path: str) -> bytes:
        if path.startswith("/begin/"):
            self._seen, self._every_s = Seen(), float(path.removeprefix("/begin/"))
            self._hosts.clear()
            self._feeds.clear()
        return json.dumps({name: getattr(self._seen, name) for name in Seen.__dataclass_fields__}).encode()

    def _note(self, host: str, path: str, now: float) -> None:
        seen, key = self._seen, f"{host}{path}"
        gap = now - self._hosts.get(host, -math.inf)
        self._answering[host] = self._answering.get(host, 0) + 1
        seen.requests += 1
        seen.least_gap_s = min(seen.least_gap_s, gap)
        seen.too_soon += gap < LEAST_GAP_S
        seen.too_many += self._answering[host] > AT_ONCE
        seen.too_often += now - self._feeds.get(key, -math.inf) < self._every_s
        self._hosts[host] = self._feeds[key] = now

    def _page(self, host: str, path: str, conditional: bool) -> bytes:
        key = f"{host}{path}"
        number = self._seen.requests
        if conditional and number % round(1 / NEWS):
            return b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"
        self._editions[key] = edition = self._editions.get(key, -1) + 1
        body = feed(f"{host}{path.replace('/', '-')}", edition)
        headers = f'ETag: "{edition}"\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}'
        return f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n\r\n".encode() + body


def serve(out: Connection) -> None:
    """The owners' server, for a process of its own; sends its port."""

    async def run() -> None:
        server = await asyncio.start_server(Owners().answer, HOST, 0, backlog=4_096)
        out.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(run())


@dataclass
class Figures:
    """What came of it. Seconds, unless their name says something else."""

    plan: Plan
    seconds: float = 0.0
    seen: Seen = field(default_factory=Seen)
    late: list[float] = field(default_factory=list)
    cpu_share: float = 0.0
    memory: list[tuple[float, float]] = field(default_factory=list)  # second, MB
    outcomes: dict[str, int] = field(default_factory=dict)

    def values(self) -> dict[str, Any]:
        """The figures by name."""
        cuts = quantiles(self.late, n=100, method="inclusive") if len(self.late) > 1 else [math.nan] * 99
        later = [one for one in self.memory if one[0] >= self.seconds / 3]  # what loads once is loaded by then
        slope = math.nan
        if len(later) > 2:
            slope = linear_regression([at for at, _ in later], [size for _, size in later]).slope * 3_600
        return {
            "feeds": self.plan.feeds,
            "hosts": math.ceil(self.plan.feeds / FEEDS_A_HOST),
            "minutes": round(self.seconds / 60, 2),
            "polls": len(self.late),
            "polls a second": round(len(self.late) / self.seconds, 2),
            "wanted a second": round(self.plan.rate / 3_600, 2),
            **{f"polls: {name}": count for name, count in sorted(self.outcomes.items())},
            "late p50, s": round(cuts[49], 2),
            "late p95, s": round(cuts[94], 2),
            "late at most, s": round(max(self.late, default=math.nan), 2),
            "CPU, share of a core": round(self.cpu_share, 3),
            "memory (PSS), MB": round(self.memory[-1][1]) if self.memory else 0,
            "memory slope, MB an hour": round(slope, 1),
            "politeness faults": self.seen.faults,
            "too soon": self.seen.too_soon,
            "too many at once": self.seen.too_many,
            "too often": self.seen.too_often,
            "least gap at a host, s": round(self.seen.least_gap_s, 3),
        }


async def sustained(plan: Plan, folder: Path, port: int, url: str) -> Figures:
    """Every feed polled once as fast as it goes, then the measured minutes. Raises RuntimeError when that fails."""
    write(folder, plan, port, "24h")  # so that the first round ends
    async with worker(folder, url, spacing=0.0, cycle=3_600.0) as app:
        await follow_file(app, "bench")
        report = await run_cycle(app, steps=["poll"])
        if report.total("poll", "changed") != plan.feeds:
            raise RuntimeError(f"{report.rows()} {report.failures[:3]}")
    figures = Figures(plan)
    write(folder, plan, port, f"{plan.every_s:.0f}s")
    async with worker(folder, url, spacing=SPACING_S, cycle=plan.cycle_s) as app:
        await follow_file(app, "bench")
        now = app.clock.now()
        await app.db.write(lambda session: spread(session, plan, now))
        await asyncio.to_thread(_ask, port, f"/begin/{plan.every_s}")
        with lateness(figures.late):
            await _minutes(app, plan, figures)
        figures.seen = Seen(**json.loads(await asyncio.to_thread(_ask, port, "/end")))
    return figures


def write(folder: Path, plan: Plan, port: int, every: str) -> None:
    """The watch file: several feeds a host, each asked every so often."""
    names = [f"http://h{n // FEEDS_A_HOST}.bench.test:{port}/rss{n % FEEDS_A_HOST}" for n in range(plan.feeds)]
    feeds = [{"url": name, "name": f"F{n}", "first_poll": "1h", "every": every} for n, name in enumerate(names)]
    (folder / "watch.yaml").write_text(json.dumps({"version": 1, "rules": {}, "channels": {}, "feeds": feeds}), "utf-8")


async def _minutes(app: App, plan: Plan, figures: Figures) -> None:
    """A cycle a minute, as `wirewatch run` does it."""
    began, cpu = time.monotonic(), cpu_seconds([os.getpid()])
    end = began + plan.minutes * 60
    sampler = asyncio.create_task(_sample(figures.memory, began))
    while (now := time.monotonic()) < end:
        report = await run_cycle(app, steps=["poll"], seconds=min(plan.cycle_s, end - now))
        for (step, outcome, _), count in report.counts.items():
            if step == "poll":
                figures.outcomes[outcome] = figures.outcomes.get(outcome, 0) + count
        figures.seconds = time.monotonic() - began  # the pause after the last cycle is no time of its polls
        rest = min(now + app.settings.every_seconds, end) - time.monotonic()
        await asyncio.sleep(max(0.0, rest))
    sampler.cancel()
    figures.cpu_share = (cpu_seconds([os.getpid()]) - cpu) / figures.seconds


async def _sample(memory: list[tuple[float, float]], began: float) -> None:
    while True:
        memory.append((time.monotonic() - began, await asyncio.to_thread(memory_mb, family(os.getpid()))))
        await asyncio.sleep(SAMPLE_S)


@asynccontextmanager
async def worker(folder: Path, url: str, *, spacing: float, cycle: float) -> AsyncIterator[App]:
    """A worker to whom every name is this machine."""
    allow = (ipaddress.ip_network("127.0.0.0/8"),)
    settings = Settings(
        _env_file=None, config=folder / "watch.yaml", data=folder, database=url, allow_addresses=allow,
        page_spacing=spacing, jobs=1, cycle_seconds=cycle,
    )  # fmt: skip
    async with (
        open_app(settings, environ={}) as app,
        Client(user_agent="wirewatch/bench", allow=allow, resolver=Loopback()) as client,
    ):
        app.client = client
        yield app


def spread(session: Session, plan: Plan, now: datetime) -> None:
    """Every feed is due once in its interval, evenly; the hosts have been left alone for long."""
    rows = session.exec(select(Feed).order_by(col(Feed.id))).all()
    for number, row in enumerate(sorted(rows, key=lambda one: (one.id or 0) * 7_919 % 10_007)):
        row.next_poll_at = now + timedelta(seconds=plan.every_s * number / len(rows))
        session.add(row)
    session.connection().execute(delete(HostState))


@contextmanager
def lateness(late: list[float]) -> Iterator[None]:
    """Keep, of each poll that is recorded, how long after its `next_poll_at` it was asked."""
    usual = poll.record

    def recorded(session: Session, app: App, one: Claimed, polled: poll.Polled, *, now: datetime, ms: float) -> Counts:
        counts = usual(session, app, one, polled, now=now, ms=ms)
        asked = now - timedelta(milliseconds=ms)
        late.append((asked - one.feed.next_poll_at).total_seconds())
        return counts

    poll.record = recorded
    try:
        yield
    finally:
        poll.record = usual


def _ask(port: int, path: str) -> bytes:
    with urlopen(f"http://{HOST}:{port}{path}") as answer:
        return bytes(answer.read())


def run(plan: Plan) -> Figures:
    """The whole measurement on a fresh database."""
    with (
        server_in_process(serve) as port,
        databases(plan.database) as fresh,
        tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name,
    ):
        return asyncio.run(sustained(plan, Path(name), port, fresh()))
