"""`python -m flows.worker`: a process worker for the work pool of `deploy`."""

from __future__ import annotations

import asyncio

from prefect.workers.process import ProcessWorker

from flows.serve import AT_ONCE, POOL


def main() -> None:
    """Work until stopped."""
    try:
        asyncio.run(ProcessWorker(work_pool_name=POOL, limit=AT_ONCE).start())
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
