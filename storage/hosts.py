"""Politeness shared by all workers: a host's next free moment is moved in the claim itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, Update, bindparam, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col

from storage.tables import HostState


def reserve(
    session: Session, host: str, wanted: int, *, now: datetime, spacing: timedelta, horizon: timedelta
) -> list[datetime]:
    """Moments at which this host may be asked, at most `wanted`, `spacing` apart, none later than `now + horizon`.

    The moments given are taken: nobody else gets them. Runs inside the claim's transaction.
    """
    row = session.get(HostState, host, with_for_update=True)
    if row is None:
        row = HostState(host=host, next_allowed_at=now)
        session.add(row)
    moment = max(row.next_allowed_at, now)
    moments: list[datetime] = []
    while len(moments) < wanted and moment <= now + horizon:
        moments.append(moment)
        moment += spacing
    row.next_allowed_at = moment
    session.add(row)
    session.flush()
    return moments


def next_free(session: Session, host: str, now: datetime) -> datetime:
    """When the host may be asked next."""
    row = session.get(HostState, host)
    return max(row.next_allowed_at, now) if row else now


def hold(session: Session, host: str, until: datetime) -> None:
    """Ask this host nothing before `until` (it said so)."""
    row = session.get(HostState, host, with_for_update=True) or HostState(host=host, next_allowed_at=until)
    row.next_allowed_at = max(row.next_allowed_at, until)
    session.add(row)


def repeats_of(session: Session, host: str) -> bytes | None:
    """What is remembered of the lines on this host's pages, to be changed in this transaction; None when the host is
    not known, or its row is held by somebody else: nobody waits for a memory.
    """
    found = session.connection().execute(_repeats(), {"of": host}).scalar()
    return None if found is None else bytes(found)


def keep_repeats(session: Session, host: str, repeats: bytes) -> None:
    """Remember these."""
    session.connection().execute(_keeping_repeats(), {"of": host, "kept": repeats})


@cache
def _repeats() -> Select[tuple[bytes]]:
    return (
        sa_select(col(HostState.repeats))
        .where(col(HostState.host) == bindparam("of"))
        .with_for_update(skip_locked=True)
    )


@cache
def _keeping_repeats() -> Update:
    return update(HostState).where(col(HostState.host) == bindparam("of")).values(repeats=bindparam("kept"))
