from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from alerts import reach
from alerts.answers import result_of, retry_after
from alerts.channels import ChannelSettings, trial_message
from alerts.result import Result, ResultClass
from alerts.webhook import WebhookChannel
from core.clock import FixedClock
from core.errors import InputError
from tests.sinks.certificates import client_tls, server_tls
from tests.sinks.http import Answer, HttpSink
from tests.sinks.tcp import TcpSink

NOW = datetime(2023, 9, 10, 12, 5, tzinfo=UTC)
MESSAGE = trial_message("hook", NOW)
CLOCK = FixedClock(NOW)


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with HttpSink() as running:
        yield running


def channel(url: str, *, seconds: float = 5.0) -> WebhookChannel:
    return WebhookChannel(ChannelSettings("hook", url=url), clock=CLOCK, seconds=seconds)


async def send(to: WebhookChannel) -> Result:
    return await to.send(MESSAGE, to.targets()[0], key="k1")


async def test_a_message_taken_is_ok_and_came_as_json_under_its_key(sink: HttpSink) -> None:
    to = channel(sink.url("/hooks/T0?x=%2F+y", "webhook"))
    assert await send(to) == Result(ResultClass.OK, "HTTP 200")
    (request,) = sink.requests
    assert (request.method, request.path) == ("POST", "/hooks/T0?x=%2F+y")
    assert request.json["key"] == request.key == request.headers["webhook-id"] == "k1"
    assert request.headers["webhook-timestamp"] == "1694347500"
    assert request.headers["content-type"] == "application/json; charset=utf-8"
    assert "webhook-signature" not in request.headers


@pytest.mark.parametrize(
    ("secret", "bytes_of_it"),
    [("whsec_" + base64.b64encode(b"n0t guessable").decode(), b"n0t guessable"), ("grüße", "grüße".encode())],
)
async def test_the_signature_is_that_of_standard_webhooks(sink: HttpSink, secret: str, bytes_of_it: bytes) -> None:
    await send(channel(sink.url("/path", "webhook") + "#" + secret))
    (request,) = sink.requests
    assert request.path == "/path"
    signed = b"k1.1694347500." + request.body
    expected = base64.b64encode(hmac.new(bytes_of_it, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


async def test_every_attempt_has_the_same_key_and_body_and_a_receiver_collapses_it(sink: HttpSink) -> None:
    sink.will(Answer(drop=True), Answer(503))
    to = channel(sink.url("/", "webhook"))
    results = [await send(to) for _ in range(3)]
    assert [result.cls for result in results] == [ResultClass.UNKNOWN, ResultClass.TEMP, ResultClass.OK]
    assert len({(request.key, request.body) for request in sink.requests}) == 1
    assert sink.keys == ["k1"]


async def test_user_and_password_of_the_url_become_basic_authentication(sink: HttpSink) -> None:
    await send(channel(f"webhook://us%40er:p%C3%A4ss@127.0.0.1:{sink.port}/"))
    given = sink.requests[0].headers["authorization"].removeprefix("Basic ")
    assert base64.b64decode(given).decode() == "us@er:päss"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ResultClass.OK),
        (202, ResultClass.OK),
        (204, ResultClass.OK),
        (301, ResultClass.PERM),
        (302, ResultClass.PERM),
        (304, ResultClass.PERM),
        (307, ResultClass.PERM),
        (308, ResultClass.PERM),
        (400, ResultClass.PERM),
        (401, ResultClass.AUTH),
        (403, ResultClass.AUTH),
        (404, ResultClass.AUTH),
        (408, ResultClass.TEMP),
        (410, ResultClass.AUTH),
        (413, ResultClass.PERM),
        (422, ResultClass.PERM),
        (425, ResultClass.TEMP),
        (429, ResultClass.RATE),
        (500, ResultClass.TEMP),
        (503, ResultClass.TEMP),
    ],
)
async def test_each_status_gives_its_class(sink: HttpSink, status: int, expected: ResultClass) -> None:
    with HttpSink() as elsewhere:
        sink.will(Answer(status, {"Location": elsewhere.url("/secret"), "Retry-After": "7"}, body=b""))
        result = await send(channel(sink.url("/", "webhook")))
        assert result.cls is expected
        assert result.detail.startswith(f"HTTP {status}")
        assert result.retry_after == (7.0 if status in (408, 425, 429, 500, 503) else None)
        assert not elsewhere.requests


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("120", "", 120.0),
        ("0", "", 0.0),
        ("99999999999", "", 3600.0),
        ("Sun, 10 Sep 2023 12:06:00 GMT", "Sun, 10 Sep 2023 12:05:00 GMT", 60.0),
        ("Sun, 10 Sep 2033 12:06:00 GMT", "Sun, 10 Sep 2023 12:05:00 GMT", 3600.0),
        ("Sun, 10 Sep 2023 12:04:00 GMT", "Sun, 10 Sep 2023 12:05:00 GMT", 0.0),
        ("Sun, 10 Sep 2023 12:06:00 GMT", "", None),
        ("Sun, 10 Sep 2023 12:06:00", "Sun, 10 Sep 2023 12:05:00 GMT", None),
        ("soon", "", None),
        ("-5", "", None),
        ("", "", None),
        ("\N{SUPERSCRIPT TWO}", "", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_and_capped_at_an_hour(
    value: str, date: str, expected: float | None
) -> None:
    assert retry_after(value, date) == expected


def test_an_answer_without_headers_gives_no_wait() -> None:
    assert result_of(429, {}) == Result(ResultClass.RATE, "HTTP 429")


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(drip=True), Answer(drop=True)])
async def test_no_answer_after_the_message_was_sent_is_unknown(sink: HttpSink, answer: Answer) -> None:
    sink.will(answer)
    result = await send(channel(sink.url("/", "webhook"), seconds=0.5))
    assert result.cls is ResultClass.UNKNOWN
    assert result.detail.endswith(", after the message was sent")


