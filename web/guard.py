"""Who may come in, and the headers of every answer: a plain ASGI middleware before all routes and the websocket.

On loopback everybody on this machine may. Elsewhere a password (HTTP Basic, then a signed cookie) or a proxy's header is asked for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings
from web.loopback import is_loopback

COOKIE = "wirewatch"
COOKIE_AGE_S = 7 * 24 * 3600
OPEN = ("/healthz", "/links/")  # the second are signed themselves
# Vue compiles templates in the browser ('unsafe-eval') and NiceGUI writes styles and its start-up script into the page.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Guard:
    """Lets known people in, refuses websockets of foreign pages, and adds the headers."""

    def __init__(self, app: ASGIApp, *, settings: Settings, key: str) -> None:
        self._app = app
        self._settings = settings
        self._free = is_loopback(settings.host) and not settings.password
        self._signer = URLSafeTimedSerializer(key, salt="wirewatch.session")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        fresh = self._signs_in(headers)
        if not (self._free or fresh or scope["path"].startswith(OPEN) or self._is_known(headers)):
            await _refuse(scope, send, 401, [(b"www-authenticate", b'Basic realm="wirewatch", charset="UTF-8"')])
        elif scope["type"] == "websocket" and not _same_origin(headers):
            await _refuse(scope, send, 403, [])
        else:
            cookie = [self._cookie(scope)] if fresh and not self._free else []
            await self._app(scope, receive, _adding(send, [*HEADERS, *cookie]))

    def _signs_in(self, headers: dict[str, str]) -> bool:
        """Whether this request brings the password."""
        kind, _, value = headers.get("authorization", "").partition(" ")
        if not self._settings.password or kind.lower() != "basic":
            return False
        try:
            _, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return hmac.compare_digest(password.encode(), self._settings.password.encode())

    def _is_known(self, headers: dict[str, str]) -> bool:
        """Whether a trusted proxy names the user, or a cookie of ours comes back."""
        if self._settings.user_header and headers.get(self._settings.user_header.lower()):
            return True
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        try:
            return cookie is not None and bool(self._signer.loads(cookie.value, max_age=COOKIE_AGE_S))
        except BadSignature:
            return False

    def _cookie(self, scope: Scope) -> tuple[bytes, bytes]:
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        value = self._signer.dumps("user")
        text = f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE_S}{secure}"
        return b"set-cookie", text.encode()


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _same_origin(headers: dict[str, str]) -> bool:
    """A browser says where a page that opens a websocket is from; programs that say nothing are no browsers."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def _refuse(scope: Scope, send: Send, status: int, headers: list[tuple[bytes, bytes]]) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    await send({"type": "http.response.start", "status": status, "headers": [*HEADERS, *headers]})
    await send({"type": "http.response.body", "body": b"sign in" if status == 401 else b"refused"})


def _adding(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], *headers]}
        await send(message)

    return adding
