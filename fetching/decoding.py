"""A streamed body, decoded piece by piece and stopped at its limit, so that no answer costs more memory than that.

The client's library could decode by itself, but it passes a gzip stream cut in the middle as a whole body, and leaves
what is encoded twice as it is; half a feed must be a failure.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Iterator
from typing import Any, Protocol

STEP = 65_536  # bytes decoded at a time
MOST_MEMBERS = 1_000  # of a gzip body: bgzip writes 160 for the 10 MB that are read; half a million take all CPU

try:
    _brotli: Any = importlib.import_module("brotli")
except ImportError:
    _brotli = None

_CORRUPT: tuple[type[Exception], ...] = (zlib.error, _brotli.error) if _brotli else (zlib.error,)
ACCEPTED = "gzip, deflate, br" if _brotli else "gzip, deflate"


class TooBig(Exception):
    """The body is larger than its limit."""


class Undecodable(Exception):
    """The body is not what its Content-Encoding says, stops in the middle, or has an encoding that is not read."""


class _Decoder(Protocol):
    def decode(self, piece: bytes) -> Iterator[bytes]: ...

    def is_whole(self) -> bool: ...


class Body:
    """Collects one body of at most `limit` bytes, counted decoded (and as they came)."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._decoder = _decoder(encoding.strip().lower())
        self._limit = limit
        self._received = 0
        self._decoded = bytearray()

    def add(self, piece: bytes) -> None:
        """Take the next piece from the wire; raises TooBig and Undecodable."""
        self._received += len(piece)
        try:
            for plain in self._decoder.decode(piece):
                self._decoded += plain
                self._check()
        except _CORRUPT as fault:
            raise Undecodable(str(fault)) from fault
        self._check()

    def _check(self) -> None:
        if max(self._received, len(self._decoded)) > self._limit:
            raise TooBig(f"more than {self._limit} bytes")

    def whole(self) -> bytes:
        """The body; raises Undecodable when its end is missing."""
        if self._received and not self._decoder.is_whole():
            raise Undecodable("the compressed body stops in the middle")
        return bytes(self._decoded)


class _Identity:
    def decode(self, piece: bytes) -> Iterator[bytes]:
        yield piece

    def is_whole(self) -> bool:
        return True


class _Gzip:
    """One or several gzip members; what follows the last one is ignored, as browsers do."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._members = 1

    def decode(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            if self._member.eof:
                if not piece.startswith(b"\x1f\x8b"[: len(piece)]):
                    return
                if self._members == MOST_MEMBERS:
                    raise Undecodable(f"more than {MOST_MEMBERS} gzip members")
                self._member = zlib.decompressobj(wbits=31)
                self._members += 1
            yield self._member.decompress(piece, STEP)
            piece = self._member.unused_data if self._member.eof else self._member.unconsumed_tail

    def is_whole(self) -> bool:
        return self._member.eof


class _Deflate:
    """With the zlib header the standard asks for, or without it, as some servers send it."""

    def __init__(self) -> None:
        self._stream: Any = None

    def decode(self, piece: bytes) -> Iterator[bytes]:
        if self._stream is None and piece:
            self._stream = zlib.decompressobj(wbits=15 if piece[0] & 0x0F == 8 else -15)
        while piece and not self._stream.eof:
            yield self._stream.decompress(piece, STEP)
            piece = self._stream.unconsumed_tail

    def is_whole(self) -> bool:
        return bool(self._stream.eof)


class _Brotli:
    def __init__(self) -> None:
        self._stream = _brotli.Decompressor()

    def decode(self, piece: bytes) -> Iterator[bytes]:
        yield self._stream.process(piece, output_buffer_limit=STEP)
        while not self._stream.can_accept_more_data():
            yield self._stream.process(b"", output_buffer_limit=STEP)

    def is_whole(self) -> bool:
        return bool(self._stream.is_finished())


# Codings that a body can have (IANA's list). Any other word says nothing of it: servers write a character set there,
# `none`, or how the body once came to them (`aws-chunked`); browsers pass it over, too.
_CODINGS = frozenset(
    [
        "aes128gcm",
        "br",
        "compress",
        "dcb",
        "dcz",
        "deflate",
        "exi",
        "gzip",
        "pack200-gzip",
        "x-compress",
        "x-gzip",
        "zstd",
    ]
)
_DECODERS: dict[str, type[_Decoder]] = {
    "": _Identity,
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
}
if _brotli:
    _DECODERS["br"] = _Brotli


def _decoder(encoding: str) -> _Decoder:
    codings = [one for word in encoding.split(",") if (one := word.strip()) in _CODINGS]
    if len(codings) > 1 or (codings and codings[0] not in _DECODERS):
        raise Undecodable(f"content-encoding {encoding[:40]} is not read")
    return _DECODERS[codings[0] if codings else ""]()
