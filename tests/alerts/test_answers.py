from __future__ import annotations

import pytest

from alerts.answers import refusal, told_by
from alerts.result import Result, ResultClass


@pytest.mark.parametrize(
    ("scheme", "body", "cls", "words"),
    [
        ("wecombot", '{"errcode": 40058, "errmsg": "content exceed max length"}', "temp", "40058 content exceed"),
        ("wecombot", '{"errcode": 93000, "errmsg": "invalid webhook url"}', "auth", "93000"),
        ("dingtalk", '{"errcode": 130101, "errmsg": "send too fast"}', "rate", "send too fast"),
        ("feishu", '{"code": 19024, "msg": "Key Words Not Found"}', "temp", "Key Words Not Found"),
        ("slack", '{"ok": false, "error": "channel_not_found"}', "auth", "refused: channel_not_found"),
        ("synology", '{"success": false, "error": {"code": 404, "errors": "failed"}}', "temp", "failed"),
        ("vonage", '{"messages": [{"status": "4", "error-text": "Bad Credentials"}]}', "auth", "4 Bad Credentials"),
    ],
)
def test_a_service_that_answers_200_and_refuses_it_has_refused_it(scheme: str, body: str, cls: str, words: str) -> None:
    found = refusal(scheme, 200, body.encode())
    assert found is not None
    assert (found.cls, words in found.detail) == (ResultClass(cls), True)


@pytest.mark.parametrize(
    ("scheme", "body"),
    [("wecombot", b'{"errcode": 0}'), ("slack", b"ok"), ("feishu", b'{"StatusCode": 0}'), ("json", b'{"ok": false}'),
     ("vonage", b"[" * 5000), ("lark", b'{"code": ' + b"1" * 100_000 + b"}")],
)  # fmt: skip
def test_what_says_nothing_against_a_message_is_no_refusal(scheme: str, body: bytes) -> None:
    assert refusal(scheme, 200, body) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"retry_after_ms": 9000, "error": "Too Many"}', Result(ResultClass.RATE, "HTTP 429: Too Many", "", 9.0)),
        (b'{"parameters": {"retry_after": 35}}', Result(ResultClass.RATE, "HTTP 429", "", 35.0)),
        (b'{"retry_after_ms": 1e30}', Result(ResultClass.RATE, "HTTP 429", "", 3600.0)),
        (b'{"retry_after_ms": "x", "message": 7}', Result(ResultClass.RATE, "HTTP 429")),
    ],
)
def test_the_body_of_a_refusal_adds_its_reason_and_how_long_to_wait(body: bytes, expected: Result) -> None:
    assert told_by(Result(ResultClass.RATE, "HTTP 429"), body) == expected
    assert told_by(Result(ResultClass.RATE, "HTTP 429", retry_after=2.0), body).retry_after == 2.0
