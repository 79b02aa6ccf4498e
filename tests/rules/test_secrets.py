from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from rules.secrets import expand, expanded, fault, holds_secrets

ENV = {"ODD": "p@ss/w:rd? 100%", "WORD": "plain", "URL": "https://user:pw@h.example/x?a=b#c", "EMPTY": "",
       "WIREWATCH_SECRET_KEY": "canary", "wirewatch_password": "canary"}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("no secret", "no secret"),
        ("${URL}", ENV["URL"]),
        ("Bearer ${ODD}", "Bearer p@ss/w:rd? 100%"),
        ("https://${WORD}:${ODD}@h.example/${WORD}?t=${ODD}&u=1#${WORD}",
         "https://plain:p%40ss%2Fw%3Ard%3F%20100%25@h.example/plain?t=p%40ss%2Fw%3Ard%3F%20100%25&u=1#plain"),
        ("mailtos://desk:${ODD}@h.example", "mailtos://desk:p%40ss%2Fw%3Ard%3F%20100%25@h.example"),
        ("tgram://${WORD}/chat", "tgram://plain/chat"),
        ("https://h.example/a@b/${ODD}", "https://h.example/a@b/p@ss/w:rd? 100%"),
        ("https://h.example/#?x=${ODD}", "https://h.example/#?x=p@ss/w:rd? 100%"),
        ("$${WORD} costs $5 {WORD}", "${WORD} costs $5 {WORD}"),
        ("${WORD}${WORD}", "plainplain"),
    ],
)  # fmt: skip
def test_a_secret_is_put_in_as_its_place_asks(value: str, result: str) -> None:
    assert expand(value, ENV) == result


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("${NOWHERE}", "the secret NOWHERE is not set"),
        ("x${WORD}${EMPTY}", "the secret EMPTY is not set"),
        ("${hunter 2}", "between ${ and } stands a name of letters, digits and _; a plain ${ is written $${"),
        ("${WIREWATCH_SECRET_KEY}", "WIREWATCH_SECRET_KEY is a setting of wirewatch, and no secret of the watch file"),
        ("${wirewatch_password}", "wirewatch_password is a setting of wirewatch, and no secret of the watch file"),
        ("${}", "between ${ and } stands a name of letters, digits and _; a plain ${ is written $${"),
    ],
)
def test_a_secret_that_cannot_be_put_in_is_said_without_repeating_values(value: str, message: str) -> None:
    assert fault(value, ENV) == message
    with pytest.raises(InputError) as caught:
        expand(value, ENV)
    assert caught.value.message == message
    assert "secrets folder" in caught.value.hint


@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"), min_size=1))
def test_no_secret_can_change_the_host_or_the_other_parts_of_a_url(password: str, token: str) -> None:
    url = urlsplit(
        expand("https://user:${PASSWORD}@h.example/path?token=${TOKEN}&b=1", {"PASSWORD": password, "TOKEN": token})
    )
    assert (url.scheme, url.hostname, url.path, url.username) == ("https", "h.example", "/path", "user")
    assert unquote(url.password or "") == password
    assert parse_qs(url.query, keep_blank_values=True) == {"token": [token], "b": ["1"]}


def test_secrets_are_read_in_channels_feeds_and_sites_only() -> None:
    values = {
        "settings": {"contact": "${WORD}"},
        "rules": {"a": {"match": "${WORD}", "url": "${WORD}"}},
        "channels": {"c": {"url": "${WORD}", "to": ["${WORD}@x", "${NOWHERE}"], "port": "${WORD}"}},
        "feeds": [{"url": "${WORD}", "headers": {"A": "${WORD}"}, "name": "${WORD}"}, "${WORD}"],
        "sites": {"h": {"headers": {"Cookie": "${WORD}"}, "body": "${WORD}"}},
    }
    found, faults = expanded(values, ENV)
    assert found == {
        "settings": {"contact": "${WORD}"},
        "rules": {"a": {"match": "${WORD}", "url": "${WORD}"}},
        "channels": {"c": {"url": "plain", "to": ["plain@x", "${NOWHERE}"], "port": "${WORD}"}},
        "feeds": [{"url": "plain", "headers": {"A": "plain"}, "name": "${WORD}"}, "${WORD}"],
        "sites": {"h": {"headers": {"Cookie": "plain"}, "body": "${WORD}"}},
    }
    assert faults == [(("channels", "c", "to", 1), "the secret NOWHERE is not set")]


def test_paths_that_may_hold_secrets_are_known() -> None:
    assert holds_secrets(("channels", "c", "to", 0))
    assert holds_secrets(("feeds", 3, "headers", "Authorization"))
    assert not holds_secrets(("channels", "c"))
    assert not holds_secrets(("rules", "r", "url"))
    assert not holds_secrets(())
