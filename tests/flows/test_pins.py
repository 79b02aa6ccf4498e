"""The versions that are pinned together do work together: the traps of some neighbours make no error, only no runs."""

from __future__ import annotations

import importlib
import time
from datetime import timedelta

import pytest


@pytest.mark.filterwarnings("ignore")
def test_the_server_can_be_imported() -> None:
    assert importlib.import_module("prefect.server.api.server").create_app


@pytest.mark.filterwarnings("ignore")
async def test_an_interval_deployment_gets_a_run_within_half_a_minute(prefect_api: None) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    from flows.ingest import ingest

    deployment = await ingest.ato_deployment(name="pins", interval=timedelta(minutes=1))
    deployment_id = await deployment.aapply()
    until = time.monotonic() + 30
    async with get_client() as client:
        runs = []
        while not runs and time.monotonic() < until:
            chosen = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
            runs = await client.read_flow_runs(deployment_filter=chosen)
        assert runs
        await client.delete_deployment(deployment_id)
