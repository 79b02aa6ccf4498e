"""Which addresses a channel may reach: judged at connect, after the name was resolved, so no DNS answer gets round it.

A channel's host is the operator's own choice, so private addresses are fine (unlike those of feeds and pages).
Link-local and cloud metadata addresses never are: they hand out a machine's credentials to whoever asks.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from alerts.threads import in_thread
from core.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Link-local, where AWS, Azure, Google and OpenStack answer; then the metadata services that live elsewhere.
FORBIDDEN: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS
        "fd20:ce::254/128",  # Google
        "100.100.100.200/32",  # Alibaba
        "168.63.129.16/32",  # Azure's host agent
        "192.0.0.192/32",  # Oracle
    )
)
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class ForbiddenAddress(OSError):
    """The name led to an address that no channel may reach."""


def forbidden(address: str) -> bool:
    """Whether `address`, a numeric IP with or without a scope, is link-local or a metadata service, however wrapped."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(form in network for form in (parsed, *_inside(parsed)) for network in FORBIDDEN)


def _inside(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address may stand for: mapped, compatible, NAT64, 6to4."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    wrapped = [address.ipv4_mapped, address.sixtofour]
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        wrapped.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [inner for inner in wrapped if inner is not None]


def guard(address: str) -> None:
    """Raise ForbiddenAddress for an address no channel may reach."""
    if forbidden(address):
        raise ForbiddenAddress("link-local and metadata addresses are never asked")


def guarded_socket(found: tuple[Any, ...]) -> socket.socket:
    """A socket for one answer of getaddrinfo, judged first: aiohttp's `socket_factory`."""
    family, kind, protocol, _name, where = found
    guard(str(where[0]))
    return socket.socket(family=family, type=kind, proto=protocol)


class Names(AbstractResolver):
    """Host names to addresses, each asked for in a thread of its own: a name server may take half a minute."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of `host`; raises OSError when there are none."""
        ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=str(to[0]), port=port, family=kind, proto=protocol, flags=flags)
            for kind, _, protocol, _, to in await in_thread(ask, "names")
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def guarded_connector(tls: ssl.SSLContext | bool = True) -> aiohttp.TCPConnector:
    """What a session of one exchange connects through: each address is judged, and names are asked for by `Names`."""
    return aiohttp.TCPConnector(ssl=tls, force_close=True, socket_factory=guarded_socket, resolver=Names())


def connect(host: str, port: int, seconds: float) -> socket.socket:
    """A connection to the first address of `host` that answers, each tried for `seconds`; blocks.

    Raises OSError: the last address's failure, or ForbiddenAddress.
    """
    failure: OSError = socket.gaierror(socket.EAI_NONAME, "no address")
    for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            return _connected(found, seconds)
        except OSError as error:
            failure = error
    raise failure


def _connected(found: tuple[Any, ...], seconds: float) -> socket.socket:
    made = guarded_socket(found)
    try:
        made.settimeout(seconds)
        made.connect(found[4])
    except OSError:
        made.close()
        raise
    return made
