"""What the database says of itself: damage is what it calls so, and a connection that was lost is none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from core.errors import NotAvailable
from storage import check, copying
from storage.engine import Database


def told_when_it_is_cut_off(db: Database) -> list[check.Fault]:
    ending = text("SELECT pg_terminate_backend(:one)")
    with copying.snapshot(db) as connection:
        one = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        db.write_now(lambda session: session.connection().execute(ending, {"one": one}).close())
        return list(check._readable(connection, copying.tables()[0]))


def test_a_connection_that_is_lost_is_not_told_as_damage(db: Database) -> None:
    if not db.is_sqlite:  # a file has no connection to lose
        with pytest.raises(NotAvailable):
            told_when_it_is_cut_off(db)


def test_damage_is_told_and_nothing_more_is_asked_of_what_is_damaged(db: Database) -> None:
    table = "" if db.is_sqlite else "notice"
    if db.is_sqlite:
        overwrite(db, "article")
    with closing(Database(db.url)) as again, copying.snapshot(again) as connection:
        if table:
            connection.execute(text(f"DROP TABLE {table}"))  # comes back when this transaction ends
        found = list(check.all_faults(connection))
    assert [(one.what, one.table) for one in found] == [(check.STRUCTURE, table)]


def overwrite(db: Database, table: str) -> None:
    """As a bad disk would: the first page of this table."""
    db.close()
    file = Path(db.url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as whole:
        whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        found = whole.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        size = whole.execute("PRAGMA page_size").fetchone()[0]
    with file.open("r+b") as pages:
        pages.seek((found[0] - 1) * size)
        pages.write(b"\xff" * size)