async def test_a_body_that_drips_after_its_status_delays_nothing() -> None:
    def answer(peer: socket.socket) -> None:
        peer.recv(100_000)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        while peer.recv(100_000):
            pass

    with TcpSink(answer) as sink:
        assert (await send(channel(f"webhook://127.0.0.1:{sink.port}/"))).ok


async def test_a_refused_connection_can_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = await send(channel(f"webhook://127.0.0.1:{unused.getsockname()[1]}/secret"))
    assert result.cls is ResultClass.TEMP
    assert "secret" not in result.detail


async def test_a_connection_that_never_comes_can_be_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(2)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        result = await send(channel(f"webhook://127.0.0.1:{full.getsockname()[1]}/", seconds=0.3))
        for one in waiting:
            one.close()
    assert result == Result(ResultClass.TEMP, "no connection in time")


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Have every name lead to one address."""

    def to(address: str) -> None:
        async def answer(self: object, host: str, port: int = 0, family: int = 0) -> list[dict[str, object]]:
            if not address:
                raise OSError(socket.EAI_NONAME, "unknown")
            return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 6, "flags": 0}]

        monkeypatch.setattr(reach.Names, "resolve", answer)

    return to


async def test_a_name_that_leads_to_a_metadata_address_is_never_asked(resolve: Callable[[str], None]) -> None:
    resolve("169.254.169.254")
    result = await send(channel("webhook://hooks.example.org/secret"))
    assert result == Result(ResultClass.AUTH, "the address is link-local or a metadata service: never asked")


async def test_a_name_that_does_not_exist_can_be_tried_again(resolve: Callable[[str], None]) -> None:
    resolve("")
    result = await send(channel("webhook://hooks.invalid/secret"))
    assert result == Result(ResultClass.TEMP, "the host's name could not be resolved")


async def test_names_that_nobody_answers_for_hold_up_nothing_else_in_this_process(
    sink: HttpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked, end = socket.getaddrinfo, threading.Semaphore(0), threading.Event()

    def silent(host: object, *args: object, **named: object) -> object:
        if host != "silent.example.org":
            return real(host, *args, **named)  # type: ignore[arg-type]
        asked.release()
        end.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "no answer")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    hanging = [asyncio.create_task(send(channel("webhook://silent.example.org/"))) for _ in range(40)]
    try:
        for _ in hanging:  # all at the same time: not one of them waits for another's end
            while not asked.acquire(blocking=False):
                await asyncio.sleep(0.01)
        assert (await send(channel(f"webhook://localhost:{sink.port}/"))).ok
        assert await asyncio.to_thread(lambda: "the loop's own threads are free") != ""
    finally:
        end.set()
    assert {result.cls for result in await asyncio.gather(*hanging)} == {ResultClass.TEMP}


async def test_a_name_that_cannot_be_one_can_be_tried_again() -> None:
    assert (await send(channel("webhook://a..b/"))).cls is ResultClass.TEMP
    assert (await send(channel(f"webhook://{'a' * 70}.example/"))).cls is ResultClass.TEMP


async def test_https_is_used_and_a_certificate_nobody_vouches_for_gets_nothing() -> None:
    with HttpSink(tls=server_tls()) as sink:
        settings = ChannelSettings("hook", url=sink.url("/", "webhooks"))
        assert (await send(WebhookChannel(settings, clock=CLOCK, tls=client_tls()))).ok
        assert await send(WebhookChannel(settings, clock=CLOCK)) == Result(
            ResultClass.TEMP, "the host's certificate is not valid"
        )
        assert len(sink.requests) == 1


async def test_an_answer_that_is_not_http_is_unknown() -> None:
    def answer(peer: socket.socket) -> None:
        peer.recv(100_000)
        peer.sendall(b"SSH-2.0-hello\r\n\r\n")

    with TcpSink(answer) as sink:
        result = await send(channel(f"webhook://127.0.0.1:{sink.port}/"))
    assert result.cls is ResultClass.UNKNOWN


@pytest.mark.parametrize(
    "url",
    [
        "webhooks://",
        "webhooks:///s3cr3t",
        "webhooks://h:0/s3cr3t",
        "webhooks://h:99999/s3cr3t",
        "webhooks://h\\@127.0.0.1/s3cr3t",
        "webhooks://h/s3cr3t\r\nx",
        "webhooks://169.254.169.254/s3cr3t",
        "webhooks://[fe80::1]/s3cr3t",
        "webhooks://h/#whsec_s3cr3t!",
        "webhooks://h/s3cr3t#whsec_",  # would send unsigned what is meant to be signed
        "webhooks://h/s3cr3t#",
    ],
)
def test_a_url_or_secret_that_cannot_be_used_is_refused_by_name_only(url: str) -> None:
    with pytest.raises(InputError) as refused:
        channel(url)
    assert refused.value.message.startswith("channel hook: ")
    assert "s3cr3t" not in str(refused.value)


def test_the_channel_shows_its_name_and_scheme_only() -> None:
    to = channel("webhooks://u:p@h/s3cr3t#s3cr3t")
    assert (to.label, to.targets()[0].id) == ("hook (webhooks)", "hook")
