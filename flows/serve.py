"""The deployments in one place: served on this machine (`up`), or registered for a work pool (`deploy`, `worker`)."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from prefect import aserve
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowFilter,
    FlowFilterName,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectAlreadyExists
from prefect.schedules import Interval

from core.settings import Settings
from flows import zombies
from flows.delivering import deliver
from flows.ingest import ingest

POOL = "wirewatch"
# Flow runs in one serving process. Our own lock keeps ingest to one at work; others may still wait, for up to twelve
# minutes, for mail servers that do not answer (pipeline/outlast.py: one run a channel that hangs).
AT_ONCE = 6
TAGS = ["wirewatch"]
SHARD = re.compile(r"ingest(-\d+)?")  # a deployment's name, see `deployments`
FIRST_RUN_S = 2
ENTRYPOINTS = {"ingest": "flows.ingest:ingest", "deliver": "flows.delivering:deliver"}  # of an installed wirewatch


async def deployments(settings: Settings, shards: int = 1, *, pool: str | None = None) -> list[RunnerDeployment]:
    """Ingest on its interval, once a shard, each with its own lock; deliver unscheduled, for a separate worker.

    The first run is due at once. Intervals are in UTC: a schedule in a zone with summer time leaves a hole in autumn.
    """
    soon = datetime.now(UTC) + timedelta(seconds=FIRST_RUN_S)
    schedule = Interval(timedelta(seconds=settings.every_seconds), anchor_date=soon)
    made = []
    for shard in range(1, shards + 1):
        name = "ingest" if shards == 1 else f"ingest-{shard}"
        parameters = {"lock": name}
        made.append(
            await ingest.ato_deployment(
                name=name, work_pool_name=pool, tags=TAGS, parameters=parameters, schedule=schedule
            )
        )
    made.append(await deliver.ato_deployment(name="deliver", work_pool_name=pool, tags=TAGS))
    for deployment in made if pool else ():
        deployment.entrypoint = ENTRYPOINTS[deployment.flow_name or ""]
    return made


async def register_deployments(shards: int) -> list[str]:
    """Make the work pool, the deployments and the automation with the server; returns the deployments' names.

    Shards of an earlier `deploy` that had another number of them go: each would poll under a lock of its own.
    """
    async with get_client() as client:
        with suppress(ObjectAlreadyExists):  # made by an earlier `deploy`
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
    made = await deployments(Settings(), shards, pool=POOL)
    for deployment in made:
        await deployment.aapply(work_pool_name=POOL)
    await _forget_other_shards({deployment.name for deployment in made})
    await zombies.install()
    return [f"{deployment.flow_name}/{deployment.name}" for deployment in made]


async def _forget_other_shards(names: set[str]) -> None:
    """Others may have a flow of this name on the same server: ours are known by pool, tag and name."""
    async with get_client() as client:
        known = await client.read_deployments(
            flow_filter=FlowFilter(name=FlowFilterName(any_=[ingest.name])),
            deployment_filter=DeploymentFilter(tags=DeploymentFilterTags(all_=TAGS)),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL])),
        )
        for deployment in known:
            if SHARD.fullmatch(deployment.name) and deployment.name not in names:
                await client.delete_deployment(deployment.id)


async def serve_here() -> None:
    """Serve the deployments from this process until it is stopped, the first run at once."""
    made = await deployments(Settings())
    await aserve(*made, limit=AT_ONCE, pause_on_shutdown=False)


def main() -> None:
    """`python -m flows.serve`: what `up` starts. SIGTERM stops it as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        asyncio.run(serve_here())
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
