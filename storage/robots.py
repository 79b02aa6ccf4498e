"""What sites' robots.txt said, shared by all workers: each run that Prefect starts is a new process."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session

from storage.office import RobotsFile


def kept(session: Session, origin: str) -> RobotsFile | None:
    """What was kept of the site at `origin` (scheme, host and port), however old."""
    return session.get(RobotsFile, origin, populate_existing=True)


def keep(session: Session, row: RobotsFile) -> None:
    """Keep what a site said now in the place of what it said before, whoever else does so at the same time."""
    values: dict[str, Any] = row.model_dump()
    newer = {name: value for name, value in values.items() if name != "origin"}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(RobotsFile).values(values).on_conflict_do_update(index_elements=["origin"], set_=newer))
