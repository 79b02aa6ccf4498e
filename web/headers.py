"""The headers of every answer, and a nonce for the scripts of each page: a plain ASGI middleware around everything.

NiceGUI writes its start-up script into the page and Vue compiles templates in the browser: docs/decisions.md says what
that costs. Text from the web cannot add a script of its own: it stands escaped in the page, so only the framework's
own script tags are there to be given the nonce.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import MutableMapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
BARE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
UNTRUSTED = (b"x-forwarded-prefix",)  # NiceGUI would write it into redirects and pages
_SCRIPT = re.compile(rb"<script\b")


class Headers:
    """Adds the headers; an answer that brings a Content-Security-Policy keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer back with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = [pair for pair in scope["headers"] if pair[0].lower() not in UNTRUSTED]
        await self._app({**scope, "headers": kept}, receive, _Answer(send))


class _Answer:
    """One answer on its way out: HTML waits until it is whole, everything else passes."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: MutableMapping[str, object] | None = None
        self._body = bytearray()
        self._nonce = secrets.token_urlsafe(16)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._finish(self._start)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(raw=list(message["headers"]))
        framework = "content-security-policy" not in headers
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        message = {**message, "headers": headers.raw}
        is_page = headers.get("content-type", "").startswith("text/html") and "content-encoding" not in headers
        if framework:
            headers["content-security-policy"] = POLICY.format(nonce=self._nonce) if is_page else BARE_POLICY
        if framework and is_page:
            self._start = message
        else:
            await self._send(message)

    async def _finish(self, start: Message) -> None:
        body = _SCRIPT.sub(b'<script nonce="' + self._nonce.encode() + b'"', bytes(self._body))
        headers = MutableHeaders(raw=start["headers"])
        headers["content-length"] = str(len(body))
        await self._send({**start, "headers": headers.raw})
        await self._send({"type": "http.response.body", "body": body})
