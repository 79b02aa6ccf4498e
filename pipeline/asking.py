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
    answer = await client.get(Ask(url=url))
    if isinstance(answer, Fetched):
        return answer
    if not isinstance(answer, Failed):
        raise InputError(f"{url}: not modified")
    why = f"{url}: {answer.reason.sentence}" + (f" ({answer.detail})" if answer.detail else "")
    if answer.reason in NOT_NOW:
        raise NotAvailable(why, hint="try it again later")
    hints = {
        Reason.BAD_URL: "an address begins with https:// or http://",
        Reason.FORBIDDEN_ADDRESS: "WIREWATCH_ALLOW_ADDRESSES names the networks that are allowed",
    }
    raise InputError(why, hint=hints.get(answer.reason, ""))


async def fetched_alone(settings: Settings, url: str) -> Fetched:
    """The same, with a client of its own."""
    async with Client(user_agent=settings.user_agent, allow=settings.allow_addresses) as client:
        return await fetched(client, url)
