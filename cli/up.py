"""`up` and `worker`: their programs as child processes; one Ctrl-C or SIGTERM stops all.

When Prefect's API stays away for two minutes, the minute is kept on our own clock until it is back: alerts do not wait
for an orchestrator. The job lock keeps the two from running at once.
"""

from __future__ import annotations

import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from urllib.parse import urlsplit

from cli.children import Children
from cli.console import out
from cli.exits import EXIT_NOT_AVAILABLE, complain
from core.errors import NotAvailable
from core.settings import Settings
from pipeline.bootstrap import upgrade
from web.address import check_address

API = "http://127.0.0.1:4200/api"
START_S = 90.0  # a server that is not healthy by then did not start
LOOK_S = 2.0
AWAY_S = 120.0
CLOCK, OUR_CLOCK = "clock", ("cli", "run")


def run_up(settings: Settings, *, port: int | None, prefect: bool) -> int:
    """Start everything and stay until a signal; returns the exit code."""
    page_port = settings.port if port is None else port
    check_address(settings, page_port)
    upgrade(settings)
    children = Children(environment(settings, page_port))

    def start() -> None:
        if prefect:
            _start_prefect(children)
            children.start("flows", "flows.serve")
        else:
            children.start(CLOCK, *OUR_CLOCK)
        children.start("page", "cli", "web", "--port", str(page_port))
        out().print(f"the page: http://{settings.host}:{page_port}   (Ctrl-C stops everything)")

    return _stay(children, start, prefect=prefect)


def run_worker(settings: Settings) -> int:
    """A worker for the work pool, and our own clock while Prefect's API is away; stays until a signal."""
    children = Children(environment(settings, settings.port))
    return _stay(children, lambda: children.start("worker", "flows.worker"), prefect=True)


def _stay(children: Children, start: Callable[[], None], *, prefect: bool) -> int:
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        start()
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
    """Stay; revive what ends by itself, and keep our own minute while Prefect's API is away."""
    api = children.environ["PREFECT_API_URL"]
    seen = time.monotonic()
    while True:
        time.sleep(LOOK_S)
        now = time.monotonic()
        for name in children.ended():
            complain(f"{name} ended by itself (exit code {children.exit_code(name)}): starting it again")
            if not children.revive(name, now):
                complain(f"{name} keeps ending: stopping everything")
                return EXIT_NOT_AVAILABLE
        if not prefect:
            continue
        if is_healthy(api):
            seen = now
            children.stop(CLOCK)
        elif now - seen > AWAY_S and CLOCK not in children:
            complain(f"Prefect's API at {api} is away: keeping the minute on our own clock until it is back")
            children.start(CLOCK, *OUR_CLOCK)
