"""`deploy` and `worker` over a real Prefect server: the deployments are there, and a scheduled run is made and done."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import seeds
from cli.demo_servers import world
from core.errors import NotAvailable
from tests.flows.conftest import AUTH, client_of

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(240)]  # Prefect's own; a loaded machine


def environment(folder: Path, api: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WIREWATCH_")}
    return inherited | {
        "PREFECT_API_URL": api,
        "PREFECT_API_AUTH_STRING": AUTH,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "WIREWATCH_CONFIG": str(folder / "watch.yaml"),
        "WIREWATCH_DATA": str(folder / "data"),
        "WIREWATCH_ALLOW_ADDRESSES": "127.0.0.0/8",
        "WIREWATCH_PAGE_SPACING": "0",
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "cli", *words]


@pytest.mark.faults  # a minute: a new process for each run
async def test_a_worker_runs_what_deploy_registered_and_stops_on_sigterm(prefect_server: str, tmp_path: Path) -> None:
    environ = environment(tmp_path, prefect_server)
    async with world() as around:
        text = seeds.watch_text(around.bases, around.mail_port, around.hook_port)
        (tmp_path / "watch.yaml").write_text(text, "utf-8")
        name = "WIREWATCH_ALLOW_ADDRESSES"  # without it the made-up sites are not asked
        (tmp_path / ".env").write_text(f"{name}={environ.pop(name)}\n", "utf-8")
        deployed = await asyncio.to_thread(
            subprocess.run, command("deploy", "--shards", "2"), env=environ, capture_output=True, text=True, timeout=120
        )
        assert deployed.returncode == 0, deployed.stderr
        for name in ("ingest/ingest-1", "ingest/ingest-2", "deliver/deliver", "housekeeping/housekeeping"):
            assert f"registered {name}" in deployed.stdout
        worker = subprocess.Popen(command("worker"), env=environ, cwd=tmp_path, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 150
            while len(around.received.hooks) < 3 and time.monotonic() < until:
                assert worker.poll() is None, "the worker ended by itself"
                await asyncio.sleep(0.5)
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(worker.wait, 60) == 0
        finally:
            worker.kill()
    rules = sorted(hook["rule"] for hook in around.received.hooks)
    assert rules == ["biden-trong-meeting", "blinken-trip", "us-vietnam-upgrade"]


async def test_deploying_again_leaves_as_many_shards_as_were_asked_for(prefect_server: str) -> None:
    from prefect.client.orchestration import get_client

    from flows.serve import register_deployments

    async def known() -> list[str]:
        async with get_client() as client:
            names = {one.name for one in await client.read_deployments()}
            return sorted(
                name for name in names if name.startswith(("backfill", "deliver", "housekeeping", "ingest"))
            )  # not other tests'

    with client_of(prefect_server):
        seen = []
        for shards in (1, 3, 1):
            await asyncio.gather(*(register_deployments(shards) for _ in range(3)))  # as three workers at their start
            seen.append(await known())
    assert seen[0] == seen[2] == ["backfill", "deliver", "housekeeping", "ingest"]
    assert seen[1] == ["backfill", "deliver", "housekeeping", "ingest-1", "ingest-2", "ingest-3"]


async def test_deploying_leaves_alone_what_others_registered_under_the_same_flow(prefect_server: str) -> None:
    from prefect import flow
    from prefect.client.orchestration import get_client

    from flows.serve import POOL, TAGS, register_deployments

    @flow(name="ingest")
    def sales() -> None:
        """Somebody else's."""

    others: list[dict[str, Any]] = [  # the last three are each like a shard of ours but for one thing
        {"name": "nightly-sales", "tags": ["sales"]},
        {"name": "ingest-7", "tags": TAGS},
        {"name": "ingest-of-sales", "tags": TAGS, "work_pool_name": POOL},
        {"name": "ingest-9", "tags": ["sales"], "work_pool_name": POOL},
    ]
    with client_of(prefect_server):
        await register_deployments(1)  # makes the work pool
        async with get_client() as client:
            flow_id = await client.create_flow(sales)
            made = [await client.create_deployment(flow_id, **one) for one in others]
            await register_deployments(1)
            left = {one.id for one in await client.read_deployments()}
            for one in left & set(made):
                await client.delete_deployment(one)
    assert left >= set(made)


