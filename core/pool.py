"""Worker processes that can be killed: for work on what strangers wrote, which may hang, eat memory or crash.

    WorkerPool ── slot ── one pebble pool of one process     (a free slot takes the task of whoever waits longest)
               ├─ slot
               └─ …

Each process stands behind a pebble pool of its own. One shared pebble pool aborts what all others have queued when a
worker dies in the moment it takes a task, and holds its only channel locked while it kills one.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import multiprocessing
import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import spawn
from multiprocessing.context import ForkServerContext, ForkServerProcess
from threading import Lock, Thread
from time import monotonic
from typing import Any, TypeVar, cast

from pebble import ProcessExpired, ProcessPool
from pebble.pool.process import WORKERS_NAME, message_manager_loop, pool_manager_loop, task_scheduler_loop

from core import log, parcels
from core.errors import ItemFailed, NotAvailable
from core.reasons import Reason
from core.threads import require_room

T = TypeVar("T")

CLOSED = "the worker pool is closed"
LOOK_SECONDS = 1.0  # how soon it is noticed that a pool has lost a thread
START_SECONDS = 30.0  # a worker that is replaced first has to start: measured 0.05 s from a warm server, 2 s from none


class TaskTimeout(ItemFailed):
    """The task ran longer than its limit; its process was killed."""

    def __init__(self, item: str, seconds: float) -> None:
        super().__init__(item, Reason.EXTRACTOR_HUNG, f"limit {seconds:g} s")


class WorkerDied(ItemFailed):
    """The process died under the task (crash, memory cap, a kill from outside); what the task did is not known."""

    def __init__(self, item: str, detail: str) -> None:
        super().__init__(item, Reason.EXTRACTOR_DIED, detail)


class WorkerPool:
    """At most `workers` processes, each started when it is first needed, that run plain functions.

    `warm` runs once in each new process; its module and those of `preload` are imported once, in the server that
    processes are forked from, and shared. A process is replaced after `max_tasks` tasks, which bounds what libraries
    leak. `memory_bytes` caps its address space; 0 = no cap. May be used from several event loops.
    """

    def __init__(
        self,
        workers: int,
        *,
        warm: Callable[[], None] | None = None,
        max_tasks: int = 500,
        memory_bytes: int = 0,
        preload: Sequence[str] = (),
    ) -> None:
        modules = (*preload, warm.__module__) if warm else tuple(preload)
        recipe = _Recipe(warm, max_tasks, memory_bytes, modules)
        self._slots = tuple(_Slot(recipe) for _ in range(workers))
        self._idle = list(self._slots)
        self._waiting: deque[Future[_Slot]] = deque()
        self._lock = Lock()
        self._closed = False

    async def run(self, fn: Callable[..., T], /, *args: object, seconds: float, item: str = "") -> T:
        """What `fn(*args)` returns in a worker; `fn` is a module's function, arguments and result can be pickled.

        `seconds` count from when the task starts, not from when it is queued. Raises what `fn` raises, TaskTimeout,
        WorkerDied (MemoryError where this process has no memory left either: then the task is not to blame), and
        NotAvailable after `close`. `item` is what the errors name. A task that is cancelled is killed.
        """
        payload = parcels.packed_call(fn, args)
        item = item or fn.__name__
        slot = await self._take()
        try:
            return cast(T, parcels.opened(await slot.ask(payload, seconds)))
        except TimeoutError:
            raise TaskTimeout(item, seconds) from None
        except parcels.Left as error:
            slot.spoilt = True
            require_room()
            raise WorkerDied(item, str(error)) from None
        except (ProcessExpired, BrokenProcessPool) as error:
            require_room()
            raise WorkerDied(item, _cause(error)) from None
        finally:
            self._give_back(slot)

    def close(self) -> None:
        """Kill what runs and end every process; tasks still waiting raise NotAvailable. May be called twice."""
        with self._lock:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
        for wish in waiting:
            if wish.set_running_or_notify_cancel():
                wish.set_exception(NotAvailable(CLOSED))
        for slot in self._slots:
            slot.close()

    async def _take(self) -> _Slot:
        wish: Future[_Slot] = Future()
        with self._lock:
            if self._closed:
                raise NotAvailable(CLOSED)
            if self._idle:
                return self._idle.pop()
            self._waiting.append(wish)
        try:
            return await asyncio.wrap_future(wish)
        except asyncio.CancelledError:
            if not wish.cancel():  # a slot came in the same moment
                self._give_back(wish.result())
            raise

    def _give_back(self, slot: _Slot) -> None:
        with self._lock:
            while self._waiting:
                wish = self._waiting.popleft()
                if wish.set_running_or_notify_cancel():
                    wish.set_result(slot)
                    return
            self._idle.append(slot)


@dataclass(frozen=True, slots=True)
class _Recipe:
    warm: Callable[[], None] | None
    max_tasks: int
    memory_bytes: int
    preload: tuple[str, ...]


class _Slot:
    """One process, and its successors, that run one task at a time."""

    def __init__(self, recipe: _Recipe) -> None:
        self._recipe = recipe
        self._lock = Lock()
        self._pool: ProcessPool | None = None
        self._running: Future[bytes] | None = None
        self._closed = False
        self.spoilt = False  # its process is to do nothing more: the next task gets another

    async def ask(self, payload: bytes, seconds: float) -> bytes:
        """The worker's answer; raises TimeoutError, ProcessExpired or BrokenProcessPool."""
        if self._pool is None or self.spoilt or not self._pool.active:
            await asyncio.to_thread(self._start)
        with self._lock:
            self._running = self._schedule(payload, seconds)
        answer = asyncio.wrap_future(self._running)
        try:
            # pebble measures by the wall clock, which may be set back; this backstop does not
            await self._answered(answer, seconds + START_SECONDS)
            return answer.result()
        except (BrokenProcessPool, ProcessExpired):
            if self._closed:  # we ended it
                raise NotAvailable(CLOSED) from None
            raise
        finally:
            answer.cancel()  # no effect when done; otherwise pebble kills the process

    async def _answered(self, answer: asyncio.Future[bytes], seconds: float) -> None:
        """Wait for it; raises TimeoutError, and BrokenProcessPool once one of pebble's threads has ended: they end
        without a word when memory runs out under them.
        """
        until = monotonic() + seconds
        while not answer.done() and monotonic() < until:
            await asyncio.wait({answer}, timeout=min(LOOK_SECONDS, until - monotonic()))
            if not answer.done() and (self._pool is None or not self._pool.active):
                self.spoilt = True
                raise BrokenProcessPool("a thread has ended")
        if not answer.done():
            self.spoilt = True
            raise TimeoutError

    def _schedule(self, payload: bytes, seconds: float) -> Future[bytes]:
        if self._closed or self._pool is None:
            raise NotAvailable(CLOSED)
        try:
            return self._pool.schedule(parcels.answered, (payload,), timeout=seconds)
        except RuntimeError as error:  # it broke just now
            raise BrokenProcessPool(str(error)) from error

    def _start(self) -> None:
        """A fresh pebble pool; blocks while the server that forks imports what is preloaded (about 1 s, once)."""
        with self._lock:
            if self._closed:
                return
            require_room()
            old, self._pool = self._pool, None
            if old is not None:
                _end(old)
            recipe = self._recipe
            context = _Context()
            context.set_forkserver_preload(list(recipe.preload))
            made = ProcessPool(1, recipe.max_tasks, _begin, (recipe.warm, recipe.memory_bytes), cast(Any, context))
            made.active  # noqa: B018 - asking starts it
            self._pool, self.spoilt = made, False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            if self._pool is not None:
                _end(self._pool)
            if self._running is not None and not self._running.done():
                self._running.set_exception(NotAvailable(CLOSED))


