"""Edits of the list of feeds that buttons and forms make: each a new revision, under the name of who made it."""

from __future__ import annotations

from core.clock import SystemClock
from pipeline.subscriptions import Edit, edit_revision
from storage.engine import Database


async def edited(db: Database, edit: Edit, by: str, note: str) -> str:
    """Make the edit a revision; what was done, and a line of each thing left out. Raises InputError, ConfigError."""
    outcome = await edit_revision(db, edit, who=by, note=note, now=SystemClock().now())
    return "\n".join([f"Revision {outcome.revision}: {outcome.summary}.", *outcome.left_out])