async def test_each_automation_is_installed_once_by_however_many(prefect_server: str) -> None:
    from prefect.client.orchestration import get_client

    from flows import operators, zombies

    names = (zombies.NAME, operators.LATE, operators.FAILED)
    with client_of(prefect_server):
        async with get_client() as client:
            for name in names:
                for one in await client.read_automations_by_name(name):
                    await client.delete_automation(one.id)
            await asyncio.gather(*(install() for install in (zombies.install, operators.install) for _ in range(3)))
            assert not await zombies.install()
            assert [len(await client.read_automations_by_name(name)) for name in names] == [1, 1, 1]


async def test_what_up_serves_is_cleaned_up_after_a_kill_too(
    prefect_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.automations import Automation

    from flows import serve, zombies

    async def served(*_: Any, **__: Any) -> None:
        """Nothing."""

    monkeypatch.setattr(serve, "aserve", served)
    with client_of(prefect_server):
        await zombies.install()
        await (await Automation.aread(name=zombies.NAME)).adelete()
        await serve.serve_here()
        assert not await zombies.install()


def test_nothing_is_registered_where_no_server_is_named_and_nobody_hears_of_it(tmp_path: Path) -> None:
    environ = environment(tmp_path, "") | {"HOME": str(tmp_path), "PREFECT_HOME": str(tmp_path / "prefect")}
    for name in ("PREFECT_API_URL", "DO_NOT_TRACK"):
        del environ[name]
    told = "import flows, os; print(os.environ['DO_NOT_TRACK'])"
    seen = subprocess.run([sys.executable, "-c", told], env=environ, capture_output=True, text=True, check=True)
    assert seen.stdout == "1\n"
    ended = subprocess.run(command("deploy"), env=environ, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2, ended.stderr
    assert "set PREFECT_API_URL" in ended.stderr
    assert "registered" not in ended.stdout


@pytest.mark.parametrize(("word", "auth"), [("deploy", "wirewatch:wrong"), ("worker", "")])
async def test_a_server_that_wants_another_password_is_said_so_and_ends_the_command_with_3(
    prefect_server: str, tmp_path: Path, word: str, auth: str
) -> None:
    environ = environment(tmp_path, prefect_server) | {"PREFECT_API_AUTH_STRING": auth}
    ended = await asyncio.to_thread(
        subprocess.run, command(word), env=environ, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 3, ended.stderr
    assert "refuses us" in ended.stderr
    assert "PREFECT_SERVER_API_AUTH_STRING" in ended.stderr
    assert "wrong" not in ended.stderr
    assert "Traceback" not in ended.stderr


async def test_a_password_of_prefects_profile_that_is_refused_is_not_available_either(prefect_server: str) -> None:
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

    from flows.serve import register_deployments

    with (
        temporary_settings({PREFECT_API_URL: prefect_server, PREFECT_API_AUTH_STRING: "wirewatch:wrong"}),
        pytest.raises(NotAvailable, match="refuses us"),
    ):
        await register_deployments(1)


async def test_where_deliveries_are_apart_ingest_does_not_send_and_deliver_has_its_minute(prefect_server: str) -> None:
    from prefect.client.orchestration import get_client

    from flows.serve import register_deployments

    with client_of(prefect_server):
        seen = {}
        for apart in (True, False):
            await register_deployments(1, apart=apart)
            async with get_client() as client:
                ingest = await client.read_deployment_by_name("ingest/ingest")
                deliver = await client.read_deployment_by_name("deliver/deliver")
            seen[apart] = "steps" in ingest.parameters, [one.active for one in deliver.schedules]
            if apart:
                assert "deliver" not in ingest.parameters["steps"]
    assert seen == {True: (True, [True]), False: (False, [False])}
