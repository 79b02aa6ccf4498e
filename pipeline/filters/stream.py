"""Work on a stream in several processes: what comes out is in the order of what came in, each as soon as it can be.

    thread "reading"   lines → jobs, at most `ahead` of them unanswered
    thread "working"   the event loop that hands the jobs to the worker processes
    the caller         waits for the oldest job's result

A job that hangs is killed at its limit and holds up nobody's work but what is in the same job, and the printing of
what came after it.
"""

from __future__ import annotations

import asyncio
import math
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Protocol, TypeVar

from core.pool import WorkerPool
from pipeline.filters.values import Given

S = TypeVar("S")
T = TypeVar("T")
Job = Callable[[WorkerPool], Coroutine[Any, Any, T]]

AHEAD = 64  # jobs that are read before the oldest is answered
CHUNK = 20  # lines a job at most
READ_BYTES = 1 << 18
SECONDS = 600.0  # of a job that is no page: nothing here takes so long unless it hangs


class Readable(Protocol):
    """Binary input. `read` gives what is there, and waits only when there is nothing."""

    def read(self, size: int, /) -> bytes | None:
        """At most `size` bytes, b"" at the end."""


def batches(stream: Readable, size: int = CHUNK) -> Iterator[list[Given]]:
    """Lines that are not blank, up to `size` together, but none waits for the next one to arrive."""
    number, rest = 0, b""
    while piece := stream.read(READ_BYTES):
        *complete, rest = (rest + piece).split(b"\n")
        numbered = [Given(number + at, line) for at, line in enumerate(complete, 1) if line.strip()]
        number += len(complete)
        yield from (numbered[at : at + size] for at in range(0, len(numbered), size))
    if rest.strip():
        yield [Given(number + 1, rest)]


def shared(chunk: list[S], workers: int) -> Iterator[list[S]]:
    """The chunk in parts, in its order, one a worker where there are enough."""
    size = max(1, math.ceil(len(chunk) / workers))
    return (chunk[at : at + size] for at in range(0, len(chunk), size))


def workers_of(jobs: int) -> int:
    """How many processes so many `--jobs` are: 0 = one a core."""
    return jobs or os.cpu_count() or 1


def in_order(
    jobs: Iterable[Job[T]], workers: int, *, ahead: int = AHEAD, preload: Sequence[str] = (), memory_bytes: int = 0
) -> Generator[T, None, None]:
    """The results of the jobs, in their order, from `workers` processes (0 = the cores) of so much address space.

    `ahead` jobs at most are read before the oldest is answered: their results wait in memory for it. Raises what a job
    raises, and what `jobs` raises.
    """
    pool = WorkerPool(workers_of(workers), preload=preload, memory_bytes=memory_bytes)
    loop = asyncio.new_event_loop()
    given: queue.Queue[Future[T] | None] = queue.Queue(ahead)
    working = threading.Thread(target=loop.run_forever, name="working", daemon=True)
    working.start()
    # a daemon: it may wait for input that never comes when the caller has had enough
    closing = threading.Event()
    threading.Thread(target=_read, args=(jobs, pool, loop, given, closing), name="reading", daemon=True).start()
    try:
        while (result := given.get()) is not None:
            yield result.result()
    finally:
        closing.set()
        pool.close()
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        working.join()
        loop.close()


def _read(
    jobs: Iterable[Job[T]],
    pool: WorkerPool,
    loop: asyncio.AbstractEventLoop,
    given: queue.Queue[Future[T] | None],
    closing: threading.Event,
) -> None:
    try:
        for job in jobs:
            if closing.is_set():
                return
            result: Future[T] = Future()
            loop.call_soon_threadsafe(_begin, job, pool, result, closing)
            given.put(result)
    except Exception as error:
        failed: Future[T] = Future()
        failed.set_exception(error)
        given.put(failed)
    given.put(None)


def _begin(job: Job[T], pool: WorkerPool, result: Future[T], closing: threading.Event) -> None:
    """In the loop: the coroutine is made here, so that none is left over when the caller has had enough."""
    if closing.is_set():
        result.cancel()
        return

    def hand_over(task: asyncio.Task[T]) -> None:
        if task.cancelled():
            result.cancel()
        elif (error := task.exception()) is not None:
            result.set_exception(error)
        else:
            result.set_result(task.result())

    task = asyncio.get_running_loop().create_task(job(pool))
    task.add_done_callback(hand_over)
    result.add_done_callback(lambda _: task.done())  # the result holds the task: a loop alone does not


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
