"""What the pipeline's tests ask for: a world on loopback, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.clock import FixedClock
from tests.builders import World

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A site, a webhook receiver and a mail server."""
    with World(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    """Monday noon, until it is moved."""
    return FixedClock(NOON)
