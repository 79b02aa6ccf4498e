"""`ingest`: one cycle of the pipeline as a flow run: poll, read, match, alert and deliver at the same time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from core.log import pairs
from core.reasons import Reason
from core.settings import Settings
from flows.running import publish, run_logs, stop_on_sigterm
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.cycle import Cycle
from pipeline.follow import follow_file
from pipeline.heartbeat import beat
from pipeline.lookout import look_after
from pipeline.report import STEPS, Report
from pipeline.run import anything_due, began_lately, begin, finish, job_lock, run_step, steps_of

logger = logging.getLogger(__name__)
REPORT = "ingest-report"
_open: dict[str, Cycle] = {}  # cycles of this process by id: tasks are given ids, never the objects


@task(name="step", task_run_name="{step}", cache_policy=NO_CACHE)
async def run_one_step(step: str, cycle: str, only: list[str]) -> dict[str, int]:
    """One step of an open cycle, to its end; returns its counts by outcome."""
    await run_step(_open[cycle], step, only)
    return dict(_open[cycle].report.steps().get(step, {}))


@flow(name="ingest", flow_run_name="ingest", validate_parameters=True)
async def ingest(
    only: list[str] = [],  # noqa: B006 - Prefect shows the default
    max_seconds: float | None = None,
    lock: str = "ingest",
    steps: list[str] = [],  # noqa: B006
) -> dict[str, Any]:
    """Poll what is due, read and match what is new, deliver what is owed; the counts become the run's report.

    Ends at once when another run holds the lock, or when it comes more than an interval late and another has begun
    since: after an outage Prefect starts every run it missed, and one is enough. An idle cycle starts no task run.

    Args:
        only: Poll these feeds only, by name or address; all when empty.
        max_seconds: Begin nothing new after so many seconds; WIREWATCH_CYCLE_SECONDS when empty.
        lock: Name of the job lock: one run at a time bears it. One name a shard.
        steps: Run these steps only: poll, read, match, alert, deliver, index; all when empty. Where workers of their
            own deliver: poll, read, match, index.
    """
    settings = Settings()
    run_logs()
    async with open_app(settings) as app, AsyncExitStack() as stack:
        if await is_late(app, lock):
            return skipped(Reason.LATE_RUN, f"{lateness().total_seconds():.0f} s late")
        if not await stack.enter_async_context(job_lock(app, lock)):
            return skipped(Reason.LOCKED)
        stop_on_sigterm(app.stopping)
        if settings.config.exists():
            await follow_file(app, "file")
        await look_after(app)
        wanted = steps_of(steps or STEPS)
        sends = "deliver" in wanted  # who sends asks for the heartbeat: it is to stop when nothing goes out any more
        if not await anything_due(app):
            if sends:
                await beat(app)
            return skipped(Reason.NOT_DUE)
        cycle = await begin(app, steps=wanted, seconds=max_seconds)
        result = await _run(cycle, wanted, only)
        if sends and not cycle.report.sends_nothing:
            await beat(app)
        return result


async def _run(cycle: Cycle, steps: Sequence[str], only: list[str]) -> dict[str, Any]:
    name = uuid4().hex
    _open[name] = cycle
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(run_one_step(step, name, only))
    finally:
        del _open[name]
    report = finish(cycle)
    await publish(report, REPORT)
    return outcome(report)


async def is_late(app: App, lock: str) -> bool:
    """Whether this run comes more than an interval late, and another has begun meanwhile. On a machine so slow that
    every run comes late, one is done all the same.
    """
    return lateness() > timedelta(seconds=app.settings.every_seconds) and await began_lately(app, lock)


def lateness() -> timedelta:
    """How long after its scheduled time this run began; zero for a run that nobody scheduled."""
    scheduled = flow_run.scheduled_start_time
    return datetime.now(UTC) - scheduled if isinstance(scheduled, datetime) else timedelta()


def skipped(reason: Reason, detail: str = "") -> dict[str, Any]:
    """The result of a run that had nothing to do."""
    logger.info(pairs(event="cycle skipped", reason=reason, detail=detail or None))
    return {"skipped": str(reason), "counts": [], "failures": [], "seconds": 0.0}


def outcome(report: Report) -> dict[str, Any]:
    """The result of a cycle: counts that add up, and the items that failed."""
    return {
        "skipped": "",
        "counts": report.rows(),
        "failures": report.failures,
        "seconds": round(report.seconds, 2),
    }
