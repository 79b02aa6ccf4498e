"""What a machine is short of is told as such; all else stays what it is."""

from __future__ import annotations

import errno

import pytest

from core.errors import InputError, NotAvailable
from core.shortage import behind, shortage, told_as_not_available

SHORT = [
    (MemoryError(), "memory"),
    (OSError(errno.EMFILE, "Too many open files", "/x"), "Too many open files: /x"),
    (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    (RuntimeError("can't start new thread"), "can't start new thread"),
    (
        ImportError("lib.so: failed to map segment from shared object"),
        "lib.so: failed to map segment from shared object",
    ),
    (ExceptionGroup("", [MemoryError(), ExceptionGroup("", [MemoryError()])]), "memory"),
    (ExceptionGroup("", [ExceptionGroup("", [MemoryError()]), NotAvailable("database x: away")]), "memory"),
]
OTHER = [
    OSError(errno.ENOENT, "No such file"),
    RuntimeError("no"),
    ImportError("no module"),
    ExceptionGroup("", [MemoryError(), ValueError()]),
]


@pytest.mark.parametrize(("error", "what"), SHORT)
def test_what_is_short_is_not_available_now(error: Exception, what: str) -> None:
    with pytest.raises(NotAvailable, match="next run goes on") as told, told_as_not_available():
        raise error
    assert told.value.message == f"this machine is short of something: {what}"


@pytest.mark.parametrize("error", OTHER)
def test_another_fault_stays_one(error: Exception) -> None:
    assert shortage(error) is None
    with pytest.raises(type(error)) as told, told_as_not_available():
        raise error
    assert told.value is error


def test_an_error_on_purpose_stays_what_it_is() -> None:
    with pytest.raises(InputError), told_as_not_available():
        raise InputError("no")


def test_what_was_short_is_found_behind_the_error_that_a_library_made_of_it() -> None:
    lost = ConnectionError("connection lost")
    lost.__cause__ = ConnectionError("reset")
    assert behind(lost) is None
    lost.__cause__.__cause__ = MemoryError()
    assert behind(lost) == "memory"
