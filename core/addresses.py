"""Which addresses may be asked. Pure: the client judges every address here right before it connects.

Anything a web page, a feed or a redirect names must lead to the public internet; what is private is opened by an
allow-list only. Python's own `is_private` and `is_global` each miss ranges (carrier NAT, NAT64, 6to4, multicast,
site-local), so the ranges are spelt out and wrapped IPv4 addresses are unwrapped first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Network

Address = IPv4Address | IPv6Address

NO_ADDRESS = "not an address"  # what `refusal` says of a host name

_NAT64 = IPv6Network("64:ff9b::/96")
# Refused although Python 3.11 calls them global, or calls them so in some of its versions.
_SPECIAL: tuple[tuple[Network, str], ...] = (
    (IPv4Network("100.64.0.0/10"), "shared address of a carrier's NAT"),
    (IPv4Network("192.0.0.0/24"), "protocol assignments"),
    (IPv4Network("192.88.99.0/24"), "6to4 relay"),
    (IPv4Network("168.63.129.16/32"), "metadata service of a cloud"),
    (IPv6Network("3fff::/20"), "documentation"),
    (IPv6Network("5f00::/16"), "segment routing"),
    (IPv6Network("64:ff9b:1::/48"), "local NAT64"),
)


def allowed(address: str | Address, allow: Sequence[Network] = ()) -> bool:
    """Whether `address` may be connected to: it is public, or a network of `allow` holds it.

    An IPv4-mapped IPv6 address counts as its IPv4 address. Text that is no address is refused.
    """
    known = _read(address)
    if known is None:
        return False
    plain = _unmapped(known)
    return any(plain in network or known in network for network in allow) or not refusal(known)


def refusal(address: str | Address) -> str:
    """Why `address` is not public, in two or three words; empty when it is."""
    known = _read(address)
    if known is None:
        return NO_ADDRESS
    if isinstance(known, IPv6Address):
        if known.scope_id:
            return "address of one link"
        inner = _wrapped(known)
        if inner:
            return next(filter(None, map(refusal, inner)), "")
    return _own_refusal(known)


def _read(address: str | Address) -> Address | None:
    if not isinstance(address, str):
        return address
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def _unmapped(address: Address) -> Address:
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _wrapped(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a packet for `address` would end at or pass through."""
    if address in _NAT64:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    return tuple(filter(None, (address.ipv4_mapped, address.sixtofour, *(address.teredo or ()))))


def _own_refusal(address: Address) -> str:
    for network, why in _SPECIAL:
        if address in network:
            return why
    kinds = (
        (address.is_loopback, "loopback"),
        (address.is_link_local, "link-local"),
        (address.is_multicast, "multicast"),
        (address.is_unspecified, "unspecified"),
        (getattr(address, "is_site_local", False), "site-local"),
        (address.is_reserved, "reserved"),
        (not address.is_global, "private"),
    )
    return next((why for is_so, why in kinds if is_so), "")
