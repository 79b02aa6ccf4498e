"""Revisions of the watch file, and what rules learnt.

A text is read only if it still is what was stored: what a damaged one would watch for is anybody's guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import Select, func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from core.errors import Damaged
from storage.statements import numbered
from storage.tables import Config, RuleState


def sha256(text: str) -> str:
    """The hash that names a watch file's text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_sound(text: object, digest: str) -> bool:
    """Whether this is the text of that hash; a damaged row may have bytes, or nothing, in its place."""
    return isinstance(text, str) and sha256(text) == digest


def active(session: Session) -> Config | None:
    """The newest revision; None in an empty installation. Raises Damaged when its text is another than was stored."""
    return _sound(session.exec(select(Config).order_by(col(Config.revision).desc()).limit(1)).first())


def sound_active(session: Session) -> Config | None:
    """The same, and None also when its text is damaged."""
    with suppress(Damaged):
        return active(session)
    return None


def active_revision(session: Session) -> int:
    """The number of the newest revision, 0 when there is none."""
    return session.connection().execute(_active_revision()).scalar() or 0


@cache
def _active_revision() -> Select[tuple[int | None]]:
    return sa_select(func.max(col(Config.revision)))


def get(session: Session, revision: int) -> Config | None:
    """One revision; None when there is none. Raises Damaged, too."""
    return _sound(numbered(session, Config, revision))


def _sound(row: Config | None) -> Config | None:
    if row is not None and not is_sound(row.text, row.sha256):
        raise Damaged(
            f"revision {row.revision} of the watch file is damaged in the database",
            hint="run `wirewatch apply FILE --force` with its file, `wirewatch rollback`, or restore a backup",
        )
    return row


@dataclass(frozen=True, slots=True)
class Line:
    """A revision without its text, which may be long."""

    revision: int
    who: str
    at: datetime
    note: str
    sha256: str
    from_file: bool


def listing(session: Session, before: int = 0, limit: int | None = None) -> list[Line]:
    """Revisions below `before` (0: all), newest first."""
    number, from_file = col(Config.revision), col(Config.file_sha256) != ""
    query = sa_select(number, col(Config.who), col(Config.at), col(Config.note), col(Config.sha256), from_file)
    query = query.where(number < before) if before else query
    rows = session.connection().execute(query.order_by(number.desc()).limit(limit))
    return [Line(number or 0, who, at, note, digest, bool(of_file)) for number, who, at, note, digest, of_file in rows]


def add(session: Session, text: str, *, from_file: bool = False, who: str, at: datetime, note: str = "") -> Config:
    """Make this text the active revision."""
    digest = sha256(text)
    file_digest = digest if from_file else ""
    row = Config(text=text, sha256=digest, file_sha256=file_digest, who=who, at=at, note=note)
    session.add(row)
    session.flush()
    return row


def last_file_sha256(session: Session) -> str:
    """The hash of the file that was applied last; empty when none was."""
    query = select(Config.file_sha256).where(col(Config.file_sha256) != "").order_by(col(Config.revision).desc())
    return session.exec(query.limit(1)).first() or ""


def sync_rules(session: Session, digests: Mapping[str, str], *, now: datetime, past_id: int) -> list[str]:
    """Make rule states follow the active rules; returns the ids of new and changed rules.

    A new or changed rule is matched once with the stored articles whose id is below `past_id`, and is on again if it
    was switched off.
    """
    known = {row.rule_id: row for row in session.exec(select(RuleState)).all()}
    fresh = []
    for rule_id, digest in digests.items():
        row = known.get(rule_id)
        if row is not None and row.digest == digest:
            continue
        row = row or RuleState(rule_id=rule_id, digest=digest, since=now)
        row.digest, row.since, row.past_id, row.off_reason, row.off_at = digest, now, past_id, "", None
        row.costly_hosts = []
        session.add(row)
        fresh.append(rule_id)
    for rule_id in known.keys() - digests.keys():
        session.delete(known[rule_id])
    session.flush()
    return fresh


def rules_with_past(session: Session) -> list[RuleState]:
    """Rules that still have stored articles to be matched with."""
    return list(session.exec(select(RuleState).where(col(RuleState.past_id) > 0)).all())


def rule_states(session: Session, ids: Collection[str] | None = None) -> dict[str, RuleState]:
    """Rule id → what it learnt; of all rules, or of these."""
    query = select(RuleState)
    query = query if ids is None else query.where(col(RuleState.rule_id).in_(ids))
    return {row.rule_id: row for row in session.exec(query).all()}


def costly(session: Session, rule_id: str, host: str) -> int:
    """Note a site on whose article a rule was too costly. Returns how many sites there are; 0 for a rule unknown."""
    row = session.get(RuleState, rule_id, populate_existing=True)
    if row is None:
        return 0
    if host not in row.costly_hosts:
        row.costly_hosts = [*row.costly_hosts, host]
        session.add(row)
    return len(row.costly_hosts)


def switch_off(session: Session, rule_id: str, reason: str, now: datetime) -> bool:
    """Switch a rule off until it is changed; False when it is off already, or unknown."""
    row = session.get(RuleState, rule_id, populate_existing=True)
    if row is None or row.off_reason:
        return False
    row.off_reason, row.off_at = str(reason), now
    session.add(row)
    return True


def switched_off(session: Session) -> dict[str, str]:
    """Rule id → why it was switched off."""
    off = select(RuleState.rule_id, RuleState.off_reason).where(col(RuleState.off_reason) != "")
    return dict(session.exec(off).all())
