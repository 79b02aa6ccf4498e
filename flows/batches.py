"""The task that a Dask worker runs: a module of its own, which workers import by its name."""

from __future__ import annotations

from distributed import get_worker
from prefect import task
from prefect.cache_policies import NO_CACHE

from pipeline.archive import elsewhere


@task(name="batch", task_run_name="batch-{batch}", cache_policy=NO_CACHE, persist_result=False)
def make_batch(installation: str, batch: int) -> dict[str, int]:
    """One batch of an archive, read, matched and stored by this worker, which has a reading process for each of its
    threads; its counts by outcome.
    """
    return elsewhere.make(installation, batch, readers=get_worker().state.nthreads)
