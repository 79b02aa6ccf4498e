"""Fault 54: descriptors or memory run out, of a real `wirewatch run` whose limits are lowered and given back."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from bench.costs import family
from tests.builders import World, copies
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import command
from tests.faults.questions import due, read, rows, states, told_once

PATIENCE_S = 100.0


def wait(what: Callable[[], bool], run: subprocess.Popen[str], why: str) -> None:
    """Until it is so; a run that ends before fails."""
    until = time.monotonic() + PATIENCE_S
    while not what():
        if run.poll() is not None or time.monotonic() > until:
            run.kill()
            raise AssertionError(f"{why}: {run.communicate()[0]}")
        time.sleep(0.3)


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def address_space(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()


@pytest.mark.parametrize(
    ("limit", "used"),
    [
        (resource.RLIMIT_NOFILE, descriptors),
        (resource.RLIMIT_AS, address_space),
    ],
    ids=["files", "memory"],
)
@pytest.mark.faults
def test_fault_54_a_run_that_is_short_of_files_or_memory_says_so_and_recovers_when_it_has_them(
    world: World, databases: Databases, database_kind: str, limit: int, used: Callable[[int], int]
) -> None:
    world.site["/calm"] = b"<rss version='2.0'><channel><title>Calm</title></channel></rss>"
    world.feeds[0]["url"] = world.url("/calm")
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with (
        databases.fresh(database_kind, world.folder, migrate) as url,
        command(world, url, "run", every_seconds=0.5, cycle_seconds=5, lease_seconds=3) as run,
    ):
        wait(lambda: world.asked("/calm") > 0, run, "no first run")
        time.sleep(1)
        usual = resource.prlimit(run.pid, limit)
        for pid in family(run.pid):
            of_its_own = resource.prlimit(pid, limit)[1]  # those that read pages have less than the others
            resource.prlimit(pid, limit, (used(pid), of_its_own))
        copies(world, feeds=2, each=4)
        for name in ("/rss0", "/rss1"):  # more than is left free within what a process has
            world.site[name] = cast(bytes, world.site[name]) + b"<!--" + b"x" * 6_000_000 + b"-->"
        world.watch_file.write_text(world.watch_text(), "utf-8")
        time.sleep(4)
        for pid in family(run.pid):
            of_its_own = resource.prlimit(pid, limit)[1]
            resource.prlimit(pid, limit, usual if of_its_own == usual[1] else (of_its_own, of_its_own))

        def recovered() -> bool:
            due(url)  # a feed whose poll failed for want of memory rests like any that fails
            return read(url, states) == ["sent", "sent"] and read(url, rows)["Hit"] == 8

        wait(recovered, run, "not recovered")
        run.terminate()
        said, _ = run.communicate(timeout=PATIENCE_S)
        assert run.returncode == 0, said
        told_once(world, url, 8)
        assert "short of something" in said or "wirewatch doctor" in said, said
