"""One polite, guarded GET.

    get ── hop ── hop …            at most 5 redirects, followed by hand: each URL checked, each address judged
           └ slot of the host      2 at a time to one host, `concurrency` in all; waiting is not counted
           └ connect 10 s          guard.py judges the resolved address where the socket is made
           └ status, headers       64 KB of headers
           └ body                  streamed, decoded and counted by decoding.py
                                   all hops together within the ask's seconds of wall clock

No cookies, no Referer, no connections kept (1,500 idle TLS hosts hold 530 MB), nothing retried.
"""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from core import addresses, urls
from core.clock import Clock, SystemClock
from core.errors import InputError, ItemFailed, NotAvailable
from core.reasons import Reason
from core.settings import Network
from core.shortage import HINT, behind, told_as_not_available
from core.text import clean
from core.threads import require_room
from core.tls import certificates
from fetching.answers import Answer, Ask, Failed, Fetched, NotModified
from fetching.decoding import ACCEPTED, Body, TooBig, Undecodable
from fetching.failures import LostConnection, explain
from fetching.guard import ForbiddenAddress, Names, guarded_sockets
from fetching.headers import media_type, retry_after
from fetching.wire import HEADER_BYTES, Connector

__all__ = ["Answer", "Ask", "Client", "Failed", "Fetched", "NotModified"]

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
PER_HOST = 2
ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_OF_STATUS = {404: Reason.NOT_FOUND, 410: Reason.GONE, 429: Reason.RATE_LIMITED}
MayGo = Callable[[str], Awaitable[Failed | None]]  # why a redirect must not be followed to this URL; None: it may


@dataclass(frozen=True, slots=True)
class _Way:
    """How far a request has come: where it is, whether every hop was permanent, and what is left of its time."""

    url: str
    hops: int
    permanent: bool
    seconds: float

    @property
    def moved_to(self) -> str:
        return self.url if self.hops and self.permanent else ""


@dataclass(frozen=True, slots=True)
class _Turn:
    to: str
    permanent: bool


