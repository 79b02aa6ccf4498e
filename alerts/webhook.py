"""Webhooks: a signed JSON POST with a stable key, which receivers are asked to collapse repeats by."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import aiohttp
import yarl

from alerts.answers import result_of
from alerts.channels import Channel, ChannelSettings, Target
from alerts.message import Message
from alerts.payload import body
from alerts.reach import ForbiddenAddress, forbidden, guarded_connector
from alerts.result import Result, ResultClass
from core.clock import Clock
from core.errors import InputError
from core.tls import certificates

CONNECT_SECONDS = 10.0
DEADLINE_SECONDS = 30.0  # for the whole exchange, whatever comes and goes meanwhile
_UNFIT = re.compile(r"[\\\s\x00-\x1f\x7f]")  # in a URL; parsers differ on what a backslash means
_SCHEMES = {"webhook": "http", "webhooks": "https"}


class WebhookChannel(Channel):
    """One address. webhook:// is http, webhooks:// is https; a user and password in it become Basic authentication.

    What follows a # is never sent: it is the secret that signs, `webhooks://hooks.example.org/path#${HOOK_SECRET}`.
    """

    concurrency = 2

    def __init__(
        self,
        settings: ChannelSettings,
        *,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        seconds: float = DEADLINE_SECONDS,
    ) -> None:
        self.name = settings.name
        self.scheme = settings.scheme
        self.on_unknown = settings.on_unknown
        self._url, self._sign_in = address_of(settings)
        self._secret = signing_key(settings)
        self._clock = clock
        self._trust_env = settings.trust_env
        self._tls = tls or certificates()
        self._seconds = seconds

    async def send(self, message: Message, target: Target, *, key: str) -> Result:
        """POST once; see Channel. Redirects are not followed."""
        payload = body(message, key)
        progress = _Progress()
        try:
            async with self._session(progress) as session:
                headers = headers_for(key, payload, self._clock.now(), self._secret) | self._sign_in
                async with session.post(self._url, data=payload, headers=headers, allow_redirects=False) as answer:
                    return result_of(answer.status, answer.headers)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
            return _failure(error, progress)

    def _session(self, progress: _Progress) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=guarded_connector(self._tls),
            timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=min(CONNECT_SECONDS, self._seconds)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[progress.traced()],
            trust_env=self._trust_env,
        )


@dataclass(slots=True)
class _Progress:
    """Whether anything of the request left: from then on a lost answer may mean that it was taken."""

    sent: bool = False

    def traced(self) -> aiohttp.TraceConfig:
        """What aiohttp calls when the request's first bytes go out."""
        config = aiohttp.TraceConfig()
        config.on_request_headers_sent.append(self._note)
        return config

    async def _note(self, _session: aiohttp.ClientSession, _context: SimpleNamespace, _sent: Any) -> None:
        self.sent = True


def headers_for(key: str, payload: bytes, now: datetime, secret: bytes) -> dict[str, str]:
    """The request's headers; with a secret, signed as Standard Webhooks says (HMAC-SHA256 of id.timestamp.body)."""
    stamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "wirewatch",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": stamp,
    }
    if secret:
        signed = hmac.new(secret, f"{key}.{stamp}.".encode() + payload, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(signed).decode()}"
    return headers


def _failure(error: Exception, progress: _Progress) -> Result:
    """What it means that no answer came."""
    if refused_by_us(error):
        return Result(ResultClass.AUTH, "the address is link-local or a metadata service: never asked")
    if progress.sent:
        return Result(ResultClass.UNKNOWN, f"{in_words(error)}, after the message was sent")
    late = isinstance(error, TimeoutError)
    return Result(ResultClass.TEMP, "no connection in time" if late else in_words(error))


def refused_by_us(error: BaseException | None) -> bool:
    """Whether it was our own guard that kept the request from being made."""
    while error is not None:
        if isinstance(error, ForbiddenAddress) or isinstance(getattr(error, "os_error", None), ForbiddenAddress):
            return True
        error = error.__cause__
    return False


def in_words(error: Exception) -> str:
    """The failure without the address, which may hold a secret."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return "the host's certificate is not valid"
        case aiohttp.ClientConnectorDNSError():
            return "the host's name could not be resolved"
        case aiohttp.ClientConnectorError(os_error=OSError(strerror=str(words))):
            return f"no connection: {words}"
        case TimeoutError():
            return "no answer in time"
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return "the connection broke"
        case _:
            return type(error).__name__


def address_of(settings: ChannelSettings) -> tuple[yarl.URL, dict[str, str]]:
    """The http(s) address of a webhook(s) URL, and the header of the sign-in it held; InputError does not show it."""
    written = _SCHEMES[settings.scheme] + "://" + settings.url.partition("#")[0].partition("://")[2]
    try:
        url = yarl.URL(written, encoded=written.isascii())  # as written: a signed query allows no other spelling
        usable = bool(url.host) and url.port != 0 and not _UNFIT.search(written)
    except ValueError:
        usable = False
    if not usable:
        raise InputError(
            f"channel {settings.name}: its URL cannot be used", hint="write webhooks://hooks.example.org/path"
        )
    if forbidden(url.host or ""):
        raise InputError(f"channel {settings.name}: link-local and metadata addresses are never asked")
    if not url.user:
        return url, {}
    pair = base64.b64encode(f"{url.user}:{url.password or ''}".encode()).decode()
    return url.with_user(None), {"Authorization": f"Basic {pair}"}


def signing_key(settings: ChannelSettings) -> bytes:
    """The bytes a webhook is signed with: whsec_ and base64 as Standard Webhooks writes it, else the text itself."""
    _, signed, secret = settings.url.partition("#")
    if signed and not secret.removeprefix("whsec_"):
        raise InputError(
            f"channel {settings.name}: the secret after its # is empty", hint="write one, or leave out the # as well"
        )
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise InputError(f"channel {settings.name}: what follows whsec_ in its secret is not base64") from None
