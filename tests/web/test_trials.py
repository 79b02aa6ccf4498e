"""What takes too long or dies is told as such, and holds nobody up."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import InputError, NotAvailable
from core.settings import Settings
from pipeline import in_worker
from web.trials import Trials


@pytest.fixture
def trials(tmp_path: Path) -> Iterator[Trials]:
    made = Trials(Settings(_env_file=None, data=tmp_path, preview_seconds=0.5))
    yield made
    made.close()


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[Trials]:
    made = Trials(Settings(_env_file=None, data=tmp_path, preview_seconds=30))
    yield made
    made.close()


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[Trials]:
    made = Trials(Settings(_env_file=None, data=tmp_path, preview_seconds=0.1))
    yield made
    made.close()


async def test_a_preview_that_takes_too_long_is_stopped_and_the_next_one_runs(trials: Trials) -> None:
    with pytest.raises(NotAvailable, match=r"more than 0\.5 s"):
        await trials.quick(time.sleep, 60)
    assert await trials.careful(abs, -2) == 2


async def test_a_process_that_dies_is_told_and_an_error_of_the_work_comes_through(trials: Trials) -> None:
    with pytest.raises(NotAvailable, match="its process ended"):
        await trials.careful(os._exit, 3)
    with pytest.raises(InputError, match="there is no rule x"):
        await trials.careful(in_worker.matches, "sqlite://", "version: 1\n", "x", 7.0)


async def test_what_may_take_long_has_thirty_times_as_long(hasty: Trials) -> None:
    with pytest.raises(NotAvailable, match=r"more than 0\.1 s"):
        await hasty.quick(time.sleep, 60)
    await hasty.careful(time.sleep, 0.5)
    await hasty.long(time.sleep, 0.5)


async def test_previews_do_not_wait_for_backtests(trials: Trials) -> None:
    previews = (trials.careful(abs, number) for number in (-1, -2, -1, -2))
    await asyncio.gather(next(previews), next(previews))  # their processes are there
    backtests = [asyncio.create_task(trials.long(time.sleep, 60)) for _ in range(2)]
    await asyncio.sleep(0)  # they take theirs
    assert await asyncio.gather(*previews) == [1, 2]
    assert not any(one.done() for one in backtests)
    for one in backtests:
        one.cancel()


async def test_previews_do_not_wait_for_what_has_to_be_right(patient: Trials) -> None:
    await asyncio.gather(patient.quick(abs, -1), patient.quick(abs, -2))  # their processes are there
    slow = [asyncio.create_task(patient.careful(time.sleep, 60)) for _ in range(2)]
    await asyncio.sleep(0)  # they take theirs
    assert await patient.quick(abs, -3) == 3
    assert not any(one.done() for one in slow)
    for one in slow:
        one.cancel()


async def test_after_the_end_nothing_is_tried(trials: Trials) -> None:
    trials.close()
    with pytest.raises(NotAvailable, match="closed"):
        await trials.long(time.sleep, 0)


async def test_saving_does_not_wait_for_trials_and_trials_do_not_pile_up(
    patient: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.trials.MOST_WAITING", 2)
    await asyncio.gather(patient.quick(abs, -1), patient.quick(abs, -2))  # their processes are there
    slow = [asyncio.create_task(patient.careful(time.sleep, 60)) for _ in range(3)]
    await asyncio.sleep(0)  # one takes its turn, two wait
    assert await patient.saving(abs, -3) == 3
    with pytest.raises(NotAvailable, match="2 texts wait"):
        await patient.careful(abs, -4)
    for one in slow:
        one.cancel()
    await asyncio.wait(slow)
    assert await patient.careful(abs, -5) == 5
