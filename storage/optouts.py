"""Targets that asked for no more alerts of a rule. An e-mail address stays so in any channel and in any case."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from storage.tables import OptOut


class OptedOut:
    """The targets that want no more of a rule: `target in opted_out`."""

    def __init__(self, targets: Collection[str]) -> None:
        self._known = frozenset(map(meant, targets))

    def __contains__(self, target_id: str) -> bool:
        return meant(target_id) in self._known

    def __bool__(self) -> bool:
        return bool(self._known)


def meant(target_id: str) -> str:
    """Whom a target stands for: `:` and its address, in small letters; a channel without addresses for itself."""
    _, colon, address = target_id.partition(":")
    return colon + address.casefold() if colon else target_id


def add(session: Session, rule_id: str, target_id: str, now: datetime) -> bool:
    """Keep that this target wants no more of this rule; False when it is known already."""
    if target_id in targets_of(session, rule_id):
        return False
    session.add(OptOut(rule_id=rule_id, target_id=target_id, at=now))
    session.flush()
    return True


def remove(session: Session, rule_id: str, target_id: str) -> bool:
    """Forget it: this target gets the rule's alerts again. False when there was nothing to forget."""
    rows = session.exec(select(OptOut).where(col(OptOut.rule_id) == rule_id)).all()
    found = [row for row in rows if meant(row.target_id) == meant(target_id)]
    for row in found:
        session.delete(row)
    session.flush()
    return bool(found)


def targets_of(session: Session, rule_id: str) -> OptedOut:
    """The targets that want no more of this rule."""
    return among(session, [rule_id]).get(rule_id, OptedOut(()))


def among(session: Session, rules: Collection[str]) -> dict[str, OptedOut]:
    """Those of these rules of which anybody asked for no more."""
    found: dict[str, list[str]] = {}
    for rule_id, target_id in session.connection().execute(_among(), {"rules": list(rules)}):
        found.setdefault(rule_id, []).append(target_id)
    return {rule_id: OptedOut(targets) for rule_id, targets in found.items()}


@cache
def _among() -> Select[tuple[str, str]]:
    query = sa_select(col(OptOut.rule_id), col(OptOut.target_id))
    return query.where(col(OptOut.rule_id).in_(bindparam("rules", expanding=True)))


def listing(session: Session) -> list[OptOut]:
    """All of them, newest first."""
    return list(session.exec(select(OptOut).order_by(col(OptOut.at).desc(), col(OptOut.id).desc())).all())
