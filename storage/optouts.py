"""Targets that asked for no more alerts of a rule."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import Select, bindparam
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from storage.tables import OptOut


def add(session: Session, rule_id: str, target_id: str, now: datetime) -> bool:
    """Keep that this target wants no more of this rule; False when it is known already."""
    if _find(session, rule_id, target_id) is not None:
        return False
    session.add(OptOut(rule_id=rule_id, target_id=target_id, at=now))
    session.flush()
    return True


def remove(session: Session, rule_id: str, target_id: str) -> bool:
    """Forget it: this target gets the rule's alerts again. False when there was nothing to forget."""
    found = _find(session, rule_id, target_id)
    if found is not None:
        session.delete(found)
        session.flush()
    return found is not None


def targets_of(session: Session, rule_id: str) -> frozenset[str]:
    """The targets that want no more of this rule."""
    return frozenset(session.connection().execute(_targets_of(), {"rule": rule_id}).scalars())


@cache
def _targets_of() -> Select[tuple[str]]:
    return sa_select(col(OptOut.target_id)).where(col(OptOut.rule_id) == bindparam("rule"))


def listing(session: Session) -> list[OptOut]:
    """All of them, newest first."""
    return list(session.exec(select(OptOut).order_by(col(OptOut.at).desc(), col(OptOut.id).desc())).all())


def _find(session: Session, rule_id: str, target_id: str) -> OptOut | None:
    wanted = (col(OptOut.rule_id) == rule_id) & (col(OptOut.target_id) == target_id)
    return session.exec(select(OptOut).where(wanted)).first()
