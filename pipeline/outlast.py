"""Sends that outlast their cycle: a mail server may take ten minutes for its answer, and nobody else is to wait for it.

The cycle hands them over and ends; the next one, in this process or another, goes on with everybody else. Their leases
are kept meanwhile, and their results are recorded when they come. The targets they wait for rest, and so does a whole
channel of which every send at once is among them: no other worker begins what would hang as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlmodel import Session

from alerts.channels import Channel
from core.clock import Clock
from core.log import pairs
from storage import deliveries
from storage.deliveries import LEASE, Claimed
from storage.engine import Database
from storage.leases import RENEW_SECONDS, Owner, renew

logger = logging.getLogger(__name__)
REST = timedelta(seconds=30)  # of their targets, prolonged each time the leases are
STOP_SECONDS = 60.0  # given to them when the program is told to stop: it has 90 s in all

Send = asyncio.Task[None]


class Worker(Protocol):
    """What keeping them needs of an App."""

    db: Database
    clock: Clock
    owner: Owner


class Outlasting:
    """The sends of one process that outlasted their cycles."""

    def __init__(self) -> None:
        self._sends: dict[Send, Claimed] = {}
        self._rooms: dict[str, int] = {}  # channel → how many sends it takes at once
        self._keeper: asyncio.Task[None] | None = None

    @property
    def targets(self) -> dict[str, str]:
        """Target → its channel, of those still waited for."""
        return {one.target.id: one.target.channel for one in self._sends.values()}

    def adopt(self, worker: Worker, sends: Mapping[Send, Claimed], channels: Mapping[str, Channel]) -> None:
        """Take over what is under way."""
        for send, one in sends.items():
            self._sends[send] = one
            send.add_done_callback(self._done)
            logger.warning(pairs(step="deliver", key=one.delivery.key[:12], channel=one.target.channel, event="hangs"))
        self._rooms |= {name: made.concurrency for name, made in channels.items()}
        if self._sends and self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(worker))

    async def finish(self, stopping: asyncio.Event) -> None:
        """Wait for all of them, a minute at most once `stopping` is set; each ends by a deadline of its own."""
        stop = asyncio.create_task(stopping.wait())
        while self._sends and not stop.done():
            await asyncio.wait({*self._sends, stop}, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if self._sends:
            await asyncio.wait(set(self._sends), timeout=STOP_SECONDS)

    async def cut_off(self) -> None:
        """End all that is left; what becomes of it is told by its lease, which runs out."""
        tasks = [*self._sends, *([self._keeper] if self._keeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._keeper = None

    def _done(self, send: Send) -> None:
        one = self._sends.pop(send)
        if not send.cancelled() and (error := send.exception()):
            logger.error(pairs(step="deliver", key=one.delivery.key[:12], event="not recorded"), exc_info=error)

    async def _keep(self, worker: Worker) -> None:
        """Prolong leases and rests until nothing is left; a database that is away is asked again."""
        while self._sends:
            try:
                now = worker.clock.now()
                await worker.db.write(lambda session: self._prolong(session, worker.owner, now))  # noqa: B023
            except Exception:
                logger.exception(pairs(step="deliver", event="leases not prolonged"))
            if self._sends:
                await asyncio.wait(set(self._sends), timeout=min(RENEW_SECONDS, worker.owner.seconds / 3))
        self._keeper = None

    def _prolong(self, session: Session, owner: Owner, now: datetime) -> None:
        sends = list(self._sends.values())
        renew(session, LEASE, [one.lease for one in sends], owner.seconds)
        held = Counter(one.target.channel for one in sends)
        full = {name for name, number in held.items() if number >= self._rooms.get(name, 1)}
        deliveries.rest(session, {one.target.id for one in sends}, full, now + REST)
