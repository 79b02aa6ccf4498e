"""Text as we store it: no NUL, no lone surrogates, NFC, one kind of line end."""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_REFERENCE = 1_000  # digits
_ENDLESS = re.compile(rf"&#\d{{{LONGEST_REFERENCE},}};?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


def clean(text: str) -> str:
    """Text that both databases accept: NUL, lone surrogates, control and bidi marks go; CRLF becomes LF; NFC."""
    if text.isprintable() or text.replace("\n", "").isprintable():  # then there is nothing to drop
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    text = _UNSTORABLE.sub("", text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _CONTROLS.sub("", text))


def readable(text: str) -> str:
    """Text of the same length in which words read as in `clean` text: what `clean` drops becomes a word joiner."""
    return _CONTROLS.sub("\u2060", _UNSTORABLE.sub("\u2060", text))


def unescaped(text: str) -> str:
    """Text with HTML's references read; one of more digits than Python makes a number of is no character."""
    return html.unescape(_ENDLESS.sub("\ufffd", text) if len(text) > LONGEST_REFERENCE else text)


def single_blanks(text: str) -> str:
    """The words with one blank between them, and none before or behind."""
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text  # no other blank is printable
    return " ".join(text.split())


def one_line(text: str, limit: int = 0) -> str:
    """`clean` text on one line; cut to `limit` characters with an ellipsis when a limit is given."""
    if text.isascii() and text.isprintable() and " " not in text and (not limit or len(text) <= limit):
        return text  # an id, a language, one word
    line = single_blanks(clean(text))
    return line if not limit or len(line) <= limit else line[: limit - 1].rstrip() + "…"
