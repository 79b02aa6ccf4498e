"""Backfills: which part of which archive was replayed, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from storage.office import Backfill, BackfillBatch
from storage.statements import run
from storage.tables import Snapshot

Counts = Counter[tuple[str, str]]  # (outcome, reason) → records
LISTED = 1_000  # troubles of one backfill that are told; all are counted


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch to be made: what it reads, and how many records that is."""

    span: list[Any]
    records: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A record that gave no article: where it is, whether it failed or was left out, and why."""

    place: str
    outcome: str  # failed | skipped
    reason: str
    detail: str = ""


def of_key(session: Session, key: str) -> Backfill | None:
    """The backfill of this source and these wishes, if it was ever begun."""
    return session.exec(select(Backfill).where(col(Backfill.key) == key)).first()


def last(session: Session, backfill_id: int) -> BackfillBatch | None:
    """The last of its batches."""
    mine = select(BackfillBatch).where(col(BackfillBatch.backfill_id) == backfill_id)
    return session.exec(mine.order_by(col(BackfillBatch.number).desc()).limit(1)).first()


def add_batches(session: Session, backfill_id: int, batches: Sequence[Planned]) -> None:
    """Batches in their order, behind those that are there."""
    before = last(session, backfill_id)
    for number, one in enumerate(batches, before.number + 1 if before else 0):
        session.add(BackfillBatch(backfill_id=backfill_id, number=number, span=one.span, records=one.records))


def planned(session: Session, backfill_id: int) -> None:
    """Say that the batches are all there."""
    mine = col(BackfillBatch.backfill_id) == backfill_id
    records = session.exec(select(func.coalesce(func.sum(BackfillBatch.records), 0)).where(mine)).one()
    run(session, update(Backfill).where(col(Backfill.id) == backfill_id).values(planned=True, records=records))


def snapshot_ids(session: Session, after: int, limit: int) -> list[int]:
    """The ids of the next snapshots behind this one."""
    query = select(Snapshot.id).where(col(Snapshot.id) > after).order_by(col(Snapshot.id)).limit(limit)
    return [one for one in session.exec(query) if one]


def forget(session: Session, backfill_id: int) -> None:
    """Have a backfill begin anew: its batches go. What they stored stays."""
    run(session, delete(BackfillBatch).where(col(BackfillBatch.backfill_id) == backfill_id))
    values = {"planned": False, "records": 0, "finished_at": None}
    run(session, update(Backfill).where(col(Backfill.id) == backfill_id).values(values))


def to_do(session: Session, backfill_id: int) -> list[int]:
    """The ids of the batches that are not done, in their order."""
    due = (col(BackfillBatch.backfill_id) == backfill_id) & col(BackfillBatch.done_at).is_(None)
    return [one for one in session.exec(select(BackfillBatch.id).where(due).order_by(col(BackfillBatch.number))) if one]


def get(session: Session, batch_id: int) -> tuple[BackfillBatch, Backfill] | None:
    """A batch with its backfill."""
    query = select(BackfillBatch, Backfill).join(Backfill, col(Backfill.id) == col(BackfillBatch.backfill_id))
    return session.exec(query.where(col(BackfillBatch.id) == batch_id)).first()


def claim_done(session: Session, batch_id: int, now: datetime) -> bool:
    """Say that a batch is done; False when somebody else did it. The caller writes what came of it, or nothing."""
    due = (col(BackfillBatch.id) == batch_id) & col(BackfillBatch.done_at).is_(None)
    return bool(run(session, update(BackfillBatch).where(due).values(done_at=now)))


def keep_outcome(
    session: Session, batch_id: int, counts: Counts, troubles: Iterable[Trouble], stories: Iterable[int]
) -> None:
    """What came of a batch."""
    values = {
        "counts": [[outcome, reason, n] for (outcome, reason), n in sorted(counts.items())],
        "troubles": [[one.place, one.outcome, one.reason, one.detail] for one in troubles],
        "stories": sorted(set(stories)),
    }
    run(session, update(BackfillBatch).where(col(BackfillBatch.id) == batch_id).values(values))


def finish(session: Session, backfill_id: int, now: datetime) -> None:
    """Say that every batch is done."""
    run(session, update(Backfill).where(col(Backfill.id) == backfill_id).values(finished_at=now))


def records_done(session: Session, backfill_id: int) -> int:
    """How many records the batches hold that are done."""
    done = (col(BackfillBatch.backfill_id) == backfill_id) & col(BackfillBatch.done_at).is_not(None)
    return session.exec(select(func.coalesce(func.sum(BackfillBatch.records), 0)).where(done)).one()


def counted(batch: BackfillBatch) -> Counts:
    """What came of a batch."""
    return Counter({(outcome, reason): n for outcome, reason, n in batch.counts})


def counts_of(session: Session, backfill_id: int) -> Counts:
    """What came of all batches so far."""
    query = select(BackfillBatch.counts).where(col(BackfillBatch.backfill_id) == backfill_id)
    found: Counts = Counter()
    for counts in session.exec(query):
        found.update({(outcome, reason): n for outcome, reason, n in counts})
    return found


def troubles_of(session: Session, backfill_id: int, limit: int = LISTED) -> list[Trouble]:
    """The first records that failed or were left out, in the archive's order; those that failed before the others."""
    query = select(BackfillBatch.troubles).where(col(BackfillBatch.backfill_id) == backfill_id)
    found: dict[str, list[Trouble]] = {"failed": [], "skipped": []}
    for troubles in session.exec(query.order_by(col(BackfillBatch.number))):
        for one in (Trouble(*trouble) for trouble in troubles):
            if len(found[one.outcome]) < limit:
                found[one.outcome].append(one)
    return [*found["failed"], *found["skipped"]][:limit]


def stories_of(session: Session, backfill_id: int) -> Iterator[int]:
    """The ids of the stories that its hits are in, each once."""
    query = select(BackfillBatch.stories).where(col(BackfillBatch.backfill_id) == backfill_id)
    return iter(sorted({story for stories in session.exec(query) for story in stories}))
