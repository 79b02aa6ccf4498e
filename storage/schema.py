"""The schema's revision: which one this code needs, which one the database has, and the way there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection
from sqlmodel import SQLModel

import storage.office
import storage.tables  # noqa: F401 - both fill the metadata
from core.errors import NotAvailable
from storage import lookup
from storage.engine import Database

NEWER = "a newer wirewatch made it: run that one, or restore a backup from before its upgrade"
_LOCK = 7_301_956_021  # any fixed number: PostgreSQL's advisory lock while migrating


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def needed() -> str:
    """The revision that this code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(database: Database) -> str:
    """The revision that the database has; "" when it is empty."""
    with database._told(), database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def is_known(revision: str) -> bool:
    """Whether this program knows a revision; one that it does not is a newer program's."""
    try:
        return not revision or ScriptDirectory.from_config(_config()).get_revision(revision) is not None
    except CommandError:
        return False


def upgrade(database: Database) -> tuple[str, str]:
    """Bring the database to the needed revision; returns (from, to). Two processes at once: the second waits, then
    finds it done. One that is killed leaves the revision before or after, and the next goes on from there. Raises
    NotAvailable for a newer program's database.
    """
    before = current(database)
    if before == needed():
        return before, before
    _refuse_unknown(database, before)
    config = _config()
    with database.alone(_LOCK) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, needed()


def require(database: Database) -> None:
    """Raise NotAvailable unless the database has the needed revision."""
    has = current(database)
    if has != needed():
        _refuse_unknown(database, has)
        raise NotAvailable(
            f"database {database.label} has revision {has or '(empty)'}, this program needs {needed()}",
            hint="run `wirewatch db upgrade` (one process migrates, the others wait)",
        )


def _refuse_unknown(database: Database, revision: str) -> None:
    if not is_known(revision):
        raise NotAvailable(
            f"database {database.label} has revision {revision}, which this program does not know; it needs {needed()}",
            hint=NEWER,
        )


def differences(connection: Connection) -> list[str]:
    """What of tables, columns and indexes is not as this code's rows have it, in words."""
    options = {"include_name": lambda name, kind, _: kind != "table" or not lookup.is_part(name or "")}
    context = MigrationContext.configure(connection, opts={"compare_type": True, **options})
    return [_in_words(one) for one in compare_metadata(context, SQLModel.metadata)]


def _in_words(difference: Any) -> str:
    """What Alembic would do, such as ("add_index", Index(…)), or a list of such for a column."""
    first = difference[0] if isinstance(difference, list) else difference
    named = [str(getattr(part, "name", part)) for part in first[1:] if part is not None]
    return f"{str(first[0]).replace('_', ' ')} {' '.join(named)[:120]}"
