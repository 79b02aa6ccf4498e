"""A blocking call in a thread that nothing else waits for.

Not in the event loop's pool: its threads are few and shared, and a few servers that hang would hold up everybody
else's work. Daemons, so that none of them holds up the end of the program. A thread that has nothing to do takes the
next call: starting one stops the event loop until the new thread has run.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from core.threads import require_room

T = TypeVar("T")
Work = Callable[[], None]
IDLE_S = 2.0  # then a thread that got nothing more to do ends
_idle: deque[SimpleQueue[Work]] = deque()  # of threads that wait for a call
os.register_at_fork(after_in_child=_idle.clear)  # a forked process has none of them


async def in_thread(call: Callable[[], T], name: str) -> T:
    """What `call()` returns or raises; MemoryError where a thread could not begin. A cancelled wait leaves the
    thread to itself.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        """Hand the end to the loop that waits for it, if it still does."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if ended.done() else settle())

    def work() -> None:
        threading.current_thread().name = name
        try:
            result = call()
        except BaseException as error:
            tell(partial(ended.set_exception, error))
        else:
            tell(partial(ended.set_result, result))

    try:
        _idle.pop().put(work)
    except IndexError:
        require_room()
        threading.Thread(target=_serve, args=(work,), daemon=True).start()
    return await ended


def _serve(work: Work) -> None:
    """Do this, and what comes while it waits."""
    mine: SimpleQueue[Work] = SimpleQueue()
    while True:
        work()
        _idle.append(mine)
        try:
            work = mine.get(timeout=IDLE_S)
        except Empty:
            try:
                _idle.remove(mine)
            except ValueError:  # it was taken just now
                work = mine.get()
            else:
                return
