"""Fault 46: a migration is killed in its middle, and a program meets a newer one's database."""

from __future__ import annotations

import itertools
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import schema
from storage.engine import Database
from tests.builders import World
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import Driver, command
from tests.storage.test_schema import layout


def kill_at_each(
    world: World, driver: Driver, databases: Databases, kind: str, folder: Path, stride: int
) -> tuple[int, set[str]]:
    """Kill a migration right before every `stride`-th of its statements, and upgrade again; asserts that it is whole.

    How often it was killed, and which revisions that left.
    """
    with databases.fresh(kind, folder, migrate) as url:
        db = Database(url)
        whole = layout(db)
        db.close()
    left: set[str] = set()
    for kills, number in enumerate(itertools.count(1, stride)):
        shutil.rmtree(folder / "half", ignore_errors=True)
        (folder / "half").mkdir()
        with databases.fresh(kind, folder / "half") as url:
            (code,) = driver.run(world.settings(), url, migrate=number)
            db = Database(url)
            left.add(schema.current(db))
            schema.upgrade(db)
            assert layout(db) == whole
            schema.require(db)
            db.close()
        if code == 0:
            return kills, left
        assert code == -signal.SIGKILL
    raise AssertionError


def test_fault_46_a_migration_that_was_killed_goes_on_where_it_was(
    world: World, driver: Driver, databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    kills, _ = kill_at_each(world, driver, databases, database_kind, tmp_path, stride=31)
    assert kills >= 3


@pytest.mark.faults
@pytest.mark.timeout(600)
def test_fault_46_a_migration_that_was_killed_at_any_statement_goes_on_where_it_was(
    world: World, driver: Driver, databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    kills, left = kill_at_each(world, driver, databases, database_kind, tmp_path, stride=1)
    assert kills > 80
    print(f"{database_kind}: {kills} kills of a migration, which left revisions {sorted(left)}")


@pytest.mark.parametrize(
    "arguments",
    [
        ("db", "upgrade"),
        *(pytest.param(one, marks=pytest.mark.faults) for one in (("run", "--once"), ("feeds", "list"))),
    ],
)
def test_fault_46_a_newer_programs_database_is_refused_in_words(
    world: World, database_url: str, arguments: tuple[str, ...]
) -> None:
    migrate(database_url)
    db = Database(database_url)
    db.write_now(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    before = layout(db)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with command(world, database_url, *arguments) as run:
        said, _ = run.communicate(timeout=60)
    assert run.returncode == 3, said
    assert "has revision 9999, which this program does not know" in said
    assert schema.NEWER in said
    assert "Traceback" not in said
    assert layout(db) == before
    db.close()
