"""The schema's way from nothing to the newest revision, and that the rows are what it makes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
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


def test_two_that_upgrade_at_once_both_end_well(database_url: str) -> None:
    first, second = Database(database_url), Database(database_url)
    schema.upgrade(first) if first.is_sqlite else None
    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(schema.upgrade, (first, second)))
    assert {to for _, to in ended} == {schema.needed()}
    first.close()
    second.close()


def test_the_migrations_make_exactly_the_rows_of_the_code(db: Database) -> None:
    with db.engine.connect() as connection:
        options = {
            "compare_type": True,
            "include_name": lambda name, kind, _: kind != "table" or not lookup.is_part(name),
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []
