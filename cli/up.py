"""`up` and `worker`: their programs as child processes; one Ctrl-C or SIGTERM stops all.

Who may talk to Prefect's API may have any program run here. So the server that `up` starts asks for a password of its
own: neither other people of this machine nor a page of the web in its browser know that.

When Prefect's API stays away for two minutes, or what serves its runs has ended meanwhile, the minute is kept on our
own clock until it has been back for two: alerts do not wait for an orchestrator, nor for the page. The job lock keeps
the two from running at once.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from secrets import token_urlsafe
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

from cli.children import Children
from cli.console import out
from cli.exits import EXIT_NOT_AVAILABLE, complain, hangup
from core.errors import InputError, NotAvailable
from core.ports import free_port
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
    environ = environment(settings, page_port)
    if prefect:
        environ["PREFECT_API_URL"] = place_of_api(environ)
    children = Children(environ, stop_s=RUN_ENDS_S)

    def start() -> None:
        if prefect:
            _start_prefect(children, settings)
            children.start("flows", "flows.serve")
        else:
            children.start(CLOCK, *OUR_CLOCK)
        children.start("page", "cli", "web", "--port", str(page_port))
        out().print("Ctrl-C stops everything")

    return _stay(children, start, prefect=prefect)


def run_worker(settings: Settings) -> int:
    """A worker for the work pool, and our own clock while Prefect's API is away; stays until a signal."""
    children = Children(environment(settings, settings.port), stop_s=RUN_ENDS_S)
    api = children.environ["PREFECT_API_URL"]
    if is_healthy(api):  # one that is away now will be back; one that refuses us stays so
        require_prefect(api, children.environ.get("PREFECT_API_AUTH_STRING", ""))
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
    if settings.secrets is not None:
        chosen["WIREWATCH_SECRETS"] = str(settings.secrets.absolute())
    api = named_api() or API
    defaults = {
        **_passwords(settings),
        "PREFECT_API_URL": api,
        "PREFECT_HOME": str((settings.data / "prefect").absolute()),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "172800",
        # which pages in a browser may use the API of a server without a password: those of no other site
        "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"{api.partition('/api')[0]},http://localhost:4200",
    }
    said = {name: value for name, value in os.environ.items() if value or name not in defaults}  # an empty one is none
    return {**defaults, **said, **chosen, **_past_the_proxy()}


def named_api() -> str:
    """Where the environment says that Prefect's API is; "" where it says nothing. Raises InputError for what is no
    address.
    """
    named = os.environ.get("PREFECT_API_URL", "")
    try:
        parts = urlsplit(named)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if named and not good:
        raise InputError(f"PREFECT_API_URL {named}: not an address", hint=f"write e.g. {API}")
    return named


def _past_the_proxy() -> dict[str, str]:
    """Prefect's client would ask this machine's own server through HTTP_PROXY, where that is set."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    both = ",".join(filter(None, (named, "127.0.0.1,localhost")))
    return {"no_proxy": both, "NO_PROXY": both}


def _passwords(settings: Settings) -> dict[str, str]:
    """What Prefect's server asks for, and its clients bring: what the environment says; else, of one that nobody named
    an address of, a password of this installation.
    """
    named = os.environ.get("PREFECT_API_AUTH_STRING") or os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    if named_api() and not named:
        return {}
    both = named or own_password(password_file(settings))
    return {"PREFECT_API_AUTH_STRING": both, "PREFECT_SERVER_API_AUTH_STRING": both}


def password_file(settings: Settings) -> Path:
    """Where the password of the server that `up` starts is kept: name:password, as Prefect's page asks for it."""
    return settings.data / "prefect" / "password"


def own_password(file: Path) -> str:
    """The password in a file, which is made where it holds none; for its owner only."""
    with suppress(FileNotFoundError):
        if kept := file.read_text("utf-8").strip():  # an empty one would shut us out
            return kept
    file.parent.mkdir(parents=True, exist_ok=True)
    made = f"wirewatch:{token_urlsafe(24)}"
    with NamedTemporaryFile("w", dir=file.parent, delete=False) as new:  # for us only
        new.write(made)
    Path(new.name).replace(file)
    return made


def place_of_api(environ: Mapping[str, str]) -> str:
    """Where Prefect's server is, or is to be: where it was named, or else where it always is. When another program has
    that port, another installation's server say, it gets one of its own: two that share one would do each other's runs.
    """
    if named_api() or lets_us_in(environ):
        return environ["PREFECT_API_URL"]
    at = urlsplit(API)
    try:
        socket.create_connection((at.hostname, at.port), ANSWER_S).close()
    except OSError:  # nobody there
        return API
    return API.replace(str(at.port), str(free_port()))


def lets_us_in(environ: Mapping[str, str]) -> bool:
    """Whether it is a Prefect server that answers, and takes our password."""
    auth = environ.get("PREFECT_API_AUTH_STRING", "")
    try:
        return isinstance(json.loads(ground.version_at(environ["PREFECT_API_URL"], auth, seconds=ANSWER_S)), str)
    except (OSError, ValueError, HTTPException):
        return False


def _start_prefect(children: Children, settings: Settings) -> None:
    api, auth = (children.environ.get(f"PREFECT_API_{name}", "") for name in ("URL", "AUTH_STRING"))
    if is_healthy(api):
        require_prefect(api, auth)
        out().print(f"using the Prefect server at {api}")
        return
    address = urlsplit(api)
    host, port = address.hostname or "127.0.0.1", str(address.port or 4200)
    children.start("prefect", "prefect", "server", "start", "--host", host, "--port", port)
    kept = password_file(settings)
    where = f" (its password: {kept})" if kept.exists() and own_password(kept) == auth else ""
    out().print(f"starting Prefect's server at {address.scheme}://{address.netloc}{where} …")
    until = time.monotonic() + START_S
    while not lets_us_in(children.environ):  # another's, which took the port first, would be healthy
        if children.ended() or time.monotonic() > until:
            complain(
                f"Prefect's server did not start at {api}: our own clock keeps the minute until it does\n"
                f"  free the port, set PREFECT_API_URL, or put what it keeps of runs out of the way: "
                f"{children.environ['PREFECT_HOME']}"
            )
            return
        time.sleep(0.5)


def is_healthy(api: str) -> bool:
    """Whether a Prefect server answers there."""
    try:
        ground.asked(f"{api.rstrip('/')}/health", seconds=2)
    except (OSError, HTTPException):
        return False
    return True


def require_prefect(api: str, auth: str) -> None:
    """Raise NotAvailable when no Prefect server answers there, or when it does not let us in."""
    if not is_healthy(api):
        raise NotAvailable(
            f"no Prefect server answers at {api}", hint="start it, or set PREFECT_API_URL to where it is"
        )
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
