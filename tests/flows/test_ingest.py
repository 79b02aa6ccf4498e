"""The ingest flow over the seeds: its report, its task runs, and when it does nothing."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

import seeds
from cli.demo_servers import World, world
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.run import job_lock
from tests.sinks.http import HttpSink

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("WIREWATCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("WIREWATCH_CONFIG", str(tmp_path / "watch.yaml"))
    monkeypatch.setenv("WIREWATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("WIREWATCH_ALLOW_ADDRESSES", "127.0.0.0/8")
    monkeypatch.setenv("WIREWATCH_PAGE_SPACING", "0")
    return tmp_path


@pytest.fixture
async def around(environment: Path) -> AsyncIterator[World]:
    async with world() as found:
        text = seeds.watch_text(found.bases, found.mail_port, found.hook_port)
        (environment / "watch.yaml").write_text(text, "utf-8")
        yield found


async def task_runs(flow_run_id: Any) -> int:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    async with get_client() as client:
        chosen = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
        return len(await client.read_task_runs(flow_run_filter=chosen))


async def test_a_run_brings_the_seeds_to_their_receivers_and_reports_counts_that_add_up(
    prefect_api: None, around: World
) -> None:
    from prefect.artifacts import Artifact

    from flows.ingest import REPORT, ingest

    state = await cast(Any, ingest)(return_state=True)
    result = await state.result()
    counts = {(row["step"], row["outcome"], row["reason"]): row["count"] for row in result["counts"]}
    assert counts["articles", "new", ""] == counts["read", "ready", ""] == 14
    assert counts["match", "hit", ""] + counts["match", "no hit", ""] == 14
    assert counts["deliver", "sent", ""] == 6
    assert len(around.received.mails) == len(around.received.hooks) == 3
    assert result["failures"] == []
    assert 1 <= await task_runs(state.state_details.flow_run_id) <= 6
    artifact = await Artifact.aget(REPORT)
    assert artifact is not None
    assert "deliver" in str(artifact.data)


async def test_an_idle_run_starts_no_task_run_and_tells_nothing_twice(prefect_api: None, around: World) -> None:
    from flows.ingest import ingest

    await ingest()
    state = await cast(Any, ingest)(return_state=True)
    assert (await state.result())["skipped"] == "not_due"
    assert await task_runs(state.state_details.flow_run_id) == 0
    assert len(around.received.hooks) == 3


async def test_a_run_ends_at_once_while_another_holds_the_lock(prefect_api: None, around: World) -> None:
    from flows.ingest import ingest

    async with open_app(Settings()) as app, job_lock(app, "ingest") as held:
        assert held
        assert (await ingest())["skipped"] == "locked"
    assert around.received.hooks == []


async def test_a_run_that_comes_more_than_an_interval_late_is_done_unless_another_began_meanwhile(
    prefect_api: None, around: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows import ingest as module

    monkeypatch.setattr(module, "lateness", lambda: timedelta(minutes=3))
    assert (await module.ingest())["skipped"] == ""  # a machine so slow that all come late
    told = len(around.received.hooks)
    assert (await module.ingest())["skipped"] == "late_run"
    assert len(around.received.hooks) == told == 3


async def test_a_run_and_an_idle_one_are_heartbeats_and_one_that_finds_another_at_work_is_none(
    prefect_api: None, around: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.ingest import ingest

    with HttpSink() as monitor:
        monkeypatch.setenv("WIREWATCH_HEARTBEAT_URL", monitor.url("/ping"))
        await ingest()
        assert len(monitor.requests) == 1
        assert (await ingest())["skipped"] == "not_due"
        assert len(monitor.requests) == 2
        async with open_app(Settings()) as app, job_lock(app, "ingest"):
            assert (await ingest())["skipped"] == "locked"
    assert len(monitor.requests) == 2
