"""All rows of one database into another, from either kind to either kind, in batches."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, Table, bindparam, create_engine, event, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

import storage.office
import storage.tables  # noqa: F401 - both fill the metadata
from core.errors import NotAvailable
from storage import lookup
from storage.engine import Database

BATCH = 1000  # rows at once


def tables() -> list[Table]:
    """All tables, those that others refer to first."""
    return SQLModel.metadata.sorted_tables


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A reading transaction that sees one moment."""
    options: dict[str, Any] = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ"}
    with database._told(), database.engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def into_file(path: Path) -> Iterator[Connection]:
    """A transaction in an SQLite file that nobody else has yet: no journal is kept, and nothing is waited for."""
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        for mode in ("journal_mode=DELETE", "journal_mode=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {mode}")

    try:
        with engine.begin() as connection:
            yield connection
    except DatabaseError as error:
        if not isinstance(error.orig, sqlite3.Error):
            raise  # where the rows come from
        raise NotAvailable(f"{path}: {error.orig}", hint="make room there, or name another place") from error
    finally:
        engine.dispose()


def copy_rows(source: Connection, target: Connection) -> dict[str, int]:
    """Every row, and the index of words; table → how many. `target` is empty and has the same revision."""
    copied = {table.name: _copy(source, target, table) for table in tables()}
    _copy_index(source, target)
    if target.dialect.name == "postgresql":
        for table in tables():
            set_counter(target, table)
    return copied


def _copy(source: Connection, target: Connection, table: Table) -> int:
    """What rows say of other rows of their own table is written when all of them are there."""
    own = [key.parent.name for key in table.foreign_keys if key.column.table is table]
    keys = [column.name for column in table.primary_key]
    count, later = 0, []
    streaming = source.execution_options(stream_results=True, yield_per=BATCH)
    for batch in streaming.execute(select(table)).mappings().partitions():
        rows = [dict(row) for row in batch]
        for name in own:
            later += [(name, row[keys[0]], row[name]) for row in rows if row[name] is not None]
            rows = [{**row, name: None} for row in rows]
        target.execute(table.insert(), rows)
        count += len(rows)
    for name in own:
        changed = [{"one": one, "refers_to": other} for column, one, other in later if column == name]
        if changed:
            target.execute(
                table.update().where(table.c[keys[0]] == bindparam("one")).values({name: bindparam("refers_to")}),
                changed,
            )
    return count


def _copy_index(source: Connection, target: Connection) -> None:
    streaming = source.execution_options(stream_results=True, yield_per=BATCH)
    for batch in streaming.execute(lookup.all_keys(source.dialect.name)).partitions():
        target.execute(lookup.putting(target.dialect.name), [{"id": one, "words": words} for one, words in batch])


def counter_of(table: Table) -> str:
    """The column that PostgreSQL counts up for new rows; "" when there is none."""
    key = list(table.primary_key)
    counted = len(key) == 1 and isinstance(key[0].type, Integer) and not key[0].foreign_keys
    return key[0].name if counted else ""


def set_counter(connection: Connection, table: Table) -> None:
    """Have PostgreSQL count on behind the largest number."""
    name = counter_of(table)
    if not name:
        return
    largest = connection.execute(select(func.max(table.c[name]))).scalar()
    asked = text("SELECT setval(pg_get_serial_sequence(:table, :column), :value, :used)")
    values = {"table": table.name, "column": name, "value": largest or 1, "used": largest is not None}
    connection.execute(asked, values)
