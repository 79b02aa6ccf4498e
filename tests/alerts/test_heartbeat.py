"""The heartbeat over real HTTP on loopback: what counts as taken, and what is never asked."""

from __future__ import annotations

import socket
import threading

import pytest

from alerts.heartbeat import beat
from tests.sinks.http import Answer, HttpSink


async def test_a_heartbeat_is_one_bare_request_that_is_taken() -> None:
    with HttpSink() as sink:
        assert await beat(sink.url("/ping/uuid?x=1")) == ""
    (request,) = sink.requests
    assert (request.method, request.path, request.body) == ("GET", "/ping/uuid?x=1", b"")


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
async def test_any_answer_but_a_good_one_is_a_failure_and_no_redirect_is_followed(status: int) -> None:
    with HttpSink() as sink:
        sink.will(Answer(status, {"Location": sink.url("/elsewhere")}))
        assert await beat(sink.url("/ping")) == f"HTTP {status}"
    assert len(sink.requests) == 1


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(drip=True)])
async def test_a_service_that_hangs_holds_up_nobody(answer: Answer) -> None:
    with HttpSink() as sink:
        sink.will(answer)
        why = await beat(sink.url("/ping"), seconds=0.3)
    assert why == "no answer in time"


async def test_a_name_server_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, end = [], threading.Event()

    def silent(*_args: object, **_named: object) -> object:
        asked.append(threading.current_thread().name)
        end.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    try:
        assert await beat("http://silent.example.org/ping", seconds=0.3) == "no answer in time"
    finally:
        end.set()
    assert asked == ["names"]  # a thread of its own, none of the loop's


async def test_a_failure_is_told_without_the_address() -> None:
    with HttpSink() as sink:
        sink.choose = lambda request: Answer(drop=True)  # the client asks once more by itself
        address = sink.url("/secret-canary")
        assert await beat(address) == "the connection broke"
    assert (await beat(address)).startswith("no connection")


@pytest.mark.parametrize("url", ["http://169.254.169.254/latest/meta-data/", "http://[fd00:ec2::254]/"])
async def test_a_metadata_service_is_never_asked(url: str) -> None:
    assert "never asked" in await beat(url)
