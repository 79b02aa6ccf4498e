"""What goes wrong in a soak: processes are killed at random moments, and the mail server goes away for a while."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bench.processes import Process
from bench.world import MailServer

EVERY_S = (35.0, 75.0)  # between two of them
MAIL_AWAY_S = (3.0, 12.0)
MAIL = "mail server away"
KILLS = {"run": 6, "run: reader": 2, "flows": 1, "page": 1, "page: worker": 1, MAIL: 3}  # how often, by weight
REVIVED = {"flows", "page"}  # `up` starts one again five times in ten minutes; it is to be hurt less often
REST_S = 170.0
PATIENCE_S = 65.0  # a run is there for some seconds of each minute


@dataclass
class Injuries:
    """Hurts what runs until it is cancelled. `at` says when, by the clock on the wall, and whom."""

    processes: Callable[[], Sequence[Process]]
    mail: MailServer
    chance: random.Random
    at: list[tuple[float, str]] = field(default_factory=list)
    _rested: dict[str, float] = field(default_factory=dict)

    async def run(self) -> None:
        """One injury after the other."""
        while True:
            await asyncio.sleep(self.chance.uniform(*EVERY_S))
            kind = self._next()
            if kind == MAIL:
                self.at.append((time.time(), MAIL))
                await self.mail.restart(self.chance.uniform(*MAIL_AWAY_S))
            elif await self._kill(kind):
                self._rested[kind] = time.monotonic()

    def _next(self) -> str:
        now = time.monotonic()
        rested = {
            kind: weight
            for kind, weight in KILLS.items()
            if kind not in REVIVED or now - self._rested.get(kind, -REST_S) >= REST_S
        }
        return self.chance.choices(list(rested), list(rested.values()))[0]

    async def _kill(self, kind: str) -> bool:
        """Kill one of this kind once there is one, after a moment, so that it dies in the midst of something."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            if any(one.kind == kind for one in await asyncio.to_thread(self.processes)):
                await asyncio.sleep(self.chance.uniform(0.0, 3.0))
                there = [one for one in await asyncio.to_thread(self.processes) if one.kind == kind]
                if there:
                    with suppress(ProcessLookupError):
                        os.kill(self.chance.choice(there).pid, signal.SIGKILL)
                        self.at.append((time.time(), kind))
                        return True
            await asyncio.sleep(0.3)
        return False

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind was hurt."""
        return dict(Counter(kind for _, kind in self.at))
