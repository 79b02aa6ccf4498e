"""What of the machine an installation stands on: folder, disk, files, Prefect's server, the page."""

from __future__ import annotations

import json
import os
import resource
import shutil
import stat
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import version
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from core.ports import url_here
from core.settings import Settings
from pipeline.sentlog import ROOM
from storage.backup import file_of
from storage.engine import Database

LEAST_DISK = 1_000_000_000  # bytes
LEAST_FILES = 1024  # 128 deliveries, as many feeds and pages, pools of processes: some 600 in a full cycle
ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: good or not, what was found, what to do.

    `of_the_news`: what is wrong lies outside, at a source or a receiver; the installation does what it should.
    """

    check: str
    ok: bool
    found: str
    do: str = ""
    of_the_news: bool = False


def of_machine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """All that needs no database."""
    yield disk("disk", settings.data)
    yield data_folder(settings.data)
    yield sent_log(settings.data / "sent.log")
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    if api := environ.get("PREFECT_API_URL", ""):
        yield prefect(api, environ.get("PREFECT_API_AUTH_STRING", ""))
    yield page(settings)


def disk(check: str, folder: Path) -> Finding:
    """How much room there is."""
    place = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(place).free
    good = free >= LEAST_DISK
    return Finding(check, good, f"{free / 1e9:.1f} GB free at {place}", "" if good else "make room")


def of_database(database: Database, size: int) -> Finding:
    """How large the database is; of a file, how much room it has."""
    said = f"{size / 1e9:.2f} GB"
    if not database.is_sqlite:
        return Finding("database size", True, f"{said}; the server's own disk is not to be seen from here")
    room = disk("database size", file_of(database).absolute().parent)
    return Finding("database size", room.ok, f"{said}, {room.found}", room.do)


def data_folder(folder: Path) -> Finding:
    """Whether we may write there, and nobody else."""
    if not folder.exists():
        return Finding("data folder", True, f"{folder} is made at the first run")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return Finding("data folder", False, f"{folder} cannot be written", "give it to the user who runs wirewatch")
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IWOTH:
        return Finding("data folder", False, f"anybody may write to {folder}", f"chmod 700 {folder}")
    do = f"others on this machine can look into it: chmod 700 {folder}" if mode & stat.S_IROTH else ""
    return Finding("data folder", True, str(folder), do)


def sent_log(path: Path) -> Finding:
    """Whether what is sent can be noted, as far as a look tells: nothing is made here, which another user than the
    worker may do.
    """
    place = path if path.exists() else next(folder for folder in path.parents if folder.exists())
    if path.is_dir() or not os.access(place, os.W_OK) or os.statvfs(place).f_flag & os.ST_RDONLY:
        return Finding("sent.log", False, f"{place} cannot be written to: nothing is sent", "make it writable")
    kept = path.with_name("sent.room")
    if path.exists() and not kept.exists() and shutil.disk_usage(place).free < ROOM:
        return Finding("sent.log", False, f"no room for {path}: nothing is sent", "make room")
    return Finding("sent.log", True, "can be written to")


def open_files(limit: int) -> Finding:
    """How many files and connections a process may have open."""
    good = limit == resource.RLIM_INFINITY or limit >= LEAST_FILES
    found = "no limit" if limit == resource.RLIM_INFINITY else f"{limit:,} a process"
    return Finding("open files", good, found, "" if good else f"raise it to {LEAST_FILES:,} or more (ulimit -n)")


def prefect(api: str, auth: str) -> Finding:
    """Whether Prefect's server answers, with a version that ours can talk to."""
    try:
        theirs = str(json.loads(version_at(api, auth)))
    except urllib.error.HTTPError as error:
        do = "mend PREFECT_API_AUTH_STRING" if error.code in (401, 403) else "mend PREFECT_API_URL"
        return Finding("prefect", False, f"its server says {error.code}", do)
    except (OSError, ValueError, HTTPException) as error:
        do = "start it, or mend PREFECT_API_URL; workers keep the minute by themselves meanwhile"
        why = f"its server does not answer: {getattr(error, 'reason', error)}"
        return Finding("prefect", False, why, do, of_the_news=True)
    ours = version("prefect")
    good = _numbers(theirs) >= _numbers(ours)
    return Finding("prefect", good, f"server {theirs}, here {ours}", "" if good else "upgrade its server")


def version_at(api: str, auth: str, *, seconds: float = ANSWER_S) -> bytes:
    """What Prefect's server answers when it is asked for its version. Raises OSError and HTTPException; an HTTPError
    with 401 or 403 when it does not let us in.
    """
    headers = {"Authorization": f"Basic {b64encode(auth.encode()).decode()}"} if auth else {}
    return asked(f"{api.rstrip('/')}/admin/version", headers, seconds=seconds)


def _numbers(version_text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version_text.split(".")[:2] if part.isdigit())


def page(settings: Settings) -> Finding:
    """Whether the page answers; it need not run here."""
    place = f"{settings.host}:{settings.port}"
    if not _is_here(settings.host) or not settings.port:
        return Finding("page", True, f"listens on {place}; not asked")
    try:
        said = json.loads(asked(f"{url_here(settings.host, settings.port)}/healthz"))
    except urllib.error.HTTPError as error:
        return Finding("page", False, f"{place} says {error.code}", "see `runs`; or another program has that port")
    except (urllib.error.URLError, TimeoutError):
        return Finding("page", True, f"none answers on {place}", "`wirewatch up` or `wirewatch web` serves it")
    except (OSError, ValueError, HTTPException):
        said = None
    good = isinstance(said, dict) and "ok" in said
    do = "" if good else "another program has that port: set WIREWATCH_PORT"
    return Finding("page", good, f"answers on {place}" if good else f"what answers on {place} is not ours", do)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def asked(url: str, headers: Mapping[str, str] | None = None, *, seconds: float = ANSWER_S) -> bytes:
    """The beginning of what an address of our own settings answers; this machine is asked without a proxy. Raises
    OSError (HTTPError for all but 2xx) and HTTPException.
    """
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - from the operator's settings
    is_here = _is_here(urlsplit(url).hostname or "")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({} if is_here else None))
    with opener.open(request, timeout=seconds) as answer:
        return bytes(answer.read(10_000))