class Client:
    """Asks servers. An async context manager; one for the whole process, shared by all that fetch.

    `allow` opens private networks; (0.0.0.0/0, ::/0) opens all, for URLs that the operator wrote himself.
    `trust_env` sends requests through the environment's HTTP(S)_PROXY: then the proxy's address is the operator's
    business, the target's is judged only where the URL names one, and what names resolve to is for the proxy to judge.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow: Sequence[Network] = (),
        concurrency: int = 100,
        trust_env: bool = False,
        connect_seconds: float = CONNECT_SECONDS,
        resolver: AbstractResolver | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._allow = tuple(allow)
        self._slots = _Slots(concurrency)
        self._proxies = _proxies() if trust_env else {}
        self._connect_seconds = connect_seconds
        self._resolver = resolver
        self._clock = clock or SystemClock()
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        resolver = self._resolver or Names()
        self._open.push_async_callback(resolver.close)
        self._direct = await self._open.enter_async_context(
            _session(
                Connector(ssl=certificates(), resolver=resolver, socket_factory=guarded_sockets(self._allow)),
                self._connect_seconds,
            )
        )
        self._proxied = await self._open.enter_async_context(
            _session(Connector(ssl=certificates(), resolver=resolver), self._connect_seconds)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def get(self, ask: Ask, may_go: MayGo | None = None) -> Answer:
        """The answer to `ask`. A fault of server or network never raises: it is a Failed with its Reason. Raises
        NotAvailable when this machine has no descriptor or memory left for asking.

        `may_go` is asked before a redirect is followed to another host; its waiting is not counted.
        """
        way, host = _Way(ask.url, 0, True, ask.seconds), urls.host_of(ask.url)
        while way.hops <= MAX_REDIRECTS:
            try:
                urls.check(way.url)
                before, host = host, urls.host_of(way.url)
                if may_go and host != before and (refused := await may_go(way.url)):
                    return replace(refused, url=ask.url, detail=_elsewhere(way, refused.detail))
                step = await self._hop(ask, way)
            except ItemFailed as fault:
                return self._failed(ask, way, fault.reason, fault.detail)
            if not isinstance(step, _Way):
                return step
            way = step
        return self._failed(ask, way, Reason.TOO_MANY_REDIRECTS, f"more than {MAX_REDIRECTS} redirects")

    def is_full(self, host: str) -> bool:
        """Whether a request to `host` would wait until another one's answer is here."""
        return self._slots.is_full(host)

    async def _hop(self, ask: Ask, way: _Way) -> Answer | _Way:
        async with AsyncExitStack() as place:
            try:
                await place.enter_async_context(self._slots.at(urls.host_of(way.url), ask.patience))
            except TimeoutError:
                return self._failed(ask, way, Reason.RATE_LIMITED, "two other requests have no answer there yet")
            loop = asyncio.get_running_loop()
            until = loop.time() + way.seconds
            try:
                async with asyncio.timeout_at(until):
                    step = await self._exchange(ask, way)
            except (aiohttp.ClientError, MemoryError, OSError, ValueError, TooBig, Undecodable) as fault:
                with told_as_not_available():
                    _blame_nobody_else(fault)
                return self._failed(ask, way, *explain(fault))
        if isinstance(step, _Turn):
            return _Way(step.to, way.hops + 1, way.permanent and step.permanent, until - loop.time())
        return step

    async def _exchange(self, ask: Ask, way: _Way) -> Answer | _Turn:
        url = urls.asked(way.url)
        session, proxy = self._road(url)
        headers = self._headers(ask, way.url)
        async with session.get(url, headers=headers, proxy=proxy, allow_redirects=False) as response:
            if sum(len(name) + len(value) + 4 for name, value in response.raw_headers) > HEADER_BYTES:
                raise TooBig(f"more than {HEADER_BYTES} bytes of headers")
            if response.status in _REDIRECTS and "Location" in response.headers:
                return _Turn(_target(way.url, response.headers["Location"]), response.status in _PERMANENT)
            if response.status == 304 and ("If-None-Match" in headers or "If-Modified-Since" in headers):
                return NotModified(way.url, ask.url, _plain(response), way.moved_to)
            if not 200 <= response.status < 300:
                return self._refused(ask, way, response)
            return _fetched(ask, way, response, await _body(response, ask.max_bytes))

    def _road(self, url: URL) -> tuple[aiohttp.ClientSession, str | None]:
        """The session for `url`, and the proxy it goes through."""
        proxy = self._proxies.get(url.scheme)
        if not proxy or urllib.request.proxy_bypass(url.raw_host or ""):
            return self._direct, None
        host = url.raw_host or ""
        if addresses.refusal(host) != addresses.NO_ADDRESS and not addresses.allowed(host, self._allow):
            raise ForbiddenAddress(f"{host}: {addresses.refusal(host)} address")
        return self._proxied, proxy

    def _headers(self, ask: Ask, url: str) -> dict[str, str]:
        headers = {
            "User-Agent": self._user_agent,
            "Accept": ask.accept or ACCEPT,
            "Accept-Encoding": ACCEPTED,
            "Connection": "close",
        }
        if urls.same_site(ask.url, url):
            headers |= ask.headers
        if url == (ask.validators_for or url):
            headers |= {"If-None-Match": ask.etag} if ask.etag else {}
            headers |= {"If-Modified-Since": ask.last_modified} if ask.last_modified else {}
        return headers

    def _refused(self, ask: Ask, way: _Way, response: aiohttp.ClientResponse) -> Failed:
        status = response.status
        wait = retry_after(_plain(response), self._clock.now())
        reason = _OF_STATUS.get(status, Reason.HTTP_STATUS)
        if status == 503 and wait is not None:
            reason = Reason.RATE_LIMITED
        return replace(
            self._failed(ask, way, reason, f"status {status} {clean(response.reason or '')[:60]}".strip()),
            status=status,
            retry_after=wait,
        )

    def _failed(self, ask: Ask, way: _Way, reason: Reason, detail: str) -> Failed:
        return Failed(ask.url, reason, _elsewhere(way, detail), host=urls.host_of(way.url))


