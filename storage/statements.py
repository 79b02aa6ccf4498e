"""Statements that change rows without loading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Row, Update
from sqlmodel import Session, SQLModel

RowT = TypeVar("RowT", bound=SQLModel)
LARGEST_ID = 2**31 - 1  # of an integer column: PostgreSQL and SQLite refuse to look for a larger one


def run(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE; returns how many rows it changed. Loaded rows are not refreshed."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(cast("CursorResult[Any]", result).rowcount)


def numbered(session: Session, table: type[RowT], number: int) -> RowT | None:
    """The row of this id; None for a number that is none's, however large."""
    return session.get(table, number) if 0 < number <= LARGEST_ID else None


def returned(session: Session, statement: Update, *columns: Any) -> Sequence[Row[Any]]:
    """Run an UPDATE; returns these columns of the rows it changed, as they are now. Loaded rows are not refreshed."""
    unloaded = statement.execution_options(synchronize_session=False)
    return session.execute(unloaded.returning(*columns)).all()
