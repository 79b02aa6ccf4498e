"""Runs migrations on the connection that `storage.schema` gives."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, Text
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

import storage.office
import storage.tables  # noqa: F401 - both fill the metadata
from storage import lookup
from storage.types import UtcTime

NAMES: tuple[tuple[type[Any], str], ...] = (
    (UtcTime, "UtcTime()"),
    (AutoString, "sa.String()"),
    (Text, "sa.Text()"),
    (JSON, "Json"),
)


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """How our column types are written in a migration."""
    if kind != "type":
        return False
    return next((name for cls, name in NAMES if isinstance(item, cls)), False)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render,
    include_name=lambda name, kind, _parents: kind != "table" or not lookup.is_part(name or ""),
)
with context.begin_transaction():
    context.run_migrations()
