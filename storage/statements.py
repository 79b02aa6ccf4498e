"""Statements that change rows without loading them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Row, Update
from sqlmodel import Session


def run(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE; returns how many rows it changed. Loaded rows are not refreshed."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(cast("CursorResult[Any]", result).rowcount)


def returned(session: Session, statement: Update, *columns: Any) -> Sequence[Row[Any]]:
    """Run an UPDATE; returns these columns of the rows it changed, as they are now. Loaded rows are not refreshed."""
    unloaded = statement.execution_options(synchronize_session=False)
    return session.execute(unloaded.returning(*columns)).all()
