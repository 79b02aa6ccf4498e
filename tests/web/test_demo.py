"""The demo beside the page: started once, told when it fails, gone at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import NotAvailable
from core.settings import Settings
from web import demo
from web.demo import Demo


@pytest.fixture
async def ours() -> AsyncIterator[Demo]:
    made = Demo(Settings(_env_file=None))
    yield made
    await made.close()


def stand_in(monkeypatch: pytest.MonkeyPatch, folder: Path, lines: str) -> None:
    """A program instead of the demo; `port` is where it is to listen."""
    (folder / "stand_in.py").write_text(f"import sys\nport = int(sys.argv[2])\n{lines}\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(demo, "COMMAND", ("stand_in",))


LISTENS = """from http.server import BaseHTTPRequestHandler, HTTPServer
HTTPServer(('127.0.0.1', port), BaseHTTPRequestHandler).serve_forever()"""


async def test_it_is_started_once_and_ended(ours: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, tmp_path, LISTENS)
    first, second = await asyncio.gather(ours.address(), ours.address())
    assert first == second
    port = int(first.rstrip("/").rpartition(":")[2])
    await ours.close()
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", port)
    assert await ours.address() != ""  # and again


async def test_one_that_does_not_listen_to_an_interrupt_is_killed(
    ours: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, tmp_path, f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{LISTENS}")
    monkeypatch.setattr(demo, "STOPS_S", 0.2)
    address = await ours.address()
    await ours.close()
    port = int(address.rstrip("/").rpartition(":")[2])
    with pytest.raises(OSError, match=r"refused|Connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_after_a_start_that_was_broken_off_it_is_started_anew(
    ours: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, tmp_path, "import time; time.sleep(60)")
    first = asyncio.create_task(ours.address())
    await asyncio.sleep(0.5)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    stand_in(monkeypatch, tmp_path, LISTENS)
    port = int((await ours.address()).rstrip("/").rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("sys.exit('no room on the disk')", "the demo ended: no room on the disk"),
        ("sys.exit(3)", "the demo ended: it did not say why"),
        ("import time; time.sleep(60)", "not there after 0.5 s"),
    ],
)
async def test_what_does_not_come_up_is_told(
    ours: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str, said: str
) -> None:
    stand_in(monkeypatch, tmp_path, lines)
    monkeypatch.setattr(demo, "STARTS_S", 0.5 if "after" in said else 30.0)
    with pytest.raises(NotAvailable, match=said):
        await ours.address()


@pytest.mark.parametrize(
    ("settings", "headers", "offered"),
    [
        ({}, {}, True),
        ({"host": "::1"}, {}, True),
        ({}, {"x-forwarded-for": "203.0.113.9"}, False),
        ({"host": "0.0.0.0"}, {}, False),
        ({"password": "hush hush hush"}, {}, False),
        ({"user_header": "x-user"}, {}, False),
    ],
)
def test_it_is_offered_to_who_can_reach_it(settings: dict[str, Any], headers: dict[str, str], offered: bool) -> None:
    assert Demo(Settings(_env_file=None, **settings)).is_for(headers) is offered
