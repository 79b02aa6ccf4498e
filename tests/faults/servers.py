"""A PostgreSQL server of a test's own, which it may kill, start anew, run short of connections or damage."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bench.costs import family
from tests.databases import Databases, launch, run_program, start, stop
from tests.processes import is_running

GONE_S = 10.0
# as an operator has it: what is committed is on the disk, and what is damaged is noticed
SAFE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on", "max_connections=20")


class Server:
    """PostgreSQL in `folder`, started by the first database that is asked for; `close` stops it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "postgresql"
        self._databases = Databases(folder, "own")
        start(folder, SAFE)

    @contextmanager
    def damaged(self, prepare: Callable[[str], None]) -> Iterator[str]:
        """The URL of a new database that nobody else is to have after this."""
        name = f"damaged_{time.monotonic_ns()}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0")
        url = f"postgresql+psycopg://postgres@/{name}?host={self.data}"
        prepare(url)
        yield url
        self.ask(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def fresh(self, prepare: Callable[[str], None] | None = None) -> Iterator[str]:
        """The URL of a new database, emptied or dropped afterwards."""
        with self._databases.fresh("postgresql", self.folder, prepare) as url:
            yield url

    def kill(self) -> None:
        """SIGKILL to every process of the server, as a machine does that loses its power."""
        first = int((self.data / "postmaster.pid").read_text().split()[0])
        everyone = family(first)
        os.kill(first, signal.SIGSTOP)  # it starts nothing anew
        for pid in everyone[::-1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + GONE_S
        while any(is_running(pid) for pid in everyone) and time.monotonic() < until:
            time.sleep(0.01)
        for lock in (
            "postmaster.pid",
            ".s.PGSQL.5432.lock",
        ):  # where nobody buries the dead, they pass for alive
            (self.data / lock).unlink()

    def start(self) -> None:
        """Start it again; what it had committed is there."""
        launch(self.folder, SAFE)

    def end(self, mode: str = "fast") -> None:
        """Stop it in order: `fast` ends the sessions, `immediate` does not even write down what it has in memory."""
        run_program(self.folder, "pg_ctl", "-D", self.data, "-m", mode, "-w", "stop")

    def ask(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """The rows that a statement brings, as the server's own administrator."""
        address = f"postgresql://postgres@/{database}?host={self.data}"
        with psycopg.connect(address, autocommit=True) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def close(self) -> None:
        """Stop it for good, and remove its folder."""
        stop(self.folder)


def database_of(url: str) -> str:
    """The name of a URL's database."""
    return make_url(url).database or ""
