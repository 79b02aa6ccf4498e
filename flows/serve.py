"""The deployments in one place: served on this machine (`up`), or registered for a work pool (`deploy`, `worker`)."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

from prefect import Flow, aserve
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
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound, PrefectHTTPStatusError
from prefect.schedules import Schedule
from prefect.settings import PREFECT_API_URL

from core.errors import InputError, NotAvailable
from core.settings import Settings
from flows import operators, zombies
from flows.delivering import deliver
from flows.housekeeping import housekeeping
from flows.ingest import ingest
from pipeline.report import STEPS

POOL = "wirewatch"
# Flow runs in one serving process. Our own lock keeps ingest to one at work; others may still wait, for up to twelve
# minutes, for mail servers that do not answer (pipeline/outlast.py: one run a channel that hangs).
AT_ONCE = 6
TAGS = ["wirewatch"]
SHARD = re.compile(r"ingest(-\d+)?")  # a deployment's name, see `deployments`
FIRST_RUN_S = 2
HOUSEKEEPING_S = 3600.0  # each of its parts is due by its own clock


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment: what `serve`, `deploy` and prefect.yaml have in common."""

    flow: Flow[Any, Any]
    name: str
    every_s: float | None  # None: when somebody starts it
    active: bool = True  # else its schedule waits until somebody switches it on
    parameters: Mapping[str, Any] = field(default_factory=dict)


def plans(every_s: float, shards: int = 1, *, apart: bool = False) -> list[Plan]:
    """Ingest once a shard, each with its own lock; deliver, at work where it is `apart` from ingest; housekeeping; and
    backfill, where Dask is installed.
    """
    names = ["ingest"] if shards == 1 else [f"ingest-{shard}" for shard in range(1, shards + 1)]
    steps = {"steps": [step for step in STEPS if step != "deliver"]} if apart else {}
    return [
        *(Plan(ingest, name, every_s, parameters={"lock": name, **steps}) for name in names),
        Plan(deliver, "deliver", every_s, active=apart),
        Plan(housekeeping, "housekeeping", HOUSEKEEPING_S),
        *_replaying(),
    ]


def _replaying() -> list[Plan]:
    if find_spec("prefect_dask") is None:  # the extra `dask`
        return []
    from flows.backfill import backfill

    return [Plan(backfill, "backfill", None)]


async def deployments(
    settings: Settings, shards: int = 1, *, pool: str | None = None, apart: bool = False
) -> list[RunnerDeployment]:
    """The plans as Prefect's deployments; for a work pool they name the modules of an installed wirewatch.

    The first run is due at once. Intervals are in UTC: a schedule in a zone with summer time leaves a hole in autumn.
    """
    soon = datetime.now(UTC) + timedelta(seconds=FIRST_RUN_S)
    made = []
    for plan in plans(settings.every_seconds, shards, apart=apart):
        schedule = plan.every_s and Schedule(
            interval=timedelta(seconds=plan.every_s), anchor_date=soon, active=plan.active
        )
        deployment = await plan.flow.ato_deployment(
            name=plan.name, work_pool_name=pool, tags=TAGS, parameters=dict(plan.parameters), schedule=schedule or None
        )
        if pool:
            deployment.entrypoint = entrypoint(plan.flow)
        made.append(deployment)
    return made


def entrypoint(flow: Flow[Any, Any]) -> str:
    """Where a worker finds the flow: a module of its own installation, so that no code travels."""
    return f"{flow.fn.__module__}:{flow.fn.__name__}"


async def register_deployments(shards: int, *, apart: bool = False) -> list[str]:
    """Make the work pool, the deployments and the automations with the server; returns the deployments' names.

    Shards of an earlier `deploy` that had another number of them go: each would poll under a lock of its own.
    Raises InputError when no server is named, and NotAvailable when it does not let us in.
    """
    if not PREFECT_API_URL.value():  # Prefect would start one that ends with us, and registers them there
        raise InputError("no Prefect server is named", hint="set PREFECT_API_URL to its API, http://HOST:4200/api")
    with let_in():
        async with get_client() as client:
            with suppress(ObjectAlreadyExists):  # made by an earlier `deploy`
                await client.create_work_pool(WorkPoolCreate(name=POOL, type="process"))
        made = await deployments(Settings(), shards, pool=POOL, apart=apart)
        for deployment in made:
            await deployment.aapply(work_pool_name=POOL)
        await _forget_other_shards({deployment.name for deployment in made})
        await zombies.install()
        await operators.install()
    return [f"{deployment.flow_name}/{deployment.name}" for deployment in made]


@contextmanager
def let_in() -> Iterator[None]:
    """Say in words that the server wants another password than ours."""
    try:
        yield
    except PrefectHTTPStatusError as error:
        if error.response.status_code not in (401, 403):
            raise
        raise NotAvailable(
            f"Prefect's server at {PREFECT_API_URL.value()} refuses us: {error.response.status_code}",
            hint="set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING (name:password)",
        ) from error


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
                with suppress(ObjectNotFound):  # another worker that starts just now was faster
                    await client.delete_deployment(deployment.id)


async def serve_here() -> None:
    """Serve the deployments from this process until it is stopped, the first run at once."""
    made = await deployments(Settings())
    await zombies.install()
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
