"""One page or feed, asked for because a person named its address."""

from __future__ import annotations

from core.errors import InputError, NotAvailable
from core.reasons import Reason
from core.settings import Settings
from fetching.client import Ask, Client, Failed, Fetched

NOT_NOW = frozenset(
    {
        Reason.DNS,
        Reason.REFUSED,
        Reason.CONNECT_TIMEOUT,
        Reason.UNREACHABLE,
        Reason.TIMEOUT,
        Reason.BROKEN_ANSWER,
        Reason.HTTP_STATUS,
        Reason.RATE_LIMITED,
    }
)


async def fetched(client: Client, url: str) -> Fetched:
    """What is there. Raises NotAvailable when the host does not give it now, InputError when it never will."""
    answer = await _answered(client, url)
    if isinstance(answer, Fetched):
        return answer
    why = told(url, answer)
    if answer.reason in NOT_NOW:
        raise NotAvailable(why, hint="try it again later")
    hints = {
        Reason.BAD_URL: "an address begins with https:// or http://",
        Reason.FORBIDDEN_ADDRESS: "WIREWATCH_ALLOW_ADDRESSES names the networks that are allowed",
    }
    raise InputError(why, hint=hints.get(answer.reason, ""))


def told(url: str, failed: Failed) -> str:
    """Why there is nothing, in words."""
    return f"{url}: {failed.reason.sentence}" + (f" ({failed.detail})" if failed.detail else "")


async def _answered(client: Client, url: str) -> Fetched | Failed:
    answer = await client.get(Ask(url=url))
    if isinstance(answer, Fetched | Failed):
        return answer
    raise InputError(f"{url}: not modified")


async def answered_alone(settings: Settings, url: str) -> Fetched | Failed:
    """What is there, or why there is nothing, with a client of its own."""
    async with own_client(settings) as client:
        return await _answered(client, url)


async def fetched_alone(settings: Settings, url: str) -> Fetched:
    """What is there, with a client of its own. Raises as `fetched` does."""
    async with own_client(settings) as client:
        return await fetched(client, url)


def own_client(settings: Settings) -> Client:
    """A client as these settings want it, opened and closed by whoever asks."""
    return Client(user_agent=settings.user_agent, allow=settings.allow_addresses, trust_env=settings.proxy_from_env)
