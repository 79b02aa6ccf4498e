"""A source → batches of some records, as rows: what of it is done, and what is not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from sqlmodel import Session

from pipeline.app import Active
from pipeline.archive import pages, records
from pipeline.archive.sources import Kind, Source, pages_in
from pipeline.configure import rule_digest
from rules.config import Rule
from storage import backfills
from storage.backfills import Planned
from storage.engine import Database
from storage.office import Backfill

RECORDS = 150  # of a batch: some four seconds of work, so that a task's 0.15 s are little
ROWS = 500  # batches of one commit
Tell = Literal["nothing", "digest"]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of an archive. `rules`: only these; empty = all. `since` and `until` bound when pages were taken.

    `again`: also what was replayed before. `tell`: whether hits are told in one digest a rule.
    """

    rules: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    tell: Tell = "nothing"
    again: bool = False


def key_of(source: Source, wishes: Wishes, active: Active) -> str:
    """The same for the same source, unchanged, asked the same of with the same rules: it need not be done twice."""
    rules = {rule.id: rule_digest(rule) for rule in chosen(active, wishes.rules)}
    times = [one.isoformat() if one else "" for one in (wishes.since, wishes.until)]
    told = json.dumps([source.kind, source.name, source.identity, times, bool(wishes.rules), rules], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()


def chosen(active: Active, names: tuple[str, ...]) -> list[Rule]:
    """The rules of these names that are switched on; all that are, when none is named."""
    return [rule for rule in active.watch.rules if rule.enabled and (not names or rule.id in names)]


def begun(db: Database, source: Source, wishes: Wishes, active: Active, now: datetime) -> Backfill:
    """The backfill's row with all its batches: made now, or found from an earlier start.

    Raises OSError and InputError for a source that cannot be read.
    """
    key = key_of(source, wishes, active)
    row = db.write_now(lambda session: _row(session, key, source, wishes, now))
    number = row.id or 0
    if row.planned and not wishes.again:
        if source.kind is Kind.SNAPSHOTS:  # more of them come every minute
            last = db.read_now(lambda session: backfills.last(session, number))
            _plan(db, number, _of_ids(db, last.span[1]) if last else _of_ids(db))
    else:
        db.write_now(lambda session: backfills.forget(session, number))
        _plan(db, number, _batches(source, db))
    return db.read_now(lambda session: session.get_one(Backfill, number))


def _plan(db: Database, number: int, batches: Iterator[Planned]) -> None:
    """Add batches to a backfill, behind those that it has."""
    while some := list(islice(batches, ROWS)):
        db.write_now(partial(backfills.add_batches, backfill_id=number, batches=some))
    db.write_now(lambda session: backfills.planned(session, number))


def _row(session: Session, key: str, source: Source, wishes: Wishes, now: datetime) -> Backfill:
    row = backfills.of_key(session, key)
    if row is None:
        row = Backfill(key=key, source=source.name, kind=source.kind.value, made_at=now)
        row.rules, row.since, row.until = list(wishes.rules), wishes.since, wishes.until
        session.add(row)
        session.flush()
    return row


def _batches(source: Source, db: Database) -> Iterator[Planned]:
    match source.kind:
        case Kind.WARC:
            return _of_records(Path(source.name))
        case Kind.PAGES:
            return _of_names(pages_in(source.name))
        case Kind.SNAPSHOTS:
            return _of_ids(db)


def _of_records(path: Path) -> Iterator[Planned]:
    """Each from one offset to another: whoever does it seeks there."""
    start = end = held = 0
    for record in records.records(path):
        held, end = held + pages.counts(record), record.end
        if held == RECORDS:
            yield Planned([start, end], held)
            start, held = end, 0
    if held:
        yield Planned([start, end], held)


def _of_names(names: list[str]) -> Iterator[Planned]:
    for start in range(0, len(names), RECORDS):
        some = names[start : start + RECORDS]
        yield Planned(list(some), len(some))


def _of_ids(db: Database, after: int = 0) -> Iterator[Planned]:
    """Those that are there now, each batch behind the last id of the one before it."""
    while ids := db.read_now(partial(backfills.snapshot_ids, after=after, limit=RECORDS)):
        yield Planned([after, ids[-1]], len(ids))
        after = ids[-1]
