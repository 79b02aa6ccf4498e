"""Answers that want memory or time: each a function of the writer that a request came on."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import os
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
GIB = 1 << 30
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def once(*pieces: bytes) -> Script:
    """These bytes, then the end of the connection."""

    async def write(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return write


def for_ever(piece: bytes, head: bytes = b"", every: float = 0.0) -> Script:
    """The head, then the same piece without end, as fast as it is taken or `every` so many seconds."""

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every)

    return write


def coded(encoding: str, body: bytes) -> Script:
    """A whole answer with this Content-Encoding."""
    return once(OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(body)), body)


def packed(wbits: int, size: int = GIB) -> bytes:
    """So many zeros, deflated: 1 GiB is 1 MB."""
    packer, block = zlib.compressobj(9, wbits=wbits), bytes(1 << 20)
    return b"".join([*(packer.compress(block) for _ in range(size >> 20)), packer.flush()])


def brotli(size: int = GIB) -> bytes:
    """So many zeros: 1 GiB is some 800 bytes."""
    packer, block = importlib.import_module("brotli").Compressor(quality=9, lgwin=24), bytes(1 << 24)
    pieces: Iterator[bytes] = (packer.process(block) for _ in range(size >> 24))
    return b"".join([*pieces, packer.finish()])


async def silence(writer: asyncio.StreamWriter) -> None:
    """No answer at all."""
    await asyncio.Event().wait()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """A reset instead of an answer."""
    writer.transport.abort()


NOISE = os.urandom(65_536)
LINE = b"X-Filler: " + b"a" * 4_000 + b"\r\n"
FEW = 9_000_000  # bytes below the limit of what is kept

CASES: Mapping[str, Callable[[], Script]] = {
    "brotli bomb, 1 GiB": lambda: coded("br", brotli()),
    "gzip bomb, 1 GiB": lambda: coded("gzip", packed(31)),
    "gzip bomb in gzip": lambda: coded("gzip", gzip.compress(packed(31))),
    "gzip bomb, encoded twice": lambda: coded("gzip, gzip", gzip.compress(packed(31))),
    "deflate bomb, 1 GiB": lambda: coded("deflate", packed(15)),
    "bare deflate bomb, 1 GiB": lambda: coded("deflate", packed(-15)),
    "450,000 empty gzip members": lambda: coded("gzip", gzip.compress(b"") * 450_000),
    "zstd bomb": lambda: coded("zstd", bytes.fromhex("28b52ffd8000" + "00" * 1_000)),
    "gzip cut off": lambda: coded("gzip", gzip.compress(NOISE * 40)[:-1_000]),
    "not gzip at all": lambda: coded("gzip", NOISE * 40),
    "9 MB, the most that is kept": lambda: once(OK + b"Content-Length: %d\r\n\r\n" % FEW, bytes(FEW)),
    "9 MB in gzip": lambda: coded("gzip", packed(31, FEW >> 20 << 20)),
    "endless body": lambda: for_ever(NOISE, OK + b"\r\n"),
    "endless chunks of 64 KB": lambda: for_ever(b"10000\r\n" + NOISE + b"\r\n", CHUNKED),
    "endless chunks of one byte": lambda: for_ever(b"1\r\na\r\n" * 10_000, CHUNKED),
    "endless chunks with extensions": lambda: for_ever(b"1;" + b"a" * 8_000 + b"\r\na\r\n", CHUNKED),
    "one endless chunk line": lambda: for_ever(b"a" * 65_536, CHUNKED + b"1;"),
    "a chunk of 2^64 bytes": lambda: for_ever(NOISE, CHUNKED + b"ffffffffffffffff\r\n"),
    "endless trailers": lambda: for_ever(LINE, CHUNKED + b"0\r\n"),
    "slow drip": lambda: for_ever(b"a", OK + b"Content-Length: 1000000\r\n\r\n", 0.2),
    "slow drip of headers": lambda: for_ever(b"X: y\r\n", OK, 0.2),
    "says 100 MB": lambda: for_ever(NOISE, OK + b"Content-Length: 100000000\r\n\r\n"),
    "says less than it sends": lambda: for_ever(NOISE, OK + b"Content-Length: 5\r\n\r\n"),
    "says more than it sends": lambda: once(OK + b"Content-Length: 5000\r\n\r\nfive"),
    "two lengths": lambda: once(OK + b"Content-Length: 5\r\nContent-Length: 50000000\r\n\r\nfive!"),
    "a length below zero": lambda: for_ever(NOISE, OK + b"Content-Length: -1\r\n\r\n"),
    "100 KB of headers": lambda: once(OK + LINE * 25 + b"\r\n"),
    "one header of 10 MB": lambda: for_ever(b"a" * 65_536, OK + b"X: "),
    "endless headers": lambda: for_ever(LINE, OK),
    "endless headers of two bytes": lambda: for_ever(b"a:\r\n" * 10_000, OK),
    "endless status line": lambda: for_ever(b"a" * 65_536, b"HTTP/1.1 200 "),
    "a status line and a header injected": lambda: once(b"HTTP/1.1 200 OK\r\nX: a\nSet-Cookie: b\r\r\n\r\n\r\n"),
    "1xx without end": lambda: for_ever(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000),
    "1xx with headers without end": lambda: for_ever(b"HTTP/1.1 100 Continue\r\n" + LINE * 5 + b"\r\n"),
    "answers without end": lambda: for_ever(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" * 1_000),
    "a redirect loop": lambda: once(b"HTTP/1.1 302 Found\r\nLocation: /?again\r\nContent-Length: 0\r\n\r\n"),
    "a redirect with an endless body": lambda: for_ever(NOISE, b"HTTP/1.1 302 Found\r\nLocation: /?again\r\n\r\n"),
    "an error with an endless body": lambda: for_ever(NOISE, b"HTTP/1.1 500 Oops\r\n\r\n"),
    "a 304 with an endless body": lambda: for_ever(NOISE, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "no HTTP at all": lambda: for_ever(NOISE),
    "no answer": lambda: silence,
    "a reset": lambda: hang_up,
}
