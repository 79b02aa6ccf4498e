"""`housekeeping` and `deliver` as runs: what they do, the reports they leave, and our lines in Prefect's log."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any, cast

import pytest

import seeds
from core.settings import Settings
from pipeline.bootstrap import open_app
from pipeline.run import job_lock
from tests.flows.test_ingest import around as around
from tests.flows.test_ingest import environment as environment
from tests.flows.test_ingest import task_runs as task_runs
from tests.sinks.http import HttpSink

pytestmark = pytest.mark.filterwarnings("ignore")  # Prefect's own
World = Any


async def table(key: str) -> tuple[list[dict[str, Any]], str]:
    """The newest report of this key: its rows and what stands above them."""
    import json

    from prefect.artifacts import Artifact

    artifact = await Artifact.aget(key)
    assert artifact is not None
    return json.loads(cast(str, artifact.data)), artifact.description or ""


def adds_up(rows: list[dict[str, Any]]) -> bool:
    """Every row says how many its step had in all, and that is what the step's rows come to."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row["step"]] += row["count"]
    return all(row["of"] == sums[row["step"]] for row in rows)


async def logged(flow_run_id: Any) -> list[tuple[int, str]]:
    """Level and text of what the run's log holds."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
    from prefect.logging.handlers import APILogHandler

    await APILogHandler.aflush()
    chosen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[flow_run_id]))
    async with get_client() as client:
        return [(line.level, line.message) for line in await client.read_logs(chosen)]


async def test_what_ingest_leaves_to_others_is_sent_by_deliver_which_ends_in_order_on_sigterm(
    prefect_api: None, around: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.delivering import REPORT, deliver
    from flows.ingest import ingest

    monkeypatch.setattr("pipeline.cycle.PATIENCE_S", 60.0)
    await ingest(steps=["poll", "read", "match"])
    assert around.received.mails == around.received.hooks == []
    delivering = asyncio.create_task(cast(Any, deliver)(max_seconds=600.0))
    while len(around.received.mails) + len(around.received.hooks) < 6:
        await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    result = await delivering
    assert len(around.received.mails) == len(around.received.hooks) == 3
    rows, _ = await table(REPORT)
    assert adds_up(rows)
    assert {(row["step"], row["outcome"]): row["count"] for row in rows}["deliver", "sent"] == 6
    assert [{name: row[name] for name in row if name != "of"} for row in rows] == result["counts"]


async def test_a_delivery_run_sends_what_another_run_matches_meanwhile(prefect_api: None, around: World) -> None:
    from flows.delivering import deliver
    from flows.ingest import ingest

    delivering = asyncio.create_task(cast(Any, deliver)(max_seconds=600.0))
    await ingest(steps=["poll", "read", "match"])
    while len(around.received.hooks) < 3:
        await asyncio.sleep(0.05)
    delivering.cancel()
    await asyncio.gather(delivering, return_exceptions=True)


async def test_the_heartbeat_is_asked_by_who_sends_while_others_poll(
    prefect_api: None, around: World, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.delivering import deliver
    from flows.ingest import ingest

    with HttpSink() as monitor:
        monkeypatch.setenv("WIREWATCH_HEARTBEAT_URL", monitor.url("/beat"))
        await cast(Any, deliver)(max_seconds=0.0)
        assert monitor.requests == []  # nobody has polled
        for _ in range(2):  # the second finds nothing due
            await ingest(steps=["poll", "read", "match", "index"])
        assert monitor.requests == []
        await cast(Any, deliver)(max_seconds=0.0)
        assert len(monitor.requests) == 1


async def test_a_run_names_the_feeds_pages_and_receivers_that_failed_and_why(
    prefect_api: None, around: World, environment: Path
) -> None:
    from flows.ingest import REPORT, ingest

    text = seeds.watch_text(around.bases, around.mail_port, 1)  # nobody listens there
    gone = '\nfeeds:\n  - {url: "http://127.0.0.1:1/rss?token=hidden", name: Gone | Feed}'
    (environment / "watch.yaml").write_text(text.replace("\nfeeds:", gone, 1), "utf-8")
    state = await cast(Any, ingest)(return_state=True)
    rows, above = await table(REPORT)
    assert adds_up(rows)
    assert "| poll | Gone \\| Feed | refused |" in above
    assert above.count("| deliver |") == 3
    assert "hidden" not in above
    lines = await logged(state.state_details.flow_run_id)
    assert any(level == logging.WARNING and "step=poll feed=" in line for level, line in lines)
    assert any(level == logging.INFO and line.startswith("event=cycle seconds=") for level, line in lines)
    assert [line for _, line in lines if "hidden" in line] == []
    assert len([line for _, line in lines if line.startswith("event=cycle ")]) == 1


async def test_housekeeping_prunes_and_checks_once_a_day_and_reports(prefect_api: None, environment: Path) -> None:
    from flows.housekeeping import REPORT, housekeeping

    await housekeeping()
    rows, _ = await table(REPORT)
    assert adds_up(rows)
    assert {"step": "check", "outcome": "sound", "reason": "", "count": 1, "of": 1} in rows
    again = await housekeeping()
    assert {(row["step"], row["reason"]) for row in again["counts"]} == {("check", "not_due"), ("prune", "not_due")}
    neither = await housekeeping(prune=False, check=False)
    assert neither["counts"] == []


async def test_housekeeping_has_one_lock_for_all_machines(prefect_api: None, environment: Path) -> None:
    from flows.housekeeping import LOCK, housekeeping

    async with open_app(Settings()) as app, job_lock(app, LOCK):
        assert (await housekeeping())["skipped"] == "locked"
