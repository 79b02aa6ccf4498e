"""Databases for measurements: fresh SQLite files, or a PostgreSQL server that waits for the disk as usual."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from storage import schema
from storage.engine import Database
from tests.databases import start, stop

KINDS = ("sqlite", "postgresql")


@contextmanager
def databases(kind: str) -> Iterator[Callable[[], str]]:
    """Gives URLs of databases without a row, as `db upgrade` makes them; "" is SQLite in the data folder, the default
    of every installation, which whoever opens it makes.
    """
    if kind == "sqlite":
        yield lambda: ""
        return
    folder = Path(tempfile.mkdtemp(prefix="wirewatch-postgresql-"))
    numbers = itertools.count(1)
    try:
        socket = start(folder, ())

        def fresh() -> str:
            name = f"bench_{next(numbers)}"
            with psycopg.connect(f"postgresql://postgres@/postgres?host={socket}", autocommit=True) as connection:
                connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
            return _upgraded(f"postgresql://postgres@/{name}?host={socket}")

        yield fresh
    finally:
        stop(folder)


def _upgraded(url: str) -> str:
    database = Database(url.replace("postgresql:", "postgresql+psycopg:"))
    schema.upgrade(database)
    database.close()
    return url
