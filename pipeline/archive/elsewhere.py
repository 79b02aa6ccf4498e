"""Batches made by another process than the one that runs the replay: on a Dask worker, on this machine or another.

It has settings of its own, as every worker has; what it shares with the others is the database, and the archive under
the same path.
"""

from __future__ import annotations

import asyncio
import multiprocessing
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
_open: tuple[str, Replayer] | None = None  # for which installation, and what is open


def make(installation: str, batch_id: int, *, readers: int) -> dict[str, int]:
    """Do a batch in this process, which has so many others to read pages; its counts. May be called by several threads.

    Raises NotAvailable where that is not possible.
    """
    counts = asyncio.run(replay_batch(_opened(installation, readers), batch_id))
    return {f"{outcome} {reason}".strip(): n for (outcome, reason), n in sorted(counts.items())}


def close() -> None:
    """Give back what was opened: at the end of a run, while the worker may live on, or has to end at once."""
    global _open
    with _opening:
        if _open is not None:
            replayer, _open = _open[1], None
            replayer.pool.close()
            replayer.db.close()


def _opened(installation: str, readers: int) -> Replayer:
    """Made once: what it stands on takes seconds to start."""
    global _open
    with _opening:
        if _open is None or _open[0] != installation:
            _open = (installation, _replayer(installation, readers))
        return _open[1]


def _replayer(installation: str, readers: int) -> Replayer:
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
    pool = WorkerPool(readers, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)
    return Replayer(settings, db, SystemClock(), pool, Active(now.revision, watch, matcher, {}))
