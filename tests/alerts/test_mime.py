"""The bytes of an e-mail, read back by the standard library."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.mime import mail
from core.text import clean, one_line

TEXTS = {
    "plain": "Dockers strike.\n.a dot\n\nFrom here on.\n",
    "mostly ASCII": "“Dockers” strike in Gdańsk. " * 40 + "\n  indented \n",
    "another script": "越南与中国举行会谈。\n" * 30,
    "long lines": "x" * 5_000,
    "no end": "one line",
    "nothing": "",
}


def parsed(text: str, html: str = "", **headers: str) -> EmailMessage:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = mail(named.items(), text=text, html=html, boundary="=_b0b0")
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return message_from_bytes(raw, policy=policy.default)


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    assert not part.defects
    return ended(str(part.get_content()))


def ended(text: str) -> str:
    """The text as lines, without empty ones at its end."""
    return "\n".join(text.splitlines()).rstrip("\n")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_and_html_come_out_as_they_went_in(text: str) -> None:
    both = parsed(text, html=f"<p>{text}</p>")
    assert both.get_content_type() == "multipart/alternative"
    assert body(both) == ended(text)
    assert body(both, "html") == ended(f"<p>{text}</p>")
    assert not both.defects
    assert body(parsed(text)) == ended(text)


@pytest.mark.parametrize(
    "subject",
    [
        "[strike] Harbour stands still",
        "Gdańsk stands still",
        "拜登 " * 80,
        "x " * 600,
        "a =?b",
        "“a” " + "b" * 50 + " – c" * 9,
    ],
)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    said = one_line(subject, 250)
    assert parsed("x", Subject=said)["Subject"] == said
    raw = mail([("Subject", said)], text="x", html="", boundary="=_b0b0")
    assert all(len(line) <= 76 for line in raw.splitlines() if b"=?" in line)  # RFC 2047, section 2


def test_a_name_beyond_ascii_stands_before_its_address() -> None:
    read = parsed("x", From="Jürgen <watch@example.org>")["From"].addresses[0]
    assert (read.display_name, read.addr_spec) == ("Jürgen", "watch@example.org")


@given(st.text(max_size=400), st.text(max_size=400))
def test_no_text_breaks_a_message(text: str, subject: str) -> None:
    read = parsed(clean(text), Subject=one_line(subject, 250), X_Last="here")
    assert read["X-Last"] == "here"
    assert read.keys().count("Subject") == 1
    assert body(read) == ended(clean(text))
