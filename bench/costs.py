"""What a process and all its descendants used: seconds of CPU, and memory; and the peak of this one's memory.

From /proc, so on Linux only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """The process and those below it."""
    children: dict[int, list[int]] = {}
    for stat in PROC.glob("[0-9]*/stat"):
        with suppress(OSError):
            children.setdefault(int(_fields(stat)[1]), []).append(int(stat.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time so far, with that of their children that have ended."""
    ticks = 0
    for pid in pids:
        with suppress(OSError):
            ticks += sum(int(field) for field in _fields(PROC / str(pid) / "stat")[11:15])
    return ticks / TICKS


class Meter:
    """Seconds of CPU of processes that come and go: what one used up to the last look before it ended is counted."""

    def __init__(self) -> None:
        self._ticks: dict[int, int] = {}

    def look(self, pids: Iterable[int]) -> float:
        """Seconds of all that were ever looked at, up to now; none of their children's unless named."""
        for pid in pids:
            with suppress(OSError, IndexError):
                self._ticks[pid] = sum(int(field) for field in _fields(PROC / str(pid) / "stat")[11:13])
        return sum(self._ticks.values()) / TICKS


def memory_mb(pids: Iterable[int]) -> float:
    """Proportional set size in MB: what several share is counted once."""
    kilobytes = 0
    for pid in pids:
        with suppress(OSError):
            rollup = (PROC / str(pid) / "smaps_rollup").read_text()
            kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1_024


def begin_peak() -> None:
    """Have VmHWM, the peak of this process's memory, begin anew."""
    (PROC / "self" / "clear_refs").write_text("5", "ascii")


def own_kb(name: str) -> int:
    """A figure of this process's status, such as VmRSS or VmHWM, in KB."""
    lines = (PROC / "self" / "status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _fields(stat: Path) -> list[str]:
    """The fields after the name, which may hold blanks: state, parent, …"""
    return stat.read_text().rpartition(")")[2].split()
