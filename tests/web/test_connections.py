"""How long the page waits for what a connection asks: over a socket, before anything knows who is there."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from web import connections

LONG_S = 60.0  # nothing here takes so long: whoever waits so is left hanging
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"
Line = tuple[StreamReader, StreamWriter]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    config = uvicorn.Config(app, lifespan="off")
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: connections.Connection(config, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("HEAD_S", b""),
        ("HEAD_S", b"GET / HTTP/1.1\r\nx-slow: "),
        ("REQUEST_S", HEAD + b"12345"),
        ("HEAD_S", HEAD + b"1234567890\r\n\r\n"),
    ],
)
async def test_what_does_not_come_to_its_end_is_closed(
    line: Line, monkeypatch: pytest.MonkeyPatch, limit: str, said: bytes
) -> None:
    monkeypatch.setattr(connections, limit, 0.01)
    reader, writer = line
    writer.write(said)
    answer = await asyncio.wait_for(reader.read(), LONG_S)
    assert answer.endswith(b"1234567890") is (b"1234567890" in said)


async def test_a_head_without_an_end_is_not_kept(line: Line) -> None:
    reader, writer = line
    writer.write(b"GET / HTTP/1.1\r\n" + b"x-long: a\r\n" * 200_000)
    with suppress(ConnectionResetError):  # what was sent on is thrown away
        assert await asyncio.wait_for(reader.read(), LONG_S) == b""


async def test_requests_that_come_in_pieces_are_answered_one_after_the_other(line: Line) -> None:
    reader, writer = line
    for body in (b"1234567890", b"abcdefghij"):
        for piece in (HEAD[:20], HEAD[20:], body[:5], body[5:]):
            writer.write(piece)
            await writer.drain()
        assert (await asyncio.wait_for(reader.readuntil(body), LONG_S)).startswith(b"HTTP/1.1 200")
