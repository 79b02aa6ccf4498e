"""How much later other channels' messages arrive while 20 sends hang, beside the same run in which none does.

Five channels (e-mail, webhook, and ntfy, Gotify and Mattermost through Apprise) get an alert each every so often; a
message's time is from the commit that makes it owed to its arrival at the receiver on loopback. Beside them one more
channel has 20 sends, or twenty have one each, that the receiver takes and never answers. Sending processes are warm,
as in a worker that has run for a while, and chats have no pace. Exit code 1 when a channel's 95th percentile more than
doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from bench.tables import table
from pipeline.app import App
from pipeline.cycle import Cycle
from pipeline.run import run_step
from storage.engine import Database
from tests.builders import World
from tests.conftest import migrate
from tests.faults.doors import KINDS, Door, owe
from tests.faults.ward import CANARY

HUNG = 20
AIM = 2.0
LIMIT_S = 120.0
WAYS = ("one channel", "20 channels")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured."""

    alerts: int = 40
    every: float = 0.3  # seconds
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class Times:
    """One channel's messages beside what hung (a kind and a way; "" is nothing): milliseconds to their arrival."""

    hung: str
    channel: str
    ms: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return sorted(self.ms)[len(self.ms) // 2]

    @property
    def p95(self) -> float:
        """What 95 of 100 stay within."""
        return sorted(self.ms)[min(len(self.ms) - 1, round(len(self.ms) * 0.95))]


class _Noting(list[Any]):
    """A list that notes when something was put into it."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[float] = []

    def append(self, one: Any) -> None:
        self.at.append(time.perf_counter())
        super().append(one)


async def measure(plan: Plan) -> list[Times]:
    """All ways to hang, each beside nothing, in turn."""
    found: dict[tuple[str, str], list[float]] = {}
    hung = ["", *(f"{kind}, {way}" for way in WAYS for kind in ("mail", "hook", "ntfy"))]
    for number in range(1, plan.rounds + 1):
        for one in hung:
            for channel, ms in (await measure_one(plan, one)).items():
                found.setdefault((one, channel), []).extend(ms)
            print(f"round {number}: {one or 'nothing hangs'}", file=sys.stderr, flush=True)
    return [Times(one, channel, tuple(ms)) for (one, channel), ms in found.items()]


async def measure_one(plan: Plan, hung: str) -> dict[str, list[float]]:
    """Channel → milliseconds of each message, beside what hangs."""
    with _doors(hung) as (world, doors, slow):
        url = f"sqlite:///{world.folder}/wirewatch.db"
        await asyncio.to_thread(migrate, url)
        db = Database(url)
        try:
            async with world.worker(db, environ={"TOKEN": CANARY}) as app:
                return await _watched(plan, app, doors, slow)
        finally:
            db.close()


@contextmanager
def _doors(hung: str) -> Iterator[tuple[World, dict[str, Door], dict[str, Door]]]:
    """A world with five good receivers, and those that hang."""
    kind, _, way = hung.partition(", ")
    many = way == "20 channels"
    people = tuple(f"p{number}@x.test" for number in range(1 if many else HUNG))
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, World(Path(name)) as world:
        doors = {one: Door(one) for one in KINDS}
        slow = {f"slow{number}": Door(kind, to=people) for number in range(HUNG if many else 1)} if kind else {}
        every = {**doors, **slow}
        for door in slow.values():
            door.will(*["hang"] * HUNG)
        for door in doors.values():
            sink: Any = door.smtp if door.kind == "mail" else door.http
            setattr(sink, "mails" if door.kind == "mail" else "taken", _Noting())
        world.channels = {name: door.settings for name, door in every.items()}
        world.rules["strike"]["alert"] = {"to": ["mail"]}
        try:
            yield world, doors, slow
        finally:
            for door in every.values():
                door.close()


async def _watched(plan: Plan, app: App, doors: dict[str, Door], slow: dict[str, Door]) -> dict[str, list[float]]:
    """Start what hangs, then owe the others their alerts one after the other; how long each took."""
    await asyncio.gather(*(app.senders.run(time.sleep, 1.0, seconds=LIMIT_S) for _ in range(len(slow) + 3)))
    for name in doors:
        app.active.channels[name].pace = 0.0  # a chat's own second between two messages hides what is to be seen
    # "newsroom" is the step before, which has not come to its end
    cycle = Cycle(app, seconds=LIMIT_S * 10, loops=["alert", "deliver", "newsroom"])
    steps = [asyncio.create_task(run_step(cycle, step)) for step in ("alert", "deliver")]
    try:
        if slow:
            await _owe(app, cycle, range(1001, 1001 + HUNG // len(slow)), list(slow))
            await _until(lambda: all(door.got for door in slow.values()))
        began = []
        for number in range(1, plan.alerts + 1):
            await _owe(app, cycle, [number], list(doors))
            began.append(time.perf_counter())
            await asyncio.sleep(plan.every)
        await _until(lambda: all(len(door.got) == plan.alerts for door in doors.values()))
        return {name: _took(door, began) for name, door in doors.items()}
    finally:
        for step in steps:
            step.cancel()
        await asyncio.gather(*steps, return_exceptions=True)
        await app.outlasting.cut_off()  # what hangs would be waited for


def _took(door: Door, began: Sequence[float]) -> list[float]:
    noted: _Noting = door.smtp.mails if door.kind == "mail" else door.http.taken  # type: ignore[assignment]
    return [max(0.0, at - began[number - 1]) * 1000 for number, at in zip(door.got, noted.at, strict=True)]


async def _owe(app: App, cycle: Cycle, numbers: Sequence[int], to: list[str]) -> None:
    """As the step before would, which then wakes the others."""

    def work(session: Session) -> None:
        for number in numbers:
            owe(session, app, number, to, app.clock.now())

    await app.db.write(work)
    cycle.worked()


async def _until(done: Any) -> None:
    ends = time.monotonic() + LIMIT_S
    while not done():
        if time.monotonic() > ends:
            raise TimeoutError("a message did not arrive")
        await asyncio.sleep(0.02)


# -- telling


def ratios(times: Sequence[Times]) -> dict[tuple[str, str], float]:
    """What hung and channel → its 95th percentile by the one without."""
    alone = {one.channel: one.p95 for one in times if not one.hung}
    return {(one.hung, one.channel): one.p95 / alone[one.channel] for one in times if one.hung}


def worst(times: Sequence[Times]) -> float:
    """The largest."""
    return max(ratios(times).values())


def markdown(times: Sequence[Times]) -> str:
    """A table for people."""
    by, middles = ratios(times), {one.channel: one.middle for one in times if not one.hung}
    rows = [
        (
            one.hung or "nothing",
            one.channel,
            f"{one.middle:.0f}",
            f"{one.p95:.0f}",
            f"{one.middle / middles[one.channel]:.2f}" if one.hung else "",
            f"{by[one.hung, one.channel]:.2f}" if one.hung else "",
        )
        for one in times
    ]
    return table(("20 sends hang", "channel", "median ms", "p95 ms", "median by nothing's", "p95 by nothing's"), rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.hanging", description=__doc__)
    parser.add_argument("--alerts", type=int, default=Plan().alerts, help="to each channel a run")
    parser.add_argument("--rounds", type=int, default=Plan().rounds)
    parser.add_argument("--json", action="store_true", help="as JSON")
    given = parser.parse_args()
    times = asyncio.run(measure(Plan(alerts=given.alerts, rounds=given.rounds)))
    if given.json:
        figures = [{**asdict(one), "median": one.middle, "p95": one.p95} for one in times]
        print(json.dumps({"times": figures, "worst": round(worst(times), 3)}, indent=2))
    else:
        print(markdown(times))
        print(f"worst: {worst(times):.2f} (aim: {AIM:.0f} at most)")
    return 0 if worst(times) <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
