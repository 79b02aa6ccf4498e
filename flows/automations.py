"""Automations with Prefect's server, each there once, however many workers register them at the same time."""

from __future__ import annotations

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError


async def make_once(automation: Automation) -> Automation | None:
    """Make an automation unless there is one of its name: that one is returned as it is, None where this was made.

    The server takes two of one name. Of those that several workers made in the same moment the one with the least id
    stays, whoever looks.
    """
    async with get_client() as client:
        there = await client.read_automations_by_name(name=automation.name)
        if there:
            return Automation(**there[0].model_dump())
        await automation.acreate()
        made = sorted(await client.read_automations_by_name(name=automation.name), key=lambda one: one.id)
        for twin in made[1:]:
            try:
                await client.delete_automation(twin.id)
            except PrefectHTTPStatusError as error:
                if error.response.status_code != 404:  # another of them was faster
                    raise
    return None
