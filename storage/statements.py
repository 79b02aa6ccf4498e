"""Statements that change rows without loading them."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlmodel import Session


def run(session: Session, statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE; returns how many rows it changed. Loaded rows are not refreshed."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return int(cast("CursorResult[Any]", result).rowcount)
