"""A backup: one SQLite file that holds all rows of the database at one moment, whichever database they came from.

SQLite copies itself (VACUUM INTO); PostgreSQL's rows are read in one REPEATABLE READ transaction. Nobody is stopped for
it. A table of facts beside the rows says what the file is, so that no other file is taken for one.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.engine import Connection

from core.errors import InputError, NotAvailable
from storage import copying, schema
from storage.engine import Database

FACTS = "wirewatch_backup"
APPLICATION = 0x77776264  # "wwbd": what SQLite files call themselves
_HEADER = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a backup says of itself. `rows`: table → how many it holds; `kind`: the database it was made of."""

    made_at: datetime
    schema: str
    program: str
    kind: str
    installation: str
    rows: Mapping[str, int]


def write(database: Database, path: Path, *, now: datetime, program: str) -> Facts:
    """Make a backup of `database`, which has the needed revision, in the empty file `path`; it is read back."""
    if database.is_sqlite:
        _vacuum_into(database, path)
    else:
        _rows_into(database, path)
    try:
        with closing(sqlite3.connect(path)) as file:
            names = [table.name for table in copying.tables()]
            rows = {name: file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608
            found = file.execute("SELECT value FROM meta WHERE key = 'installation'").fetchone()
            kind = "sqlite" if database.is_sqlite else "postgresql"
            facts = Facts(now, schema.current(database), program, kind, found[0] if found else "", rows)
            sign(file, facts)
    except sqlite3.Error as error:
        raise _unwritten(path, error) from error
    if wrong := damage(path):
        raise NotAvailable(f"{path}: the backup is not whole: {wrong}", hint="run `wirewatch db check`")
    return facts


def _vacuum_into(database: Database, path: Path) -> None:
    try:
        with closing(_raw(file_of(database))) as source:
            source.execute("VACUUM INTO ?", (str(path),))
    except sqlite3.OperationalError as error:
        raise _unwritten(path, error) from error
    except sqlite3.DatabaseError as error:
        raise NotAvailable(f"database {database.label}: {error}", hint="run `wirewatch db check`") from error


def _rows_into(database: Database, path: Path) -> None:
    here = Database(f"sqlite:///{path}")
    try:
        schema.upgrade(here)
    finally:
        here.close()
    with copying.snapshot(database) as rows, copying.into_file(path) as into:
        copied = copying.copy_rows(rows, into)
        if wrong := [name for name, count in copied.items() if count != _count(into, name)]:
            raise NotAvailable(f"{path}: not all rows of {', '.join(wrong)} were written", hint="try again")


def _count(connection: Connection, table: str) -> int:
    return connection.execute(select(func.count()).select_from(text(f'"{table}"'))).scalar_one()


def sign(file: sqlite3.Connection, facts: Facts) -> None:
    """Write what the file is into it."""
    file.execute("PRAGMA journal_mode=DELETE")  # one file: nothing beside it
    file.execute(f"CREATE TABLE {FACTS} (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
    values = {"format": "1", "made_at": facts.made_at.isoformat(), "schema": facts.schema, "program": facts.program}
    values |= {"kind": facts.kind, "installation": facts.installation, "rows": json.dumps(dict(facts.rows))}
    file.executemany(f"INSERT INTO {FACTS} VALUES (?, ?)", values.items())  # noqa: S608 - a constant
    file.execute(f"PRAGMA application_id={APPLICATION}")
    file.commit()


def unsign(path: Path) -> None:
    """Make a backup's copy a database like any other."""
    with closing(sqlite3.connect(path)) as file:
        file.execute(f"DROP TABLE {FACTS}")
        file.execute("PRAGMA application_id=0")
        file.commit()


def facts_of(path: Path) -> Facts:
    """What the backup says of itself. Raises InputError for a file that is none."""
    none = InputError(
        f"{path}: not a backup of wirewatch",
        hint="name a file that `wirewatch db backup` wrote; of a copied database make one with "
        "`wirewatch --database sqlite:///COPY db backup FILE`",
    )
    try:
        with path.open("rb") as file:
            if file.read(len(_HEADER)) != _HEADER:
                raise none
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", hint="name a file that `wirewatch db backup` wrote") from None
    try:
        with closing(_raw(path)) as connection:
            read = dict(connection.execute(f"SELECT name, value FROM {FACTS}").fetchall())  # noqa: S608 - a constant
        return Facts(
            datetime.fromisoformat(read["made_at"]),
            read["schema"],
            read["program"],
            read["kind"],
            read["installation"],
            json.loads(read["rows"]),
        )
    except (sqlite3.Error, KeyError, ValueError):
        raise none from None


def damage(path: Path) -> str:
    """What is wrong with a backup; "" when nothing is: its pages, what rows refer to, and how many rows it has."""
    try:
        with closing(_raw(path)) as file:
            said = [row[0] for row in file.execute("PRAGMA integrity_check(5)")]
            if said != ["ok"]:
                return "; ".join(said)
            if lost := file.execute("PRAGMA foreign_key_check").fetchone():
                return f"row {lost[1]} of {lost[0]} refers to a row of {lost[2]} that is not there"
            for name, count in facts_of(path).rows.items():
                has = file.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - our own tables
                if has != count:
                    return f"{name} has {has} rows and should have {count}"
    except sqlite3.Error as error:
        return str(error)
    return ""


def size(database: Database) -> int:
    """How many bytes a backup takes at most, about."""
    if database.is_sqlite:
        with closing(_raw(file_of(database))) as file:
            pages, free, page = (
                file.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * page)
    total = text("SELECT pg_database_size(current_database())")
    return 2 * int(database.read_now(lambda session: session.execute(total).scalar_one()))  # its texts are compressed


def file_of(database: Database) -> Path:
    """The file of an SQLite database."""
    return Path(database.engine.url.database or "")


def synced(path: Path) -> None:
    """Wait until a file's bytes, or a folder's names, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _raw(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=15.0, isolation_level=None)


def _unwritten(path: Path, error: sqlite3.Error) -> NotAvailable:
    return NotAvailable(f"{path}: {error}", hint="make room there, or name another place")
