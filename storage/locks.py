"""One run of a job at a time, by an expiring lease."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, update
from sqlmodel import Session, col, select

from storage.leases import lapsed
from storage.office import JobLock
from storage.statements import run
from storage.types import SKEW, db_now


def take(session: Session, name: str, owner: str, *, seconds: float, now: datetime) -> bool:
    """Take the lock, or prolong one's own; False when somebody else holds it."""
    if session.get(JobLock, name) is None:
        _insert(session, name)
    free = or_(col(JobLock.until).is_(None), lapsed(col(JobLock.until)), col(JobLock.owner) == owner)
    values = {"owner": owner, "until": db_now(seconds), "last_started_at": now}
    taken = update(JobLock).where((col(JobLock.name) == name) & free).values(values)
    return bool(run(session, taken))


def _insert(session: Session, name: str) -> None:
    """Make the row if it is missing; another worker may do so at the same moment."""
    dialect = session.get_bind().dialect.name
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as insert_postgresql

        session.execute(insert_postgresql(JobLock).values(name=name, owner="").on_conflict_do_nothing())
    else:
        session.add(JobLock(name=name))
        session.flush()


def renew(session: Session, name: str, owner: str, *, seconds: float) -> bool:
    """Prolong a lock that is still held."""
    mine = (col(JobLock.name) == name) & (col(JobLock.owner) == owner)
    held = update(JobLock).where(mine).values(until=db_now(seconds))
    return bool(run(session, held))


def release(session: Session, name: str, owner: str, finished: datetime | None) -> None:
    """Give the lock back; `finished`: when the job ended, None of one that was broken off."""
    mine = (col(JobLock.name) == name) & (col(JobLock.owner) == owner)
    ended = {} if finished is None else {"last_finished_at": finished}
    run(session, update(JobLock).where(mine).values(owner="", until=None, **ended))


def last_started(session: Session, name: str) -> datetime | None:
    """When a run of this job last took the lock."""
    return session.exec(select(JobLock.last_started_at).where(JobLock.name == name)).first()


def last_finished(session: Session, name: str, now: datetime | None = None) -> datetime | None:
    """When this job last ended, in any of its shards (their names begin with the job's). With `now`, an end that is
    still to come, by a clock that has been set back since, is named only where there is no other.
    """
    ended = col(JobLock.last_finished_at)
    query = select(ended).where(col(JobLock.name).startswith(name), ended.is_not(None))
    found = [at for at in session.exec(query).all() if at is not None]
    return max((at for at in found if now is None or at <= now + SKEW), default=max(found, default=None))
