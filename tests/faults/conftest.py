"""What the fault tests ask for: a world on loopback, and processes that can be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import pytest

from alerts.channels import sending_pool
from core.clock import FixedClock
from core.pool import WorkerPool
from core.settings import Settings
from storage.engine import Database
from tests.builders import NOON, World
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.disks import Disk
from tests.faults.doors import KINDS, Door, Post
from tests.faults.servers import Server
from tests.faults.survived import numbers, survived
from tests.faults.ward import Ward, open_things
from tests.turns import by_turns

ROOT = Path(__file__).parents[2]
ONE_DATABASE = {
    "test_articles", "test_channels", "test_costly", "test_exhausted", "test_feeds", "test_hanging", "test_inert",
    "test_items", "test_messages", "test_rule_changes", "test_stopped",
}  # fmt: skip
OUTCOMES = ("passed", "failed", "error", "skipped")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What has its fault outside the database is tried on one of them (16, what only one of them refuses, on both), all
    else on one by turns, and on both by `make faults`.
    """
    ours = [item for item in items if item.path.parent == Path(__file__).parent]
    for item in ours:
        if item.path.stem in ONE_DATABASE and "postgresql" in item.name and "fault_16_" not in item.name:
            item.add_marker(pytest.mark.faults)
    by_turns([item for item in ours if item.path.stem not in ONE_DATABASE and not item.get_closest_marker("faults")])


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """The score of a run of this folder, as its last line."""
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or hasattr(config, "workerinput"):
        return
    reports = {outcome: [report.nodeid for report in terminal.getreports(outcome)] for outcome in OUTCOMES}
    if any(numbers(test) for tests in reports.values() for test in tests):
        terminal.write_line(survived(reports))


class Driver:
    """Runs cycles in processes of their own; see driver.py. A context manager."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        )
        self._read()
        self._warm = False

    def warm(self, settings: Settings) -> None:
        """Have the parent of all children run one cycle, so that they need not load what it loads."""
        if not self._warm:
            self.run(settings, "", children=0)
            self._warm = True

    def run(self, settings: Settings, url: str, **order: Any) -> list[int]:
        """Exit codes of the children that ran a cycle on this database; -9 for one that was killed."""
        values = settings.model_dump(mode="json", exclude_unset=True)
        values = {**values, "database": url, "allow_addresses": "127.0.0.0/8"}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"settings": values, **order}) + "\n")
        self._process.stdin.flush()
        return cast("list[int]", self._read())

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the driver ended"
        return json.loads(line)

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@contextmanager
def command(world: World, url: str, *arguments: str, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """`wirewatch …` in this world, as a person starts it; it outlives no test. A test that fails shows its words."""
    values = {
        "config": world.watch_file, "data": world.folder / "data", "database": url, "allow_addresses": "127.0.0.0/8",
        "page_spacing": 0, "jobs": 1, **settings,
    }  # fmt: skip
    named = {f"WIREWATCH_{name.upper()}": str(value) for name, value in values.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT, env={**os.environ, **named, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                print(error.output)  # what was read by then
            if process.stdout and not process.stdout.closed:
                print(process.stdout.read())
            raise
        finally:
            process.kill()


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    """One for all tests of this process."""
    with Driver() as made:
        yield made


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL of this process's own, which its tests may kill; each leaves it running."""
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-faults-"))
    made = Server(folder)
    yield made
    made.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Two MB, which a test may fill. It needs `@pytest.mark.disk`."""
    made = Disk(tmp_path, kilobytes=2_000)
    yield made
    made.close()


@pytest.fixture
def everything_returns() -> Iterator[None]:
    """Descriptors, threads and processes are as many as before, a moment after the test."""
    before = open_things()
    yield
    until = time.monotonic() + 5
    while any(now > then for now, then in zip(open_things(), before, strict=True)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [now <= then for now, then in zip(open_things(), before, strict=True)] == [True] * 3


@pytest.fixture
def ward(
    everything_returns: None,
    databases: Databases,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    world: World,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ward]:
    """On SQLite: what is tried here is the network. Loops look for work sooner than usual."""
    monkeypatch.setattr("pipeline.cycle.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("pipeline.cycle.GATHER_S", 0.0)
    caplog.set_level("DEBUG")
    with databases.fresh("sqlite", tmp_path, migrate) as url:
        database = Database(url)
        made = Ward(world, database, clock, caplog)
        made.put()
        yield made
        database.close()


@pytest.fixture(scope="session")
def senders() -> Iterator[WorkerPool]:
    """Processes that send through Apprise, for all tests of this process: each takes seconds to start."""
    pool = sending_pool()
    yield pool
    pool.close()


@pytest.fixture
def post(world: World, db: Database, senders: WorkerPool, caplog: pytest.LogCaptureFixture) -> Iterator[Post]:
    """Five receivers, one of each kind, and a worker's world at Monday noon."""
    with ExitStack() as stack:
        doors = {kind: Door(kind) for kind in KINDS}
        for door in doors.values():
            stack.callback(door.close)
        yield Post(world, db, FixedClock(NOON), caplog, senders, doors)
