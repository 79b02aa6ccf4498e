"""The loops of a cycle: each claims what is due and works it off, until nothing is due anywhere or the time is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

from core.errors import NotAvailable
from core.log import pairs
from core.shortage import told_as_not_available
from pipeline.app import App
from pipeline.report import Report
from storage.leases import RENEW_SECONDS, Columns, Lease, renew
from storage.leases import give_back as given_back

logger = logging.getLogger(__name__)
NOT_IDLE = -1
LOOK_AGAIN_S = 0.25  # how soon an idle loop looks for work that became due by the clock alone
BUSY = 2  # pieces of work finished while a loop gathered: more come, and it gathers longer
BUSY_GATHER_S = 0.2
PATIENCE_S = 2.0  # for what is under way at the end of a cycle, where it can be handed over
GATHER_S = 0.05  # at 50 pages a second each of five loops looked 50 times a second, and matching went one by one


class Leased(Protocol):
    """What was claimed."""

    @property
    def lease(self) -> Lease:
        """The claim it is held by."""


class Batch:
    """Things claimed together and worked on as one, each with a lease of its own, which it holds until it is done."""

    def __init__(self, items: Iterable[Leased]) -> None:
        self._open = {item.lease.row_id: item.lease for item in items}

    @property
    def leases(self) -> Collection[Lease]:
        """Of what is still to be done."""
        return self._open.values()

    def done(self, items: Iterable[Leased]) -> None:
        """These were given back."""
        for item in items:
            self._open.pop(item.lease.row_id, None)


Item = TypeVar("Item", bound=Leased | Batch)


class Cycle:
    """One cycle of these loops: its end, its report, and whether every loop is idle.

    A loop is idle when its last claim found nothing and no loop finished any work since that claim began: work
    finished by one
    loop (an entry) is what makes another's due (its page).
    """

    def __init__(self, app: App, *, seconds: float, loops: Sequence[str]) -> None:
        self.app = app
        self.report = Report()
        self.began_at = time.monotonic()
        self.ends_at = self.began_at + seconds
        self.version = 0
        self.broken = False  # a step raised: the others end too
        self.over = False  # what is still under way was handed over: it counts no more
        self._idle_since = dict.fromkeys(loops, NOT_IDLE)
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether new work may be claimed."""
        ended = self.broken or self.app.stopping.is_set() or time.monotonic() >= self.ends_at
        return not ended and not self.all_idle

    @property
    def all_idle(self) -> bool:
        """Whether nothing is due anywhere."""
        return all(since == self.version for since in self._idle_since.values())

    def others_idle(self, *but: str) -> bool:
        """Whether nothing is due for any loop but these."""
        return all(since == self.version for name, since in self._idle_since.items() if name not in but)

    def leave(self, name: str) -> None:
        """A loop has ended: the others need not wait for it."""
        self._idle_since.pop(name, None)
        self._wake()

    def found_nothing(self, name: str, version: int) -> None:
        """A claim that began at `version` found nothing."""
        self._idle_since[name] = version
        if self.all_idle:
            self._wake()

    def worked(self) -> None:
        """Some work was finished: other loops' work may be due now."""
        self.version += 1
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def pause(self) -> None:
        """Wait until some work was finished, or a moment; then gather, so that one look finds what several made due."""
        try:
            await asyncio.wait_for(self.changed(), LOOK_AGAIN_S)
        except TimeoutError:
            return
        await self.gather()

    async def changed(self) -> None:
        """Wait until some work was finished."""
        await self._changed.wait()

    async def gather(self) -> None:
        """Wait a moment for more work to be finished, longer when there is much of it."""
        if self.is_open:
            before = self.version
            await asyncio.sleep(GATHER_S)
            if self.version - before >= BUSY and self.is_open:
                await asyncio.sleep(BUSY_GATHER_S)


