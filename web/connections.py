"""A connection that does not come to the end of what it asks is closed, and so is one whose head grows and grows.

uvicorn waits for ever and keeps every byte of a head, before anybody is asked who they are: a thousand silent
connections took all that a process may open, and an endless header all of its memory. A proxy is not always there.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 30.0  # from the connection, or from a request's first byte, to the end of its head
REQUEST_S = 900.0  # from there to the end of its body: 60 MB on a line of 70 KB/s
LONGEST_HEAD = 65_536  # bytes


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to its patience."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._end: asyncio.TimerHandle | None = None
        self._head: int | None = 0  # bytes of one that is not whole yet

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._wait(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long by now."""
        before = self._head
        super().data_received(data)
        if before is not None and self._head is not None:
            self._head = before + len(data)
            if self._head > LONGEST_HEAD:
                self.transport.close()
        elif self._end is None and self.cycle is not None and self.cycle.response_complete:
            self._wait(HEAD_S)  # line ends between requests begin none, and end uvicorn's own wait for one

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head = 0
        self._wait(HEAD_S)

    def on_headers_complete(self) -> None:
        """Its head is there; a websocket is another protocol's from here on."""
        self._head = None
        self._wait(None if self.parser.should_upgrade() else REQUEST_S)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is there; its answer may take as long as it likes."""
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = None if seconds is None else self.loop.call_later(seconds, self.transport.close)
