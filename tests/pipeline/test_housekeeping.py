"""Housekeeping: a damaged database is told to the operators, once, and once more when it is whole again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from core.clock import FixedClock
from core.reasons import Reason
from pipeline.housekeeping import CHECK, housekeep
from storage import check, notices
from storage.engine import Database
from storage.tables import HostState
from tests.builders import NOON, World
from tests.conftest import migrate
from tests.databases import Databases


def open_troubles(db: Database) -> list[str]:
    return db.read_now(lambda session: [one.key for one in notices.open_notices(session)])


def test_a_sound_database_has_no_faults(db: Database) -> None:
    assert db.read_now(check.damage) == []


def damage(db: Database) -> None:
    """As a bad disk would: on SQLite, the first page of a table nobody reads here; on PostgreSQL, an index is dead."""
    if not db.is_sqlite:
        set_valid(db, "false")
        db.close()
        return
    db.write_now(lambda session: session.add(HostState(host="x", next_allowed_at=NOON)))
    root = db.read_now(lambda session: scalar(session, "SELECT rootpage FROM sqlite_master WHERE name = 'hoststate'"))
    size = db.read_now(lambda session: scalar(session, "PRAGMA page_size"))
    db.close()
    with Path(db.url.removeprefix("sqlite:///")).open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * 64)


def set_valid(db: Database, valid: str) -> None:
    statement = text(f"UPDATE pg_index SET indisvalid = {valid} WHERE indexrelid = 'pk_feed'::regclass")
    db.write_now(lambda session: session.connection().execute(statement).close())


def scalar(session: Session, query: str) -> int:
    return int(session.connection().execute(text(query)).scalar_one())


def test_damage_is_found(databases: Databases, database_kind: str, tmp_path: Path) -> None:
    with databases.fresh(database_kind, tmp_path, migrate) as url:
        damage(Database(url))
        again = Database(url)
        found = again.read_now(check.damage)
        if not again.is_sqlite:  # others get this database after us
            set_valid(again, "true")
        again.close()
    assert found
    assert database_kind == "sqlite" or found == ["index pk_feed is not valid"]


async def test_damage_is_told_once_and_again_when_it_is_over(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.worker(db, clock) as app:
        monkeypatch.setattr("pipeline.housekeeping.damage", lambda _session: ["page 7 is never used"])
        report = await housekeep(app)
        assert report.failures == [f"check: database: {Reason.UNSOUND}: page 7 is never used"]
        assert CHECK in open_troubles(db)
        monkeypatch.undo()
        clock.move(timedelta(hours=1))
        assert (await housekeep(app)).total("check", "skipped") == 1
        assert CHECK in open_troubles(db)
        clock.move(timedelta(days=1))
        assert (await housekeep(app)).total("check", "sound") == 1
        assert CHECK not in open_troubles(db)
