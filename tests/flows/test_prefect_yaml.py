"""prefect.yaml, read by Prefect's own loader, says what `deploy` registers; people see what each parameter is for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from core.settings import Settings
from tests.flows.conftest import AUTH, client_of

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(240)]  # Prefect's own
ROOT = Path(__file__).parents[2]


def loaded(path: Path) -> list[dict[str, Any]]:
    from prefect.cli.deploy._config import _load_deploy_configs_and_actions
    from rich.console import Console

    with Path(os.devnull).open("w") as nowhere:
        return _load_deploy_configs_and_actions(path, console=Console(file=nowhere))[0]


def as_registered() -> list[dict[str, Any]]:
    """What `deploy` registers with default settings, in the words of prefect.yaml."""
    from flows.serve import POOL, deployments

    made = asyncio.run(deployments(Settings(_env_file=None), pool=POOL))
    return [
        {
            "name": one.name,
            "entrypoint": one.entrypoint,
            "tags": one.tags,
            "parameters": one.parameters,
            "schedules": [(cast(Any, each.schedule).interval, each.active) for each in one.schedules or ()],
            "pool": one.work_pool_name,
        }
        for one in made
    ]


def as_written(path: Path) -> list[dict[str, Any]]:
    return [
        {
            "name": one["name"],
            "entrypoint": one["entrypoint"],
            "tags": one["tags"],
            "parameters": one.get("parameters", {}),
            "schedules": [(_length(each["interval"]), each.get("active", True)) for each in one["schedules"]],
            "pool": one["work_pool"]["name"],
        }
        for one in loaded(path)
    ]


def _length(interval: Any) -> timedelta:
    from pydantic import TypeAdapter

    return TypeAdapter(timedelta).validate_python(interval)


def test_the_file_holds_the_deployments_that_deploy_registers() -> None:
    assert as_written(ROOT / "prefect.yaml") == as_registered()


def test_the_file_brings_no_code_along_and_runs_nothing_before() -> None:
    document = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    assert [document[name] for name in ("build", "push", "pull")] == [[], [], []]


def test_its_entrypoints_load_the_flows() -> None:
    from prefect.flows import load_flow_from_entrypoint

    from flows.serve import plans

    for plan, one in zip(plans(60), loaded(ROOT / "prefect.yaml"), strict=True):
        assert load_flow_from_entrypoint(one["entrypoint"]) is plan.flow


def test_each_parameter_of_each_deployment_has_a_title_and_says_what_it_is_for() -> None:
    from flows.serve import deployments

    seen: dict[str, Mapping[str, Any]] = {}
    for deployment in asyncio.run(deployments(Settings(_env_file=None))):
        assert deployment.description
        properties = deployment._parameter_openapi_schema.properties
        seen |= {f"{deployment.name}.{name}": schema for name, schema in properties.items()}
    assert "ingest.only" in seen
    assert [name for name, schema in seen.items() if not (schema["title"] and schema.get("description"))] == []


@pytest.mark.faults
async def test_prefect_deploy_all_makes_what_wirewatch_deploy_makes(prefect_server: str) -> None:
    from prefect.client.orchestration import get_client

    from flows.serve import plans, register_deployments

    async def known() -> list[dict[str, Any]]:
        alike = ("name", "entrypoint", "tags", "parameters", "parameter_openapi_schema", "description", "pull_steps")
        async with get_client() as client:
            read = [await client.read_deployment_by_name(f"{plan.flow.name}/{plan.name}") for plan in plans(60)]
        return [
            {name: getattr(one, name) or None for name in (*alike, "work_pool_name")}
            | {"schedules": [(cast(Any, each.schedule).interval, each.active) for each in one.schedules]}
            for one in read
        ]

    with client_of(prefect_server):
        await register_deployments(1)
        ours = await known()
        environ = {**os.environ, "PREFECT_API_URL": prefect_server, "PREFECT_API_AUTH_STRING": AUTH}
        command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
        ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environ, capture_output=True, text=True)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert await known() == ours


def test_the_guide_for_containers_says_what_prefect_can_read(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text("utf-8")
    pool = guide.split("```yaml\n    work_pool:\n")[1].split("```")[0]
    written = "deployments:\n  - name: x\n    entrypoint: flows.ingest:ingest\n    work_pool:\n" + pool
    (tmp_path / "prefect.yaml").write_text(written, "utf-8")
    (read,) = loaded(tmp_path / "prefect.yaml")
    assert read["work_pool"]["name"] == "wirewatch-docker"
    assert {"image", "env", "networks", "volumes"} <= set(read["work_pool"]["job_variables"])
