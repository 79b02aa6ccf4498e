"""`up` and `worker`: their programs as child processes; one Ctrl-C or SIGTERM stops all.

When Prefect's API stays away for two minutes, or what serves its runs has ended meanwhile, the minute is kept on our
own clock until it has been back for two: alerts do not wait for an orchestrator, nor for the page. The job lock keeps
the two from running at once.
"""

from __future__ import annotations

import os
import signal
import time
import urllib.error
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urlsplit

from cli.children import Children
from cli.console import out
from cli.exits import EXIT_NOT_AVAILABLE, complain, hangup
from core.errors import NotAvailable
from core.settings import Settings
from pipeline import ground
from pipeline.bootstrap import upgrade
from web.address import check_address

API = "http://127.0.0.1:4200/api"
START_S = 90.0  # a server that is not healthy by then did not start
ANSWER_S = 30.0  # a server that has just become healthy took longer than 10 s on a busy machine
LOOK_S = 2.0
AWAY_S = 120.0
RUN_ENDS_S = 45.0  # a run that is told to stop has 30 s from Prefect to end in order
CLOCK, OUR_CLOCK = "clock", ("cli", "run")
ON_PREFECT = {"flows", "worker"}  # they need its API
SPARED = {"prefect", "page"}  # alerts go on without them


def run_up(settings: Settings, *, port: int | None, prefect: bool) -> int:
    """Start everything and stay until a signal; returns the exit code."""
    page_port = settings.port if port is None else port
    check_address(settings, page_port)
    upgrade(settings)
    children = Children(environment(settings, page_port), stop_s=RUN_ENDS_S)

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
    children = Children(environment(settings, settings.port), stop_s=RUN_ENDS_S)
    api = children.environ["PREFECT_API_URL"]
    if is_healthy(api):  # one that is away now will be back; one that refuses us stays so
        require_prefect(api)
    return _stay(children, lambda: children.start("worker", "flows.worker"), prefect=True)


def _stay(children: Children, start: Callable[[], None], *, prefect: bool) -> int:
    ending = (signal.SIGTERM, *hangup())
    for number in ending:
        signal.signal(number, _interrupt)
    try:
        start()
        return Watch(children, prefect).stay()
    except KeyboardInterrupt:
        with suppress(OSError):  # a terminal that was closed
            out().print("stopping …")
        return 0
    finally:
        for number in ending:
            signal.signal(number, signal.SIG_IGN)
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
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "172800",
    }
    return {**defaults, **os.environ, **chosen, **_past_the_proxy()}


def _past_the_proxy() -> dict[str, str]:
    """Prefect's client would ask this machine's own server through HTTP_PROXY, where that is set."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    both = ",".join(filter(None, (named, "127.0.0.1,localhost")))
    return {"no_proxy": both, "NO_PROXY": both}


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
        ground.asked(f"{api}/health", seconds=2)
    except (OSError, HTTPException):
        return False
    return True


def require_prefect(api: str) -> None:
    """Raise NotAvailable when no Prefect server answers there, or when it does not let us in."""
    if not is_healthy(api):
        raise NotAvailable(
            f"no Prefect server answers at {api}", hint="start it, or set PREFECT_API_URL to where it is"
        )
    auth = os.environ.get("PREFECT_API_AUTH_STRING", "")
    try:
        ground.version_at(api, auth, seconds=ANSWER_S)
    except urllib.error.HTTPError as error:
        if error.code not in (401, 403):
            return
        why = "PREFECT_API_AUTH_STRING is not what it wants" if auth else "it wants PREFECT_API_AUTH_STRING"
        raise NotAvailable(
            f"Prefect's server at {api} refuses us: {why}",
            hint="give it the server's own PREFECT_SERVER_API_AUTH_STRING (name:password)",
        ) from error
    except (OSError, HTTPException) as error:
        raise NotAvailable(f"Prefect's server at {api} does not answer: {error}", hint="try it again") from error


@dataclass
class Watch:
    """Looks after running children: revives what ends, and keeps our own minute while Prefect's API is away.

    `answered`: when that last answered; `back`: since when it has. Both in monotonic seconds.
    """

    children: Children
    prefect: bool
    answered: float = field(default_factory=time.monotonic)
    back: float = field(default_factory=time.monotonic)

    def stay(self) -> int:
        """Look again and again; returns the exit code when nothing here can go on."""
        while self.look(time.monotonic()):
            time.sleep(LOOK_S)
        return EXIT_NOT_AVAILABLE

    def look(self, now: float) -> bool:
        """Look once; False when what polls and tells keeps ending."""
        api = self.children.environ["PREFECT_API_URL"]
        here = not self.prefect or is_healthy(api)
        if here:
            self.answered = now
        else:
            self.back = now
        if not self._revived(now, here=here):
            return False
        if now - self.answered > AWAY_S or self.children.resting & ON_PREFECT:
            if CLOCK not in self.children:
                complain(f"Prefect's API at {api} is away: keeping the minute on our own clock until it is back")
                self.children.start(CLOCK, *OUR_CLOCK)
        elif self.prefect and now - self.back > AWAY_S:
            self.children.stop(CLOCK)
        return True

    def _revived(self, now: float, *, here: bool) -> bool:
        """Start again what has ended. What runs on Prefect's API ends when that is away (serving does within half a
        minute): it rests until it is back.
        """
        for name in self.children.ended():
            ended = f"{name} ended by itself (exit code {self.children.exit_code(name)})"
            if name in ON_PREFECT and not here:
                complain(f"{ended} while Prefect's API is away: starting it again when that is back")
                self.children.rest(name)
                continue
            complain(f"{ended}: starting it again")
            if not self.children.revive(name, now):
                if name not in SPARED:
                    complain(f"{name} keeps ending: stopping everything")
                    return False
                complain(f"{name} keeps ending: all else goes on, and it is tried again within ten minutes")
                self.children.rest(name)
        for name in sorted(self.children.resting):
            if here or name not in ON_PREFECT:
                self.children.revive(name, now)
        return True
