"""How long the page waits for what a connection asks: over a socket, before anything knows who is there."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from uvicorn.server import ServerState

from core.settings import Settings
from web import connections, serve

LONG_S = 60.0  # nothing here takes so long: whoever waits so is left hanging
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n"
Line = tuple[StreamReader, StreamWriter]


SLOW = b"GET / HTTP/1.1\r\nx-slow: "
CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
WEBSOCKET = b"""GET / HTTP/1.1\r
host: x\r
connection: upgrade\r
upgrade: websocket\r
sec-websocket-version: 13\r
sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
\r
"""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        visitor = WebSocket(scope, receive, send)
        await visitor.accept()
        await asyncio.sleep(0.05)
        await visitor.send_text("still here")
        await visitor.close()
    else:
        await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = serve.config(app, Settings(_env_file=None), 0)
    made.load()
    protocol: Any = made.http_protocol_class
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(made, state, {}), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield reader, writer
        writer.close()


async def closed(reader: StreamReader) -> bytes:
    """What comes until the connection is closed; what was not read by then is thrown away, which resets it."""
    with suppress(ConnectionResetError):
        return await asyncio.wait_for(reader.read(), LONG_S)
    return b""


@pytest.fixture
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This limit is short from the connection on."""
    monkeypatch.setattr(connections, request.param, 0.01)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("HEAD_S", b""),
        ("HEAD_S", SLOW),
        ("REQUEST_S", HEAD + b"12345"),
        ("REQUEST_S", WEBSOCKET.replace(b"GET", b"POST")),  # no handshake, though asked for as one
    ],
    indirect=["limit"],
)
async def test_what_does_not_come_to_its_end_is_closed(limit: None, line: Line, said: bytes) -> None:
    reader, writer = line
    writer.write(said)
    assert await closed(reader) == b""


@pytest.mark.parametrize("said", [b"\r\n", SLOW])
async def test_what_begins_no_whole_request_after_an_answer_is_closed(
    line: Line, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    reader, writer = line
    writer.write(HEAD + b"1234567890")
    await asyncio.wait_for(reader.readuntil(b"1234567890"), LONG_S)
    monkeypatch.setattr(connections, "HEAD_S", 0.01)
    writer.write(said)
    assert await closed(reader) == b""


@pytest.mark.parametrize("began", [b"GET / HTTP/1.1\r\n", CHUNKED + b"3\r\nabc\r\n0\r\n"])
async def test_a_head_without_an_end_is_not_kept_nor_what_follows_a_body_as_one(line: Line, began: bytes) -> None:
    reader, writer = line
    writer.write(began + b"x-long: a\r\n" * 200_000)
    assert await closed(reader) == b""


async def test_requests_that_come_in_pieces_are_answered_one_after_the_other(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LONGEST_HEAD", 40)  # which a body may well be longer than
    reader, writer = line
    for body in (b"1234567890" * 9, b"abcdefghij" * 9):
        head = HEAD.replace(b"10", b"90")
        for piece in (head[:20], head[20:], body[:30], body[30:60], body[60:]):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        assert (await asyncio.wait_for(reader.readuntil(body), LONG_S)).startswith(b"HTTP/1.1 200")


async def test_a_websocket_stays_open_after_another_request_too(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a proxy sends it on a connection that it has."""
    reader, writer = line
    writer.write(HEAD + b"1234567890")
    await asyncio.wait_for(reader.readuntil(b"1234567890"), LONG_S)
    for limit in ("HEAD_S", "REQUEST_S"):
        monkeypatch.setattr(connections, limit, 0.01)
    writer.write(WEBSOCKET)
    assert b" 101 " in await asyncio.wait_for(reader.readuntil(b"still here"), LONG_S)
