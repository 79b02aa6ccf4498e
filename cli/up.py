"""`up`: Prefect's server, the scheduled flows and the page as child processes; one Ctrl-C or SIGTERM stops all.

When Prefect's API stays away for two minutes, the minute is kept on our own clock until it is back: alerts do not wait
for an orchestrator. The job lock keeps the two from running at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cli.console import out
from cli.exits import complain
from core.errors import NotAvailable
from core.settings import Settings
from pipeline.bootstrap import upgrade

API = "http://127.0.0.1:4200/api"
START_S = 90.0  # a server that is not healthy by then did not start
LOOK_S = 2.0
AWAY_S = 120.0
STOP_S = 20.0  # a child that has not stopped by then is killed


@dataclass
class Children:
    """The processes that `up` started, by name, in the order of starting."""

    environ: Mapping[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start one in a session of its own, so that a Ctrl-C reaches it through us only, in order."""
        self.running[name] = subprocess.Popen(
            [sys.executable, "-m", *command], env=self.environ, start_new_session=True
        )

    def ended(self) -> str:
        """The name of one that has ended by itself; "" while all run."""
        return next((name for name, child in self.running.items() if child.poll() is not None), "")

    def stop(self, name: str) -> None:
        """Stop one: SIGINT, which Prefect takes more calmly than SIGTERM, and a kill when it does not listen."""
        child = self.running.pop(name, None)
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGINT)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def stop_all(self) -> None:
        """Stop all, the last started first: the flows while their server is still there."""
        for name in reversed(list(self.running)):
            self.stop(name)


def run_up(settings: Settings, *, port: int | None, prefect: bool) -> int:
    """Start everything and stay until a signal; returns the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    upgrade(settings)
    page_port = settings.port if port is None else port
    children = Children(environment(settings, page_port))
    try:
        if prefect:
            _start_prefect(children)
            children.start("flows", "flows.serve")
        else:
            children.start("clock", "cli", "run")
        children.start("page", "cli", "web", "--port", str(page_port))
        out().print(f"the page: http://{settings.host}:{page_port}   (Ctrl-C stops everything)")
        return _watch(children, prefect=prefect)
    except KeyboardInterrupt:
        out().print("stopping …")
        return 0
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        children.stop_all()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def environment(settings: Settings, port: int) -> dict[str, str]:
    """What the children see: the same settings, and Prefect kept quiet, local and tidy."""
    chosen = {
        "WIREWATCH_CONFIG": str(settings.config.absolute()),
        "WIREWATCH_DATA": str(settings.data.absolute()),
        "WIREWATCH_DATABASE": settings.database,
        "WIREWATCH_PORT": str(port),
    }
    defaults = {
        "PREFECT_API_URL": API,
        "PREFECT_HOME": str((settings.data / "prefect").absolute()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "pipeline,flows",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "172800",
    }
    return {**defaults, **os.environ, **chosen}


def _start_prefect(children: Children) -> None:
    api = children.environ["PREFECT_API_URL"]
    if is_healthy(api):
        out().print(f"using the Prefect server at {api}")
        return
    address = urlsplit(api)
    host, port = address.hostname or "127.0.0.1", str(address.port or 4200)
    children.start("prefect", "prefect", "server", "start", "--host", host, "--port", port)
    out().print("starting Prefect's server …")
    until = time.monotonic() + START_S
    while not is_healthy(api):
        if children.ended() or time.monotonic() > until:
            raise NotAvailable(
                f"Prefect's server did not start at {api}",
                hint="free the port, set PREFECT_API_URL, or run `wirewatch up --no-prefect`",
            )
        time.sleep(0.5)


def is_healthy(api: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        with urllib.request.urlopen(f"{api}/health", timeout=2) as answer:  # noqa: S310 - the operator's own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _watch(children: Children, *, prefect: bool) -> int:
    """Stay until a child ends by itself (then all do); keep our own minute while Prefect's API is away."""
    api = children.environ["PREFECT_API_URL"]
    seen = time.monotonic()
    while not (name := children.ended()):
        time.sleep(LOOK_S)
        if not prefect:
            continue
        if is_healthy(api):
            seen = time.monotonic()
            children.stop("clock")
        elif time.monotonic() - seen > AWAY_S and "clock" not in children.running:
            complain(f"Prefect's API at {api} is away: keeping the minute on our own clock until it is back")
            children.start("clock", "cli", "run")
    code = children.running[name].returncode
    complain(f"{name} ended by itself (exit code {code}): stopping everything")
    return 3
