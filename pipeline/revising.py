"""Edits of the active revision from the page or a program: each makes a new revision, and overwrites nobody's work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from core.errors import InputError
from pipeline.configure import EMPTY, apply_upon, diff, read_watch, revision
from pipeline.editing import current
from rules import edit as edits
from storage import configs
from storage.engine import Database
from storage.tables import Config

DEEPEST = 10  # levels of a rule
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
    active = await db.read(current)
    if base is not None and base != active.revision:
        raise await db.read(lambda session: conflict(session, base))
    wanted = await asyncio.to_thread(edit, active.text)
    return await _put(db, wanted, upon=active.revision, who=who, now=now, note=note)


async def _put(db: Database, wanted: str, *, upon: int, who: str, now: datetime, note: str) -> Revised:
    watch = await asyncio.to_thread(read_watch, wanted, file=WATCH, secrets=None)

    def work(session: Session) -> Revised:
        applied = apply_upon(session, wanted, watch, upon=upon, who=who, now=now, note=note)
        if applied is None:
            raise conflict(session, upon)
        return Revised(applied.revision, applied.changed)

    return await db.write(work)


def conflict(session: Session, wanted: int) -> Conflict:
    """Where another revision is active than the one that was edited."""
    active, before = current(session), configs.get(session, wanted)
    names = (f"revision {wanted}", f"revision {active.revision}")
    return Conflict(active.revision, wanted, diff(before.text if before else EMPTY, active.text, names))


async def roll_back(db: Database, number: int, *, who: str, now: datetime, base: int | None = None) -> Revised:
    """Make an old revision's text the active one, as a new revision; the active one may be damaged.

    Raises Missing when there is no such revision, Damaged when it is, Conflict when another than `base` is active.
    """
    old: Config = await db.read(lambda session: revision(session, number))
    upon = await db.read(configs.active_revision) if base is None else base
    return await _put(db, old.text, upon=upon, who=who, now=now, note=f"rollback to {number}")


def put_rule(text: str, rule_id: str, rule: Mapping[str, Any]) -> str:
    """The watch file with this rule in the place of the one of its id, or as a new one."""
    return edits.set_value(text, ("rules", rule_id), _writable(rule, DEEPEST), file=WATCH)


def _writable(value: Any, depth: int) -> Any:
    """JSON values as a watch file can hold them: no fractions but as text."""
    if depth == 0:
        raise InputError("no rule is nested so deep")
    if isinstance(value, Mapping):
        return {key: _writable(part, depth - 1) for key, part in value.items()}
    if isinstance(value, list):
        return [_writable(part, depth - 1) for part in value]
    return repr(value) if isinstance(value, float) else value


def remove_rule(text: str, rule_id: str) -> str:
    """The watch file without a rule."""
    return edits.remove_value(text, ("rules", rule_id), file=WATCH)
