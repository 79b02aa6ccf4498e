"""`python -m bench.way`: from feeds that have something new to mails in a mailbox, beside rss2email.

So many sites on loopback publish one event each at the same moment. Ours, one cycle: poll all feeds, read the articles
behind them, try each on five rules, store hits and stories, compose, send and record an e-mail an event. rss2email,
one run: fetch all feeds and send each new entry as an e-mail; it reads no pages and tests nothing. Both to the same
mail server, warm, without a pause between two pages of a site, each round with a database of its own, in turn.
Latencies are of each event, from when its feed was handed out to its mail's arrival.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from aiohttp import web
from sqlmodel import Session

from bench import peering
from bench.costs import family, memory_mb
from bench.loads import Load, watch_text
from bench.pipeline import alone
from bench.site import free_sockets, server_in_process
from bench.tables import table
from bench.verdicts import percentile, told
from bench.world import World, world
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle
from storage import feeds

FEEDS = 75  # with five rules 15 alerts each: of more than 20 in ten minutes the rest is folded
ROUNDS = 3
RULES = 5


@dataclass(frozen=True, slots=True)
class Round:
    """One side's round: seconds from publishing to the end of its run; latencies in seconds."""

    events: int
    seconds: float
    latencies: tuple[float, ...]
    memory_mb: float = 0.0

    @property
    def a_second(self) -> float:
        """Events told a second."""
        return self.events / self.seconds


def load_of(count: int) -> Load:
    """So many feeds, all alike."""
    return Load(count, count, 1, 0.0, 0.0, 0, RULES, "sqlite", hurt=False)


@contextmanager
def controlled(count: int, seed: int) -> Iterator[str]:
    """The world, in a process of its own; gives the address that it is told by what to do."""
    with server_in_process(_serve, count, seed) as port:
        yield f"http://127.0.0.1:{port}"


def _serve(out: Connection, count: int, seed: int) -> None:
    asyncio.run(_serve_world(out, count, seed))


async def _serve_world(out: Connection, count: int, seed: int) -> None:
    async with world(load_of(count), seed) as (around, _, hooks):
        (listening,) = free_sockets(1)
        runner = web.ServerRunner(web.Server(_control(around, hooks), access_log=None))
        await runner.setup()
        await web.SockSite(runner, listening).start()
        out.send(listening.getsockname()[1])
        await asyncio.Event().wait()


def _control(around: World, hooks: str) -> Callable[[web.BaseRequest], Any]:
    fresh = 0  # the events of this round begin here

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal fresh
        if request.path == "/places":
            said: dict[str, Any] = {
                "feeds": [one.url for one in around.feeds],
                "mail_port": around.mail_port,
                "hooks": hooks,
            }
        elif request.path == "/publish":
            fresh = len(around.news)
            for feed in around.feeds:
                around.publish_news(feed)
            said = {"events": len(around.news) - fresh}
        else:
            found = told(around.news[fresh:], around.arrivals, "mail", [])
            said = {"latencies": found.latencies.from_seen, "lost": len(found.lost)}
        return web.json_response(said)

    return answer


def asked(url: str) -> dict[str, Any]:
    """What the world's control answers."""
    with urlopen(url) as answer:
        return dict(json.loads(answer.read()))


def run_ours(control: str) -> Round:
    """One round of ours, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        return asyncio.run(_ours(Path(name), control))


async def _ours(folder: Path, control: str) -> Round:
    places = await asyncio.to_thread(asked, f"{control}/places")
    load = load_of(len(places["feeds"]))
    text = watch_text(load, places["feeds"], places["mail_port"], places["hooks"], seed=1)
    watch = json.loads(text)
    for rule in watch["rules"].values():
        rule["alert"] = {"to": ["mail"]}
    (folder / "watch.yaml").write_text(json.dumps(watch), "utf-8")
    allow = (ipaddress.ip_network("127.0.0.0/8"),)
    settings = Settings(
        _env_file=None, config=folder / "watch.yaml", data=folder, allow_addresses=allow, page_spacing=0.0,
        cycle_seconds=900.0,
    )  # fmt: skip
    async with open_app(settings, environ={}) as app:
        if message := (await follow_file(app, "bench")).message:
            raise RuntimeError(message)
        await run_cycle(app)
        events = (await asyncio.to_thread(asked, f"{control}/publish"))["events"]
        began = time.perf_counter()
        await app.db.write(_make_due)
        await run_cycle(app)
        seconds = time.perf_counter() - began
        said = await asyncio.to_thread(asked, f"{control}/told")
        if said["lost"]:
            raise RuntimeError(f"of {events} events, {said['lost']} were not told")
        return Round(events, seconds, tuple(said["latencies"]), memory_mb(family(os.getpid())))


def _make_due(session: Session) -> int:
    return feeds.poll_now(session, [], datetime.now(UTC))


def run_peer(control: str) -> Round:
    """One round of rss2email."""
    said = peering.called("rss2email_rounds", control)
    if said["lost"]:
        raise peering.PeerFailed(f"rss2email: of {said['events']} events, {said['lost']} were not told")
    return Round(said["events"], said["seconds"], tuple(said["latencies"]))


def measure(count: int, rounds: int) -> tuple[list[Round], list[Round]]:
    """Rounds of ours and of rss2email, in turn; none of it when it is not installed."""
    ours, theirs = [], []
    for number in range(rounds):
        with controlled(count, number + 1) as control:
            ours.append(alone(run_ours, control))
        if peering.installed():
            with controlled(count, number + 1) as control:
                theirs.append(run_peer(control))
    return ours, theirs


def main() -> int:
    """Run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m bench.way", description=__doc__)
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ours, theirs = measure(given.feeds, given.rounds)
    if given.json:
        print(
            json.dumps({"ours": [asdict(one) for one in ours], "rss2email": [asdict(one) for one in theirs]}, indent=2)
        )
        return 0
    rows = [
        [name, f"{one.a_second:.1f}", f"{percentile(one.latencies, 50):.2f}", f"{percentile(one.latencies, 95):.2f}"]
        for name, side in (("ours", ours), ("rss2email", theirs))
        for one in side
    ]
    print(table(["", "events told/s", "seen to sent, middle, s", "95 of 100, s"], rows))
    if not theirs:
        print("\nrss2email is not installed: `make bench-peers`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
