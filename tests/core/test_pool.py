from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, ItemFailed, NotAvailable, WirewatchError
from core.pool import TaskTimeout, WorkerDied, WorkerPool
from core.reasons import Reason
from tests.core import pool_tasks as tasks
from tests.processes import is_running

ROOT = Path(__file__).parents[2]
PARENT = """
import asyncio, sys
from core.pool import WorkerPool
from tests.core import pool_tasks as tasks
asyncio.run(WorkerPool(1).run(getattr(tasks, sys.argv[1]), *sys.argv[2:], seconds=600))
"""


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    opened = WorkerPool(1, warm=tasks.warm)
    yield opened
    opened.close()


async def until(true: object) -> None:
    """Wait for a callable to say yes; the test's own time limit ends it otherwise."""
    while not true():  # type: ignore[operator]
        await asyncio.sleep(0.01)


async def test_a_task_runs_in_another_process_and_its_result_comes_back(pool: WorkerPool) -> None:
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3
    assert await pool.run(tasks.pid, seconds=20) != os.getpid()


async def test_a_new_process_is_warmed_up_once(pool: WorkerPool) -> None:
    first = await pool.run(tasks.warmed, seconds=20)
    assert first == await pool.run(tasks.warmed, seconds=20) == [await pool.run(tasks.pid, seconds=20)]


@pytest.mark.parametrize("task", [tasks.hang, tasks.spin])
async def test_a_task_that_hangs_is_stopped_and_the_pool_goes_on(pool: WorkerPool, task: object) -> None:
    before = await pool.run(tasks.pid, seconds=20)
    with pytest.raises(TaskTimeout) as caught:
        await pool.run(task, seconds=0.2, item="https://a.example/")  # type: ignore[arg-type]
    assert (caught.value.item, caught.value.reason) == ("https://a.example/", Reason.EXTRACTOR_HUNG)
    assert await pool.run(tasks.pid, seconds=20) != before
    await until(lambda: not is_running(before))


async def test_the_limit_counts_from_the_start_of_a_task_not_from_its_queueing(pool: WorkerPool) -> None:
    naps = (pool.run(tasks.nap, 0.7, seconds=3) for _ in range(5))
    assert await asyncio.gather(*naps) == [0.7] * 5


