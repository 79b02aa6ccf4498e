"""`deliver`: held alerts, digests and deliveries only; for an installation where a separate worker sends."""

from __future__ import annotations

from typing import Any

from prefect import flow

from core.reasons import Reason
from core.settings import Settings
from flows.ingest import lateness, outcome, skipped
from pipeline.bootstrap import open_app
from pipeline.run import job_lock, run_cycle


@flow(name="deliver", flow_run_name="deliver")
async def deliver() -> dict[str, Any]:
    """Release what is due and send what is owed."""
    settings = Settings()
    if lateness().total_seconds() > settings.every_seconds:
        return skipped(Reason.LATE_RUN)
    async with open_app(settings) as app, job_lock(app, "deliver") as held:
        if not held:
            return skipped(Reason.LOCKED)
        return outcome(await run_cycle(app, steps=["alert", "deliver"]))
