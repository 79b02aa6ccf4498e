"""The processes of an installation that runs: what each of them is, its memory, its descriptors, and how they grow.

They bear the run's own PREFECT_HOME in their environment, so that those are found whose parent was killed. From /proc,
so on Linux only.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, mean

from bench.costs import PROC, memory_mb

EVERY_S = 5.0
SLOPE_S = 300.0
SERVER = "Prefect's server"
_BY_COMMAND = {  # what stands in a command line → what the process is
    "prefect server start": SERVER,
    "prefect.server": SERVER,
    "flows.serve": "flows",
    "flows.worker": "flows",
    "prefect.engine": "run",
    "prefect flow-run execute": "run",
    "cli web": "page",
    "cli run": "clock",
    "wirewatch": "up",
}
_HELPERS = {  # of processes that Python's multiprocessing starts
    "resource_tracker": "tracker",
    "extractors.warm": "reader",
    "alerts.apprise_channel": "sender",
    "multiprocessing": "worker",
}


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `kind` is what it is, with whose it is when it is a helper: "run: reader"."""

    pid: int
    parent: int
    command: str
    kind: str


def of_run(home: Path) -> list[Process]:
    """The processes that bear this PREFECT_HOME."""
    mark = f"PREFECT_HOME={home}".encode()
    found: dict[int, tuple[int, str]] = {}
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(folder.name)] = (parent, command)
    return [Process(pid, parent, command, kind_of(pid, found)) for pid, (parent, command) in found.items() if command]


def kind_of(pid: int, found: Mapping[int, tuple[int, str]]) -> str:
    """What a process is, by its command line and those of the processes above it."""
    parent, command = found[pid]
    for part, helper in _HELPERS.items():
        if part in command and " -c " in command:
            above = parent
            while above in found and " -c " in found[above][1]:
                above = found[above][0]
            return f"{kind_of(above, found) if above in found else 'orphan'}: {helper}"
    return next((kind for part, kind in _BY_COMMAND.items() if part in command), "other")


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: PSS in MB and descriptors by pid and kind."""

    at: float  # seconds, monotonic
    memory: Mapping[tuple[str, int], float]
    descriptors: Mapping[tuple[str, int], int]

    @property
    def total(self) -> float:
        """Memory of all but Prefect's server."""
        return sum(mb for (kind, _), mb in self.memory.items() if kind != SERVER)


def look(processes: Iterable[Process]) -> Sample:
    """Measure them now."""
    memory, descriptors = {}, {}
    for one in processes:
        if megabytes := memory_mb([one.pid]):
            memory[one.kind, one.pid] = megabytes
            with suppress(OSError):
                descriptors[one.kind, one.pid] = len(os.listdir(PROC / str(one.pid) / "fd"))  # noqa: PTH208
    return Sample(time.monotonic(), memory, descriptors)


@dataclass
class Watcher:
    """Looks at the processes every few seconds until it is cancelled."""

    processes: Callable[[], Sequence[Process]]
    samples: list[Sample] = field(default_factory=list)

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            self.samples.append(await asyncio.to_thread(lambda: look(self.processes())))
            await asyncio.sleep(EVERY_S)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one kind over a run. Memory in MB of all its processes at once; the slope in MB an hour."""

    middle: float
    most: float
    at_once: int
    slope: float | None
    descriptors: int  # of one process, at most


def figures(samples: Sequence[Sample], warm: float) -> dict[str, Figures]:
    """By kind, and of "all" but Prefect's server; slopes are least squares over what is later than `warm` seconds."""
    kinds = sorted({kind for sample in samples for kind, _ in sample.memory})
    found = {kind: _of_kind(kind, samples, warm) for kind in kinds}
    totals = [(one.at, one.total) for one in samples]
    most = max((sum(one.descriptors.values()) for one in samples), default=0)
    values = [total for _, total in totals]
    at_once = max((len(one.memory) for one in samples), default=0)
    whole = Figures(mean(values or [0.0]), max(values, default=0.0), at_once, _slope(totals, warm), most)
    return {"all but Prefect's server": whole, **found}


def _of_kind(kind: str, samples: Sequence[Sample], warm: float) -> Figures:
    sums, sizes, at_once, most = [], [], 0, 0
    for sample in samples:
        of_kind = [mb for (name, _), mb in sample.memory.items() if name == kind]
        if of_kind:
            sums.append(sum(of_kind))
            sizes.append((sample.at, mean(of_kind)))
        at_once = max(at_once, len(of_kind))
        most = max([most, *(count for (name, _), count in sample.descriptors.items() if name == kind)])
    return Figures(mean(sums), max(sums), at_once, _slope(sizes, warm), most)


def _slope(points: Sequence[tuple[float, float]], warm: float) -> float | None:
    """MB an hour; None of what was looked at for less than SLOPE_S, as each minute has its own ups and downs."""
    late = [(at, mb) for at, mb in points if at - points[0][0] >= warm]
    if not late or late[-1][0] - late[0][0] < SLOPE_S:
        return None
    return linear_regression([at / 3_600 for at, _ in late], [mb for _, mb in late]).slope
