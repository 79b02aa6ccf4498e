"""Ports of this machine."""

from __future__ import annotations

import socket
from ipaddress import ip_address

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def url_here(host: str, port: int) -> str:
    """The address at which a browser on this machine finds what listens on `host`; loopback for all of its own."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"http://{host or LOOPBACK}:{port}"
    if address.version == 6:
        return f"http://[{'::1' if address.is_unspecified else address}]:{port}"
    return f"http://{LOOPBACK if address.is_unspecified else address}:{port}"
