"""A run of which something was lost for want of memory ends at once, and says so."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from cli.exits import EXIT_NOT_AVAILABLE
from cli.lost import SAID, end_when_lost
from tests.cli.desk import ROOT

BEGUN = "from cli.lost import *\nfrom tests.cli.test_lost import *\nasyncio.run({name}({error}))"


async def wait_for_what_was_lost(begin: Callable[[], object]) -> None:
    end_when_lost()
    begin()
    await asyncio.sleep(60)


async def in_the_loop(error: Exception) -> None:
    await wait_for_what_was_lost(lambda: asyncio.get_running_loop().call_soon(raises, error))


async def in_a_thread(error: Exception) -> None:
    await wait_for_what_was_lost(threading.Thread(target=raises, args=(error,)).start)


async def on_the_way_from_a_thread(error: Exception) -> None:
    threads = ThreadPoolExecutor(1)

    def begin() -> None:
        done: Future[None] = threads.submit(threading.Event().wait, 0.2)  # type: ignore[arg-type]
        done.add_done_callback(lambda _: raises(error))

    await wait_for_what_was_lost(begin)


async def none_lost(_error: Exception) -> None:
    """What is told to those who wait for it, and what the pool notices by itself."""
    end_when_lost()

    async def fails() -> None:
        raise MemoryError

    def message_manager_loop() -> None:
        raise MemoryError

    asyncio.get_running_loop().call_exception_handler({"message": "read", "exception": MemoryError()})
    await asyncio.gather(asyncio.create_task(fails()), return_exceptions=True)
    lone = threading.Thread(target=message_manager_loop)
    lone.start()
    lone.join()
    logging.getLogger("concurrent.futures").error("something else", exc_info=ValueError())


def raises(error: Exception) -> None:
    raise error


def ended(name: str, error: str) -> subprocess.CompletedProcess[bytes]:
    code = BEGUN.format(name=name, error=error)
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, timeout=50, check=False)


@pytest.mark.parametrize("way", [in_the_loop, in_a_thread, on_the_way_from_a_thread])
def test_what_is_lost_for_want_of_memory_ends_the_process_with_a_word(way: Callable[..., object]) -> None:
    done = ended(way.__name__, "MemoryError()")
    assert (done.returncode, done.stderr.endswith(SAID)) == (EXIT_NOT_AVAILABLE, True), done.stderr.decode()


def test_a_memory_error_that_somebody_hears_of_does_not() -> None:
    done = ended(none_lost.__name__, "MemoryError()")
    assert (done.returncode, SAID in done.stderr) == (0, False), done.stderr.decode()
