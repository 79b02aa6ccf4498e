"""Several worker processes on one PostgreSQL, the sites they ask, and what those sites' owners see."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from storage.tables import Article, Delivery, Feed
from tests.builders import STRIKE, Item, World, page, rss
from tests.faults.test_storm import place
from tests.sinks.http import Answer, HttpSink, Request

ROOT = Path(__file__).parents[2]
SPACING_S = 0.4  # between two requests to one host
ANSWER_S = 0.02  # a site takes so long


@dataclass
class Host:
    """A site that keeps the moments at which it was asked, and how many it was answering at once."""

    name: str
    sink: HttpSink = field(init=False)
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)
    most_at_once: int = 0
    answer_s: float = ANSWER_S

    def __post_init__(self) -> None:
        self._now = 0
        self._lock = threading.Lock()
        self.sink = HttpSink(self._answer)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.asked.append((time.monotonic(), request.path))
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.answer_s)
        with self._lock:
            self._now -= 1
        body = self.files.get(request.path)
        if body is None:
            return Answer(404, body=b"none")
        kind = "text/html; charset=utf-8" if body.startswith(b"<!DOCTYPE html") else "application/rss+xml"
        return Answer(200, {"Content-Type": kind}, body)

    def publish(self, number: int) -> Item:
        """One more article, of an event that no other tells; returns its item."""
        where = place(number)
        path = f"/{where}.html"
        title = f"Dockers begin strike in {where}"
        self.files[path] = page(title, [f"In {where} all was still when number {number} came to the gates.", *STRIKE])
        return Item(guid=where, link=self.sink.url(path), title=title)

    def paths(self, but: Sequence[str] = ("/robots.txt",)) -> list[str]:
        """What was asked for, without what each worker asks for itself."""
        return [path for _, path in self.asked if path not in but]

    def gaps(self) -> list[float]:
        """Seconds between one request and the next, robots.txt aside: that is asked for with the first page."""
        times = sorted(at for at, path in self.asked if path != "/robots.txt")
        return [after - before for before, after in pairwise(times)]


@dataclass
class Worker:
    """One worker process: `wirewatch run` under a job lock of its own."""

    shard: int
    process: subprocess.Popen[str]
    log: Path
    out: Path

    @property
    def reports(self) -> list[dict[str, Any]]:
        """What its cycles came to; asked when it has ended."""
        text, found = self.out.read_text("utf-8").strip(), []
        while text:
            report, end = json.JSONDecoder().raw_decode(text)
            text = text[end:].strip()
            found.append(report)
        return found

    def total(self, step: str, outcome: str) -> int:
        """How many items of a step ended so, in all its cycles."""
        rows = [row for report in self.reports for row in report["counts"]]
        return sum(row["count"] for row in rows if (row["step"], row["outcome"]) == (step, outcome))

    def stop(self, seconds: float = 60) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    @property
    def words(self) -> str:
        """Its log."""
        return self.log.read_text("utf-8")


@dataclass
class Fleet:
    """Hosts with a feed each, a watch file, and workers."""

    world: World
    url: str
    hosts: list[Host]
    workers: list[Worker] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)

    def publish(self, pages: int, first: int = 0) -> None:
        """So many articles on each host, in its feed, numbered from `first` on."""
        for place_of, host in enumerate(self.hosts):
            begin = first + place_of * pages
            host.files["/rss"] = rss(*map(host.publish, range(begin, begin + pages)), title=host.name)

    def watch(self, events: int) -> None:
        """The watch file: every host's feed is watched, each of so many events by a rule of its own."""
        self.world.feeds = [
            {"url": host.sink.url("/rss"), "name": host.name, "language": "en", "first_poll": "9000h"}
            for host in self.hosts
        ]
        self.world.rules = {f"r{n}": rule(n) for n in range(events)}
        self.world.watch_file.write_text(self.world.watch_text(), "utf-8")

    def start(self, shard: int, before: Sequence[str] = (), url: str = "", **settings: object) -> Worker:
        """One worker; `before` is what its command begins with."""
        values = {
            "config": self.world.watch_file, "data": self.world.folder / f"data{shard}", "database": url or self.url,
            "allow_addresses": "127.0.0.0/8", "page_spacing": SPACING_S, "jobs": 1, "every_seconds": 1,
            "cycle_seconds": 5, **self.world.keeps, **settings,
        }  # fmt: skip
        log, out = (self.world.folder / f"worker{shard}.{ending}" for ending in ("log", "json"))
        command = [*before, sys.executable, "-m", "cli", "-v", "run", "--shard", str(shard), "--json"]
        named = {f"WIREWATCH_{name.upper()}": str(value) for name, value in values.items()}
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **named, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL, stdout=self.stack.enter_context(out.open("a")),
            stderr=self.stack.enter_context(log.open("a")), text=True,
        )  # fmt: skip
        worker = Worker(shard, process, log, out)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        self.workers.append(worker)
        return worker


@contextmanager
def fleet(world: World, url: str, hosts: int) -> Iterator[Fleet]:
    """So many hosts; no worker outlives the block."""
    with ExitStack() as stack:
        made = Fleet(world, url, [Host(f"h{number}") for number in range(hosts)], stack=stack)
        for host in made.hosts:
            stack.enter_context(host.sink)
        yield made


def rule(number: int) -> dict[str, Any]:
    """A rule that only the article of this number matches."""
    return {"title": "Strike", "match": place(number), "alert": {"to": ["hook"]}}


def leased_by_others(session: Session, but: Sequence[int] = ()) -> list[str]:
    """Owners of leases that are held now, without those of these processes."""
    found: set[str] = set()
    for owner in (Feed.lease_owner, Article.lease_owner, Article.match_owner, Delivery.lease_owner):
        found |= set(session.exec(select(owner).where(col(owner) != "")).all())
    return sorted(one for one in found if one and int(one.split(":")[1]) not in but)
