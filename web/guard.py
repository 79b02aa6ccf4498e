"""Who may come in: a plain ASGI middleware before all routes and the websocket. `web.routes` says which route is for
whom, `web.entrance` checks what visitors bring.

On loopback everybody on this machine may, under one of loopback's names (a foreign name that is made to resolve to
127.0.0.1 is a foreign page's way in). Where a password or a proxy's header is set, the address is not loopback, or a
proxy says for whom it asks, people sign in: with the form, or with HTTP Basic; then a signed cookie stands for it,
because browsers send no password with a websocket. Programs bring a token, which opens the API and nothing else.

Whoever comes in has a name, for `web.people` to find in the scope: the proxy's, the one that signed in, or LOCAL.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from urllib.parse import quote, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.errors import NotAvailable
from core.settings import Settings
from core.text import one_line
from storage.engine import Database
from web.entrance import COOKIE as COOKIE
from web.entrance import LOCAL as LOCAL
from web.entrance import LONGEST_NAME, Entrance, Wait, is_over_tls
from web.loopback import is_loopback
from web.routes import API, SIGN_IN, Audience, audience

SAFE = ("GET", "HEAD", "OPTIONS")
ASKED_AGAIN_S = 2.0  # how long an open page's visitor is believed
SOCKET = "/_nicegui_ws/"

WHO = "wirewatch.who"  # the key in the scope
ENTRANCE = "wirewatch.entrance"  # likewise: what the sign-in page checks passwords with

PROXIED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")  # what proxies add

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody does not come in."""

    status: int
    words: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


BASIC = (b"www-authenticate", b'Basic realm="wirewatch", charset="UTF-8"')
BEARER = (b"www-authenticate", b'Bearer realm="wirewatch"')
UNKNOWN = Refusal(401, "sign in", (BASIC,))
NO_TOKEN = Refusal(401, "bring a token: `wirewatch users token` makes one", (BEARER,))
FOREIGN_NAME = Refusal(
    403,
    "this page is open to this machine only; set WIREWATCH_PASSWORD or WIREWATCH_USER_HEADER to open it, "
    "or have a proxy that adds X-Forwarded-For and run `wirewatch users add`",
)
FOREIGN_PAGE = Refusal(403, "refused: asked for by another site's page")
ONLY_READS = Refusal(403, "this token may only read: `wirewatch users token` makes one without --read-only")
REMOVED = Refusal(403, "this user was removed")
NOT_NOW = Refusal(503, "the database does not answer", ((b"retry-after", b"10"),))


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who may come in; `cookie` is what keeps them signed in from now on."""

    name: str
    cookie: str = ""


def may_be_free(settings: Settings, headers: Mapping[str, str]) -> bool:
    """Whether nobody has to sign in who asks with these headers: this machine asks, and no proxy on it for another."""
    local = is_loopback(settings.host) and not (settings.password or settings.user_header)
    return local and not any(name in headers for name in PROXIED)


class Guard:
    """Lets known people and programs in, and nothing that another site's page asks for in their name."""

    def __init__(self, app: ASGIApp, *, settings: Settings, key: str, db: Database | None = None) -> None:
        self._app = app
        self._user_header = settings.user_header.lower()
        self._settings = settings
        self._entrance = Entrance(settings, key, db)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        who = audience(scope["path"])
        if who is Audience.EVERYBODY:
            await self._app(scope, receive, send)
            return
        headers = _headers(scope["headers"])
        try:
            entered = self._foreign(scope, headers) or await self._entered(who, scope, headers)
        except NotAvailable:
            entered = NOT_NOW
        if isinstance(entered, Refusal):
            await _refuse(scope, headers, send, entered)
            return
        scope[WHO], scope[ENTRANCE] = entered.name, self._entrance
        if scope["type"] == "websocket":
            receive = self._while_let_in(entered.name, who, scope, receive, send)
        await self._app(
            scope, receive, _adding(send, b"set-cookie", entered.cookie.encode()) if entered.cookie else send
        )

    def _while_let_in(self, name: str, who: Audience, scope: Scope, receive: Receive, send: Send) -> Receive:
        """What an open page's socket brings, for as long as its visitor would come in anew: a removed user's page, or
        that of one with another password, ends with the next thing it says; its heartbeat comes every four seconds.
        """
        headers, asked = _headers(scope["headers"]), monotonic()

        async def received() -> Message:
            nonlocal asked
            message = await receive()
            if message["type"] != "websocket.receive" or monotonic() - asked < ASKED_AGAIN_S:
                return message
            asked = monotonic()
            with suppress(NotAvailable):
                now = await self._entered(who, scope, headers)
                if isinstance(now, Refusal) or now.name != name:
                    await send({"type": "websocket.close", "code": 4403})
                    return {"type": "websocket.disconnect", "code": 4403}
            return message

        return received

    def _foreign(self, scope: Scope, headers: dict[str, str]) -> Refusal | None:
        """Whether another site's page asks, in the name of whoever looks at it."""
        if may_be_free(self._settings, headers) and not is_loopback(_name_of(headers.get("host", ""))):
            return FOREIGN_NAME
        changes = scope["type"] == "websocket" or scope["method"] not in SAFE or scope["path"].startswith(SOCKET)
        return FOREIGN_PAGE if changes and not _same_origin(headers) else None

    async def _entered(self, who: Audience, scope: Scope, headers: dict[str, str]) -> Entered | Refusal:
        if who is Audience.PROGRAM:
            return await self._program(scope, headers)
        believed = self._user_header and self._entrance.is_proxy(_peer(scope))
        named = one_line(_written(headers.get(self._user_header, "")), LONGEST_NAME) if believed else ""
        if named and await self._entrance.has_left(named):
            return REMOVED
        if named or (named := await self._entrance.of_cookie(headers)):
            return Entered(named)
        if may_be_free(self._settings, headers) or who is Audience.DOOR:
            return Entered(LOCAL)
        return await self._of_basic(scope, headers)

    async def _program(self, scope: Scope, headers: dict[str, str]) -> Entered | Refusal:
        """By its token; on loopback without one, too. A cookie or a password opens nothing here."""
        if may_be_free(self._settings, headers) and "authorization" not in headers:
            return Entered(LOCAL)
        kind, _, token = headers.get("authorization", "").partition(" ")
        program = await self._entrance.of_token(token.strip()) if kind.lower() == "bearer" else None
        if program is None:
            return NO_TOKEN
        return ONLY_READS if program.read_only and scope.get("method") not in SAFE else Entered(program.person)

    async def _of_basic(self, scope: Scope, headers: dict[str, str]) -> Entered | Refusal:
        brought = _basic(headers)
        if brought is None:
            return UNKNOWN
        known = await self._entrance.of_password(*brought, self._entrance.address_of(_peer(scope), headers))
        if known is None:
            return UNKNOWN
        if isinstance(known, Wait):
            return too_often(known)
        over_tls = is_over_tls(scope.get("scheme", ""), headers)
        return Entered(known.name, self._entrance.cookie(known, over_tls=over_tls))


