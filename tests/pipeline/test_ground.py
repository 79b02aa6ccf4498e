"""What `doctor` finds of the machine: each wrong thing is told with what to do."""

from __future__ import annotations

import json
import resource
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from core.settings import Settings
from pipeline import ground
from tests.sinks.http import Answer, HttpSink


def settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ground.disk("disk", tmp_path / "not" / "yet").found.endswith(f"free at {tmp_path}")
    monkeypatch.setattr("pipeline.ground.shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    assert (ground.disk("disk", tmp_path).ok, ground.disk("disk", tmp_path).do) == (False, "make room")


def test_a_data_folder_that_anybody_may_write_to_is_wrong(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert ground.data_folder(tmp_path) == ground.Finding("data folder", True, str(tmp_path))
    tmp_path.chmod(0o755)
    assert "chmod 700" in ground.data_folder(tmp_path).do
    tmp_path.chmod(0o777)
    assert not ground.data_folder(tmp_path).ok
    assert ground.data_folder(tmp_path / "new").ok


def test_a_sent_log_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    log = tmp_path / "sent.log"
    assert ground.sent_log(log).ok
    log.write_text("x")
    assert ground.sent_log(log).ok
    assert log.read_text() == "x"
    log.unlink()
    log.mkdir()
    assert not ground.sent_log(log).ok


@pytest.mark.parametrize(("limit", "good"), [(256, False), (1024, True), (resource.RLIM_INFINITY, True)])
def test_few_open_files_are_too_few(limit: int, good: bool) -> None:
    assert ground.open_files(limit).ok is good


@pytest.mark.parametrize(
    ("answer", "good", "said"),
    [
        (Answer(body=json.dumps(version("prefect")).encode()), True, version("prefect")),
        (Answer(body=b'"2.20.1"'), False, "upgrade its server"),
        (Answer(401), False, "PREFECT_API_AUTH_STRING"),
        (Answer(404), False, "PREFECT_API_URL"),
        (Answer(body=b"<html>"), False, "PREFECT_API_URL"),
        (Answer(drop=True), False, "keep the minute by themselves"),
    ],
)
def test_prefects_server_is_asked_for_its_version(answer: Answer, good: bool, said: str) -> None:
    with HttpSink(lambda _: answer) as server:
        found = ground.prefect(server.url("/api"), "user:word")
        assert found.ok is good
        assert said in f"{found.found} {found.do}"
        assert (server.requests[0].path, server.requests[0].headers["authorization"]) == (
            "/api/admin/version",
            "Basic dXNlcjp3b3Jk",
        )


def test_a_server_on_another_machine_is_asked_through_the_proxy_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with HttpSink(lambda _: Answer(body=b'"3"')) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.delenv("no_proxy", raising=False)
        assert ground.asked("http://prefect.test/api/health") == b'"3"'
        assert [one.headers["host"] for one in proxy.requests] == ["prefect.test"]


@pytest.mark.parametrize(
    ("answer", "good", "said"),
    [
        (Answer(body=b'{"ok": true}'), True, "answers on"),
        (Answer(503, body=b'{"ok": false}'), False, "says 503"),
        (Answer(body=b"hello"), False, "another program"),
    ],
)
def test_the_page_is_asked_how_it_is(answer: Answer, good: bool, said: str) -> None:
    with HttpSink(lambda _: answer) as server:
        found = ground.page(settings(port=server.port))
    assert (found.ok, said in f"{found.found} {found.do}") == (good, True)
    assert ground.page(settings(port=server.port)).found.startswith("none answers")
    assert ground.page(settings(host="0.0.0.0")).found.endswith("not asked")
