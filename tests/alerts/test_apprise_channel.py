"""What is relied on of the pinned Apprise is tried here against receivers on loopback."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

import alerts.apprise_channel
from alerts.apprise_channel import AppriseChannel, deliver
from alerts.channels import ChannelSettings, make_channel, sending_pool
from alerts.compose import compose
from alerts.message import AlertView, ArticleLine, Kind, Message, Passage
from alerts.result import Result, ResultClass
from core.clock import FixedClock
from core.errors import InputError
from core.pool import WorkerPool
from tests.sinks.certificates import server_tls
from tests.sinks.http import Answer, HttpSink, Request

NOW = datetime(2023, 9, 10, tzinfo=UTC)
ARTICLE = ArticleLine("Ties <upgraded> & sealed", "https://example.org/1?a=b&c=d", "Example Post", NOW)
VIEW = AlertView(
    alert_id="a1",
    kind=Kind.FIRST,
    rule_id="upgrade",
    rule_title="A partnership",
    story_id="7",
    article=ARTICLE,
    made_at=NOW,
    passages=(Passage("They upgraded ties.", ((5, 13),)),),
)
MESSAGE = compose(VIEW)
HOOK = "3ccdd113474722377935511fc85d3dd4"


@pytest.fixture
def sink() -> Iterator[HttpSink]:
    with HttpSink() as running:
        yield running


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    made = sending_pool(1)
    yield made
    made.close()


def channel(pool: WorkerPool, url: str, *, seconds: float = 60.0) -> AppriseChannel:
    return AppriseChannel(ChannelSettings("chat", url=url), pool=pool, seconds=seconds)


async def send(to: AppriseChannel, message: Message = MESSAGE) -> Result:
    return await to.send(message, to.targets()[0], key="k")


def told(sink: HttpSink) -> str:
    """The text that the service got."""
    got: Any = sink.requests[-1].json
    return str(got.get("message") or got.get("text") or got.get("content"))


SERVICES = ["ntfy://127.0.0.1:{port}/topic", "gotify://127.0.0.1:{port}/t0ken", f"mmost://127.0.0.1:{{port}}/{HOOK}"]


@pytest.mark.parametrize("url", [*SERVICES, "json://127.0.0.1:{port}/hook"])
async def test_a_service_that_takes_it_is_ok_and_got_headline_and_link_once(
    url: str, sink: HttpSink, pool: WorkerPool
) -> None:
    assert await send(channel(pool, url.format(port=sink.port))) == Result(ResultClass.OK, "HTTP 200")
    assert len(sink.requests) == 1
    assert told(sink).count("Ties") == 1
    assert ARTICLE.url in told(sink)


@pytest.mark.parametrize("url", SERVICES)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(500), Result(ResultClass.TEMP, "HTTP 500")),
        (Answer(404), Result(ResultClass.AUTH, "HTTP 404")),
        (Answer(400), Result(ResultClass.PERM, "HTTP 400")),
        (Answer(429, {"Retry-After": "7"}), Result(ResultClass.RATE, "HTTP 429", retry_after=7.0)),
        (Answer(drop=True), Result(ResultClass.UNKNOWN, "no answer, after the message was sent")),
    ],
)
def test_what_a_service_answers_gives_the_class(url: str, answer: Answer, expected: Result, sink: HttpSink) -> None:
    sink.will(*[answer] * 3)
    assert deliver(url.format(port=sink.port), MESSAGE, False) == expected
    assert len(sink.requests) == 1


@pytest.mark.parametrize("asked", ["", "?redirect=yes"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_nothing_goes_elsewhere(status: int, asked: str, sink: HttpSink) -> None:
    with HttpSink() as elsewhere:
        sink.will(Answer(status, {"Location": elsewhere.url("/")}))
        assert deliver(f"json://127.0.0.1:{sink.port}/{asked}", MESSAGE, False).cls is ResultClass.PERM
        assert not elsewhere.requests


def test_the_urls_own_wishes_for_retries_and_optional_success_are_not_followed(sink: HttpSink) -> None:
    sink.will(*[Answer(500)] * 5)
    result = deliver(f"json://127.0.0.1:{sink.port}/?retry=3&wait=0&optional=yes", MESSAGE, False)
    assert result == Result(ResultClass.TEMP, "HTTP 500")
    assert len(sink.requests) == 1


def test_a_refused_connection_can_be_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        result = deliver(f"json://127.0.0.1:{unused.getsockname()[1]}/", MESSAGE, False)
    assert result == Result(ResultClass.TEMP, "no connection")


def test_a_read_that_times_out_is_unknown(sink: HttpSink) -> None:
    sink.will(Answer(hang=True))
    result = deliver(f"json://127.0.0.1:{sink.port}/?rto=0.2", MESSAGE, False)
    assert result == Result(ResultClass.UNKNOWN, "no answer, after the message was sent")


def test_a_certificate_nobody_vouches_for_gets_nothing() -> None:
    with HttpSink(tls=server_tls()) as sink:
        result = deliver(f"jsons://127.0.0.1:{sink.port}/", MESSAGE, False)
        assert (result.cls, sink.requests) == (ResultClass.TEMP, [])


def test_a_name_that_leads_to_a_metadata_address_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    assert deliver("json://hooks.example.org/", MESSAGE, False) == Result(
        ResultClass.AUTH, "the address is link-local or a metadata service: never asked"
    )


def test_a_service_whose_code_fails_can_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from apprise.plugins.custom_json import NotifyJSON

    def fail(*_args: object, **_named: object) -> bool:
        raise KeyError("s3cr3t")

    monkeypatch.setattr(NotifyJSON, "send", fail)
    assert deliver("json://127.0.0.1:9/", MESSAGE, False) == Result(
        ResultClass.TEMP, "the service's code failed: KeyError"
    )
    monkeypatch.setattr(NotifyJSON, "send", lambda *_args, **_named: False)
    assert deliver("json://127.0.0.1:9/", MESSAGE, False) == Result(ResultClass.TEMP, "the service did not take it")


def test_a_url_that_stopped_being_one_pauses_its_target() -> None:
    assert deliver("nosuchservice://s3cr3t", MESSAGE, False) == Result(
        ResultClass.AUTH, "its URL is not one that can be sent to"
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"errcode": 40058, "errmsg": "too long"}', "HTTP 200, but refused: 40058 too long"),
        (
            b'{"errcode": 40058, "errmsg": "no 693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa"}',
            "HTTP 200, but refused",
        ),  # it repeats its key
        (b'{"errcode": 0}', "HTTP 200"),
    ],
)
def test_a_2xx_that_refuses_the_message_in_its_body_has_not_taken_it(
    body: bytes, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(self: requests.Session, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response._content = 200, body
        return response

    monkeypatch.setattr(requests.Session, "send", answer)
    result = deliver("wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", MESSAGE, False)
    assert (result.ok, result.detail) == (b": 0" in body, detail)


@pytest.mark.parametrize(
    ("asked_at", "expected"),
    [
        ("/login", Result(ResultClass.RATE, "HTTP 429: slow down", retry_after=3.0)),
        ("/send/", Result(ResultClass.RATE, "HTTP 429: slow down", retry_after=3.0)),
        ("/logout", Result(ResultClass.OK, "HTTP 200")),  # after the message: it was taken all the same
    ],
)
def test_a_service_that_asks_to_wait_is_waited_for_outside_of_the_process(asked_at: str, expected: Result) -> None:
    def choose(request: Request) -> Answer:
        if asked_at in request.path:
            return Answer(429, body=b'{"error": "slow down", "retry_after_ms": 3000}')
        return Answer(body=b'{"access_token": "t", "user_id": "@u:h", "room_id": "!r:h", "event_id": "$e"}')

    with HttpSink(choose) as server:
        assert deliver(f"matrix://user:pass@127.0.0.1:{server.port}/#room", MESSAGE, False) == expected
    assert sum(asked_at in request.path for request in server.requests) == 1


# -- the worker process


@pytest.mark.parametrize("answer", [Answer(hang=True), Answer(drip=True)])
async def test_a_hang_is_stopped_at_the_deadline_and_the_next_message_goes_out(
    answer: Answer, sink: HttpSink, pool: WorkerPool
) -> None:
    sink.will(answer)
    to = channel(pool, f"json://127.0.0.1:{sink.port}/", seconds=1.5)
    assert await send(to) == Result(ResultClass.UNKNOWN, "not done after 1.5 s, and stopped")
    assert (await send(channel(pool, f"json://127.0.0.1:{sink.port}/"))).ok


def kill_myself(_url: str, _message: Message, _trust_env: bool) -> Result:
    time.sleep(0.5)  # until the pool knows that it was begun
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


async def test_a_worker_that_dies_is_told_so_that_poison_can_be_counted(
    pool: WorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = channel(pool, "json://127.0.0.1:9/")
    monkeypatch.setattr(alerts.apprise_channel, "deliver", kill_myself)
    assert await send(to) == Result(ResultClass.UNKNOWN, "the sending process died: signal SIGKILL", worker_died=True)


# -- text that fits


HUGE = replace(
    VIEW,
    article=replace(ARTICLE, title="拜登 🙂 & <b> " * 10_000),
    passages=(Passage("They upgraded ties. " * 5_000, ((5, 13),)),),
)


def sent_through(url: str, message: Message, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The JSON of the one request that a service with a fixed address would get."""
    seen: list[requests.PreparedRequest] = []

    def answer(self: requests.Session, request: requests.PreparedRequest, **settings: Any) -> requests.Response:
        seen.append(request)
        response = requests.Response()
        response.status_code = 200
        response._content = b"ok"  # Slack looks for it
        return response

    monkeypatch.setattr(requests.Session, "send", answer)
    assert deliver(url, message, False).ok
    (request,) = seen
    assert isinstance(request.body, str | bytes)
    return json.loads(request.body)


