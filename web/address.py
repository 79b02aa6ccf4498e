"""Whether the page may and can be served at an address: asked before anything is started."""

from __future__ import annotations

import errno
import socket

from core.errors import InputError, NotAvailable
from core.settings import Settings
from pipeline.people import any_named
from web.loopback import is_loopback

TAKEN = (errno.EADDRINUSE, errno.EACCES)


def check_address(settings: Settings, port: int) -> None:
    """Raises InputError for an open address with no password and no users, or a host that there is not, and
    NotAvailable for a port that something else has.
    """
    host = settings.host
    if not (is_loopback(host) or settings.password or settings.user_header or any_named(settings)):
        raise InputError(
            f"the page would be open to everybody at {host}",
            hint="set WIREWATCH_PASSWORD, or WIREWATCH_USER_HEADER behind a proxy that signs people in, "
            "or run `wirewatch users add`",
        )
    try:
        places = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise InputError(f"WIREWATCH_HOST {host}: {error.strerror}", hint="name an address of this machine") from None
    for family, kind, protocol, _, place in places:
        with socket.socket(family, kind, protocol) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server: what ended is no hindrance
            try:
                trial.bind(place)
            except OSError as error:
                if error.errno not in TAKEN:  # an IPv6 address on a machine without, say: the server knows what to do
                    continue
                raise NotAvailable(
                    f"the page cannot be served at {host}:{port}: {error.strerror}",
                    hint="stop what is there (another `wirewatch up`?), or choose a port with --port",
                ) from None
