"""What time it is, as a thing that is passed in. The only place that asks the machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Gives the time; pure functions get `now` as a value instead."""

    def now(self) -> datetime:
        """The time now, in UTC with zone."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The time now, in UTC with zone."""
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests: it stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def move(self, by: timedelta) -> None:
        """Go forward (or back) by so much."""
        self.at += by
