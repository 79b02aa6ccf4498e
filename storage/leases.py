"""Claims with leases, for every kind of row that is worked on: due rows are taken, renewed, and given back under
fencing.

One statement claims: PostgreSQL skips rows that another claim has locked; SQLite has one writer. A row is free when
nobody holds a
lease on it or the lease ran out by the database's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, cast

from sqlalchemy import ColumnElement, Float, Select, Table, Update, bindparam, or_, select, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate as _ReturningUpdate
from sqlmodel import Session, SQLModel

from storage.types import db_now

ReturningUpdate = _ReturningUpdate[tuple[int, int]]
LEASE_SECONDS = 60.0
RENEW_SECONDS = 20.0
LONGEST_SECONDS = 3600.0  # no lease is set up to be longer


@dataclass(frozen=True, slots=True)
class Owner:
    """A worker that claims rows, and for how long (seconds of the database's clock) a claim lasts unrenewed."""

    name: str
    seconds: float = LEASE_SECONDS


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds a row. Every commit names it; a commit under a lost lease changes nothing."""

    row_id: int
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Columns:
    """The three lease columns of a table."""

    table: type[SQLModel]
    prefix: str = "lease"

    def __getattr__(self, name: str) -> Any:
        return getattr(self.table, f"{self.prefix}_{name}")

    @property
    def id(self) -> Any:
        """The table's id column."""
        return cast(Any, self.table).id


def free(columns: Columns) -> ColumnElement[bool]:
    """Nobody holds the row now."""
    return or_(columns.until.is_(None), lapsed(columns.until))


def lapsed(until: Any) -> ColumnElement[bool]:
    """A lease up to then ran out, or is longer than any: the clock was set back, and its holder may be long dead."""
    return or_(until < db_now(), until > db_now(LONGEST_SECONDS))


def claiming(
    columns: Columns, due: ColumnElement[bool], order: Sequence[Any], extra: dict[Any, Any] | None = None
) -> ReturningUpdate:
    """The statement that takes due rows that are free, and writes `extra` to them. Where it is always the same one,
    make it once: making it takes many times as long as running it.
    """
    due_rows = select(columns.id.label("id")).where(due, free(columns)).order_by(*order).limit(bindparam("claim_limit"))
    # apart: PostgreSQL may run a subquery of a join again for each row, and each time it picks others
    picked = due_rows.with_for_update(skip_locked=True).cte("picked")
    values = {
        columns.owner: bindparam("claim_owner"),
        columns.epoch: columns.epoch + 1,
        columns.until: db_now(bindparam("claim_seconds", type_=Float())),
        **(extra or {}),
    }
    return (
        update(columns.table)
        .where(columns.id.in_(select(picked.c.id)))
        .values(values)
        .returning(columns.id, columns.epoch)
        .execution_options(synchronize_session=False)
    )


def claim(session: Session, statement: ReturningUpdate, *, owner: Owner, limit: int, **values: Any) -> list[Lease]:
    """Take up to `limit` rows by a statement of `claiming`; `values` are those it leaves open."""
    values |= {"claim_owner": owner.name, "claim_seconds": owner.seconds, "claim_limit": limit}
    return [Lease(row_id, owner.name, epoch) for row_id, epoch in session.connection().execute(statement, values)]


def renew(session: Session, columns: Columns, leases: Collection[Lease], seconds: float = LEASE_SECONDS) -> set[Lease]:
    """Prolong those that are still held, by one statement. Returns those that were lost: others have claimed their rows
    since. What was given back is neither prolonged nor lost.
    """
    lost: set[Lease] = set()
    for owner in sorted({one.owner for one in leases}):
        mine = {one.row_id: one for one in leases if one.owner == owner}
        values = {"ids": list(mine), "by": owner, "epochs": [(one.row_id, one.epoch) for one in mine.values()]}
        connection = session.connection()
        connection.execute(_renewing(columns), {**values, "seconds": seconds})
        lost |= {mine[row_id] for (row_id,) in connection.execute(_lost(columns), values)}
    return lost


@cache
def _renewing(columns: Columns) -> Update:
    """Rows are locked in the order of their ids, as those who write several of them do."""
    picked = select(columns.id).where(_of_ids(columns), _same_claim(columns), columns.owner == bindparam("by"))
    picked = picked.order_by(columns.id).with_for_update(key_share=True)  # rows that refer to these may come meanwhile
    prolonged = {columns.until: db_now(bindparam("seconds", type_=Float()))}
    return (
        update(columns.table)
        .where(columns.id.in_(picked))
        .values(prolonged)
        .execution_options(synchronize_session=False)
    )


@cache
def _lost(columns: Columns) -> Select[tuple[int]]:
    return select(columns.id).where(_of_ids(columns), ~_same_claim(columns))


def _of_ids(columns: Columns) -> ColumnElement[bool]:
    ids: ColumnElement[bool] = columns.id.in_(bindparam("ids", expanding=True))
    return ids


def _same_claim(columns: Columns) -> ColumnElement[bool]:
    return tuple_(columns.id, columns.epoch).in_(bindparam("epochs", expanding=True))


def settle(session: Session, columns: Columns, lease: Lease, changes: dict[str, Any]) -> bool:
    """Write `changes` and give the row back; False (and nothing written) when the lease was lost."""
    values = {**changes, "held_id": lease.row_id, "held_by": lease.owner, "held_epoch": lease.epoch}
    return bool(session.connection().execute(_settling(columns, tuple(changes)), values).rowcount)


def give_back(session: Session, columns: Columns, leases: Sequence[Lease]) -> int:
    """Give rows back that nothing was written to, so that others need not wait; returns how many were still held."""
    return sum(settle(session, columns, lease, {}) for lease in sorted(leases, key=lambda one: one.row_id))


@lru_cache(maxsize=256)
def _settling(columns: Columns, names: tuple[str, ...]) -> Update:
    """The statement of `settle` for changes of these columns, made once: making it takes six times as long as
    running it (1.1 and 0.17 ms), and it runs twice for every article.
    """
    table: Table = cast(Any, columns.table).__table__
    owner, epoch, until = (table.c[f"{columns.prefix}_{name}"] for name in ("owner", "epoch", "until"))
    mine = (table.c.id == bindparam("held_id"), owner == bindparam("held_by"), epoch == bindparam("held_epoch"))
    return update(table).where(*mine).values({**{name: bindparam(name) for name in names}, owner: "", until: None})
