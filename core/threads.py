"""Threads that are started only where there is memory for them.

A new thread that finds none for its first call ends without a word, and `Thread.start` waits for its word for ever: the
whole program stands still (https://github.com/python/cpython/issues/140746).
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

THREAD_BYTES = 16_000_000  # address space: a stack of 8 MB, and what its first calls take


def require_room(size: int = THREAD_BYTES) -> None:
    """Raises MemoryError when this process could not have so many bytes more now."""
    try:
        mmap.mmap(-1, size).close()
    except OSError:
        raise MemoryError from None


class Threads(ThreadPoolExecutor):
    """An executor that raises MemoryError where a thread that it wants to start could not begin."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """As ThreadPoolExecutor's."""
        if len(self._threads) < self._max_workers:
            require_room()
        return super().submit(fn, *args, **kwargs)

    def start_all(self) -> Self:
        """Start all of them now, while there is room."""
        together = Barrier(self._max_workers + 1)
        for _ in range(self._max_workers):
            self.submit(together.wait)
        together.wait()
        return self
