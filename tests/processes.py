"""Whether a process that a test started still runs."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended; one that nobody has waited for yet has."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def ends(pid: int, seconds: float = 30.0) -> bool:
    """Whether it ends within so long: what is killed is there for a moment longer."""
    until = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not is_running(pid)
