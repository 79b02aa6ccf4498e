"""One cycle: the steps as concurrent loops, until nothing is due or the time is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from core.errors import InputError, NotAvailable, WirewatchError
from core.log import pairs
from core.shortage import told_as_not_available
from pipeline.app import App
from pipeline.configure import refresh
from pipeline.cycle import Cycle
from pipeline.deliver import deliver, holding_channels
from pipeline.index import index
from pipeline.match import match as match_articles
from pipeline.past import past
from pipeline.poll import poll
from pipeline.prune import is_due as prune_is_due
from pipeline.prune import prune
from pipeline.read import read
from pipeline.release import release
from pipeline.report import STEPS, Report
from storage import alerts, articles, configs, deliveries, feeds, locks
from storage.deliveries import Who

logger = logging.getLogger(__name__)
LOCK_SECONDS = 60.0
INGEST = "ingest"  # the job lock of whole cycles; shards add their number
LOOPS: Mapping[str, Sequence[str]] = {
    "poll": ("poll",),
    "read": ("read",),
    "match": ("match", "past"),
    "alert": ("alert",),
    "deliver": ("deliver",),
    "index": ("index", "prune"),
}


async def run_cycle(
    app: App, *, steps: Sequence[str] = STEPS, seconds: float | None = None, only: Sequence[str] = ()
) -> Report:
    """Run these steps until nothing is due for any of them, or `seconds` are over (then nothing new is begun).

    `only` names feeds (by name or address): others are not polled. Safe to run twice at once: work is claimed.
    Raises InputError for a name that no feed bears.
    """
    cycle = await begin(app, steps=steps, seconds=seconds)
    if only and (missing := await app.db.read(lambda session: feeds.unknown(session, only))):
        raise InputError(f"no feed is called {', '.join(missing)}", hint="run `wirewatch feeds list`")
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps_of(steps):
                group.create_task(run_step(cycle, step, only))
    except* WirewatchError as errors:
        raise first_of(errors) from errors
    return finish(cycle)


def first_of(errors: BaseExceptionGroup[WirewatchError]) -> WirewatchError:
    """One of several errors of loops that stopped together: mostly the same one, such as a database that went away."""
    first: BaseException = errors
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first if isinstance(first, WirewatchError) else WirewatchError(str(first))


async def begin(app: App, *, steps: Sequence[str] = STEPS, seconds: float | None = None) -> Cycle:
    """A cycle of these steps, not yet running, under the newest revision of the watch file."""
    await refresh(app)
    loops = [loop for step in steps_of(steps) for loop in LOOPS[step]]
    return Cycle(app, seconds=app.settings.cycle_seconds if seconds is None else seconds, loops=loops)


async def run_step(cycle: Cycle, step: str, only: Sequence[str] = ()) -> None:
    """Run one step's loops to the end of the cycle; all steps it began with have to run at the same time.

    A step that raises ends the cycle for all. A cancellation alone would not do: before Python 3.12 `wait_for` loses
    one that comes together with what it waits for.
    """
    try:
        await _run_loops(cycle, step, only)
    except BaseException:
        cycle.broken = True
        raise


async def _run_loops(cycle: Cycle, step: str, only: Sequence[str]) -> None:
    match step:
        case "poll":
            await poll(cycle, only)
        case "read":
            await read(cycle)
        case "match":
            await asyncio.gather(match_articles(cycle), past(cycle))
        case "alert":
            await release(cycle)
        case "deliver":
            await deliver(cycle)
        case _:
            await asyncio.gather(index(cycle), prune(cycle))


def finish(cycle: Cycle) -> Report:
    """Close the books of a cycle whose steps have ended."""
    report = cycle.report
    report.seconds = time.monotonic() - cycle.began_at
    level = logging.INFO if report.counts else logging.DEBUG  # where deliveries have runs of their own: every 2 s
    logger.log(level, pairs(event="cycle", seconds=round(report.seconds, 1), **_totals(report)))
    return report


async def anything_due(app: App) -> bool:
    """Whether a cycle would find any work: an idle one need not begin."""
    now = app.clock.now()
    who = Who(holding=holding_channels(app), closed=frozenset(app.active.broken))
    return await app.db.read(
        lambda session: bool(
            feeds.any_due(session, now)
            or articles.count_to_read(session, now)
            or articles.count_to_match(session, now)
            or configs.rules_with_past(session)
            or alerts.count_due(session, now)
            or deliveries.count_expired(session)
            or deliveries.any_due(session, now, who)
            or prune_is_due(session, now)
        )
    )


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


@asynccontextmanager
async def job_lock(app: App, name: str) -> AsyncIterator[bool]:
    """Hold the job lock `name`, so that scheduled runs never overlap; yields False when another run holds it.

    The lock is renewed while it is held, and expires by itself when this process dies.
    """
    owner, length = app.owner.name, max(LOCK_SECONDS, app.owner.seconds)
    taken = await app.db.write(lambda session: locks.take(session, name, owner, seconds=length, now=app.clock.now()))
    if not taken:
        yield False
        return
    keeper = asyncio.create_task(_keep(app, name, length))
    finished = False
    try:
        yield True
        finished = True
    finally:
        keeper.cancel()
        ended = app.clock.now() if finished else None  # a run that was broken off must not pass for one that went well
        await app.db.write(lambda session: locks.release(session, name, owner, ended))


async def began_lately(app: App, name: str) -> bool:
    """Whether a run of this job began less than an interval ago: after an outage every missed one comes, and one is
    enough.
    """
    last = await app.db.read(lambda session: locks.last_started(session, name))
    return last is not None and timedelta() <= app.clock.now() - last < timedelta(seconds=app.settings.every_seconds)


async def _keep(app: App, name: str, length: float) -> None:
    """Prolong the lock until this is cancelled; a database that is away is asked again."""
    while True:
        await asyncio.sleep(length / 3)
        try:
            with told_as_not_available():
                await app.db.write(lambda session: locks.renew(session, name, app.owner.name, seconds=length))
        except NotAvailable as error:
            logger.warning(pairs(event="lock not prolonged", lock=name, why=error.message))
