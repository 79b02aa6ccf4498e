"""The versions that are pinned together do work together: the traps of some neighbours make no error, only no runs."""

from __future__ import annotations

import asyncio
import importlib
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.flows.conftest import client_of

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


def test_the_server_can_be_imported() -> None:
    assert importlib.import_module("prefect.server.api.server").create_app


async def test_an_interval_deployment_gets_a_run_within_half_a_minute(prefect_server: str) -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

    from flows.ingest import ingest

    with client_of(prefect_server):
        deployment_id = await (await ingest.ato_deployment(name="pins", interval=timedelta(minutes=1))).aapply()
        chosen = DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id]))
        until = time.monotonic() + 150
        runs: list[Any] = []
        async with get_client() as client:
            while not runs and time.monotonic() < until:
                runs = list(await client.read_flow_runs(deployment_filter=chosen))
                await asyncio.sleep(0.5)
    assert runs
