"""What a site's robots.txt lets us read: asked for article pages, not for feeds that somebody subscribed to."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from protego import Protego
from yarl import URL

from core import urls
from core.clock import Clock, SystemClock
from core.reasons import Reason
from fetching.answers import Answer, Ask, Failed, Fetched
from fetching.client import Client

KEPT = timedelta(hours=24)  # RFC 9309, 2.4
KEPT_AFTER_FAILURE = timedelta(minutes=30)
MOST_SITES = 5_000
MOST_BYTES = 512_000  # what RFC 9309, 2.5, asks to read at least

_NO_RULES = Protego.parse("")
_ADDRESS = frozenset({Reason.FORBIDDEN_ADDRESS, Reason.BAD_URL})  # said of where robots.txt leads, not of the page


@dataclass(frozen=True, slots=True)
class Heard:
    """What a site's robots.txt said, "" for none; or why it could not be asked for. It holds until then."""

    text: str
    failed: Failed | None
    until: datetime


class Memory(Protocol):
    """What several processes, one after the other or at the same time, know of sites."""

    async def recall(self, origin: str) -> Heard | None:
        """What was kept of this site last."""

    async def keep(self, origin: str, heard: Heard) -> None:
        """Keep it for the others."""


MOST_PAIRS = 2_000_000  # of an agent and a line
_AGENT = re.compile(r"\s*user[- ]?agent", re.IGNORECASE)


@dataclass(slots=True)
class _Site:
    rules: Protego = _NO_RULES
    failed: Failed | None = None  # why nothing is allowed, when the site is broken
    until: datetime | None = None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def learn(self, heard: Heard) -> None:
        self.rules = Protego.parse(heard.text) if heard.text and not _is_costly(heard.text) else _NO_RULES
        self.failed, self.until = heard.failed, heard.until


def _is_costly(text: str) -> bool:
    """Whether nobody could read it: each rule is kept for each agent that it may be of."""
    lines = text.splitlines()
    return sum(map(bool, map(_AGENT.match, lines))) * len(lines) > MOST_PAIRS


class Robots:
    """Answers from memory; asks each site once a day through the client, and once for all who wait.

    As RFC 9309 says: no robots.txt (4xx) means everything is allowed, a broken site (5xx, no answer) that nothing is,
    for half an hour. `user_agent` is the one the client sends. `memory` outlives this process: a scheduled run is a
    process of its own, and each would ask again.
    """

    def __init__(
        self, client: Client, *, user_agent: str, clock: Clock | None = None, memory: Memory | None = None
    ) -> None:
        self._client = client
        self._user_agent = user_agent
        self._clock = clock or SystemClock()
        self._memory = memory
        self._sites: OrderedDict[str, _Site] = OrderedDict()

    async def refusal(self, url: str) -> Failed | None:
        """Why the page at `url` may not be read: robots.txt says so, or could not be asked for. None: it may."""
        if not urls.is_usable(url):
            return Failed(url, Reason.BAD_URL, "")
        site = await self._site(str(URL(url).origin()))
        if site.failed:
            elsewhere = site.failed.reason in _ADDRESS and site.failed.host != urls.host_of(url)
            reason = Reason.ROBOTS if elsewhere else site.failed.reason
            return replace(site.failed, url=url, reason=reason, detail=f"robots.txt: {site.failed.detail}")
        return None if site.rules.can_fetch(url, self._user_agent) else Failed(url, Reason.ROBOTS, "")

    async def _site(self, origin: str) -> _Site:
        site = self._sites.setdefault(origin, _Site())
        self._sites.move_to_end(origin)
        if len(self._sites) > MOST_SITES:
            self._sites.popitem(last=False)
        async with site.asking:
            now = self._clock.now()
            if site.until is None or site.until <= now:
                heard = await self._memory.recall(origin) if self._memory else None
                if heard is None or not now < heard.until <= now + KEPT:  # a clock was wrong, if it holds for longer
                    heard = await self._ask(origin, now)
                site.learn(heard)
            return site

    async def _ask(self, origin: str, now: datetime) -> Heard:
        answer = await self._client.get(
            Ask(f"{origin}/robots.txt", accept="text/plain", max_bytes=MOST_BYTES, seconds=15.0)
        )
        failed = answer if isinstance(answer, Failed) and not _is_absent(answer) else None
        heard = Heard(_text(answer), failed, now + (KEPT_AFTER_FAILURE if failed else KEPT))
        if self._memory:
            await self._memory.keep(origin, heard)
        return heard


def _text(answer: Answer) -> str:
    return answer.body.decode("utf-8-sig", "replace") if isinstance(answer, Fetched) else ""


def _is_absent(failure: Failed) -> bool:
    """No file to speak of: the site says so, leads in circles, or sends something that can be no robots.txt."""
    if failure.reason in (Reason.TOO_MANY_REDIRECTS, Reason.TOO_BIG):
        return True
    return 400 <= failure.status < 500 and failure.status != 429
