"""The processes that previews and backtests run in: killed when they take too long, so that no page waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from core.errors import NotAvailable
from core.pool import TaskTimeout, WorkerDied, WorkerPool
from core.settings import Settings
from pipeline import in_worker
from pipeline.configure import INDEX

T = TypeVar("T")

MOST_WAITING = 20  # for a turn of `careful`
LONGER = 30  # times a preview's limit: what a backtest may take
MEMORY_BYTES = 2_000_000_000  # address space of one: a rehearsal keeps its rows in memory
PRELOAD = ("extractors.warm", "pipeline.in_worker")  # the language model, too: pasted texts do not say theirs


class Trials:
    """Two processes for what is asked while somebody types, one for backtests; each started when first needed."""

    def __init__(self, settings: Settings) -> None:
        self.database = settings.database_url
        self.folder: Path = settings.data / INDEX
        self._quick_s, self._long_s = settings.preview_seconds, settings.preview_seconds * LONGER
        self.every_s = settings.every_seconds
        self._read_s = settings.extract_seconds
        self._quick = WorkerPool(2, warm=in_worker.warm, memory_bytes=MEMORY_BYTES, preload=PRELOAD)
        self._long = WorkerPool(1, warm=in_worker.warm, memory_bytes=MEMORY_BYTES, preload=PRELOAD)
        self._care, self._save = asyncio.Semaphore(1), asyncio.Semaphore(1)
        self._waiting = 0  # for care

    async def quick(self, work: Callable[..., T], *values: object) -> T:
        """What a preview says. Raises NotAvailable when it takes too long."""
        return await _told(self._quick, work, values, self._quick_s)

    async def careful(self, work: Callable[..., T], *values: object) -> T:
        """The same with the time of a backtest, for what has to be right: one at a time, previews keep a process.

        Raises NotAvailable at once when MOST_WAITING wait for their turn.
        """
        if self._waiting >= MOST_WAITING:
            raise NotAvailable(f"{self._waiting} texts wait to be tried", hint="try it again in a minute")
        self._waiting += 1
        try:
            await self._care.acquire()
        finally:
            self._waiting -= 1
        try:
            return await _told(self._quick, work, values, self._long_s)
        finally:
            self._care.release()

    async def saving(self, work: Callable[..., T], *values: object) -> T:
        """What is to be saved, with the time of a backtest: behind other saving, and nobody's trials."""
        async with self._save:
            return await _told(self._quick, work, values, self._long_s)

    async def read(self, work: Callable[..., T], *values: object) -> T:
        """What reading a page says, in the time that pages have. Raises NotAvailable when it takes too long."""
        return await _told(self._quick, work, values, self._read_s)

    async def long(self, work: Callable[..., T], *values: object) -> T:
        """What a backtest says. Raises NotAvailable when it takes too long."""
        return await _told(self._long, work, values, self._long_s)

    def close(self) -> None:
        """End every process."""
        with ThreadPoolExecutor(2) as closing:
            list(closing.map(WorkerPool.close, (self._quick, self._long)))


async def _told(pool: WorkerPool, work: Callable[..., T], values: tuple[object, ...], seconds: float) -> T:
    try:
        return await pool.run(work, *values, seconds=seconds)
    except TaskTimeout:
        raise NotAvailable(f"it took more than {seconds:g} s and was stopped") from None
    except WorkerDied as error:
        raise NotAvailable(f"its process ended: {error.detail}") from None
