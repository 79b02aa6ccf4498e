"""Edits of the watch file that buttons and forms make: each a new revision, under the name of who made it."""

from __future__ import annotations

import os

from core.clock import SystemClock
from core.settings import Settings
from pipeline.bootstrap import secrets_of
from pipeline.subscriptions import Edit, edit_watch
from storage.engine import Database


def edited(db: Database, settings: Settings, edit: Edit, by: str, note: str) -> str:
    """Edit the watch file, as `wirewatch feeds add` does; what was done. Blocks. Raises InputError, ConfigError."""
    secrets, now = secrets_of(settings, os.environ), SystemClock().now()
    outcome = edit_watch(db, settings.config, edit, secrets=secrets, who=by, note=note, now=now)
    return f"Revision {outcome.revision}: {outcome.summary}."
