"""What the tests of the pool run in workers."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path
from threading import Lock

from core.errors import ConfigError, ItemFailed, Problem
from core.reasons import Reason

WARMED: list[int] = []


def warm() -> None:
    WARMED.append(os.getpid())


def warm_up_fails() -> None:
    raise ValueError("cannot warm up")


def warmed() -> list[int]:
    return WARMED


def pid() -> int:
    return os.getpid()


def add(one: int, other: int) -> int:
    return one + other


def echo(value: object) -> object:
    return value


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def hang(note: str = "") -> None:
    if note:
        Path(note).write_text(str(os.getpid()))
    while True:
        time.sleep(60)


def hold_the_gil(note: str) -> None:
    """Nothing of Python runs in this process again: a pattern that never finishes, inside one C call."""
    Path(note).write_text(str(os.getpid()))
    re.match(r"(a+)+$", "a" * 100 + "b")


def spin() -> None:
    while True:
        pass


def crash() -> None:
    time.sleep(0.5)  # until the pool knows that it was begun
    os.kill(os.getpid(), signal.SIGSEGV)


def leave() -> None:
    time.sleep(0.5)
    os._exit(3)


def ask_to_exit() -> None:
    sys.exit("bye")


def eat(megabytes: int) -> int:
    return len(bytearray(megabytes * 1_000_000))


def divide(one: int, other: int) -> float:
    return one / other


def fail_item() -> None:
    raise ItemFailed("https://a.example/", Reason.BAD_FEED, "why")


def fail_config() -> None:
    raise ConfigError("watch.yaml", [Problem("wrong", 3, 4)])


def fail_with_a_lock() -> None:
    error = ValueError("held")
    error.lock = Lock()  # type: ignore[attr-defined]
    raise error


def return_a_lock() -> object:
    return Lock()


def sigint_is_kept_out() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def no_memory() -> None:
    raise MemoryError


def confused() -> None:
    raise SystemError("error return without exception set")
