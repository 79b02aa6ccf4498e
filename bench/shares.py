"""Hold processes to a share of a core, as on a slower machine of their own: a control group with a CPU quota.

For machines with fewer cores than what is measured needs. Linux, and whoever may make control groups (root).
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PERIOD_US = 20_000  # within which a group may use its share: short, so that a page waits for few of them
GONE_S = 10.0  # within which killed processes leave their group


def join(group: Path) -> None:
    """Put this process, and what it starts from now on, into the group."""
    (group / "cgroup.procs").write_text(str(os.getpid()), "ascii")


@contextmanager
def shares(count: int, of_core: float) -> Iterator[Sequence[Path]]:
    """So many groups, each of which gets at most this share of a core; what is still in them is killed in the end.

    Raises OSError, with what is missing, where no group can be made.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(_group(of_core)) for _ in range(count)]


@contextmanager
def _group(of_core: float) -> Iterator[Path]:
    quota = round(PERIOD_US * of_core)
    root, is_new = _controller(Path("/proc/mounts").read_text("utf-8"))
    if is_new:
        (root / "cgroup.subtree_control").write_text("+cpu", "ascii")
    group = Path(tempfile.mkdtemp(prefix="wirewatch-bench-", dir=root))
    try:
        if is_new:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}", "ascii")
        else:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US), "ascii")
            (group / "cpu.cfs_quota_us").write_text(str(quota), "ascii")
        yield group
    finally:
        _end(group)


def _controller(mounts: str) -> tuple[Path, bool]:
    """Where groups with a CPU quota are made, of the lines of /proc/mounts, and whether in the newer way (v2)."""
    rows = [line.split() for line in mounts.splitlines()]
    for _, where, kind, options, *_ in rows:
        if kind == "cgroup" and "cpu" in options.split(","):
            return Path(where), False
    for _, where, kind, *_ in rows:
        controllers = Path(where, "cgroup.controllers")
        if kind == "cgroup2" and controllers.exists() and "cpu" in controllers.read_text("ascii").split():
            return Path(where), True
    raise OSError("no control groups with a CPU quota are mounted")


def _end(group: Path) -> None:
    """Kill what is in it and remove it."""
    until = time.monotonic() + GONE_S
    while inside := (group / "cgroup.procs").read_text("ascii").split():
        if time.monotonic() > until:
            raise OSError(f"{group}: {len(inside)} processes did not end")
        for pid in inside:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.02)
    group.rmdir()
