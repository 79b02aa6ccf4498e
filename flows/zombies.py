"""Runs whose worker and process were both killed: Prefect shows them as running for ever unless they are crashed."""

from __future__ import annotations

from datetime import timedelta

from prefect.automations import Automation
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.automations import make_once

NAME = "wirewatch: crash runs without a heartbeat"
HEARTBEAT = "prefect.flow-run.heartbeat"
ENDINGS = ("Completed", "Failed", "Cancelled", "Crashed")
# Three of Prefect's default heartbeats (180 s): a shorter time crashes healthy runs.
LAPSE = timedelta(seconds=540)


async def install() -> bool:
    """Make the automation with the server, once; False when it is there already."""
    return await make_once(_automation()) is None


def _automation() -> Automation:
    return Automation(
        name=NAME,
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{ending}" for ending in ENDINGS)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=LAPSE,
        ),
        actions=[
            ChangeFlowRunState(state=StateType.CRASHED, message="no heartbeat: its worker and its process were killed")
        ],
    )
