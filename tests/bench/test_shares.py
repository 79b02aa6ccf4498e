"""Shares of a core: where control groups are made, of what is mounted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import shares


def mounted(folder: Path, controllers: str) -> str:
    """Lines of /proc/mounts, with both ways of control groups."""
    (folder / "cgroup.controllers").write_text(controllers, "ascii")
    return f"proc /proc proc rw 0 0\ncgroup2 {folder} cgroup2 rw,nsdelegate 0 0\n"


def test_the_older_way_is_taken_where_the_cpu_is_shared_by_it(tmp_path: Path) -> None:
    older = "cgroup /c/cpuset cgroup rw,cpuset 0 0\ncgroup /c/cpu cgroup rw,cpu,cpuacct 0 0\n"
    assert shares._controller(mounted(tmp_path, "") + older) == (Path("/c/cpu"), False)


def test_the_newer_way_is_taken_where_it_has_the_cpu(tmp_path: Path) -> None:
    assert shares._controller(mounted(tmp_path, "cpuset cpu memory\n")) == (tmp_path, True)


def test_where_nobody_shares_the_cpu_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no control groups with a CPU quota are mounted"):
        shares._controller(mounted(tmp_path, "cpuset memory\n"))