async def test_a_hang_is_stopped_even_when_the_wall_clock_is_set_back(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3
    monkeypatch.setattr("core.pool.START_SECONDS", 0.2)
    monkeypatch.setattr("pebble.pool.process.TaskManager.timeout", staticmethod(lambda task: False))
    with pytest.raises(TaskTimeout):
        await pool.run(tasks.hang, seconds=0.2)
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


@pytest.mark.parametrize(
    ("task", "detail"),
    [(tasks.crash, "signal SIGSEGV"), (tasks.leave, "exit code 3"), (tasks.ask_to_exit, "SystemExit('bye')")],
)
async def test_a_crash_costs_one_task(pool: WorkerPool, task: object, detail: str) -> None:
    results = await asyncio.gather(
        *(pool.run(tasks.add, n, n, seconds=20) for n in range(3)),
        pool.run(task, seconds=20, item="the page"),  # type: ignore[arg-type]
        *(pool.run(tasks.add, n, n, seconds=20) for n in range(3)),
        return_exceptions=True,
    )
    died = results.pop(3)
    assert isinstance(died, WorkerDied)
    assert (died.item, died.reason, died.detail) == ("the page", Reason.EXTRACTOR_DIED, detail)
    assert results == [0, 2, 4, 0, 2, 4]


async def test_a_task_that_needs_too_much_memory_fails_alone() -> None:
    pool = WorkerPool(1, memory_bytes=1_000_000_000)
    with pytest.raises(WorkerDied, match="out of memory"):
        await pool.run(tasks.eat, 2_000, seconds=20)
    assert await pool.run(tasks.eat, 1, seconds=20) == 1_000_000
    pool.close()


@pytest.mark.parametrize("task", [tasks.no_memory, tasks.confused, tasks.ask_to_exit])
async def test_a_process_that_memory_ran_out_in_does_nothing_more(pool: WorkerPool, task: Callable[[], None]) -> None:
    before = await pool.run(tasks.pid, seconds=20)
    with pytest.raises(WorkerDied):
        await pool.run(task, seconds=20)
    assert await pool.run(tasks.pid, seconds=20) != before
    assert not is_running(before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("there", ["WorkerManager.dispatch", "WorkerManager.receive", "TaskManager.timeout_tasks"])
async def test_a_pool_that_loses_a_thread_for_want_of_memory_costs_one_task_and_is_replaced(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3

    def no_memory(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(f"pebble.pool.process.{there}", no_memory)
        with pytest.raises(WorkerDied):
            await pool.run(tasks.nap, 20.0, seconds=600)  # it is broken off long before
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


@pytest.mark.parametrize("task", [tasks.crash, tasks.no_memory])
async def test_a_task_is_not_to_blame_where_this_process_has_no_memory_left_either(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch, task: Callable[[], None]
) -> None:
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3
    with monkeypatch.context() as patched:
        patched.setattr("core.pool.require_room", tasks.no_memory)
        with pytest.raises(MemoryError):
            await pool.run(task, seconds=20)
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


async def test_where_no_thread_could_begin_a_pool_starts_later(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("core.pool.require_room", tasks.no_memory)
        with pytest.raises(MemoryError):
            await pool.run(tasks.add, 1, 2, seconds=20)
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


async def test_an_idle_worker_that_is_killed_is_replaced(pool: WorkerPool) -> None:
    before = await pool.run(tasks.pid, seconds=20)
    os.kill(before, signal.SIGKILL)
    await until(lambda: not is_running(before))
    (slot,) = pool._slots
    await until(lambda: slot._pool is not None and not slot._pool.active)
    assert await pool.run(tasks.pid, seconds=20) != before


async def test_a_worker_is_replaced_after_so_many_tasks() -> None:
    pool = WorkerPool(1, max_tasks=2)
    pids = [await pool.run(tasks.pid, seconds=20) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    pool.close()


async def test_a_worker_that_cannot_start_fails_its_task_instead_of_starting_for_ever() -> None:
    pool = WorkerPool(1, warm=tasks.warm_up_fails)
    for _ in range(2):
        with pytest.raises(WorkerDied, match="before it took the task"):
            await pool.run(tasks.add, 1, 2, seconds=20)
    pool.close()


async def test_an_error_comes_back_as_it_was_raised(pool: WorkerPool) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        await pool.run(tasks.divide, 1, 0, seconds=20)
    assert "in divide" in caught.value.__notes__[0]


async def test_errors_with_fields_keep_them(pool: WorkerPool) -> None:
    with pytest.raises(ItemFailed) as item:
        await pool.run(tasks.fail_item, seconds=20)
    assert (item.value.item, item.value.reason, item.value.detail) == ("https://a.example/", Reason.BAD_FEED, "why")
    with pytest.raises(ConfigError) as config:
        await pool.run(tasks.fail_config, seconds=20)
    assert config.value.problems[0].line == 3


async def test_what_cannot_be_pickled_fails_its_own_task_only(pool: WorkerPool) -> None:
    with pytest.raises(WirewatchError, match="ValueError: held"):
        await pool.run(tasks.fail_with_a_lock, seconds=20)
    with pytest.raises(TypeError, match="pickle"):
        await pool.run(tasks.return_a_lock, seconds=20)
    with pytest.raises(AttributeError, match="pickle"):
        await pool.run(lambda: 1, seconds=20)
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


async def test_large_arguments_and_results_pass(pool: WorkerPool) -> None:
    page = bytes(range(256)) * 20_000
    assert await pool.run(tasks.echo, page, seconds=20) == page


async def test_tasks_run_on_as_many_workers_as_there_are() -> None:
    pool = WorkerPool(2)
    await asyncio.gather(*(pool.run(tasks.nap, 0.1, seconds=20) for _ in range(4)))
    pids = await asyncio.gather(*(pool.run(tasks.pid, seconds=20) for _ in range(2)))
    assert len(set(pids)) == 2
    pool.close()


async def test_a_cancelled_task_is_killed_and_gives_its_worker_back(pool: WorkerPool, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    running = asyncio.create_task(pool.run(tasks.hang, str(note), seconds=600))
    await until(lambda: note.exists() and note.read_text())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not is_running(int(note.read_text())))
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


async def test_a_task_cancelled_while_it_waits_takes_no_worker(pool: WorkerPool) -> None:
    first = asyncio.create_task(pool.run(tasks.nap, 0.3, seconds=20))
    await asyncio.sleep(0.1)
    second = asyncio.create_task(pool.run(tasks.add, 1, 2, seconds=20))
    third = asyncio.create_task(pool.run(tasks.add, 3, 4, seconds=20))
    await asyncio.sleep(0.05)
    second.cancel()
    assert (await first, await third) == (0.3, 7)


async def test_a_worker_offered_in_the_moment_of_cancelling_is_not_lost(pool: WorkerPool) -> None:
    first = asyncio.create_task(pool.run(tasks.nap, 0.1, seconds=20))
    await asyncio.sleep(0)
    second = asyncio.create_task(pool.run(tasks.add, 1, 2, seconds=20))
    first.add_done_callback(lambda _: second.cancel())
    assert await first == 0.1
    await asyncio.wait({second})
    assert await asyncio.wait_for(pool.run(tasks.add, 3, 4, seconds=20), 20) == 7


async def test_closing_ends_the_processes_and_refuses_tasks(pool: WorkerPool, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    running = asyncio.create_task(pool.run(tasks.hang, str(note), seconds=600))
    await until(lambda: note.exists() and note.read_text())
    waiting = asyncio.create_task(pool.run(tasks.add, 1, 2, seconds=20))
    await asyncio.sleep(0.05)
    pool.close()
    for task in (running, waiting):
        with pytest.raises(NotAvailable, match="closed"):
            await task
    assert not is_running(int(note.read_text()))
    with pytest.raises(NotAvailable, match="closed"):
        await pool.run(tasks.add, 1, 2, seconds=20)
    pool.close()


async def test_a_pool_closed_while_a_worker_starts_ends_it(pool: WorkerPool) -> None:
    starting = asyncio.create_task(pool.run(tasks.add, 1, 2, seconds=20))
    await asyncio.sleep(0.001)
    pool.close()
    with pytest.raises(NotAvailable, match="closed"):
        await starting


async def test_a_pool_closed_before_a_worker_starts_starts_none(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def close_first(start: Callable[[], None]) -> None:
        pool.close()
        start()

    monkeypatch.setattr("core.pool.asyncio.to_thread", close_first)
    with pytest.raises(NotAvailable, match="closed"):
        await pool.run(tasks.add, 1, 2, seconds=20)


async def test_a_pool_that_breaks_as_it_is_asked_fails_the_task_and_heals(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.kill(await pool.run(tasks.pid, seconds=20), signal.SIGKILL)
    await asyncio.sleep(0.3)
    with monkeypatch.context() as patch:
        patch.setattr("core.pool.ProcessPool.active", True)
        with pytest.raises(WorkerDied):
            await pool.run(tasks.add, 1, 2, seconds=20)
    assert await pool.run(tasks.add, 1, 2, seconds=20) == 3


def test_one_pool_serves_several_event_loops() -> None:
    pool = WorkerPool(1)
    pids = {asyncio.run(pool.run(tasks.pid, seconds=20)) for _ in range(2)}
    assert len(pids) == 1
    pool.close()


async def test_ctrl_c_does_not_reach_workers(pool: WorkerPool) -> None:
    assert await pool.run(tasks.sigint_is_kept_out, seconds=20)
    worker = await pool.run(tasks.pid, seconds=20)
    os.kill(worker, signal.SIGINT)
    assert await pool.run(tasks.pid, seconds=20) == worker


def parent(task: str, *args: str) -> subprocess.Popen[str]:
    """A script, not guarded against being run again, that waits for a task in a pool."""
    command = [sys.executable, "-W", "error", "-c", PARENT, task, *args]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize("task", ["hang", "hold_the_gil"])
def test_workers_die_with_a_parent_that_is_killed(tmp_path: Path, task: str) -> None:
    note = tmp_path / "pid"
    script = parent(task, str(note))
    while not note.exists() or not note.read_text():
        time.sleep(0.01)
    worker = int(note.read_text())
    script.kill()
    script.communicate()
    while is_running(worker):
        time.sleep(0.01)


def test_ctrl_c_ends_a_program_without_a_word_from_its_workers(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = parent("hang", str(note))
    while not note.exists() or not note.read_text():
        time.sleep(0.01)
    os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, errors = script.communicate()
    assert errors.count("Traceback") == errors.count("KeyboardInterrupt\n") + errors.count("CancelledError")
    assert "Process pebble_pool_worker" not in errors
    assert "resource_tracker" not in errors
    while is_running(int(note.read_text())):
        time.sleep(0.01)
