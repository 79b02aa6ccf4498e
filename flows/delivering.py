"""`deliver`: held alerts, digests and deliveries only; for an installation where workers of their own send."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any

from prefect import flow

from core.reasons import Reason
from core.settings import Settings
from flows.ingest import is_late, outcome, skipped
from flows.running import publish, run_logs, stop_on_sigterm
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.health import ingests
from pipeline.heartbeat import beat
from pipeline.report import Report
from pipeline.run import job_lock, run_cycle

REPORT = "deliver-report"
LOOK_S = 2.0  # between two looks for what became due: the runs that match do not say


@flow(name="deliver", flow_run_name="deliver", validate_parameters=True)
async def deliver(max_seconds: float | None = None, lock: str = "deliver") -> dict[str, Any]:
    """Release what is due, digests among it, and send what is owed, until the time is over.

    Ends at once when another run holds the lock, or when it comes more than an interval late and another has begun.

    Args:
        max_seconds: Look for work so many seconds; WIREWATCH_CYCLE_SECONDS when empty.
        lock: Name of the job lock: one run at a time bears it. One name a worker.
    """
    settings = Settings()
    run_logs()
    async with open_app(settings) as app, AsyncExitStack() as stack:
        if await is_late(app, lock):
            return skipped(Reason.LATE_RUN)
        if not await stack.enter_async_context(job_lock(app, lock)):
            return skipped(Reason.LOCKED)
        stop_on_sigterm(app.stopping)
        report = await _until(app, settings.cycle_seconds if max_seconds is None else max_seconds)
        if report.counts:
            await publish(report, REPORT)
        if not report.sends_nothing and await ingests(app):
            await beat(app)
        return outcome(report)


async def _until(app: App, seconds: float) -> Report:
    report, end = Report(), time.monotonic() + seconds
    while True:
        report.add(await run_cycle(app, steps=["alert", "deliver"], seconds=end - time.monotonic()))
        if time.monotonic() + LOOK_S >= end:
            return report
        try:
            await asyncio.wait_for(app.stopping.wait(), LOOK_S)
        except TimeoutError:
            continue
        return report
