"""What this machine is short of, told apart from faults of the program: it passes, and the next run goes on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import NotAvailable, WirewatchError

HINT = "run `wirewatch doctor`; the next run goes on where this one stopped"
_SHORT = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EAGAIN}
)
# what the loader of libraries and the threads say, which have no number: memory, a descriptor or a thread was wanted
_SAID = ("start new thread", "failed to map segment", "allocate memory", "too many open files")


@contextmanager
def told_as_not_available() -> Iterator[None]:
    """Raises NotAvailable instead of what says that the machine is short of something, alone or among several."""
    try:
        yield
    except Exception as error:
        if isinstance(error, WirewatchError) or (short := shortage(error)) is None:
            raise
        raise NotAvailable(f"this machine is short of something: {short}", hint=HINT) from error


def shortage(error: BaseException) -> str | None:
    """What is short, in the system's words; None where any of it is another fault."""
    if isinstance(error, NotAvailable):
        return error.message
    if isinstance(error, BaseExceptionGroup):
        parts = [shortage(one) for one in error.exceptions]
        return None if None in parts else parts[0]
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno in _SHORT:
        return f"{error.strerror}{f': {error.filename}' if error.filename else ''}"
    if isinstance(error, RuntimeError | ImportError | OSError) and any(one in str(error).lower() for one in _SAID):
        return str(error)
    return None


def behind(error: BaseException) -> str | None:
    """What was short where it is only the cause of an error that a library made of it."""
    seen: BaseException | None = error
    while seen is not None:
        if short := shortage(seen):
            return short
        seen = seen.__cause__
    return None
