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
        return bool(self._known) and meant(target_id) in self._known

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
    """The targets that want no more of this rule; of none, of messages that no rule made."""
    return OptedOut(list(session.connection().execute(_targets_of(), {"rule": rule_id}).scalars()) if rule_id else ())


@cache
def _targets_of() -> Select[tuple[str]]:
    return sa_select(col(OptOut.target_id)).where(col(OptOut.rule_id) == bindparam("rule"))


def among(session: Session, rules: Collection[str]) -> dict[str, OptedOut]:
    """Those of these rules of which anybody asked for no more."""
    found: dict[str, list[str]] = {}
    asked = select(OptOut.rule_id, OptOut.target_id).where(col(OptOut.rule_id).in_(sorted(rules)))
    for rule_id, target_id in session.exec(asked).all():
        found.setdefault(rule_id, []).append(target_id)
    return {rule_id: OptedOut(targets) for rule_id, targets in found.items()}


def listing(session: Session) -> list[OptOut]:
    """All of them, newest first."""
    return list(session.exec(select(OptOut).order_by(col(OptOut.at).desc(), col(OptOut.id).desc())).all())
