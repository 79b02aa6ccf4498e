"""Bytes of a feed to text: what they are counts more than what is said of them."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

import charset_normalizer

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})[\"']", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
# What is called by the first name is nearly always the second, which reads all of the first.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
}
_VAGUE = frozenset({"cp1252", "utf-8"})  # defaults of servers and programs, said without looking
# Codecs of Python that are no character sets of documents.
_NO_CHARSETS = frozenset({"utf_7", "unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined"})
_STATEFUL = re.compile(rb"\x1b[$(]")  # ISO-2022: pure ASCII bytes that mean something else
_OTHER_SCRIPTS = ["cp1251", "koi8_r", "cp1253", "gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"]
_MARKUP = re.compile(rb"<[!-~\s]{1,500}?>")
_SURE = 10  # characters of UTF-8 for one wrong byte; other character sets have hardly any
_LOOKED_AT = 50_000  # bytes shown to the detector


def decoded(body: bytes, charset: str = "") -> str:
    """The text of `body`. `charset` is what the answer's headers say.

    A byte order mark decides; then UTF-8, when nearly all is valid UTF-8, because nothing else looks like it; then
    what the document or else the headers declare, if all of it can be read so; then what it looks like.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    for start, encoding in _UNMARKED:
        if body.startswith(start):
            return body.decode(encoding, "replace")
    declared = _DECLARED.search(body[:1000])
    said = [name for name in (_codec(declared[1].decode()) if declared else "", _codec(charset)) if name]
    tried = sorted(said, key=lambda name: name in _VAGUE)
    if not _STATEFUL.search(body):
        tried.insert(0, "utf-8")
    for name in tried:
        text = _strict(body, name)
        if text is None and name == "utf-8":
            text = _nearly_utf_8(body)
        if text is not None:
            return text
    return body.decode(_look(body), "replace")


def _codec(label: str) -> str:
    """The codec for a label, or nothing when there is none."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return ""
    return "" if name.replace("-", "_") in _NO_CHARSETS else _WIDER.get(name, name)


def _strict(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeError, LookupError):
        return None


def _nearly_utf_8(body: bytes) -> str | None:
    """UTF-8 in which a program cut a character in half, or wrote halves of UTF-16; None when it is something else."""
    with suppress(UnicodeError):
        return body.decode("utf-8", "surrogatepass")
    text = body.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return text if beyond_ascii >= _SURE * wrong else None


def _look(body: bytes) -> str:
    """What the bytes look like. Mostly ASCII letters: a Latin script, read as windows-1252, as browsers do."""
    words = _MARKUP.sub(b" ", body)[:_LOOKED_AT]
    high = sum(byte > 0x7F for byte in words)
    ascii_letters = sum(65 <= byte <= 122 for byte in words)
    if high < ascii_letters:
        return "cp1252"
    best = charset_normalizer.from_bytes(words, cp_isolation=_OTHER_SCRIPTS).best()
    return best.encoding if best else "cp1252"
