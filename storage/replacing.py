"""Puts a backup's rows in the place of a database's own, in one transaction, and says who would notice."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from time import monotonic

from sqlalchemy import exists, select, text
from sqlalchemy.sql.expression import literal_column

from core.errors import NotAvailable
from storage import copying, lookup
from storage.backup import file_of
from storage.engine import Database

WAIT_S = 15  # for those who use the tables now
_HOUSE = frozenset({"meta", "joblock", "hoststate"})  # of these a database has rows before anything came in
_OTHERS = """SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


def is_empty(database: Database) -> bool:
    """Whether nothing came into the database yet; it has the needed revision."""
    full = [exists(select(literal_column("1")).select_from(one)) for one in copying.tables() if one.name not in _HOUSE]
    return not any(database.read_now(lambda session: session.execute(select(*full)).one()))


def in_use(database: Database) -> bool:
    """Whether others have the database open now; this process must have no connection of its own to it."""
    database.engine.dispose()
    if not database.is_sqlite:
        return bool(database.read_now(lambda session: session.execute(text(_OTHERS)).scalar_one()))
    if not file_of(database).exists():
        return False
    with closing(sqlite3.connect(file_of(database), timeout=0.0)) as file:
        try:
            return bool(file.execute("PRAGMA journal_mode=DELETE").fetchone() == ("wal",))
        except sqlite3.OperationalError:  # leaving WAL takes the file for oneself
            return True
        except sqlite3.DatabaseError:  # no database at all: `set_aside` finds that out
            return False


def unreadable(database: Database) -> bool:
    """Whether an SQLite file is damaged, or no database at all."""
    database.engine.dispose()
    try:
        with closing(sqlite3.connect(file_of(database))) as file:
            return bool(file.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",))
    except sqlite3.DatabaseError:
        return True


def replace(database: Database, path: Path) -> None:
    """Make the database hold the rows of the file `path`, all or none of them; both have the same revision."""
    if database.is_sqlite:
        _replace_pages(database, path)
        return
    source = Database(f"sqlite:///{path}")
    names = ", ".join(f'"{table.name}"' for table in copying.tables())
    try:
        with copying.snapshot(source) as rows, database._told(), database.engine.begin() as into:
            into.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
            into.execute(text(f"TRUNCATE {names}, {lookup.INDEX} RESTART IDENTITY"))
            copying.copy_rows(rows, into)
    finally:
        source.close()


def _replace_pages(database: Database, path: Path) -> None:
    """SQLite writes another file's pages in one transaction: whoever reads goes on with what was there before."""
    database.engine.dispose()
    until = monotonic() + WAIT_S

    def waiting(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and monotonic() > until:
            raise sqlite3.OperationalError("database is locked")  # the module itself would wait for ever

    try:
        with (
            closing(sqlite3.connect(path)) as source,
            closing(sqlite3.connect(file_of(database), timeout=WAIT_S)) as into,
        ):
            into.execute("PRAGMA journal_mode=WAL")
            into.execute("PRAGMA synchronous=FULL")
            source.backup(into, progress=waiting)
    except sqlite3.Error as error:
        raise NotAvailable(
            f"database {database.label}: {error}", hint="stop what uses it, or make room; nothing was changed"
        ) from error
