"""What Prefect itself tells: runs that nobody takes, and runs that failed. Beside our own notices, not in their place:
these need a server that is well, the heartbeat's address needs nothing of ours.

Prefect sends through a block, which holds an address or a password, so the operators make it: one of Prefect's own
notification blocks, named `wirewatch-operators`. Without it the automations are there, and show in its event feed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient, get_client
from prefect.events.actions import DoNothing, SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

from flows.automations import make_once

BLOCK = "wirewatch-operators"
LATE = "wirewatch: no run is taken"
FAILED = "wirewatch: a run failed"
LATE_AFTER = timedelta(minutes=10)  # and told again as often
AGAIN_AFTER = timedelta(hours=1)  # of failing runs of one deployment
RUN = "prefect.flow-run"
DEPLOYMENT = "related:deployment:prefect.resource.id"


async def install(late_after: timedelta = LATE_AFTER) -> bool:
    """Make both automations with the server; returns whether there is a block for them to send by.

    Those of an earlier `deploy` are the operators' own to change: one that does nothing yet is given the block.
    """
    async with get_client() as client:
        block = await _block(client)
    for made in (_late(block, late_after), _failed(block)):
        known = await make_once(made)
        if known and block and all(isinstance(action, DoNothing) for action in known.actions):
            made.id, made.enabled = known.id, known.enabled
            await made.aupdate()
    return block is not None


async def _block(client: PrefectClient) -> UUID | None:
    """The operators' block of whatever type."""
    documents = await client.read_block_documents(limit=200)
    return next((one.id for one in documents if one.name == BLOCK), None)


def _late(block: UUID | None, after: timedelta) -> Automation:
    """A run was late, and no run of its deployment began for so long: no worker is there, or none has room."""
    return Automation(
        name=LATE,
        description=f"Sends through the notification block {BLOCK}, once there is one and `wirewatch deploy` has run.",
        trigger=EventTrigger(
            after={f"{RUN}.Late"},
            expect={f"{RUN}.Running", f"{RUN}.Completed"},
            posture=Posture.Proactive,
            within=after,
            **_ours(),
        ),
        actions=[
            _tell(block, "wirewatch: no run is taken", f"No run began for {after.total_seconds() / 60:g} minutes")
        ],
    )


def _failed(block: UUID | None) -> Automation:
    """A run of a deployment failed; told once an hour."""
    return Automation(
        name=FAILED,
        description=f"Sends through the notification block {BLOCK}, once there is one and `wirewatch deploy` has run.",
        trigger=EventTrigger(
            expect={f"{RUN}.Failed", f"{RUN}.Crashed"}, posture=Posture.Reactive, within=AGAIN_AFTER, **_ours()
        ),
        actions=[_tell(block, FAILED, "{{ flow_run.state.message }}")],
    )


def _ours() -> dict[str, Any]:
    """Of runs of our deployments, each deployment for itself."""
    tag = {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.wirewatch"}
    return {
        "match": ResourceSpecification({"prefect.resource.id": [f"{RUN}.*"]}),
        "match_related": ResourceSpecification(tag),
        "for_each": {DEPLOYMENT},
        "threshold": 1,
    }


def _tell(block: UUID | None, subject: str, body: str) -> SendNotification | DoNothing:
    if block is None:
        return DoNothing()
    text = f"{body}\nDeployment {{{{ deployment.name }}}}, run {{{{ flow_run.name }}}}: {{{{ flow_run|ui_url }}}}"
    return SendNotification(block_document_id=block, subject=subject, body=text)
