"""Sizes: every byte of the database is somebody's, and what grows is seen to grow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from storage import sizes as asked
from storage.engine import Database
from storage.sizes import FREE, KINDS, Size, sizes
from storage.tables import Snapshot
from tests.storage.test_snapshots import row, stored

KEPT = 50


def by_kind(db: Database) -> dict[str, Size]:
    """What is told of each kind."""
    return {one.kind: one for one in db.read_now(sizes)[0]}


def fill(db: Database) -> None:
    """Pages that cannot be compressed, of as many articles."""
    stored(db, *range(1, KEPT + 1))
    db.write_now(lambda session: session.add_all([row(n, os.urandom(20_000)) for n in range(1, KEPT + 1)]))


def test_pages_are_counted_with_the_room_they_take(db: Database) -> None:
    before = by_kind(db)
    fill(db)
    after = by_kind(db)
    assert (after["snapshots"].rows, after["texts"].rows) == (KEPT, KEPT)
    assert 1.0 <= (after["snapshots"].bytes - before["snapshots"].bytes) / (KEPT * 20_000) < 1.4
    assert after["texts"].bytes >= before["texts"].bytes
    assert after["ledger"] == before["ledger"]


def test_the_parts_are_the_whole(db: Database) -> None:
    fill(db)
    total = sum(one.bytes for one in by_kind(db).values())
    if db.is_sqlite:
        db.write_now(lambda session: session.execute(text("DELETE FROM snapshot")))
        assert by_kind(db)[FREE].bytes > KEPT * 20_000
        path = Path(make_url(db.url).database or "")
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        assert path.stat().st_size == sum(one.bytes for one in by_kind(db).values()) == total
    else:
        whole = db.read_now(lambda session: session.execute(text("SELECT pg_database_size(current_database())")))
        assert KEPT * 20_000 < total < int(whole.scalar_one())


def test_an_sqlite_that_cannot_tell_of_its_pages_tells_the_lengths_of_what_is_stored(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not db.is_sqlite:
        return

    def missing(_: object) -> dict[str, int]:
        raise OperationalError("dbstat", {}, Exception("no such table: dbstat"))

    fill(db)
    monkeypatch.setattr(asked, "_sqlite_pages", missing)
    found, whole = db.read_now(sizes)
    (pages,) = (one for one in found if one.kind == "snapshots")
    assert not whole
    assert KEPT * 20_000 < pages.bytes < KEPT * 21_000


def test_every_table_is_of_a_kind_or_small() -> None:
    named = {name for tables in KINDS.values() for name in tables}
    small = {"feed", "joblock", "apitoken", "notice", "meta", "person"}
    assert Snapshot.__tablename__ in named
    assert named <= SQLModel.metadata.tables.keys()
    assert SQLModel.metadata.tables.keys() - named <= small
