"""One answer from one connection, as servers really write it.

The client's library reads HTTP to the letter, and takes what stands behind an answer for the beginning of another one:
a 304 with a body, or a byte more than the Content-Length, was no answer at all, and so was one with two equal lengths.
Every other client passes that over. No connection is used twice, so nothing can be smuggled in by it.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler

from core.text import one_line
from fetching.decoding import TooBig

HEADER_BYTES = 65_536

_END = re.compile(rb"\r?\n\r?\n")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3}(?!\d).*)", re.DOTALL)
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CHUNKED = re.compile(rb"transfer-encoding:.*chunked", re.IGNORECASE)
_LENGTH = b"content-length:"
_START = b"HTTP/"


class Connector(aiohttp.TCPConnector):
    """Makes connections that read one answer each."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, limit=0, force_close=True)
        self._factory = cast(Any, partial(OneAnswer, loop=self._loop))


class OneAnswer(ResponseHandler):
    """Gives the library's parser the head of an answer by itself, mended, and nothing that stands behind the answer."""

    _head = b""
    _is_in_body = False

    def data_received(self, data: bytes) -> None:
        """Take the next bytes from the wire."""
        if self._parser is None or self._is_in_body:
            self._pass_on(data)
            return
        self._head = (self._head + data).lstrip(b"\r\n")
        while not self._is_in_body and (end := _END.search(self._head)):
            head, self._head = self._head[: end.end()], self._head[end.end() :]
            super().data_received(mended(head))
            self._is_in_body = not _is_interim(head)
        if self._is_in_body or not _begins_an_answer(self._head):
            self._is_in_body, rest, self._head = True, self._head, b""
            self._pass_on(rest)
        elif len(self._head) > HEADER_BYTES:
            self.set_exception(TooBig(f"more than {HEADER_BYTES} bytes of headers"))

    def _pass_on(self, data: bytes) -> None:
        if not self._has_ended():
            super().data_received(data)

    def _has_ended(self) -> bool:
        return self._is_in_body and self._payload is not None and self._payload.is_eof()

    def set_exception(self, *fault: Any) -> None:
        """Have the reader stumble over this, unless the answer is whole: then it was behind it."""
        if self._has_ended():
            return
        super().set_exception(*fault)
        if self._is_in_body and self._payload is not None:  # else who reads the body would wait for more
            self._payload.set_exception(aiohttp.ClientPayloadError(one_line(str(fault[-1]), 200)))


def _begins_an_answer(head: bytes) -> bool:
    return head[: len(_START)] == _START[: len(head)]


def _is_interim(head: bytes) -> bool:
    """100 Continue, 103 Early Hints: the answer itself comes behind it."""
    status = _STATUS.match(head)
    return status is not None and status[1].startswith(b"1") and not status[1].startswith(b"101")


def mended(head: bytes) -> bytes:
    """The head of an answer without the lines that are no header, with one Content-Length where several are equal, and
    none where the body comes in chunks; a status line that all but the library understand, as it should be.
    """
    first, *lines = re.split(rb"\r?\n", head.rstrip(b"\r\n"))
    status = _STATUS.fullmatch(first)
    kept = [b"HTTP/1.1 " + status[1] if status and not first.startswith(b"HTTP/1.0 ") else first]
    lengths: set[bytes] = set()
    for line in filter(None, map(_header, lines)):
        if line.lower().startswith(_LENGTH):
            lengths |= {one.strip() for one in line[len(_LENGTH) :].split(b",")}
        else:
            kept.append(line)
    if not any(_CHUNKED.match(line) for line in kept):
        kept += [_LENGTH + b" " + one for one in sorted(lengths)]
    return b"\r\n".join([*kept, b"", b""])


def _header(line: bytes) -> bytes:
    """A line that is a header, or goes on with the one above, as it should be written; empty for another one."""
    if line[:1] in (b" ", b"\t"):
        return line
    name, colon, value = line.partition(b":")
    name = name.rstrip(b" \t")
    return name + b": " + value.replace(b"\r", b" ").strip(b" \t") if colon and _NAME.fullmatch(name) else b""
