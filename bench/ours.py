"""One round of wirewatch: articles pending in the database → read from loopback → matched."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.costs import cpu_seconds, family, memory_mb
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file
from pipeline.run import run_cycle


@dataclass(frozen=True, slots=True)
class Round:
    """What one side took for all pages; CPU and memory of all its processes."""

    pages: int
    seconds: float
    cpu_seconds: float
    memory_mb: float
    hits: int = 0

    @property
    def pages_per_second(self) -> float:
        """By the clock on the wall."""
        return self.pages / self.seconds

    @property
    def cpu_ms(self) -> float:
        """CPU time of one page, milliseconds."""
        return self.cpu_seconds / self.pages * 1_000


def run_round(folder: Path, database: str, jobs: int, warm: Sequence[str], pages: int) -> Round:
    """Read and match `pages` articles of the watch file in `folder`; `warm` names the feeds that warm everything up.

    Runs in a process of its own. Raises RuntimeError when a page was not read or not matched: then there is nothing to
    measure.
    """
    return asyncio.run(_round(folder, database, jobs, warm, pages))


async def _round(folder: Path, database: str, jobs: int, warm: Sequence[str], pages: int) -> Round:
    settings = Settings(
        config=folder / "watch.yaml",
        data=folder,
        database=database,
        allow_addresses=(ipaddress.ip_network("127.0.0.0/8"),),
        page_spacing=0.0,
        jobs=jobs,
        cycle_seconds=900.0,
    )
    async with open_app(settings, environ={}) as app:
        if message := (await follow_file(app, "bench")).message:
            raise RuntimeError(message)
        await run_cycle(app, steps=["poll", "read", "match"], only=warm)
        await run_cycle(app, steps=["poll"])
        cpu, began = cpu_seconds(family(os.getpid())), time.perf_counter()
        report = await run_cycle(app, steps=["read", "match"])
        seconds = time.perf_counter() - began
        ours = family(os.getpid())
        read, matched = report.total("read", "ready"), report.total("match")
        if read != pages or matched < pages:  # one that waited for 20 s is matched on its title, too
            raise RuntimeError(f"of {pages} pages, {read} were read and {matched} matched: {report.failures}")
        return Round(pages, seconds, cpu_seconds(ours) - cpu, memory_mb(ours), report.total("match", "hit"))
