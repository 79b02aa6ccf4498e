"""Where the page is served."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from cli.up import run_up
from core.clock import SystemClock
from core.errors import InputError, NotAvailable
from core.settings import Settings
from pipeline import people
from pipeline.bootstrap import open_database, wait_for_schema
from web.address import check_address
from web.loopback import is_loopback
from web.serve import _Server, config, serve


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "watch.example", ""])
def test_a_page_open_to_others_needs_a_password(host: str) -> None:
    with pytest.raises(InputError, match="WIREWATCH_PASSWORD"):
        serve(Settings(_env_file=None, host=host), ready=print)


def test_a_port_that_something_else_has_is_told_before_anything_is_started(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path / "data")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NotAvailable, match=f"127.0.0.1:{port}: Address already in use"):
            serve(settings, port=port, ready=print)
        with pytest.raises(NotAvailable, match="Address already in use"):
            run_up(settings, port=port, prefect=False)
    assert not settings.data.exists()


def test_a_page_open_to_others_is_refused_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="WIREWATCH_PASSWORD"):
        run_up(Settings(_env_file=None, data=tmp_path / "data", host="0.0.0.0"), port=0, prefect=False)


def test_a_page_that_named_users_sign_in_to_may_be_open_to_others(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path, host="0.0.0.0")
    database = open_database(settings, migrate=True)
    stored = people.hashed("correct horse", b"s" * 16)
    now = SystemClock().now()
    database.write_now(lambda session: people.add(session, "ada", stored, now=now))
    check_address(settings, 0)
    database.write_now(lambda session: people.remove(session, "ada", now=now))
    database.close()
    with pytest.raises(InputError, match="wirewatch users add"):
        check_address(settings, 0)


def test_a_host_that_there_is_not_is_refused() -> None:
    with pytest.raises(InputError, match=r"WIREWATCH_HOST watch\.invalid"):
        serve(Settings(_env_file=None, host="watch.invalid", password="long enough to be one"), ready=print)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("::ffff:8.8.8.8", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_can_reach(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_where_the_page_is_is_told_once_it_answers_there(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path / "data")
    open_database(settings, migrate=True).close()
    told = []

    def ready(url: str) -> None:
        socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)).close()
        told.append(url)
        raise KeyboardInterrupt  # as if somebody stopped it then

    serve(settings, port=0, ready=ready)
    assert [url.rpartition(":")[0] for url in told] == ["http://127.0.0.1"]


def test_of_a_page_that_cannot_begin_nobody_is_told_where_it_is() -> None:
    async def broken(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no"})

    told: list[str] = []
    with pytest.raises(SystemExit):
        asyncio.run(_Server(config(broken, Settings(_env_file=None), 0), told.append).serve())
    assert told == []


def test_a_page_that_waits_for_its_database_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NotAvailable, match="db upgrade"):
        asyncio.run(wait_for_schema(Settings(_env_file=None, data=tmp_path / "data"), 1.0))
    assert [one.message.splitlines()[0].split(": ")[0] for one in caplog.records] == ["waiting up to 1 s"]
