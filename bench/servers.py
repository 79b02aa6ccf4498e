"""Databases for measurements: fresh SQLite files, or a PostgreSQL server that waits for the disk as usual."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from core.settings import Settings
from pipeline.bootstrap import open_database
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
            url = f"postgresql://postgres@/{name}?host={socket}"
            open_database(Settings(_env_file=None, database=url), migrate=True).close()
            return url

        yield fresh
    finally:
        stop(folder)
