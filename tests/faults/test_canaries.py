"""Fault 69: secrets of every kind are planted, and all is run, well and badly: none is told, logged or exported."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import make_url
from sqlmodel import select

from core.ports import free_port
from storage.tables import Delivery, Feed
from tests.browser.site import served
from tests.builders import STRIKE, World, rss
from tests.cli.desk import Desk
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults import canaries
from tests.faults.canaries import BEAT, DATABASE, IN_FILE, OWN, PAGE, PREFECT, SIGNING, careless, leaks, plant, refuse
from tests.faults.orchestrator import START_S, PrefectServer, environment, standing, until
from tests.faults.questions import due, read

COMMANDS = """
run --once
-vv run --once
-vv run --once --json
doctor
doctor --json
check
check --json
settings
settings --json
export
history
history --json
schema
feeds list
feeds list --json
feeds export
feeds health
feeds health --json
feeds poll Refused
-vv feeds poll Moved
feeds discover Closed
channels list
channels list --json
channels test mail
channels test hook
channels test gotify
channels test ntfy
channels test closed
-vv channels test gone
alerts list
alerts list --json
deliveries list
deliveries list --json
deliveries dead
deliveries dead --json
deliveries counts
alerts why 1
stories list --json
stories show 1
hits list --json
hits show 1
articles list --json
articles show 1
articles why 1
deliveries show 1
stats
evidence 1
users list
prune --dry-run
rollback 1
-vv --database postgresql://reader:Cnrydatabasex7q@127.0.0.1:9/none run --once
-vv --database mysql://reader:Cnrydatabasex7q@127.0.0.1:9/none run --once
""".strip().splitlines()
PAGES = ("/", "/stories/1", "/feeds", *(f"/feeds/{one}" for one in range(1, 7)), "/deliveries",
         *(f"/deliveries/{one}" for one in range(1, 9)), "/stats", "/settings", "/rules", "/rules/strike", "/feeds/add",
         "/feeds.opml", "/healthz", "/try")  # fmt: skip
ASKED = """
config config/history config/revisions/1 config/revisions/2/diff?against=1 feeds feeds/opml feeds/2 feeds/4 channels
deliveries alerts stories hits articles rules people stats/volume openapi.json
"""
PROGRAMS = ["/metrics", *(f"/api/v1/{one}" for one in ASKED.split())]


@pytest.fixture
def planted(world: World) -> World:
    """A world in which everything needs a secret; one event is published."""
    world.site["/rss"] = world.site["/key"] = world.site["/basic"] = rss(
        world.publish("strike", "Dockers begin strike at the harbour", STRIKE)
    )
    plant(world, free_port())
    careless(world)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    return world


def with_password(url: str) -> str:
    """The same database, with a user's password in its URL where it can have one."""
    parts = make_url(url)
    return url if parts.get_backend_name() == "sqlite" else parts.set(password=DATABASE).render_as_string(False)


def settings(world: World, url: str) -> dict[str, str]:
    """All that the environment holds."""
    ours = {
        "DATABASE": with_password(url), "DATA": str(world.folder / "data"), "ALLOW_ADDRESSES": "127.0.0.0/8",
        "PAGE_SPACING": "0", "JOBS": "1", "PASSWORD": PAGE, "SECRET_KEY": SIGNING,
        "HEARTBEAT_URL": f"http://reader:{BEAT}@127.0.0.1:{free_port()}/{BEAT}?key={BEAT}",
    }  # fmt: skip
    return (
        {f"WIREWATCH_{name}": value for name, value in ours.items()}
        | IN_FILE
        | {"PREFECT_API_AUTH_STRING": f"admin:{PREFECT}"}
    )


