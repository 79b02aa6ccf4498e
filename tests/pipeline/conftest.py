"""What the pipeline's tests have in common."""

from __future__ import annotations

import pytest

from tests.builders import NOON as NOON


@pytest.fixture(autouse=True)
def cycles_that_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops look for work sooner than usual, and gather none: some tests run dozens of cycles with little to do."""
    monkeypatch.setattr("pipeline.cycle.LOOK_AGAIN_S", 0.1)
    monkeypatch.setattr("pipeline.cycle.GATHER_S", 0.0)
    monkeypatch.setattr("pipeline.cycle.BUSY_GATHER_S", 0.0)
