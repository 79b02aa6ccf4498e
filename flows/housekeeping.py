"""`housekeeping`: old rows go, the database is asked whether it is sound, operators hear of what is wrong."""

from __future__ import annotations

from typing import Any

from prefect import flow

from core.reasons import Reason
from core.settings import Settings
from flows.ingest import outcome, skipped
from flows.running import publish, run_logs, stop_on_sigterm
from pipeline.bootstrap import open_app
from pipeline.housekeeping import housekeep
from pipeline.run import job_lock

REPORT = "housekeeping-report"
LOCK = "housekeeping"  # one for all machines, however many shards ingest has


@flow(name="housekeeping", flow_run_name="housekeeping", validate_parameters=True)
async def housekeeping(prune: bool = True, check: bool = True) -> dict[str, Any]:
    """Look after the installation, once for all machines.

    A run that comes late is as good as one in time, and of several the first does the work: each part has a clock of
    its own.

    Args:
        prune: Delete what is older than the WIREWATCH_KEEP_ settings say, once a day.
        check: Ask the database whether its files are sound, once a day.
    """
    run_logs()
    async with open_app(Settings()) as app, job_lock(app, LOCK) as held:
        if not held:
            return skipped(Reason.LOCKED)
        stop_on_sigterm(app.stopping)
        report = await housekeep(app, prune=prune, check=check)
        await publish(report, REPORT)
        return outcome(report)