def looked_after(thread: Thread) -> bool:
    """Whether this is a thread of pebble's: a pool that loses one is noticed, and replaced."""
    return any(loop.__name__ in thread.name for loop in (task_scheduler_loop, pool_manager_loop, message_manager_loop))


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


class _Process(ForkServerProcess):
    """Born with SIGINT blocked, and so is the server it is forked from: Ctrl-C is the parent's to answer."""

    def start(self) -> None:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Context(ForkServerContext):
    """Forked from a small server without threads: a fork of this process could inherit locks that nobody frees."""

    Process = _Process


_prepared = spawn.get_preparation_data


def _prepared_without_main(name: str) -> dict[str, Any]:
    """What a new process is told of this one; for pebble's workers without `__main__`, which they would run again.

    Nothing they are given is defined there, a script need not guard itself against it, and the CLI costs 0.2 s.
    """
    prepared: dict[str, Any] = _prepared(name)
    if name == WORKERS_NAME:
        prepared.pop("init_main_from_name", None)
        prepared.pop("init_main_from_path", None)
    return prepared


spawn.get_preparation_data = _prepared_without_main  # the only hook there is: popen_forkserver calls it by this name


# -- in the worker


def _begin(warm: Callable[[], None] | None, memory_bytes: int) -> None:  # pragma: no cover - in another process
    """What a new process does first."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # pebble's own handler waits for C code that never returns
    _die_with_parent()
    log.set_up(logging.WARNING)
    if memory_bytes:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if warm is not None:
        warm()
    gc.freeze()  # what is loaded now stays: the collector need not look at it, nor touch pages shared with others


def _die_with_parent() -> None:  # pragma: no cover - in another process
    """Have the kernel send SIGIO, which kills, once the pipe that the parent holds open is closed; it needs no GIL.

    PR_SET_PDEATHSIG would watch the server, and the server lives as long as one of its processes does.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    fcntl.fcntl(parent.sentinel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(parent.sentinel, fcntl.F_SETFL, fcntl.fcntl(parent.sentinel, fcntl.F_GETFL) | os.O_ASYNC)
    if not parent.is_alive():  # it died before we asked
        os._exit(1)


# -- back in the parent


def _cause(error: Exception) -> str:
    code = getattr(error, "exitcode", None)
    if code is None:
        return "it died before it took the task"
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
