"""Feeds polled per second through the real poll step: claim, one guarded GET, understand, write; SQLite, one process.

Every feed has a host of its own (made-up names, all of them loopback), so politeness delays nothing. Rounds in turn:
the first poll of all, 304s, bodies that did not change, bodies with one new entry of twenty.

With --minutes: polls at a rate for so long, several feeds a host, judged for politeness by the sites
(bench/sustained.py).
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import ipaddress
import json
import pstats
import socket
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.request import urlopen

from aiohttp.abc import AbstractResolver, ResolveResult
from sqlmodel import Session

from bench.servers import KINDS
from bench.site import HOST, server_in_process
from bench.tables import table
from core.settings import Settings
from fetching.client import Client
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage import feeds

ENTRIES = 20
WORDS = "The harbour's owners said that talks would be held on Thursday in the town hall, and set no date for an end. "
ROUNDS = {"first poll": "changed", "304s": "not_modified", "unchanged bodies": "unchanged", "one new entry": "changed"}


class Loopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Loopback."""
        return [ResolveResult(hostname=host, host=HOST, port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is open."""


def feed(site: str, edition: int) -> bytes:
    """Twenty entries, one of them new in each edition: 8 KB."""
    items = "".join(
        f"<item><guid>{site}-{n}</guid><title>Item {n} of {site}</title><link>http://{site}/{n}</link>"
        f"<description>{WORDS * 2}</description></item>"
        for n in range(edition, edition + ENTRIES)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{site}</title>{items}</channel></rss>'.encode()


class Sites:
    """All hosts in one server; `/mode/304`, `/mode/200` and `/mode/new` say what comes next."""

    def __init__(self) -> None:
        self._conditional = True
        self._edition = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer, as the client asks for."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        path = head.split()[1]
        if path.startswith("/mode/"):
            self._conditional = path.endswith("304")
            self._edition += path.endswith("new")
        if self._conditional and "\r\nif-none-match:" in head:
            writer.write(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n")
        else:
            site = head.partition("\r\nhost: ")[2].partition(":")[0]
            body = feed(site, self._edition)
            headers = f'ETag: "{self._edition}"\r\nContent-Type: application/rss+xml\r\nContent-Length: {len(body)}'
            writer.write(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}\r\n\r\n".encode() + body)
        writer.close()


def sites() -> AbstractContextManager[int]:
    """The sites in a process of their own; gives their port."""
    return server_in_process(_serve)


def _serve(out: Connection) -> None:
    async def serve() -> None:
        server = await asyncio.start_server(Sites().answer, HOST, 0, backlog=1_024)
        out.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(serve())


async def rounds(folder: Path, port: int, count: int, profiled: str = "") -> dict[str, tuple[float, float]]:
    """Feeds a second and CPU milliseconds a feed of each round. Raises RuntimeError when one was not what it says."""
    watch = {"version": 1, "rules": {}, "channels": {}, "feeds": _feeds(port, count)}
    (folder / "watch.yaml").write_text(json.dumps(watch), "utf-8")
    allow = (ipaddress.ip_network("127.0.0.0/8"),)
    settings = Settings(
        _env_file=None, config=folder / "watch.yaml", data=folder, allow_addresses=allow, page_spacing=0.0, jobs=1,
        cycle_seconds=900.0,
    )  # fmt: skip
    figures = {}
    async with (
        open_app(settings, environ={}) as app,
        Client(user_agent="wirewatch/bench", allow=allow, resolver=Loopback()) as client,
    ):
        app.client = client
        await follow_file(app, "bench")
        for name, outcome in ROUNDS.items():
            mode = {"304s": "304", "unchanged bodies": "200", "one new entry": "new"}.get(name, "304")
            await asyncio.to_thread(_switch, port, mode)
            figures[name] = await _round(app, outcome, count, name == profiled)
    return figures


def _switch(port: int, mode: str) -> None:
    with urlopen(f"http://{HOST}:{port}/mode/{mode}") as answer:
        answer.read()


def _feeds(port: int, count: int) -> list[dict[str, str]]:
    return [{"url": f"http://f{n}.bench.test:{port}/rss", "name": f"F{n}", "first_poll": "1h"} for n in range(count)]


async def _round(app: App, outcome: str, count: int, profiled: bool) -> tuple[float, float]:
    def make_due(session: Session) -> int:
        return feeds.poll_now(session, [], app.clock.now())

    await app.db.write(make_due)
    profile = cProfile.Profile()
    began, cpu = time.perf_counter(), time.process_time()
    if profiled:
        profile.enable()
    report = await run_cycle(app, steps=["poll"])
    profile.disable()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    if report.total("poll", outcome) != count:
        raise RuntimeError(f"{report.rows()} {report.failures[:3]}")
    if profiled:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(25)
    return count / seconds, cpu / count * 1_000


def sustained(given: argparse.Namespace) -> int:
    """The measurement at a rate; exit code 1 when a site's owner would mind, or the rate was not kept."""
    from bench.sustained import Plan, run  # which takes its feeds from here

    plan = Plan(given.minutes, given.rate, given.every, given.cycle_seconds, given.database)
    values = run(plan).values()
    print(json.dumps(values, indent=2) if given.json else table(["", "figure"], [list(one) for one in values.items()]))
    kept = values["polls a second"] >= 0.97 * values["wanted a second"]
    return 0 if kept and not values["politeness faults"] else 1


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.polls", description=__doc__)
    parser.add_argument("--feeds", type=int, default=2_000)
    parser.add_argument("--profile", default="", choices=["", *ROUNDS], help="print where this round's time goes")
    steady = parser.add_argument_group("at a rate, politeness kept, mostly 304s, as a worker runs")
    steady.add_argument("--minutes", type=float, default=0.0, help="so long; 0: the rounds above instead")
    steady.add_argument("--rate", type=float, default=100_000.0, help="polls an hour")
    steady.add_argument("--every", type=float, default=300.0, help="of each feed, seconds")
    steady.add_argument("--cycle-seconds", type=float, default=50.0, help="WIREWATCH_CYCLE_SECONDS")
    steady.add_argument("--database", choices=KINDS, default="sqlite")
    steady.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    given = parser.parse_args()
    if given.minutes:
        return sustained(given)
    with sites() as port, tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        figures = asyncio.run(rounds(Path(name), port, given.feeds, given.profile))
    rows = [[name, f"{speed:.0f}", f"{cpu:.2f}"] for name, (speed, cpu) in figures.items()]
    print(f"{given.feeds} feeds of {ENTRIES} entries, each on a host of its own; SQLite, one process.\n")
    print(table(["round", "feeds/s", "CPU ms a feed"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
