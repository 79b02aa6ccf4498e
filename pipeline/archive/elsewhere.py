"""Batches made by another process than the one that runs the replay: on a Dask worker, on this machine or another.

It has settings of its own, as every worker has; what it shares with the others is the database, and the archive under
the same path.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from functools import cache
from threading import Lock

from core.clock import SystemClock
from core.errors import InputError, NotAvailable
from core.pool import WorkerPool
from core.settings import Settings
from extractors.choose import warm_up
from pipeline import compiled
from pipeline.app import Active
from pipeline.archive.batch import replay_batch
from pipeline.archive.judging import Replayer
from pipeline.bootstrap import PRELOAD, open_database
from pipeline.configure import INDEX
from pipeline.editing import current
from pipeline.pooled import READER_BYTES
from storage import meta

_opening = Lock()


def make(installation: str, batch_id: int) -> dict[str, int]:
    """Do a batch in this process; its counts. Raises NotAvailable where that is not possible."""
    with _opening:
        replayer = _replayer(installation)
    counts = asyncio.run(replay_batch(replayer, batch_id))
    return {f"{outcome} {reason}".strip(): n for (outcome, reason), n in sorted(counts.items())}


@cache
def _replayer(installation: str) -> Replayer:
    """Made once, and kept until the process ends: what it stands on is what takes seconds to start."""
    if multiprocessing.current_process().daemon:
        raise NotAvailable(
            "this Dask worker may start no processes, and pages are read in processes that can be killed",
            hint="start it with DASK_DISTRIBUTED__WORKER__DAEMON=False",
        )
    settings = Settings()
    db = open_database(settings, migrate=False)
    if db.read_now(meta.known_installation) != installation:
        raise InputError(
            f"this worker has another database ({db.label}) than the run that it is to work for",
            hint="set WIREWATCH_DATABASE on all workers to the same PostgreSQL",
        )
    now = db.read_now(current)
    watch, matcher = compiled.opened(settings.data / INDEX, now.text, file=f"revision {now.revision}")
    pool = WorkerPool(1, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)
    return Replayer(settings, db, SystemClock(), pool, Active(now.revision, watch, matcher, {}))
