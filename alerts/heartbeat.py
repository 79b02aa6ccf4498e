"""The heartbeat: an address asked after each good run, at a service that rings when it is not asked any more."""

from __future__ import annotations

import aiohttp

from alerts.reach import guarded_connector
from alerts.webhook import CONNECT_SECONDS, in_words, refused_by_us

DEADLINE_SECONDS = 10.0  # for the whole exchange: a dead service must not hold up the next run


async def beat(url: str, *, seconds: float = DEADLINE_SECONDS, trust_env: bool = False) -> str:
    """Ask `url` once, with a GET; "" when it said 2xx, else what went wrong, without the address (it may be a secret).

    Redirects are not followed; link-local and metadata addresses are never asked, private ones are: it is the
    operator's own word, as a channel's is.
    """
    try:
        async with (
            aiohttp.ClientSession(
                connector=guarded_connector(),
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "wirewatch"},
                trust_env=trust_env,
            ) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except (aiohttp.ClientError, OSError, ValueError) as error:  # a time-out is an OSError
        if refused_by_us(error):
            return "the address is link-local or a metadata service: never asked"
        return in_words(error)
