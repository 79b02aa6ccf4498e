"""What the tests of the client ask for: a site on loopback, and a client that may ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.clock import FixedClock
from fetching.client import Client
from tests.fetching.asking import AGENT, LOOPBACK_1, NOW
from tests.fetching.loopback import Loopback, loopback


@pytest.fixture
async def site() -> AsyncIterator[Loopback]:
    """A site at 127.0.0.1."""
    async with loopback() as server:
        yield server


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client that may ask 127.0.0.1."""
    async with Client(user_agent=AGENT, allow=LOOPBACK_1, clock=FixedClock(NOW)) as opened:
        yield opened
