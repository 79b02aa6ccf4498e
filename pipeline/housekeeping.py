"""housekeeping: what nobody waits for, in a run of its own: old rows go, the database is asked whether it is sound, and
the operators hear of what is wrong.

Each part is due by its own clock, so the run may come as often as one likes. A cycle does the first and the last too:
where nothing schedules this, only the database is never asked.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from sqlmodel import Session

from core.log import pairs
from core.reasons import Reason
from pipeline import notices
from pipeline.app import App
from pipeline.lookout import look_after
from pipeline.prune import prune_due
from pipeline.report import Report
from pipeline.run import job_lock
from storage import locks
from storage.check import damage

logger = logging.getLogger(__name__)
CHECK = "database-check"  # the job's name, and the trouble's
CHECK_EVERY = timedelta(days=1)


async def housekeep(app: App, *, prune: bool = True, check: bool = True) -> Report:
    """Look after the installation; then prune and check what is due, unless told not to."""
    report = Report()
    look = await look_after(app)
    report.count("look", "trouble", by=len(look.begun))
    report.count("look", "over", by=len(look.over))
    if prune:
        await _prune(app, report)
    if check:
        await _check(app, report)
    logger.info(pairs(event="housekeeping", **{f"{step}_{end}": n for (step, end, _), n in report.counts.items()}))
    return report


async def _prune(app: App, report: Report) -> None:
    gone = await prune_due(app)
    if gone is None:
        report.count("prune", "skipped", Reason.NOT_DUE)
    for name, number in (gone or {}).items():
        report.count("prune", name, by=number)


async def _check(app: App, report: Report) -> None:
    now = app.clock.now()
    last = await app.db.read(partial(locks.last_finished, name=CHECK))
    if last is not None and timedelta() <= now - last < CHECK_EVERY:
        report.count("check", "skipped", Reason.NOT_DUE)
        return
    async with job_lock(app, CHECK) as held:
        if not held:
            report.count("check", "skipped", Reason.LOCKED)
            return
        found = await app.db.read(damage)
        await app.db.write(lambda session: _tell(session, app, found))
    for fault in found:
        report.failed("check", "database", Reason.UNSOUND, fault)
    report.count("check", "sound", by=not found)


def _tell(session: Session, app: App, found: list[str]) -> None:
    now = app.clock.now()
    if found:
        text = f"the database says that it is damaged: {'; '.join(found)}\nStop wirewatch, copy it, restore a backup."
        notices.tell(session, app, CHECK, text, now=now)
    else:
        notices.over(session, app, CHECK, "the database is sound again", now=now)
