"""An event loop in which time leaps to whatever is due next, and in which connections end at made-up servers.

Nothing waits and nothing leaves the process: the real client makes its sockets, but they are never connected; what it
writes goes to `Servers.reply`, and what that returns is what the client reads.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday


class Servers(Protocol):
    """What is at the other end."""

    def connect(self, address: str) -> None:
        """Raises OSError when nobody answers at this address."""

    def reply(self, request: bytes) -> tuple[float, bytes] | None:
        """After how many seconds a server sends which bytes; None when it never does."""


class _Leap(selectors.DefaultSelector):
    """Tells the loop that the time it wanted to wait has passed."""

    loop: LeapingLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("nothing will ever happen again")
        self.loop.at += max(timeout, 0.0)
        return []


class LeapingLoop(asyncio.SelectorEventLoop):
    """The loop; `at` is its time in seconds from `START`."""

    def __init__(self, servers: Servers) -> None:
        self.at = 0.0
        self.servers = servers
        leap = _Leap()
        leap.loop = self
        super().__init__(leap)

    def time(self) -> float:
        """Seconds from the start."""
        return self.at

    def now(self) -> datetime:
        """The time now: the loop is a clock."""
        return START + timedelta(seconds=self.at)

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """What would be done in a thread is done here and now, so that time cannot leap meanwhile."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connected, if somebody is there."""
        self.servers.connect(str(address[0]))

    async def create_connection(  # type: ignore[override]
        self, protocol_factory: Callable[[], asyncio.Protocol], *args: Any, sock: socket.socket, **kwargs: Any
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """A wire to the servers."""
        protocol = protocol_factory()
        wire = _Wire(self, protocol, sock)
        protocol.connection_made(wire)
        return wire, protocol


class _Wire(asyncio.Transport):
    """One connection: bytes of whole requests go out, bytes of answers come in."""

    def __init__(self, loop: LeapingLoop, protocol: asyncio.Protocol, sock: socket.socket) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._sock = sock
        self._sent = b""
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._protocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._sent += bytes(data)
        if b"\r\n\r\n" in self._sent:
            request, self._sent = self._sent, b""
            reply = self._loop.servers.reply(request)
            if reply is not None:
                self._timer = self._loop.call_later(reply[0], self._protocol.data_received, reply[1])

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._closed

    def is_reading(self) -> bool:
        return not self._closed

    def pause_reading(self) -> None:
        """Answers are small: they come whole."""

    def resume_reading(self) -> None:
        """Nothing was paused."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer:
            self._timer.cancel()
        self._sock.close()
        self._loop.call_soon(self._protocol.connection_lost, cast(Any, None))

    def abort(self) -> None:
        self.close()
