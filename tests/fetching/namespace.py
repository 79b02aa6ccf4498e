"""Asks for private addresses in a network namespace of its own, where they all exist and every connection is counted.

`unshare -n python -m tests.fetching.namespace` prints one JSON document: what each way of asking came to, and where
connections arrived. Loopback has these addresses there; one is public and serves pages that redirect to the others.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from contextlib import suppress
from fcntl import ioctl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from fetching.client import Ask, Client, Failed

PUBLIC = "93.184.216.34"
PRIVATE_4 = ("127.0.0.1", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1", "192.168.0.1", "192.88.99.1")
PRIVATE_6 = (
    "::1", "fd00::1", "fec0::1", "fe80::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "2001:0:7f00:1::1",
    "::127.0.0.1",
)  # fmt: skip
LITERALS = (
    *PRIVATE_4, *(f"[{one}]" for one in PRIVATE_6), "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:10.0.0.1]", "[fe80::1%25lo]", "[fe80::1%lo]", "127.1", "127.0.1", "0x7f.1", "0x7f000001",
    "0177.0.0.1", "2130706433", "017700000001", "①②⑦.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "127.0.0.1.", "10.0.0.1.",
    "%31%32%37.0.0.1", "localhost", "LOCALHOST.", "localhost.localdomain",
)  # fmt: skip
STATUSES = (301, 302, 303, 307, 308)
_ADD_ADDRESS, _SET_FLAGS, _UP = 0x8916, 0x8914, 0x41


class Names(AbstractResolver):
    """`n-0.test` is the first private address, and so on; `flip.test` is public once and private ever after."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self._asked[host] += 1
        if host == "flip.test":
            found = [PUBLIC if self._asked[host] == 1 else "127.0.0.1"]
        elif host == "both.test":
            found = ["127.0.0.1", "::1", "10.0.0.1"]
        elif host == "mixed.test":
            found = ["10.0.0.1", PUBLIC]
        elif host.startswith("localhost"):
            found = ["127.0.0.1"]
        else:
            number = int(host.removesuffix(".test").partition("-")[2])
            found = [(*PRIVATE_4, *PRIVATE_6)[number]]
        kinds = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
        return [
            ResolveResult(hostname=host, host=one, port=port, family=kind, proto=0, flags=0)
            for one, kind in zip(found, kinds, strict=True)
        ]

    async def close(self) -> None: ...


class Server:
    """Listens on every address; what comes to the public one is answered, what comes to another is counted."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.served = 0
        self.port = 0

    def targets(self) -> list[str]:
        """Where the public address redirects to."""
        names = [f"n-{number}.test" for number in range(len(PRIVATE_4) + len(PRIVATE_6))]
        hosts = [*LITERALS, *names, "both.test"]
        absolute = [f"http://{host}:{self.port}/" for host in hosts]
        return [*absolute, f"//127.0.0.1:{self.port}/", f"//localhost:{self.port}/"]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Path /STATUS/N redirects to the Nth target, /away by a relative step, all else is a page."""
        place = str(writer.get_extra_info("sockname")[0]).removeprefix("::ffff:")
        if place != PUBLIC:
            self.arrived[place] += 1
        else:
            self.served += 1
            with suppress(asyncio.IncompleteReadError):
                path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
                writer.write(self._answer(path))
        writer.close()

    def _answer(self, path: str) -> bytes:
        parts = path.strip("/").split("/")
        if parts[0] == "away":
            return _redirect(302, "../302/0")
        if not parts[0].isdigit() or not parts[-1].isdigit():
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        return _redirect(int(parts[0]), self.targets()[int(parts[1])])


def _redirect(status: int, to: str) -> bytes:
    return f"HTTP/1.1 {status} away\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


def furnish() -> list[str]:
    """Bring loopback up with all these addresses; those that the kernel refuses are left out."""
    have = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four:
        ioctl(four, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
        for number, address in enumerate((PUBLIC, *PRIVATE_4[1:])):
            name = f"lo:{number}".encode()
            ioctl(four, _ADD_ADDRESS, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address)))
            have.append(address)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        index = socket.if_nametoindex("lo")
        for address in PRIVATE_6[1:]:
            with suppress(OSError):
                ioctl(six, _ADD_ADDRESS, struct.pack("16sIi", socket.inet_pton(socket.AF_INET6, address), 128, index))
                have.append(address)
    return have


async def ask_everything() -> dict[str, object]:
    """All ways to a private address, and two that show that connections could arrive and would be counted."""
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)  # finds a port that is free everywhere
    server.port = listening.sockets[0].getsockname()[1]
    listening.close()
    both = socket.create_server(("::", server.port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=256)
    listening = await asyncio.start_server(server.serve, sock=both)
    base = f"http://{PUBLIC}:{server.port}"
    outcomes: dict[str, str] = {}
    async with Client(user_agent="wirewatch/0.1", connect_seconds=2.0, resolver=Names()) as client:

        async def ask(name: str, url: str) -> None:
            answer = await client.get(Ask(url, seconds=5.0))
            outcomes[name] = str(answer.reason) if isinstance(answer, Failed) else type(answer).__name__

        await ask("public", f"{base}/page")
        for number, target in enumerate(server.targets()):
            await ask(target, target)
            for status in STATUSES:
                await ask(f"{status} to {target}", f"{base}/{status}/{number}")
        await ask("a name, both", f"http://mixed.test:{server.port}/page")
        await ask("a relative step", f"{base}/away/x")
        await ask("a name, first public", f"http://flip.test:{server.port}/page")
        connector = client._direct.connector
        assert isinstance(connector, aiohttp.TCPConnector)
        connector.clear_dns_cache()  # as ten seconds do
        await ask("a name, then private", f"http://flip.test:{server.port}/page")
    arrived = dict(server.arrived)
    control = []
    for address in ("10.0.0.1", "::1"):
        reader, writer = await asyncio.open_connection(address, server.port)
        await reader.read()
        writer.close()
        control.append(server.arrived[address])
    listening.close()
    return {"outcomes": outcomes, "arrived": arrived, "served": server.served, "control": control}


if __name__ == "__main__":
    addresses = furnish()
    print(json.dumps({"addresses": addresses, **asyncio.run(ask_everything())}))
