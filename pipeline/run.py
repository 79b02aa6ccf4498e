"""One cycle: the steps as concurrent loops, until nothing is due or the time is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from core.errors import InputError
from core.log import pairs
from core.reasons import Reason
from pipeline.alert import release
from pipeline.app import App
from pipeline.configure import refresh
from pipeline.cycle import Cycle
from pipeline.deliver import deliver
from pipeline.match import match
from pipeline.past import past
from pipeline.poll import poll
from pipeline.read import read
from pipeline.report import STEPS, Report
from storage import locks

logger = logging.getLogger(__name__)
LOCK_SECONDS = 60.0
LOOPS: Mapping[str, Sequence[Callable[[Cycle], Awaitable[None]]]] = {
    "poll": (poll,),
    "read": (read,),
    "match": (match, past),
    "alert": (release,),
    "deliver": (deliver,),
}


async def run_cycle(
    app: App, *, steps: Sequence[str] = STEPS, seconds: float | None = None, only: Sequence[str] = ()
) -> Report:
    """Run these steps until nothing is due for any of them, or `seconds` are over (then nothing new is begun).

    `only` names feeds (by name or address): others are not polled. Safe to run twice at once: work is claimed.
    """
    await refresh(app)
    started = time.monotonic()
    cycle = Cycle(app, seconds=app.settings.cycle_seconds if seconds is None else seconds)
    async with asyncio.TaskGroup() as group:
        for step in steps_of(steps):
            for loop in LOOPS[step]:
                running = poll(cycle, only) if loop is poll else loop(cycle)
                group.create_task(_as_coroutine(running))
    cycle.report.seconds = time.monotonic() - started
    logger.info(pairs(event="cycle", seconds=round(cycle.report.seconds, 1), **_totals(cycle.report)))
    return cycle.report


async def _as_coroutine(running: Awaitable[None]) -> None:
    await running


def steps_of(names: Sequence[str]) -> Sequence[str]:
    """The steps of these names in the order of the way; matching always releases what is due too."""
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        raise InputError(f"there is no step {unknown[0]!r}", hint=f"steps are {', '.join(STEPS)}")
    wanted = set(names) | ({"alert"} if {"match", "deliver"} & set(names) else set())
    return [step for step in STEPS if step in wanted]


def _totals(report: Report) -> dict[str, int]:
    return {
        f"{step}_{outcome}".replace(" ", "_"): n for step, row in report.steps().items() for outcome, n in row.items()
    }


async def run_locked(app: App, name: str = "ingest", *, seconds: float | None = None) -> Report | Reason:
    """A cycle under the job lock `name`, so that scheduled runs never overlap; LOCKED when another holds it.

    The lock is renewed while the cycle runs and expires by itself when this process dies.
    """
    owner = app.owner.name
    length = max(LOCK_SECONDS, app.owner.seconds)
    taken = await app.db.write(lambda session: locks.take(session, name, owner, seconds=length, now=app.clock.now()))
    if not taken:
        return Reason.LOCKED
    keeper = asyncio.create_task(_keep(app, name, length))
    try:
        return await run_cycle(app, seconds=seconds)
    finally:
        keeper.cancel()
        await app.db.write(lambda session: locks.release(session, name, owner, app.clock.now()))


async def _keep(app: App, name: str, length: float) -> None:
    while True:
        await asyncio.sleep(length / 3)
        await app.db.write(lambda session: locks.renew(session, name, app.owner.name, seconds=length))
