"""`python -m flows.worker`: a process worker for the work pool of `deploy`."""

from __future__ import annotations

import asyncio
from typing import Any

from dotenv import dotenv_values
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker

from core.settings import ENV_FILE
from flows.serve import AT_ONCE, POOL


class FromHere(ProcessJobConfiguration):
    """Runs see what the `.env` of the worker's folder says: Prefect begins each in a new folder, which has none."""

    def prepare_for_flow_run(self, *args: Any, **kwargs: Any) -> None:
        """As Prefect does it; the environment goes over the file, as it does elsewhere."""
        super().prepare_for_flow_run(*args, **kwargs)
        self.env = {**dotenv_values(ENV_FILE, interpolate=False), **self.env}


def main() -> None:
    """Work until stopped."""
    worker = ProcessWorker(work_pool_name=POOL, limit=AT_ONCE)
    worker.job_configuration = FromHere
    try:
        asyncio.run(worker.start())
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
