"""The end of a run of which something was lost for want of memory, and which would wait for it for ever.

Where the interpreter itself hands an end on (from a thread to who waits for it, from the event loop to a task), nobody
can catch that there was no memory for doing so: all that is left is a line in a log. A process that is gone, however,
has its work taken up by the next, as after a kill: whoever keeps it running starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from typing import Any, NoReturn

from cli.exits import EXIT_NOT_AVAILABLE
from core.pool import looked_after
from core.shortage import shortage

SAID = (
    b"this machine is short of something: memory, and what was under way was lost for it: ended here\n"
    b"  give it more; the next run takes up what this one had in hand\n"
)


def end_when_lost() -> None:
    """Have this process end, with a word and exit code 3, as soon as such a thing is noticed. Within its event loop."""
    asyncio.get_running_loop().set_exception_handler(_in_loop)
    threading.excepthook = _in_thread
    logging.getLogger("concurrent.futures").addHandler(_Listening())


def _in_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A callback that failed; what failed in a transport or a task is told to those who wait for that."""
    if "handle" in context and _is_short(context.get("exception")):
        _end()
    loop.default_exception_handler(context)


def _in_thread(ended: threading.ExceptHookArgs) -> None:
    if _is_short(ended.exc_value) and not (ended.thread and looked_after(ended.thread)):
        _end()
    threading.__excepthook__(ended)


class _Listening(logging.Handler):
    """The executors say only here that somebody was not told of an end."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and _is_short(record.exc_info[1]):
            _end()


def _is_short(error: BaseException | None) -> bool:
    return error is not None and shortage(error) is not None


def _end() -> NoReturn:
    """At once: an end in order needs memory, and may wait for what was lost."""
    os.write(2, SAID)
    os._exit(EXIT_NOT_AVAILABLE)
