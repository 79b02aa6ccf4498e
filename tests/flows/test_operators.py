"""What Prefect tells: late and failed runs, by the operators' own block; and only of our deployments."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.flows.conftest import client_of
from tests.sinks.http import HttpSink

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(240)]  # Prefect's own


async def forget() -> None:
    """Take away what other tests had installed."""
    from prefect.client.orchestration import get_client

    from flows import operators

    async with get_client() as client:
        for name in (operators.LATE, operators.FAILED):
            for known in await client.read_automations_by_name(name):
                await client.delete_automation(known.id)
        for block in await client.read_block_documents(limit=200):
            if block.name == operators.BLOCK:
                await client.delete_block_document(block.id)


async def until(sink: HttpSink, word: str) -> None:
    end = time.monotonic() + 60
    while not any(word in str(one.json) for one in sink.requests) and time.monotonic() < end:
        await asyncio.sleep(0.2)


@pytest.mark.faults  # Prefect waits for ten seconds at least
async def test_runs_that_nobody_takes_and_runs_that_fail_are_told_by_the_operators_block(prefect_server: str) -> None:
    from prefect import flow
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.client.orchestration import get_client
    from prefect.states import Failed, Scheduled

    from flows import operators
    from flows.serve import TAGS

    @flow(name="told")
    async def told() -> None:
        """Never run."""

    with HttpSink() as sink, client_of(prefect_server):
        await forget()
        block: Any = CustomWebhookNotificationBlock(
            name="x", url=sink.url("/told"), json_data={"text": "{{subject}}: {{body}}"}
        )
        await block.save(operators.BLOCK)
        assert await operators.install(timedelta(seconds=10))  # Prefect allows no less
        async with get_client() as client:
            flow_id = await client.create_flow(told)
            ours = await client.create_deployment(flow_id, name="ours", tags=TAGS)
            others = await client.create_deployment(flow_id, name="others", tags=["sales"])
            past = datetime.now(UTC) - timedelta(minutes=1)
            for deployment in (others, ours):
                await client.create_flow_run_from_deployment(deployment, state=Scheduled(scheduled_time=past))
                run = await client.create_flow_run_from_deployment(deployment)
                await client.set_flow_run_state(run.id, Failed(message="no room on the disk"), force=True)
            await until(sink, "no room on the disk")
            await until(sink, "No run began")
            for deployment in (ours, others):
                await client.delete_deployment(deployment)
    said = [str(one.json["text"]) for one in sink.requests]
    assert [text for text in said if "others" in text] == []
    assert [text.partition("\n")[0] for text in said if "failed" in text] == [
        f"{operators.FAILED}: no room on the disk"
    ]
    assert any(text.startswith(f"{operators.LATE}: No run began") for text in said)


async def test_without_a_block_the_automations_do_nothing_and_what_operators_changed_stays(prefect_server: str) -> None:
    from prefect.automations import Automation
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    from flows import operators

    with client_of(prefect_server):
        await forget()
        assert not await operators.install()
        made: Any = await Automation.aread(name=operators.LATE)
        assert [action.type for action in made.actions] == ["do-nothing"]
        block: Any = CustomWebhookNotificationBlock(name="x", url="http://127.0.0.1:1/")
        await block.save(operators.BLOCK)
        assert await operators.install()
        made = await Automation.aread(name=operators.LATE)
        assert [action.type for action in made.actions] == ["send-notification"]
        made.actions[0].subject = "by hand"
        await made.aupdate()
        assert await operators.install()
        made = await Automation.aread(name=operators.LATE)
        assert made.actions[0].subject == "by hand"
        await forget()
