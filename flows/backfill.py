"""`backfill`: archives replayed by the workers of a Dask cluster, on this machine or on many. Alerts nobody."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import dask
from distributed.comm.core import CommClosedError
from distributed.scheduler import KilledWorker
from prefect import flow
from prefect.artifacts import acreate_table_artifact
from prefect_dask.task_runners import DaskTaskRunner
from pydantic import Field

from core.errors import InputError, ItemFailed, NotAvailable
from core.reasons import Reason
from core.settings import Settings
from flows.batches import make_batch
from pipeline.app import App
from pipeline.archive import elsewhere
from pipeline.archive.plan import Wishes
from pipeline.archive.replay import Do, replay
from pipeline.archive.sources import sources_of
from pipeline.bootstrap import open_app
from pipeline.follow import follow_file

REPORT = "backfill-report"
LISTED = 200  # records named in the report
# processes that read pages for one worker, which matches and writes: it has time for them, and costs 200 MB
READERS = 4
HERE = ("localhost", "127.0.0.1", "::1")
AHEAD = 1  # batches that wait at each worker
DASK = {
    "distributed.worker.daemon": False,  # a daemon may have no children, and pages are read in processes to be killed
    "distributed.worker.profile.enabled": False,  # a hundred looks a second at every process
    "distributed.admin.tick.interval": "500ms",
}


@flow(name="backfill", flow_run_name="backfill", validate_parameters=True)
async def backfill(
    sources: list[str],
    rules: list[str] = [],  # noqa: B006
    since: datetime | None = None,
    until: datetime | None = None,
    tell: Literal["nothing", "digest"] = "nothing",
    jobs: Annotated[int, Field(ge=0)] = 0,
    address: str = "",
    again: bool = False,
) -> dict[str, Any]:
    """Read archives, and store their articles and hits with their own dates; nobody is alerted.

    Goes on where an earlier run of the same source was ended or killed. One run of one source works at a time.

    Args:
        sources: WARC files, pages, folders of both, all as the workers see them; or the word snapshots.
        rules: Only these rules, by id; all when empty.
        since: Only pages taken since then.
        until: Only pages taken before then.
        tell: What is told of the hits: nothing, or one digest a rule.
        jobs: Processes that read pages, on this machine; 0 = one a core.
        address: Address of a Dask scheduler whose workers do it, tcp://HOST:PORT; empty: workers here.
        again: Also what was replayed before.
    """
    settings = Settings()
    wishes = Wishes(tuple(sorted(set(rules))), _zoned(since), _zoned(until), tell, again)
    found = await asyncio.to_thread(sources_of, sources)
    async with open_app(settings) as app:
        _check_reach(app, address)
        if settings.config.exists():
            await follow_file(app, "file")
        with _runner(jobs or settings.jobs or os.cpu_count() or 1, address) as runner:
            at_once = _at_once(runner, address)
            with ThreadPoolExecutor(at_once, thread_name_prefix="batch") as waiting:
                replayed = await replay(app, found, wishes, _through(runner, waiting, app), at_once=at_once)
            await asyncio.to_thread(runner.client.run, elsewhere.close)
    rows = [one.values() for one in replayed]
    await _publish(rows)
    return {"sources": rows, "failed": any(row["failed"] for row in rows)}


def _zoned(at: datetime | None) -> datetime | None:
    """A time that names no zone is meant in UTC."""
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _check_reach(app: App, address: str) -> None:
    host = urlsplit(address).hostname or ""
    if address and app.db.is_sqlite and host not in HERE:
        raise InputError(
            f"workers at {address} cannot write to the SQLite file of this machine",
            hint="set WIREWATCH_DATABASE to a PostgreSQL, or leave the address out",
        )


@contextmanager
def _runner(jobs: int, address: str) -> Iterator[DaskTaskRunner]:
    """Dask's workers: those of a scheduler, or some here, which end with the run. Each reads pages in a process a
    thread.
    """
    workers = -(-jobs // READERS)
    if address:
        runner = DaskTaskRunner(address=address)
    else:
        runner = DaskTaskRunner(
            cluster_kwargs={
                "n_workers": workers,
                "threads_per_worker": -(-jobs // workers),
                "dashboard_address": None,
                "memory_limit": 0,  # what may grow, reading pages, has a limit of its own
            }
        )
    with dask.config.set(DASK), runner:
        yield runner


def _at_once(runner: DaskTaskRunner, address: str) -> int:
    """How many batches are under way: what the workers do at once, and a few that wait for them."""
    try:
        threads: dict[str, int] = runner.client.nthreads()  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError) as error:
        raise NotAvailable(f"no Dask scheduler answers at {address}: {error}") from None
    if not threads:
        raise NotAvailable(f"the Dask scheduler at {address} has no workers", hint="start some, then try again")
    return sum(threads.values()) + AHEAD * len(threads)


def _through(runner: DaskTaskRunner, waiting: ThreadPoolExecutor, app: App) -> Do:
    """A batch as a task run; ends when it has ended."""

    async def do(batch: int) -> None:
        future = runner.submit(make_batch, {"installation": app.installation, "batch": batch})
        try:
            await asyncio.get_running_loop().run_in_executor(waiting, future.result)
        except KilledWorker:
            raise ItemFailed(f"batch {batch}", Reason.EXTRACTOR_DIED, "Dask's workers died under it") from None
        except CommClosedError as error:
            raise NotAvailable(f"the Dask scheduler is gone: {error}", hint="start again: it goes on there") from None

    return do


async def _publish(rows: list[dict[str, Any]]) -> None:
    """The run's report, as one table artifact."""
    table = [{"source": row["source"], **count} for row in rows for count in row["counts"]]
    named = [f"- {row['source']}: {line}" for row in rows for line in [*row["failures"], *row["left_out"]]]
    rest = f"\n- … and {len(named) - LISTED} more" if len(named) > LISTED else ""
    await acreate_table_artifact(key=REPORT, table=table, description="\n".join(named[:LISTED]) + rest)
