"""Who may come in: a plain ASGI middleware before all routes and the websocket.

On loopback everybody on this machine may, under one of loopback's names (a foreign name that is made to resolve to
127.0.0.1 is a foreign page's way in). Where a password or a proxy's header is set, or the address is not loopback, one
of them is asked for: HTTP Basic, then a signed cookie, because browsers send no password with a websocket.

Whoever comes in has a name, for `web.people` to find in the scope: the proxy's, the one that signed in, or LOCAL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.settings import Settings
from core.text import one_line
from web.loopback import is_loopback

COOKIE = "wirewatch"
COOKIE_AGE_S = 7 * 24 * 3600
OPEN = ("/healthz", "/links/", "/static/")  # the second are signed themselves
SAFE = ("GET", "HEAD", "OPTIONS")
SOCKET = "/_nicegui_ws/"

WHO = "wirewatch.who"  # the key in the scope
LOCAL = "local"  # who comes from this machine, where nobody is asked
LONGEST_NAME = 80

SIGN_IN = (401, "sign in")
FOREIGN_NAME = (
    403,
    "this page is open to this machine only; set WIREWATCH_PASSWORD or WIREWATCH_USER_HEADER to open it",
)
FOREIGN_PAGE = (403, "refused: asked for by another site's page")

Refusal = tuple[int, str]  # status, words


class Guard:
    """Lets known people in, and nothing that another site's page asks for in their name."""

    def __init__(self, app: ASGIApp, *, settings: Settings, key: str) -> None:
        self._app = app
        self._password = settings.password
        self._user_header = settings.user_header.lower()
        self._free = is_loopback(settings.host) and not (settings.password or settings.user_header)
        of_password = hashlib.sha256(settings.password.encode()).hexdigest()  # a new password ends old sessions
        self._signer = URLSafeTimedSerializer(key, salt=f"wirewatch.session.{of_password}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket") or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        if refusal := self._refusal(scope, headers):
            await _refuse(scope, send, refusal)
            return
        scope[WHO] = who = self._name(headers)
        if self._free or self._has_cookie(headers) or not self._brings_password(headers):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _adding(send, b"set-cookie", self._cookie(scope, headers, who)))

    def _name(self, headers: dict[str, str]) -> str:
        """Of whom `_refusal` lets in."""
        if self._free:
            return LOCAL
        named = headers.get(self._user_header, "") if self._user_header else ""
        return one_line(named or _basic(headers)[0] or self._of_cookie(headers), LONGEST_NAME) or LOCAL

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Refusal | None:
        if self._free and not is_loopback(_name_of(headers.get("host", ""))):
            return FOREIGN_NAME
        if not (self._free or self._is_known(headers)):
            return SIGN_IN
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE or scope["path"].startswith(SOCKET)
        return FOREIGN_PAGE if changes and not _same_origin(headers) else None

    def _is_known(self, headers: dict[str, str]) -> bool:
        """Whether a trusted proxy names the user, the password is brought, or a cookie of ours comes back."""
        named = bool(self._user_header and headers.get(self._user_header))
        return named or self._brings_password(headers) or self._has_cookie(headers)

    def _brings_password(self, headers: dict[str, str]) -> bool:
        password = _basic(headers)[1]
        return bool(self._password) and hmac.compare_digest(password.encode(), self._password.encode())

    def _has_cookie(self, headers: dict[str, str]) -> bool:
        return bool(self._of_cookie(headers))

    def _of_cookie(self, headers: dict[str, str]) -> str:
        """The name in a cookie of ours, or nothing."""
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
            return str(self._signer.loads(cookie.value, max_age=COOKIE_AGE_S)) if cookie else ""
        except (BadSignature, CookieError):
            return ""

    def _cookie(self, scope: Scope, headers: dict[str, str], who: str) -> bytes:
        over_tls = "https" in (scope.get("scheme"), headers.get("x-forwarded-proto"))
        value = self._signer.dumps(who)
        text = f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_AGE_S}{'; Secure' * over_tls}"
        return text.encode()


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _basic(headers: dict[str, str]) -> tuple[str, str]:
    """Name and password as HTTP Basic brings them; two empty ones otherwise."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _name_of(host: str) -> str:
    """A Host header's name, without its port; "" for one that cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_origin(headers: dict[str, str]) -> bool:
    """A browser says whose page asks; programs that say nothing are no browsers."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


async def _refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    status, words = refusal
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    if status == SIGN_IN[0]:
        headers.append((b"www-authenticate", b'Basic realm="wirewatch", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words.encode()})


def _adding(send: Send, name: bytes, value: bytes) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (name, value)]}
        await send(message)

    return adding