def too_often(wait: Wait) -> Refusal:
    """What somebody is told who tried too often."""
    seconds = math.ceil(wait.seconds)
    return Refusal(429, f"too many attempts: wait {seconds} seconds", ((b"retry-after", str(seconds).encode()),))


def _peer(scope: Scope) -> str:
    """Whose connection it is."""
    return str((scope.get("client") or ("", 0))[0])


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _written(value: str) -> str:
    """What a proxy wrote into a header: UTF-8, as most do; the bytes of what is none are letters, as HTTP has it."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _basic(headers: dict[str, str]) -> tuple[str, str] | None:
    """Name and password as HTTP Basic brings them."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, password = base64.b64decode(value, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
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
    try:
        return origin is None or urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def _wants_page(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a person's browser asks, for something to look at."""
    return scope["method"] == "GET" and "text/html" in headers.get("accept", "")


async def _refuse(scope: Scope, headers: dict[str, str], send: Send, refusal: Refusal) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403})
        return
    if refusal is UNKNOWN and _wants_page(scope, headers):
        refusal = _to_sign_in(scope)
    kind, body = _said(scope["path"], refusal)
    sent: Headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


def _to_sign_in(scope: Scope) -> Refusal:
    """A browser is shown the form, and led back to where it wanted to go."""
    wanted = scope["path"] + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
    place = f"{SIGN_IN}?next={quote(wanted, safe='/')}" if wanted != "/" else SIGN_IN
    return Refusal(303, "sign in", ((b"location", place.encode()),))


def _said(path: str, refusal: Refusal) -> tuple[bytes, bytes]:
    """The content type and the body of a refusal: of the API a problem (RFC 9457)."""
    if path == API or path.startswith(f"{API}/"):
        problem = {"type": "about:blank", "title": refusal.words, "status": refusal.status}
        return b"application/problem+json", json.dumps(problem).encode()
    return b"text/plain; charset=utf-8", refusal.words.encode()


def _adding(send: Send, name: bytes, value: bytes) -> Send:
    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (name, value)]}
        await send(message)

    return adding
