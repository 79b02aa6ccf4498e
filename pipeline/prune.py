"""prune: what is old enough and nobody's business any more → gone. Once a day in a cycle, or by `wirewatch prune`.

Nothing that goes can make anything be told again: storage/prune.py says what stays. Small batches with rests between
them leave the database to the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlmodel import Session

from core.errors import NotAvailable
from core.log import pairs
from core.settings import Settings
from pipeline.app import Active, App
from pipeline.cycle import Cycle
from rules.watchfile import Snapshots
from storage import locks
from storage import prune as rows
from storage.prune import KINDS, Cutoffs, Kind

logger = logging.getLogger(__name__)
JOB = "prune"  # the name of its lock
EVERY = timedelta(days=1)
MARGIN = timedelta(days=1)  # beyond the longest story window, for clocks that differ
BATCH = 100  # rows of one commit, and what hangs on them
REST = 4  # after a commit the others have the database for so many times as long as it took,
LONGEST_REST_S = 0.5  # and at most so long
LOCK_SECONDS = 60.0


def cutoffs(settings: Settings, snapshots: Snapshots, longest_window: timedelta, now: datetime) -> Cutoffs:
    """What is older goes. Nothing of a story that more may still join, however little is to be kept. Pure."""

    def since(days: int, least: timedelta = timedelta()) -> datetime | None:
        return now - max(timedelta(days=days), least) if days else None

    joined = longest_window + MARGIN
    keep, keep_hits = snapshots.keep, snapshots.keep_hits
    return Cutoffs(
        polls=since(settings.keep_polls),
        articles=since(settings.keep_articles, joined),
        ledger=since(settings.keep_ledger, joined),
        hits=since(settings.keep_hits, joined),
        pages=None if keep is None else now - keep,
        pages_of_hits=None if keep_hits is None else now - keep_hits,
        unlisted=timedelta(days=max(settings.keep_articles, settings.keep_hits)),
    )


def is_due(session: Session, now: datetime) -> bool:
    """Whether it is a day since all was looked through."""
    last = locks.last_finished(session, JOB)
    return last is None or not timedelta() <= now - last < EVERY


async def prune(cycle: Cycle) -> None:
    """The loop: once a day, until all is looked through or the cycle ends; the next one goes on then."""
    app, now = cycle.app, cycle.app.clock.now()
    if await app.db.read(lambda session: is_due(session, now)):
        gone: Counter[str] = Counter()
        await _prune(app, now, lambda: cycle.is_open, gone)
        for name, number in gone.items():
            cycle.report.count(JOB, name, by=number)
    cycle.leave(JOB)


async def prune_now(app: App) -> Counter[str]:
    """Delete what goes; returns how many rows of what. Raises NotAvailable when another process is at it."""
    gone: Counter[str] = Counter()
    if not await _prune(app, app.clock.now(), lambda: not app.stopping.is_set(), gone) and not app.stopping.is_set():
        raise NotAvailable("another process is deleting what is old", hint="wait a minute, then try again")
    return gone


async def prune_due(app: App) -> Counter[str] | None:
    """Delete what goes, when a day is over; None when it is not, or when another process is at it."""
    gone: Counter[str] = Counter()
    now = app.clock.now()
    if not await app.db.read(lambda session: is_due(session, now)):
        return None
    done = await _prune(app, now, lambda: not app.stopping.is_set(), gone)
    return gone if done or gone else None


async def would_go(app: App) -> Counter[str]:
    """How many rows of what would go now, without articles that are free only when their stories are gone."""
    limits = _limits(app.settings, app.active, app.clock.now())
    found: Counter[str] = Counter()
    for kind in KINDS:
        found += await app.db.read(partial(rows.count, kind=kind, cutoffs=limits))
    return found


def _limits(settings: Settings, active: Active, now: datetime) -> Cutoffs:
    windows = (rule.story_window for rule in active.watch.rules)
    return cutoffs(settings, active.watch.snapshots, max(windows, default=timedelta()), now)


async def _prune(app: App, now: datetime, goes_on: Callable[[], bool], gone: Counter[str]) -> bool:
    """Count in `gone` what goes. False when another process has the lock, or takes it over, or the pass is broken off:
    it is not over then, and due again.
    """
    if not await app.db.write(lambda session: _take(session, app, now)):
        return False
    over = False
    try:
        over = await _look_through(app, now, goes_on, gone)
    finally:
        await app.db.write(lambda session: locks.release(session, JOB, app.owner.name, now if over else None))
    if over:
        logger.info(pairs(event="pruned", **gone))
    return over


async def _look_through(app: App, now: datetime, goes_on: Callable[[], bool], gone: Counter[str]) -> bool:
    limits = _limits(app.settings, app.active, now)
    for kind in KINDS:
        after = None
        while goes_on():
            ids = await app.db.read(partial(rows.find, kind=kind, cutoffs=limits, after=after, limit=BATCH))
            if not ids:
                break
            began = time.monotonic()
            went = await app.db.write(partial(_remove, app=app, kind=kind, limits=limits, ids=ids, now=now))
            if went is None:
                return False
            gone += went
            after = ids[-1]
            await asyncio.sleep(min(REST * (time.monotonic() - began), LONGEST_REST_S))
    return goes_on()


def _take(session: Session, app: App, now: datetime) -> bool:
    return locks.take(session, JOB, app.owner.name, seconds=max(LOCK_SECONDS, app.owner.seconds), now=now)


def _remove(
    session: Session, app: App, kind: Kind, limits: Cutoffs, ids: list[object], now: datetime
) -> Counter[str] | None:
    """What went; None when the lock was lost."""
    return rows.remove(session, kind, limits, ids) if _take(session, app, now) else None
