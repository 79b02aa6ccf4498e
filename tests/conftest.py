"""What every test may ask for: fresh databases of both kinds, a world on loopback, a clock that stands still, and
Chromium.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.engine.default import DefaultDialect

from core.clock import FixedClock
from seeds import originals_folder
from storage import schema
from storage.engine import Database
from tests.databases import KINDS, Databases, stop

if TYPE_CHECKING:
    from tests.builders import World

_SHARED = "WIREWATCH_TEST_SHARED"  # tells the workers of one run which folder they share
_LEFT_OUT = pytest.StashKey[dict[pytest.Item, str]]()

QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}  # tests ask nothing of the network

# no timed asserts: a busy machine makes no test fail
settings.register_profile("wirewatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wirewatch")


def pytest_configure(config: pytest.Config) -> None:
    """The process that starts the run makes the folder that its workers share.

    A run in the background may have Ctrl-C switched off, and so would all that the tests start.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        os.environ[_SHARED] = tempfile.mkdtemp(prefix="wirewatch-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """The same process stops what was started there."""
    if not hasattr(config, "workerinput") and (folder := os.environ.pop(_SHARED, "")):
        stop(Path(folder))


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """A long text is named by how it begins: workers send each other the names of all tests."""
    return f"{val[:60]!r} and more" if isinstance(val, str | bytes) and len(val) > 100 else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tests of flows share one worker and its Prefect server (11 s): said here, before xdist looks for groups."""
    if "flows" in item.path.parts:
        item.add_marker(pytest.mark.xdist_group("flows"))
        item.add_marker(pytest.mark.timeout(400))  # whichever comes first waits for the server


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What cannot run here is left out, and listed.

    Browser tests need Chromium: in CI they stay in without it, and fail. Tests of the seed documents themselves, which
    are others' texts and no part of this project, need their folder.
    """
    missing = {
        "browser": ""
        if chromium_path() or os.environ.get("CI")
        else "no Chromium: install it, or name one in CHROMIUM",
        "originals": "" if originals_folder() else "no folder of seed documents: name one in WIREWATCH_SEEDS",
        "disk": "" if may_mount() else "no disk of their own: only root may mount one",
        "namespace": "" if own_network() else "no network namespace: `unshare -n` is missing or not allowed",
    }
    left_out = {item: why for item in items for name, why in missing.items() if why and item.get_closest_marker(name)}
    config.stash[_LEFT_OUT] = left_out
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))


def pytest_collection_finish() -> None:
    """All tests and what they import stay: looking through them for garbage again and again takes long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """That only such tests were asked for, and none could run, is no failure of the others."""
    if session.config.stash.get(_LEFT_OUT, {}) and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the tests that were not run, and why."""
    left_out = config.stash.get(_LEFT_OUT, {})
    for why in sorted(set(left_out.values())):
        terminalreporter.section(f"not run ({why})", yellow=True)
        for item in (item for item, reason in left_out.items() if reason == why):
            terminalreporter.write_line(f"not run {item.nodeid}")


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[None]:
    """Prefect's own test server, with heartbeats off (each would hold a flow run for a second)."""
    os.environ |= QUIET
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    with (
        prefect_test_harness(server_startup_timeout=300),
        temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}),
    ):
        yield


def chromium_path() -> str:
    """The Chromium that browser tests drive: $CHROMIUM, or the one on PATH; empty when there is none."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""


@cache
def may_mount() -> bool:
    """Whether tests may mount disks: root may, where nothing forbids it; tried where nobody sees it."""
    trying = ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    usable = os.geteuid() == 0 and shutil.which("unshare") is not None
    return usable and subprocess.run(trying, capture_output=True).returncode == 0


@cache
def own_network() -> tuple[str, ...]:
    """The command that runs another in a network of its own; empty where none may be made."""
    tool = shutil.which("unshare")
    commands = [(tool, *options) for options in (("-n",), ("-rn",)) if tool]
    return next((one for one in commands if subprocess.run([*one, "true"], capture_output=True).returncode == 0), ())


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path for Playwright's `executable_path`; a test that asks for it where there is none fails."""
    path = chromium_path()
    assert path, "no Chromium on this machine: install Debian's chromium, or name one in CHROMIUM"
    return path


@pytest.fixture(scope="session")
def databases() -> Databases:
    """Makes fresh databases; see tests/databases.py."""
    return Databases(Path(os.environ[_SHARED]), os.environ.get("PYTEST_XDIST_WORKER", "main"))


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    """Each test has engines of its own, and each engine compiled all its statements anew: a third of the tests' time.

    SQLAlchemy keys what it compiled by the dialect; ours are set up alike, so those of one class are one here.
    """
    compiled: dict[str, dict[object, object]] = {}

    def shared(url: URL | str, **options: Any) -> Engine:
        kind = make_url(url).get_backend_name()
        return create_engine(url, **options, execution_options={"compiled_cache": compiled.setdefault(kind, {})})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("storage.engine.create_engine", shared)
        patched.setattr(DefaultDialect, "__eq__", lambda one, other: type(one) is type(other))
        patched.setattr(DefaultDialect, "__hash__", lambda one: hash(type(one)))
        yield


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> str:
    """Runs the test on SQLite and on PostgreSQL."""
    return str(request.param)


@pytest.fixture
def database_url(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """SQLAlchemy URL of a fresh, empty database; the test runs on both kinds."""
    with databases.fresh(database_kind, tmp_path) as url:
        yield url


def migrate(url: str) -> None:
    """Bring an empty database to the newest revision."""
    database = Database(url)
    schema.upgrade(database)
    database.close()


@pytest.fixture
def db(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Database]:
    """A fresh database of the newest revision; the test runs on both kinds."""
    with databases.fresh(database_kind, tmp_path, migrate) as url:
        database = Database(url)
        yield database
        database.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A site, a webhook receiver and a mail server."""
    from tests.builders import World  # 1.3 s of imports, which whoever runs one file of rules need not wait for

    with World(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> FixedClock:
    """Monday noon, until it is moved."""
    from tests.builders import NOON

    return FixedClock(NOON)
