"""Notices to the operators: a trouble is told once, and once more when it is over."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from sqlalchemy import bindparam
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.engine import lock_names
from storage.office import Notice


def open_notice(session: Session, key: str, text: str, now: datetime) -> Notice | None:
    """Note a trouble; None when it is known already. Of several workers that see it at once, one notes it."""
    lock_names(session, [f"notice:{key}"])
    if session.exec(_open(), params={"key": key}).first() is not None:
        return None
    notice = Notice(key=key, text=text, at=now)
    session.add(notice)
    session.flush()
    return notice


def end_notice(session: Session, key: str, now: datetime) -> Notice | None:
    """Note that a trouble is over; None when there was none."""
    known = session.exec(_open(), params={"key": key}).first()
    if known is None:
        return None
    lock_names(session, [f"notice:{key}"])
    session.refresh(known)
    if known.over_at is not None:
        return None
    known.over_at = now
    session.add(known)
    session.flush()
    return known


@cache
def _open() -> SelectOfScalar[Notice]:
    return select(Notice).where((col(Notice.key) == bindparam("key")) & col(Notice.over_at).is_(None))


def open_notices(session: Session) -> list[Notice]:
    """Troubles that are not over."""
    return list(session.exec(select(Notice).where(col(Notice.over_at).is_(None)).order_by(col(Notice.at))).all())
