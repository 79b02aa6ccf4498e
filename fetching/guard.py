"""The fence of the client: where sockets are made and names resolved."""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Callable, Sequence

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType

from core import addresses
from core.settings import Network
from core.threads import Threads

RESOLVER_THREADS = 32


class ForbiddenAddress(OSError):
    """The address that was about to be connected to is private or special, and on no allow-list."""


def guarded_sockets(allow: Sequence[Network]) -> Callable[[AddrInfoType], socket.socket]:
    """Makes sockets for allowed addresses only.

    The connector calls it with the resolved address right before it connects: literals, names, redirects and names
    that resolve differently the second time all pass here, and there is no moment between check and use.
    """

    def make(address_info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = address_info
        host = str(address[0])
        if not addresses.allowed(host, allow):
            raise ForbiddenAddress(f"{host}: {addresses.refusal(host)} address")
        return socket.socket(family, kind, protocol)

    return make


class Names(AbstractResolver):
    """Host names to addresses, by the system's resolver in threads of its own.

    The event loop's threads are few and shared: a dead name server would hold up everybody's work in them.
    """

    def __init__(self, threads: int = RESOLVER_THREADS) -> None:
        self._threads = Threads(threads, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`; raises OSError when there are none."""
        look_up = functools.partial(socket.getaddrinfo, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, look_up, host, port, family)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=str(to[0]), port=port, family=family, proto=protocol, flags=flags)
            for family, _, protocol, _, to in found
        ]

    async def close(self) -> None:
        """Let go of the threads without waiting for name servers that do not answer."""
        self._threads.shutdown(wait=False, cancel_futures=True)
