"""The schema's way from nothing to the newest revision, and that the rows are what it makes."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlmodel import SQLModel

import storage.office
import storage.tables  # noqa: F401
from core.errors import NotAvailable
from storage import lookup, schema
from storage.engine import Database


def test_an_empty_database_is_refused_until_it_is_upgraded(database_url: str) -> None:
    database = Database(database_url)
    with pytest.raises(NotAvailable, match="db upgrade"):
        schema.require(database)
    assert schema.upgrade(database) == ("", schema.needed())
    schema.require(database)
    assert schema.upgrade(database) == (schema.needed(), schema.needed())
    database.close()


def test_all_that_upgrade_at_once_end_well(database_url: str) -> None:
    start = threading.Barrier(4)

    def upgrade(database: Database) -> tuple[str, str]:
        start.wait()
        return schema.upgrade(database)

    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(upgrade, databases))
    assert {to for _, to in ended} == {schema.needed()}
    for database in databases:
        database.close()


def test_the_migrations_make_exactly_the_rows_of_the_code(db: Database) -> None:
    with db.engine.connect() as connection:
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or not lookup.is_part(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def layout(database: Database) -> dict[str, list[Any]]:
    """Each table with its columns, keys, constraints and indexes, as the database tells them."""
    told = inspect(database.engine)
    asked = (told.get_columns, told.get_foreign_keys, told.get_unique_constraints, told.get_indexes)
    return {
        name: [told.get_pk_constraint(name), *(sorted(map(in_words, ask(name))) for ask in asked)]
        for name in told.get_table_names()
    }


def in_words(part: Mapping[str, Any]) -> str:
    """A column or an index on one line, with the SQL of a partial index's condition."""
    options = {name: str(value) for name, value in part.get("dialect_options", {}).items()}
    return repr({**part, "dialect_options": options})


def test_upgrading_going_back_and_upgrading_again_gives_the_same_schema(db: Database) -> None:
    first = layout(db)
    assert {"feed", "delivery", lookup.INDEX} < first.keys()
    config = schema._config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        connection.commit()
    assert layout(db).keys() == {"alembic_version"}
    schema.upgrade(db)
    assert layout(db) == first