TELEGRAM = "tgram://123456789:abcdefghijklmnopqrstuvwxyz012345678/12315544"
DISCORD = "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"
SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.parametrize(
    ("url", "limit"), [(TELEGRAM, 4096), (DISCORD, 2000), (SLACK, 35_000), (f"mmost://h/{HOOK}", 4000)]
)
def test_100_kb_fit_the_service_with_the_link_whole(url: str, limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    got = sent_through(url, compose(HUGE), monkeypatch)
    text = got["attachments"][0]["text"] if "attachments" in got else got.get("text") or got["content"]
    assert len(text.encode("utf-16-le")) // 2 <= limit
    assert len(text) > min(limit, 1000) // 3
    assert "https://example.org/1?a=b&" in text


def test_100_kb_fit_ntfy_which_counts_bytes(sink: HttpSink) -> None:
    assert deliver(f"ntfy://127.0.0.1:{sink.port}/topic", compose(HUGE), False).ok
    assert len(told(sink).encode()) <= 4096
    assert ARTICLE.url in told(sink)


def test_text_in_a_service_for_html_keeps_blanks_that_lines_are_broken_at(monkeypatch: pytest.MonkeyPatch) -> None:
    got = sent_through("sendgrid://abcd123:user@example.org/newuser@example.org", MESSAGE, monkeypatch)
    assert got["content"][0]["value"].startswith(
        "Ties &lt;\u200dupgraded&gt; &amp; sealed<br/>[upgrade] A partnership<br/>"
    )


def test_100_kb_fit_wecom_which_refuses_more_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    chinese = compose(replace(VIEW, passages=(Passage("他们升级了关系。" * 100, ((2, 4),)),) * 3))
    text = sent_through("wecombot://693axxx6-7aoc-4bc4-97a0-0ec2sifa5aaa", chinese, monkeypatch)["text"]
    assert len(text["content"].encode()) <= 2048
    assert ARTICLE.url in text["content"]


def test_text_of_no_length_is_sent_as_the_subject(sink: HttpSink) -> None:
    assert deliver(f"gotify://127.0.0.1:{sink.port}/t0ken", replace(MESSAGE, lines=()), False).ok
    assert told(sink) == MESSAGE.subject


@pytest.mark.parametrize("form", ["", "?format=markdown", "?format=html"])
@pytest.mark.parametrize("url", [TELEGRAM, DISCORD, SLACK, f"mmost://h/{HOOK}", "gotify://h/t", "ntfy://h/t"])
def test_text_from_the_web_rings_nobody_and_is_no_mark_up(url: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    title = (
        "@everyone <!here> <@U1> <script>alert(1)</script> <javascript:alert(1)|click> [a](javascript:alert(1))\r\nX"
    )
    hostile = compose(replace(VIEW, article=replace(ARTICLE, title=title), passages=(Passage(title, ((0, 5),)),)))
    got = str(sent_through(url + form, hostile, monkeypatch))
    for ringing in ("@everyone", "<!here>", "<@U1>", "<script>", "<javascript:", "](javascript:"):
        assert ringing not in got


def test_a_subject_goes_where_a_service_has_a_field_for_it(sink: HttpSink, monkeypatch: pytest.MonkeyPatch) -> None:
    assert deliver(f"json://127.0.0.1:{sink.port}/", MESSAGE, False).ok
    assert sink.requests[0].json["title"] == MESSAGE.subject
    mail = "sendgrid://abcd123:user@example.org/newuser@example.org"
    assert sent_through(mail, MESSAGE, monkeypatch)["personalizations"][0]["to"] == [{"email": "newuser@example.org"}]


# -- settings


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nosuchservice://s3cr3t", "is not one that can be sent to"),
        ("tgram://s3cr3t", "is not one that can be sent to"),
        ("https://hooks.example.org/s3cr3t", "is not one that can be sent to"),
        ("://s3cr3t", "is not one that can be sent to"),
        ("json://169.254.169.254/s3cr3t", "never asked"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOs3cr3tvi7F/#a/#b", "names 2 recipients"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOs3cr3tvi7F/#a/#b?retry=2", "names 2 recipients"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_and_shown_nowhere(
    url: str, words: str, pool: WorkerPool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("apprise").setLevel(logging.DEBUG)
    with pytest.raises(InputError, match=words) as refused:
        channel(pool, url)
    assert "s3cr3t" not in str(refused.value) + caplog.text


def test_a_send_logs_no_part_of_the_url(sink: HttpSink, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("", "apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    sink.will(Answer(500))
    deliver(f"json://user:s3cr3t@127.0.0.1:{sink.port}/s3cr3t/?+X-Token=s3cr3t", MESSAGE, False)
    assert "s3cr3t" not in caplog.text


def test_one_recipient_with_retries_asked_for_is_one_recipient(pool: WorkerPool) -> None:
    assert channel(pool, "json://127.0.0.1/?retry=3").name == "chat"


@pytest.mark.parametrize(
    ("url", "scheme", "pace"),
    [
        (SLACK, "slack", 1.2),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "slack", 1.2),
        ("ntfy://h/t", "ntfy", 1.0),
        ("json://h", "json", 0.0),
    ],
)
def test_the_service_sets_scheme_and_pace(url: str, scheme: str, pace: float, pool: WorkerPool) -> None:
    made = make_channel(ChannelSettings("chat", url=url, on_unknown="hold"), clock=FixedClock(NOW), pool=pool)
    assert (made.label, made.scheme, made.pace, made.on_unknown) == (f"chat ({scheme})", scheme, pace, "hold")
    assert made.targets()[0].id == "chat"
