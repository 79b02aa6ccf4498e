"""A blocking call in a thread of its own.

Not in the event loop's pool: its threads are few and shared, and a few servers that hang would hold up everybody
else's work. A daemon, so that none of them holds up the end of the program.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], name: str) -> T:
    """What `call()` returns or raises. A cancelled wait leaves the thread to itself."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        """Hand the end to the loop that waits for it, if it still does."""
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if ended.done() else settle())

    def work() -> None:
        try:
            result = call()
        except BaseException as error:
            tell(partial(ended.set_exception, error))
        else:
            tell(partial(ended.set_result, result))

    threading.Thread(target=work, name=name, daemon=True).start()
    return await ended