async def work_off(
    cycle: Cycle,
    name: str,
    claim: Callable[[int], Awaitable[Sequence[Item]]],
    do: Callable[[Item], Coroutine[Any, Any, None]],
    *,
    width: int,
    columns: Columns,
    more_due: Callable[[], Awaitable[bool]] | None = None,
    hand_over: Callable[[Mapping[asyncio.Task[None], Item]], None] | None = None,
) -> None:
    """Claim and do, at most `width` items at once, each on its own: a slow one holds up nobody else.

    `more_due` says whether something of this step becomes due by the clock alone before long: worth waiting for.
    `hand_over` takes what is under way when the cycle is over or breaks off; without it the end waits for all of that,
    and trouble breaks it off. With it, too, the loop looks for new work as soon as another loop made some, however long
    what is under way takes.
    """
    running: dict[asyncio.Task[None], Item] = {}
    keeper = asyncio.create_task(_keep_leases(cycle.app, columns, running))
    try:
        while cycle.is_open:
            version = cycle.version
            room = width - len(running)
            items = await claim(room) if room * 4 >= width else []
            for item in items:
                running[asyncio.create_task(do(item))] = item
            if running and hand_over:
                await _some_done_or_due(cycle, running)
            elif running:
                await _some_done(cycle, running)
            elif more_due is None or not await more_due():
                cycle.found_nothing(name, version)
                await cycle.pause()
            else:
                await cycle.pause()
        until = time.monotonic() + PATIENCE_S
        while running and not (hand_over and time.monotonic() >= until):
            await _some_done(cycle, running)
    finally:
        keeper.cancel()
        if running and hand_over:
            hand_over(dict(running))
        elif running:
            await _broken_off(cycle.app, columns, running)
        cycle.leave(name)


async def _broken_off(app: App, columns: Columns, running: Mapping[asyncio.Task[None], Leased | Batch]) -> None:
    """Cancel what is under way, and let others have it at once."""
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    left = _leases(running.values())
    with suppress(NotAvailable):  # the database is away: their leases run out
        await asyncio.shield(app.db.write(lambda session: given_back(session, columns, left)))


async def _some_done(cycle: Cycle, running: dict[asyncio.Task[None], Item]) -> None:
    """Wait until something is done (or a moment); an unknown exception goes up and stops the run loudly."""
    done, _ = await asyncio.wait(running, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        del running[task]
        task.result()
    if done:
        cycle.worked()


async def _some_done_or_due(cycle: Cycle, running: dict[asyncio.Task[None], Item]) -> None:
    """The same, or until another loop has finished some work."""
    change = asyncio.create_task(cycle.changed())
    try:
        await asyncio.wait({*running, change}, timeout=LOOK_AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        change.cancel()
    if any(task.done() for task in running):
        await _some_done(cycle, running)
    elif change.done() and not change.cancelled():
        await cycle.gather()


def _leases(items: Iterable[Leased | Batch]) -> list[Lease]:
    return [one for item in items for one in (item.leases if isinstance(item, Batch) else [item.lease])]


async def _renew(app: App, columns: Columns, leases: Sequence[Lease]) -> set[Lease]:
    return await app.db.write(lambda session: renew(session, columns, leases, app.owner.seconds))


async def _keep_leases(app: App, columns: Columns, running: Mapping[asyncio.Task[None], Leased | Batch]) -> None:
    """Prolong what is being worked on, at a third of the lease; a database that is away is asked again."""
    while True:
        await asyncio.sleep(min(RENEW_SECONDS, app.owner.seconds / 3))
        leases = _leases(running.values())
        try:
            with told_as_not_available():
                lost = await _renew(app, columns, leases) if leases else set()
        except NotAvailable as error:
            logger.warning(pairs(event="leases not prolonged", table=columns.table.__name__, why=error.message))
            continue
        held = _leases(item for task, item in running.items() if not task.done())
        if lost := lost.intersection(held):  # what was done meanwhile was given back, not lost
            logger.warning(pairs(event="leases lost", table=columns.table.__name__, lost=len(lost), held=len(held)))
