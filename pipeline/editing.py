"""One rule of the active revision, taken out to be edited, and saved as a new revision if nobody else changed it.

Whoever saves first is never overwritten unasked: the second is shown both, and decides.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlmodel import Session

from core.errors import InputError
from pipeline.configure import EMPTY, apply_upon
from rules.config import Watch
from rules.parts import part, put
from rules.slim import slim
from storage import configs


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule being edited. `base`: its lines when it was taken out, "" for one that was not there; `written`: now."""

    rule: str
    base: str
    written: str

    def on(self, theirs: str) -> Draft:
        """The same, knowing what somebody else made of the rule: saved now, it replaces that."""
        return replace(self, base=theirs)


@dataclass(frozen=True, slots=True)
class Current:
    """The active revision: its number (0: none), its text, who made it and when."""

    revision: int
    text: str
    who: str = ""
    at: datetime | None = None


def current(session: Session) -> Current:
    """The active revision, or the empty file of a new installation. Raises Damaged when it is."""
    row = configs.active(session)
    return Current(row.revision or 0, row.text, row.who, row.at) if row else Current(0, EMPTY)


def lines_of(text: str, rule: str) -> str:
    """The rule's lines in a watch file; "" when it is not there."""
    try:
        return part(slim(text, rule, ""), ("rules", rule))
    except InputError:
        return ""


def theirs(draft: Draft, text: str) -> str | None:
    """What somebody else made of the rule since the draft was begun; None when nobody changed it, or just so."""
    now = lines_of(text, draft.rule)
    return None if now in (draft.base, draft.written) else now


def merged(draft: Draft, text: str) -> str:
    """The watch file with the draft in it. Raises ConfigError or InputError."""
    return put(text, ("rules", draft.rule), draft.written, file="the rule").text


def differences(before: str, after: str) -> tuple[tuple[str, str], ...]:
    """The lines of two texts that differ: each with "-", "+" or " " for gone, new and the same."""
    old, new = before.splitlines(), after.splitlines()
    lines = difflib.unified_diff(old, new, n=len(old) + len(new), lineterm="")
    return tuple((line[0], line[1:]) for line in islice(lines, 3, None))  # after its three heads


def save(session: Session, draft: Draft, text: str, watch: Watch, *, upon: int, who: str, now: datetime) -> int | None:
    """Make the merged text the active revision; its number, or None when another than `upon` is active by now."""
    note = f"rule {draft.rule} {'changed' if draft.base else 'added'} in the page"
    applied = apply_upon(session, text, watch, upon=upon, who=who, now=now, note=note)
    return applied.revision if applied else None
