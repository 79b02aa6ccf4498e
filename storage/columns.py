"""Columns that many tables have, the same on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from storage.types import Json, UtcTime

JsonList = list[Any]

SQLModel.metadata.naming_convention = {  # names that a later migration can refer to, on both databases
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def maybe_time(*, index: bool = False) -> Any:
    """A time that may not have come yet."""
    return Field(default=None, sa_type=UtcTime, index=index)


def time(*, index: bool = False) -> Any:
    """A time that is always known."""
    return Field(sa_type=UtcTime, index=index)


def json_list() -> Any:
    """A list of JSON values."""
    return Field(default_factory=list, sa_type=Json)


def long_text() -> Any:
    """Text of any length, empty when nothing is said."""
    return Field(default="", sa_type=Text)
