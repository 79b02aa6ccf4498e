"""backup: all that is stored into one file, while everything runs; the file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from core.errors import InputError, NotAvailable
from core.settings import Settings
from pipeline.bootstrap import open_database
from storage import backup
from storage.engine import Database

SPARE = 50_000_000  # bytes that stay free


@dataclass(frozen=True, slots=True)
class Made:
    """A backup that was written and read back."""

    path: Path
    size: int  # bytes
    facts: backup.Facts


def back_up(settings: Settings, path: Path, *, now: datetime, force: bool = False) -> Made:
    """Write a backup of the database to `path`, mode 0600. Raises InputError where there is something and not `force`,
    NotAvailable without room or database.
    """
    if path.is_dir() or (path.exists() and not force):
        hint = "name a file in it" if path.is_dir() else "name another file, or say --force"
        raise InputError(f"{path} is there already", hint=hint)
    with opened(settings) as database:
        return written(database, path, now)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """The database as it stands: none is made, and none is upgraded."""
    database = Database(settings.database_url)
    try:
        if database.is_sqlite and not backup.file_of(database).exists():
            raise NotAvailable(f"{backup.file_of(database)}: no database is there", hint="run `wirewatch db upgrade`")
        open_database(settings, migrate=False).close()
        yield database
    finally:
        database.close()


def written(database: Database, path: Path, now: datetime) -> Made:
    """A backup under its final name once it is whole and on the disk."""
    need_room(path.parent, backup.size(database))
    with temporary(path) as part:
        facts = backup.write(database, part, now=now, program=version("wirewatch"))
        backup.synced(part)
        part.replace(path)
        backup.synced(path.parent)
    return Made(path, path.stat().st_size, facts)


def need_room(folder: Path, size: int) -> None:
    """Raise NotAvailable unless so many bytes can be written there; InputError when there is no such folder."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder", hint="make it, or name another place")
    free = shutil.disk_usage(folder).free
    if free < size + SPARE:
        raise NotAvailable(
            f"{folder}: {free / 1e6:,.0f} MB are free, and up to {(size + SPARE) / 1e6:,.0f} MB are needed",
            hint="make room there, or name another place",
        )


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """An empty file beside `path` that only we may read; what is still there afterwards is removed."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".partial")
    os.close(handle)
    part = Path(name)
    try:
        yield part
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)
