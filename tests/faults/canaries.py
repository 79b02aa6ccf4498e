"""Secrets of every kind, each a word that stands nowhere else, and where to look for them afterwards."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from tests.builders import World
from tests.sinks.http import Answer, Request

# what the watch file names
IN_FILE = {
    name: f"Cnry{number}x{name.replace('_', '').lower()}q"
    for number, name in enumerate(
        ("SMTP_PASSWORD", "HOOK_PASSWORD", "HOOK_TOKEN", "GOTIFY_TOKEN", "NTFY_PASSWORD", "SITE_COOKIE", "FEED_BASIC",
         "FEED_BEARER", "FEED_KEY")
    )
}  # fmt: skip
PAGE, SIGNING, BEAT, PREFECT, DATABASE, OWN = (
    f"Cnry{name}x7q" for name in ("page", "signing", "beat", "prefect", "database", "own")
)
ALL = (*IN_FILE.values(), PAGE, SIGNING, BEAT, PREFECT, DATABASE, OWN)
USER = "reader"


def forms(secrets: Iterable[str]) -> dict[bytes, str]:
    """How a secret might be written → the secret: as it stands, and as HTTP Basic writes it."""
    found = {}
    for secret in secrets:
        found[secret.encode()] = secret
        for name in (USER, "ada", "admin", ""):
            found[base64.b64encode(f"{name}:{secret}".encode()).rstrip(b"=")[:-1]] = secret
    return found


def leaks(told: Mapping[str, bytes | str], more: Iterable[str] = ()) -> dict[str, list[str]]:
    """Where (what was told → its words) which secrets stand."""
    written = forms((*ALL, *more))
    found = {
        where: sorted({secret for form, secret in written.items() if form in _bytes(words)})
        for where, words in told.items()
    }
    return {where: secrets for where, secrets in found.items() if secrets}


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode("utf-8", "replace")


def files(folder: Path, but: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below a folder, with what is in it, unpacked; those of these names left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in set(but))
    return {str(path.relative_to(folder)): _unpacked(path) for path in found}


def _unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def stored(session: Session) -> dict[str, str]:
    """Every table, with all of its rows."""
    return {
        table.name: repr([tuple(row) for row in session.execute(table.select())])
        for table in SQLModel.metadata.sorted_tables
    }


def plant(world: World, port: int) -> None:
    """The watch file of a world whose channels, feeds and sites all need secrets; on `port` nobody listens."""
    at, web = f"127.0.0.1:{world.hook.port}", f"127.0.0.1:{world.web.port}"
    mail = {"user": USER, "password": "${SMTP_PASSWORD}"}
    world.channels = {
        "mail": {**world.mailbox("desk@x.test"), **mail},
        "hook": {"url": f"webhook://{USER}:${{HOOK_PASSWORD}}@{at}/hook/${{HOOK_TOKEN}}?key=${{HOOK_TOKEN}}"},
        "gotify": {"url": f"gotify://{at}/${{GOTIFY_TOKEN}}"},
        "ntfy": {"url": f"ntfy://{USER}:${{NTFY_PASSWORD}}@{at}/topic"},
        "closed": {"url": f"webhook://{USER}:${{HOOK_PASSWORD}}@127.0.0.1:{port}/${{HOOK_TOKEN}}"},
        "gone": {"url": f"gotify://127.0.0.1:{port}/${{GOTIFY_TOKEN}}"},
    }
    bearer, basic = {"Authorization": "Bearer ${FEED_BEARER}"}, {"Authorization": "Basic ${FEED_BASIC}"}
    world.feeds += [
        {"url": f"http://{web}/key?key=${{FEED_KEY}}", "name": "Key", "headers": bearer, "first_poll": "9000h"},
        {"url": f"http://{web}/basic", "name": "Basic", "headers": basic, "first_poll": "9000h"},
        {"url": f"http://{web}/refused?key=${{FEED_KEY}}", "name": "Refused", "headers": bearer},
        {"url": f"http://{web}/moved?key=${{FEED_KEY}}", "name": "Moved", "headers": bearer},
        {"url": f"http://127.0.0.1:{port}/${{FEED_KEY}}?key=${{FEED_KEY}}", "name": "Closed", "headers": bearer},
    ]
    world.more["sites"] = {"127.0.0.1": {"headers": {"Cookie": "session=${SITE_COOKIE}"}}}
    world.more["defaults"] = {"operators": ["mail"]}
    world.rules["strike"]["alert"] = {"to": list(world.channels)}


def echoed(request: Request, status: int) -> Answer:
    """A refusal that says all that was asked, as careless servers do."""
    said = "\n".join([request.path, *(f"{name}: {value}" for name, value in request.headers.items())])
    return Answer(status, {"Content-Type": "text/plain"}, f"refused: {said}\n".encode() + request.body)


def careless(world: World) -> None:
    """The site and the receivers echo what they refuse; one feed moves for good, its query with it."""
    usual: Any = world.web.choose

    def site(request: Request) -> Answer:
        path, _, query = request.path.partition("?")
        if path == "/moved":
            return Answer(301, {"Location": f"/elsewhere?{query}"})
        return echoed(request, 401) if path in ("/refused", "/elsewhere") else usual(request)

    world.web.choose = site


def refuse(world: World) -> None:
    """From now on no receiver takes anything, and each says why, with all that it was sent."""
    world.hook.choose = lambda request: echoed(request, 401)
