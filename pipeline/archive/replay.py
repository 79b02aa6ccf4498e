"""The run: each source under its lock, planned, a few batches at a time, and what came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlmodel import Session

from core.errors import InputError, NotAvailable, WirewatchError
from core.log import pairs
from core.reasons import Reason
from pipeline.app import Active, App
from pipeline.archive import telling
from pipeline.archive.judging import Replayer
from pipeline.archive.pages import FAILED
from pipeline.archive.plan import Wishes, begun, key_of
from pipeline.archive.sources import Source
from pipeline.configure import refresh
from pipeline.run import job_lock
from storage import backfills
from storage.backfills import Counts, Trouble
from storage.office import Backfill

logger = logging.getLogger(__name__)
WAITS_S = (1.0, 5.0)  # before a batch is tried once more that the database or the workers had no time for
LOCK = "backfill"  # the job locks' names begin so
Do = Callable[[int], Awaitable[object]]  # a batch, by its id, to its end
Tell = Callable[[str, int, int], None]  # the source, its records done, all of them


@dataclass
class Replayed:
    """What came of one source. `counts` and `troubles` are of all starts together; `batches_left`: to be done again."""

    source: str
    records: int = 0
    counts: Counts = field(default_factory=Counts)
    troubles: list[Trouble] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # of whole batches, or of the source
    batches_left: int = 0
    skipped: str = ""  # a Reason: another start is at it
    told: int = 0  # stories in digests
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether anything that should have been read was not."""
        return bool(self.errors or self.batches_left or any(outcome == FAILED for outcome, _ in self.counts))

    def values(self) -> dict[str, Any]:
        """As JSON has it: `failures` names what failed, `left_out` what is no article, both up to a limit."""
        failed = [_line(one) for one in self.troubles if one.outcome == FAILED]
        unnamed = sum(n for (outcome, _), n in self.counts.items() if outcome == FAILED) - len(failed)
        more = [f"{unnamed} more records failed"] if unnamed > 0 else []
        return {
            "source": self.source,
            "records": self.records,
            "counts": [
                {"outcome": outcome, "reason": reason, "count": n}
                for (outcome, reason), n in sorted(self.counts.items())
            ],
            "failures": [*self.errors, *failed, *more],
            "left_out": [_line(one) for one in self.troubles if one.outcome != FAILED],
            "batches_left": self.batches_left,
            "skipped": self.skipped,
            "stories_told": self.told,
            "failed": self.failed,
            "seconds": round(self.seconds, 2),
        }


def _line(one: Trouble) -> str:
    return f"{one.place}: {Reason.of(one.reason).sentence}{f' ({one.detail})' if one.detail else ''}"


def replayer_of(app: App) -> Replayer:
    """What this process needs to make batches itself."""
    return Replayer(app.settings, app.db, app.clock, app.pool, app.active)


async def replay(
    app: App, sources: Sequence[Source], wishes: Wishes, do: Do, *, at_once: int, tell: Tell | None = None
) -> list[Replayed]:
    """Replay the sources one after the other, each from where an earlier start left it.

    `do` makes a batch; at most `at_once` are under way, so that nothing piles up. Raises InputError for wishes that
    cannot be met.
    """
    active = await refresh(app)
    _check(active, wishes)
    found = []
    for source in sources:
        began = time.monotonic()
        async with job_lock(app, f"{LOCK}:{key_of(source, wishes, active)[:32]}") as held:
            one = await _source(app, active, source, wishes, do, at_once, tell) if held else _busy(source)
        one.seconds = time.monotonic() - began
        counted = {f"{outcome}_{reason}".rstrip("_"): n for (outcome, reason), n in sorted(one.counts.items())}
        logger.info(pairs(event="backfill", source=one.source, skipped=one.skipped or None, **counted))
        found.append(one)
        if app.stopping.is_set():
            break
    return found


def _check(active: Active, wishes: Wishes) -> None:
    unknown = [name for name in wishes.rules if name not in active.rules]
    if unknown:
        raise InputError(f"there is no rule {unknown[0]!r}", hint="`wirewatch rules list` names them all")
    if wishes.since and wishes.until and wishes.since >= wishes.until:
        raise InputError("--since is not before --until")


def _busy(source: Source) -> Replayed:
    return Replayed(source.name, skipped=str(Reason.LOCKED))


async def _source(
    app: App, active: Active, source: Source, wishes: Wishes, do: Do, at_once: int, tell: Tell | None
) -> Replayed:
    try:
        row = await asyncio.to_thread(begun, app.db, source, wishes, active, app.clock.now())
    except InputError as error:
        return Replayed(source.name, errors=[str(error)])
    except OSError as error:
        return Replayed(source.name, errors=[f"{source.name}: {error.strerror}"])
    number = row.id or 0
    errors = await _batches(app, row, do, at_once, tell)
    if not await app.db.read(lambda session: backfills.to_do(session, number)):
        await app.db.write(lambda session: backfills.finish(session, number, app.clock.now()))
    told = await telling.tell_digests(app, number) if wishes.tell == "digest" and not app.stopping.is_set() else 0
    found = await app.db.read(partial(_outcome, row=row))
    found.errors, found.told = errors, told
    return found


def _outcome(session: Session, row: Backfill) -> Replayed:
    number = row.id or 0
    return Replayed(
        row.source,
        row.records,
        backfills.counts_of(session, number),
        backfills.troubles_of(session, number),
        batches_left=len(backfills.to_do(session, number)),
    )


async def _batches(app: App, row: Backfill, do: Do, at_once: int, tell: Tell | None) -> list[str]:
    """Make the batches that are not done, some at a time; why those failed that did. One that fails may be done by the
    next start; when the database or the workers are gone, nothing further is begun.
    """
    number = row.id or 0
    due = iter(await app.db.read(lambda session: backfills.to_do(session, number)))
    errors: list[str] = []
    gone = asyncio.Event()

    async def lane() -> None:
        for batch in due:
            if app.stopping.is_set() or gone.is_set():
                return
            try:
                await _patiently(do, batch)
            except NotAvailable as error:
                gone.set()
                errors.append(f"{row.source}: {error}")
            except (WirewatchError, OSError) as error:
                errors.append(f"{row.source}: batch {batch}: {error}")
            await progress()

    async def progress() -> None:
        if tell is not None:
            tell(row.source, await app.db.read(lambda session: backfills.records_done(session, number)), row.records)

    await progress()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(lane())
    return errors


async def _patiently(do: Do, batch: int) -> None:
    """A batch; tried again where the database was only busy for long. Raises what the last try raises."""
    for wait in WAITS_S:
        try:
            await do(batch)
        except NotAvailable as error:
            logger.warning(pairs(step="backfill", batch=batch, again_in_s=wait, why=error.message))
            await asyncio.sleep(wait)
        else:
            return
    await do(batch)
