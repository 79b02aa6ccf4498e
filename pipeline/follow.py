"""Follows the watch file: applies it when it changed, and keeps the active revision when it cannot."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import ConfigError, InputError
from core.shortage import HINT, shortage
from pipeline import notices
from pipeline.app import App
from pipeline.configure import Applied, apply_text, read_watch, refresh

CONFIG_TROUBLE = "config"
SETTLED_S = 0.25  # for which nobody may have written to the file
WRITTEN_S = 10.0  # how long it may go on being written


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following: whether another revision is active now, and what to tell, if anything."""

    revision: int
    changed: bool = False
    message: str = ""


async def follow_file(app: App, who: str) -> Followed:
    """Apply the watch file when it changed. A broken or conflicting file is refused, and the active revision goes on.

    Raises InputError or ConfigError only when there is no active revision to go on with, Damaged when that one is.
    """
    path = app.settings.config
    try:
        text = await (_settled(path) if app.active.revision else asyncio.to_thread(_read, path))
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


async def _settled(path: Path) -> str:
    """The file's text, once nobody writes to it: of a copy that is under way, the rules behind its end would be gone.

    Raises InputError for a file that is written to all the time.
    """
    until = time.monotonic() + WRITTEN_S
    while True:
        text, age = await asyncio.to_thread(_read_and_age, path)
        if not 0 <= age < SETTLED_S:  # before 0: by another machine's clock
            return text
        if time.monotonic() > until:
            raise InputError(f"{path}: it has been written to for {WRITTEN_S:g} s", hint="write it, then let it be")
        await asyncio.sleep(SETTLED_S / 5)


def _read_and_age(path: Path) -> tuple[str, float]:
    """The file's text, and how long ago it was written to, seconds; 0 where that cannot be told just now."""
    text = _read(path)
    with suppress(OSError):
        return text, time.time() - path.stat().st_mtime
    return text, 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None
    except OSError as error:
        if short := shortage(error):
            raise InputError(f"this machine is short of something: {short}", hint=HINT) from None
        raise InputError(
            f"{path}: {error.strerror}", hint="run `wirewatch init` to write one, or name it with --config"
        ) from None
