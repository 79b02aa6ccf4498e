"""A connection that does not come to the end of what it asks is closed, and so is one whose head grows and grows.

uvicorn waits for ever and keeps every byte of a head, before anybody is asked who they are: a thousand silent
connections took all that a process may open, and an endless header all of its memory. A proxy is not always there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEAD_S = 30.0  # from the connection, or from the first byte after an answer, to the end of a head
REQUEST_S = 900.0  # from there to the end of its body: 60 MB on a line of 70 KB/s
LONGEST_HEAD = 65_536  # bytes


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to its patience."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._end: asyncio.TimerHandle | None = None
        self._since = 0  # bytes that came since a head or a piece of a body was whole

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head is too long by now, or what follows a body's last piece as a second head."""
        if self._end is None and self.cycle is not None and self.cycle.response_complete:
            self._wait(HEAD_S)  # any byte ends uvicorn's own wait for the next request
        self._since += len(data)
        super().data_received(data)
        if self._since > LONGEST_HEAD:
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._since = 0
        self._wait(REQUEST_S)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of its body is there."""
        self._since = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is there; its answer may take as long as it likes. A websocket is another protocol's from here on."""
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = None if seconds is None else self.loop.call_later(seconds, self.transport.close)


class Socket(WebSocketsSansIOProtocol):
    """uvicorn's own, which is handed a whole head, and stays silent for ever about one that it cannot read."""

    def data_received(self, data: bytes) -> None:
        """Read on, if that was a handshake."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.close()