@pytest.mark.faults
@pytest.mark.timeout(900)
def test_fault_69_no_command_page_log_or_export_tells_a_secret(
    planted: World,
    databases: Databases,
    database_kind: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.chdir(planted.folder)  # where `evidence` writes
    with databases.fresh(database_kind, planted.folder, migrate) as url:
        desk = Desk(planted.folder, settings(planted, url))
        told: dict[str, bytes | str] = {}
        made = desk.run("users", "add", "ada", "--password-stdin", given=f"{OWN}\n")
        assert made.code == 0, made.err
        token = re.search(r"ww_[\w-]+", desk.run("users", "token", "ada", "--name", "ci").out)
        assert token
        for turn in ("well", "badly"):
            for number, line in enumerate(COMMANDS):
                ended = desk.run(*line.split())  # raises where it would end with a traceback
                assert not re.search(r"(?m)^Usage:|no command|No such", ended.err), (line, ended.err)
                told[f"{turn}: {line}"] = f"{ended.out}\n{ended.err}"
                if (turn == "badly" and number < 3) or "feeds poll" in line:
                    due(url)
            told |= {f"{turn}: {where}": words for where, words in asked(planted, desk, url, token[0]).items()}
            refuse(planted)
            told |= {f"{turn}: table {name}": rows for name, rows in read(url, canaries.stored).items()}
            due(url)
            planted.site["/rss"] = rss(planted.publish("again", "Pilots begin strike at the airport", STRIKE[::-1]))
        told |= files_of(planted.folder) | {"what libraries log": caplog.text}
        assert "WARC/1.1" in str(told["file story-1.warc.gz"])
        assert len(planted.hook.requests) > 8, told["well: -vv run --once"]
        assert {one.state for one in read(url, lambda s: list(s.exec(select(Delivery))))} >= {"sent", "dead"}
        failing = {one.name for one in read(url, lambda s: list(s.exec(select(Feed)))) if one.state != "ok"}
        assert failing >= {"Refused", "Moved", "Closed"}
    assert leaks(told, [token[0]]) == {}


def files_of(folder: Path) -> dict[str, bytes | str]:
    return {f"file {name}": words for name, words in canaries.files(folder).items()}


def asked(world: World, desk: Desk, url: str, token: str) -> dict[str, bytes | str]:
    """Each page, and each answer to a program; what the server logged is among the files."""
    ours = {name.removeprefix("WIREWATCH_"): value for name, value in desk.settings.items()}
    told: dict[str, bytes | str] = {}
    with served(world.folder, **(ours | {"CONFIG": str(world.watch_file)})) as site, httpx.Client(timeout=60) as client:
        for paths, headers in ((PAGES, {}), (PROGRAMS, {"authorization": f"Bearer {token}"})):
            for path in paths:
                auth = None if headers else ("ada", OWN)
                answer = client.get(site.address + path, headers=headers, auth=auth)
                may_be_gone = re.search(r"/\d+\b", path) and answer.status_code == 404  # a row that nobody made
                assert answer.status_code == 200 or may_be_gone, (path, answer.status_code, answer.text[:200])
                said = {name: value for name, value in answer.headers.items() if name != "set-cookie"}
                told[path] = f"{said}\n{answer.text}"
        for path in ("channels/hook/test", "channels/closed/test", "channels/gotify/test"):
            answer = client.post(f"{site.address}/api/v1/{path}", headers={"authorization": f"Bearer {token}"})
            told[path] = answer.text
    told["the page's log"] = (world.folder / "log").read_bytes()
    return told


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_fault_69_neither_prefects_database_nor_its_logs_hold_a_secret(
    planted: World, databases: Databases, database_kind: str
) -> None:
    """Runs that end well and runs whose feeds and receivers fail; their logs, parameters and artifacts are in its
    database, which is searched as it lies on the disk.
    """
    auth = {"PREFECT_SERVER_API_AUTH_STRING": f"admin:{PREFECT}", "PREFECT_API_AUTH_STRING": f"admin:{PREFECT}"}
    refuse(planted)
    with (
        PrefectServer(planted.folder / "server", auth) as server,
        databases.fresh(database_kind, planted.folder, migrate) as url,
    ):
        environ = environment(
            planted, with_password(url), server.api, planted.folder, password=PAGE, secret_key=SIGNING
        )
        with standing("up", environ | IN_FILE | auth, planted.folder) as ours:
            until(lambda: dead(url) >= 2, 2 * START_S, "receivers have refused", ours.said)
            until(lambda: b"ingest-report" in server_files(planted), 2 * START_S, "a run has reported", ours.said)
            assert ours.stop() == 0
    assert leaks(files_of(planted.folder)) == {}


def dead(url: str) -> int:
    return len(read(url, lambda session: list(session.exec(select(Delivery).where(Delivery.state == "dead")))))


def server_files(world: World) -> bytes:
    return b"".join(canaries.files(world.folder / "server").values())
