"""Text as we store it: no NUL, no lone surrogates, NFC, one kind of line end."""

from __future__ import annotations

import html
import re
import unicodedata

LONGEST_REFERENCE = 1_000  # digits
LONGEST_SIGN = 24  # characters of one sign, an emoji of a family; beyond that somebody plays
_ENDLESS = re.compile(rf"&#\d{{{LONGEST_REFERENCE},}};?")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

_CONTINUES = frozenset("\u200d\u0e33\u0eb3\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")  # and all marks


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
    return line if not limit or len(line) <= limit else line[: between_signs(line, limit - 1)].rstrip() + "…"


def between_signs(text: str, end: int) -> int:
    """`end`, or the place before it where a cut leaves no sign in two: a letter and its marks, an emoji, a flag."""
    at = end
    while max(end - LONGEST_SIGN, 0) < at < len(text) and (_continues(text[at]) or text[at - 1] == "\u200d"):
        at -= 1
    if 0 < at < len(text) and _is_of_flag(text[at]):
        begin = at
        while begin and _is_of_flag(text[begin - 1]):
            begin -= 1
        at -= (at - begin) % 2
    return at if at > 0 and end - at < LONGEST_SIGN else end


def _is_of_flag(sign: str) -> bool:
    """Whether two of its kind are a flag."""
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def _continues(sign: str) -> bool:
    return sign in _CONTINUES or unicodedata.category(sign)[0] == "M"