def _proxies() -> dict[str, str]:
    """The environment's proxies by scheme; `proxy.example:3128`, as many write it, is one that speaks HTTP. Raises
    InputError for one of another kind: spoken to in HTTP, it would fail each feed for what no feed is to blame for.
    """
    found = {scheme: one if "://" in one else f"http://{one}" for scheme, one in urllib.request.getproxies().items()}
    for scheme in ("http", "https"):
        kind = found.get(scheme, "http://").strip().lower().partition("://")[0]
        if kind not in ("http", "https"):
            raise InputError(
                f"{scheme.upper()}_PROXY is of the kind {kind}://, which is not used",
                hint="name an HTTP proxy, or set WIREWATCH_PROXY_FROM_ENV=false",
            )
    return found


def _elsewhere(way: _Way, detail: str) -> str:
    """`detail` with the host when it is not the one that was asked."""
    return f"redirected to {urls.host_of(way.url) or 'a bad URL'}: {detail}" if way.hops else detail


def _blame_nobody_else(fault: BaseException) -> None:
    """Raise what this machine is short of, where that is behind a fault: it is not the server's then. When memory runs
    out within an answer, the library keeps of that its words at best: so it is looked whether there is any now.
    """
    if short := behind(fault):
        raise NotAvailable(f"this machine is short of something: {short}", hint=HINT) from fault
    if isinstance(fault, aiohttp.ClientError):
        require_room()


class _Slots:
    """Room for requests: so many in all, two to one host. Whoever waits for a slow host takes nobody's place."""

    def __init__(self, total: int) -> None:
        self._all = asyncio.Semaphore(total)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def is_full(self, host: str) -> bool:
        of_host = self._hosts.get(host)
        return of_host is not None and of_host.locked()

    @asynccontextmanager
    async def at(self, host: str, patience: float | None = None) -> AsyncIterator[None]:
        """A place. Raises TimeoutError when the host has none for so many seconds; of all there is one in the end."""
        of_host = self._hosts.setdefault(host, asyncio.Semaphore(PER_HOST))
        async with asyncio.timeout(patience):
            await of_host.acquire()
        try:
            async with self._all:
                yield
        finally:
            of_host.release()


async def _ask_once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps the library from asking twice when a server hangs up: hosts count our requests."""
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as fault:
        raise LostConnection(str(fault)) from fault


def _session(connector: Connector, connect_seconds: float) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=connect_seconds),
        auto_decompress=False,
        max_line_size=16_384,
        max_headers=1_000,  # of HEADER_BYTES together
        max_field_size=32_768,  # content security policies of over 8 KB, the library's default, are seen
        middlewares=(_ask_once,),
    )


def _target(url: str, location: str) -> str:
    """Where a redirect leads, without the fragment; as it was written when it leads nowhere, to be refused as such."""
    return (urls.join(url, location) or location).partition("#")[0]


def _plain(response: aiohttp.ClientResponse) -> dict[str, str]:
    headers = response.headers
    return {name.lower(): clean(", ".join(headers.getall(name))) for name in headers}


def _verbatim(response: aiohttp.ClientResponse, name: str) -> str:
    """A validator as it was sent; none at all when its bytes could not be stored and sent back unchanged."""
    value = response.headers.get(name, "")
    return value if value.isprintable() else ""


async def _body(response: aiohttp.ClientResponse, limit: int) -> bytes:
    if (response.content_length or 0) > limit:
        raise TooBig(f"says it is {response.content_length} bytes; the limit is {limit}")
    body = Body(response.headers.get("Content-Encoding", ""), limit)
    async for piece in response.content.iter_any():
        body.add(piece)
    return body.whole()


def _fetched(ask: Ask, way: _Way, response: aiohttp.ClientResponse, body: bytes) -> Fetched:
    headers = _plain(response)
    kind, charset = media_type(headers)
    return Fetched(
        url=way.url,
        asked=ask.url,
        status=response.status,
        headers=headers,
        body=body,
        etag=_verbatim(response, "ETag"),
        last_modified=_verbatim(response, "Last-Modified"),
        moved_to=way.moved_to,
        content_type=kind,
        charset=charset,
        sent=tuple((name.lower(), clean(value)) for name, value in response.headers.items()),
    )
