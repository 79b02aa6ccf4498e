"""`deliver`: held alerts, digests and deliveries only; for an installation where a separate worker sends."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from prefect import flow

from core.reasons import Reason
from core.settings import Settings
from flows.ingest import is_late, outcome, skipped
from pipeline.bootstrap import open_app
from pipeline.run import job_lock, run_cycle


@flow(name="deliver", flow_run_name="deliver")
async def deliver() -> dict[str, Any]:
    """Release what is due and send what is owed."""
    settings = Settings()
    async with open_app(settings) as app, AsyncExitStack() as stack:
        if await is_late(app, "deliver"):
            return skipped(Reason.LATE_RUN)
        if not await stack.enter_async_context(job_lock(app, "deliver")):
            return skipped(Reason.LOCKED)
        return outcome(await run_cycle(app, steps=["alert", "deliver"]))
