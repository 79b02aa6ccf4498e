"""Edits of the active revision from the page or a program: each makes a new revision, and overwrites nobody's work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.errors import InputError
from pipeline.configure import CONFIG_LOCK, EMPTY, apply_text, diff, read_watch, revision
from rules import edit as edits
from storage import configs
from storage.engine import Database, lock_names
from storage.tables import Config

WATCH = "watch.yaml"  # what problems call the text


class Conflict(InputError):
    """Somebody else made a revision meanwhile; `diff` leads from the one the edit began with to theirs."""

    def __init__(self, active: int, wanted: int, difference: str) -> None:
        super().__init__(f"revision {active} is active, not {wanted}", hint="look at what changed, and edit that")
        self.active = active
        self.diff = difference


@dataclass(frozen=True, slots=True)
class Revised:
    """The active revision after an edit, and whether the edit made it."""

    revision: int
    changed: bool


async def revise(
    db: Database, edit: Callable[[str], str], *, who: str, now: datetime, note: str, base: int | None = None
) -> Revised:
    """Edit the active revision's text; secrets are not looked up here: the worker has them.

    `base`: the revision that the edit was made for. Raises Conflict when another one is active, ConfigError with all
    problems of the new text.
    """
    active = await db.read(configs.active)
    text, number = (active.text, active.revision or 0) if active else (EMPTY, 0)
    if base is not None and base != number:
        raise await db.read(lambda session: _conflict(session, base))
    wanted = await asyncio.to_thread(edit, text)
    watch = await asyncio.to_thread(read_watch, wanted, file=WATCH, secrets=None)

    def work(session: Session) -> Revised:
        lock_names(session, [CONFIG_LOCK])
        if configs.active_revision(session) != number:
            raise _conflict(session, number)
        applied = apply_text(session, wanted, watch, from_file=False, who=who, now=now, note=note)
        return Revised(applied.revision, applied.changed)

    return await db.write(work)


def _conflict(session: Session, wanted: int) -> Conflict:
    """Where another revision is active than the one that was edited."""
    active, before = configs.active(session), configs.get(session, wanted)
    difference = diff(before.text if before else EMPTY, active.text if active else EMPTY)
    return Conflict((active.revision or 0) if active else 0, wanted, difference)


async def roll_back(db: Database, number: int, *, who: str, now: datetime, base: int | None = None) -> Revised:
    """Make an old revision's text the active one, as a new revision. Raises InputError when there is none."""
    old: Config = await db.read(lambda session: revision(session, number))
    return await revise(db, lambda _: old.text, who=who, now=now, note=f"rollback to {number}", base=base)


def put_rule(text: str, rule_id: str, rule: Mapping[str, Any]) -> str:
    """The watch file with this rule in the place of the one of its id, or as a new one."""
    return edits.set_value(text, ("rules", rule_id), dict(rule), file=WATCH)


def remove_rule(text: str, rule_id: str) -> str:
    """The watch file without a rule."""
    return edits.remove_value(text, ("rules", rule_id), file=WATCH)
