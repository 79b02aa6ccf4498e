"""Follows the watch file: applies it when it changed, and keeps the active revision when it cannot."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, InputError
from pipeline import notices
from pipeline.app import App
from pipeline.configure import Applied, apply_text, read_watch, refresh

CONFIG_TROUBLE = "config"


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following: whether another revision is active now, and what to tell, if anything."""

    revision: int
    changed: bool = False
    message: str = ""


async def follow_file(app: App, who: str) -> Followed:
    """Apply the watch file when it changed. A broken or conflicting file is refused, and the active revision goes on.

    Raises InputError or ConfigError only when there is no active revision to go on with.
    """
    path = app.settings.config
    try:
        text = await asyncio.to_thread(_read, path)
        watch = await asyncio.to_thread(read_watch, text, file=str(path), secrets=app.secrets)
    except (ConfigError, InputError) as error:
        if not app.active.revision:
            raise
        return (
            await _refused(app, f"{error}\nthe active revision {app.active.revision} goes on")
            if path.exists()
            else Followed(app.active.revision)
        )
    now = app.clock.now()
    applied = await app.db.write(lambda session: apply_text(session, text, watch, from_file=True, who=who, now=now))
    if applied.conflict:
        return await _refused(app, conflict(path, applied))
    await app.db.write(lambda session: notices.over(session, app, CONFIG_TROUBLE, f"{path} is in force again", now=now))
    await refresh(app)
    return Followed(applied.revision, applied.changed)


def conflict(path: Path, applied: Applied) -> str:
    """Why a file was not applied, and what to do."""
    return (
        f"{path} changed, but the active revision {applied.revision} was made in the page since; it stays active\n"
        f"  run `wirewatch export` to take it over into the file, or `wirewatch apply {path} --force`\n{applied.diff}"
    )


async def _refused(app: App, message: str) -> Followed:
    now = app.clock.now()
    fresh = await app.db.write(lambda session: notices.tell(session, app, CONFIG_TROUBLE, message, now=now))
    return Followed(app.active.revision, message=message if fresh else "")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}", hint="run `wirewatch init` to write one, or name it with --config"
        ) from None
