"""Whose certificates are believed: those of the system, or of `SSL_CERT_FILE`."""

from __future__ import annotations

import functools
import ssl


@functools.cache
def certificates() -> ssl.SSLContext:
    """The one context of the process: hosts and chains are checked. Building one costs 25 ms."""
    return ssl.create_default_context()
