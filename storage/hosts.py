"""Politeness shared by all workers: a host's next free moment is moved in the claim itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, Update, bindparam, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage.tables import HostState

# Nothing is put off for longer (a Retry-After counts for a day at most): a later moment is from a clock that was wrong.
FARTHEST = timedelta(hours=25)
LONGEST_QUEUE = timedelta(hours=1)  # moments are given for the next minutes only


def reserve(
    session: Session, host: str, wanted: int, *, now: datetime, spacing: timedelta, horizon: timedelta
) -> list[datetime]:
    """Moments at which this host may be asked, at most `wanted`, `spacing` apart, none later than `now + horizon`.

    The moments given are taken: nobody else gets them. Runs inside the claim's transaction.
    """
    return reserve_all(session, {host: wanted}, now=now, spacing=spacing, horizon=horizon)[host]


def reserve_all(
    session: Session, wanted: Mapping[str, int], *, now: datetime, spacing: timedelta, horizon: timedelta
) -> dict[str, list[datetime]]:
    """The same for several hosts (host → how many moments), with one question and one change for all of them."""
    rows = {row.host: row for row in session.exec(_of_hosts(), params={"hosts": sorted(wanted)}).all()}
    taken = {}
    for host in sorted(wanted):
        row = rows.get(host) or HostState(host=host, next_allowed_at=now)
        moment, taken[host] = _free(row, now), list[datetime]()
        while len(taken[host]) < wanted[host] and moment <= now + horizon:
            taken[host].append(moment)
            moment += spacing
        row.next_allowed_at = moment
        session.add(row)
    session.flush()
    return taken


@cache
def _of_hosts() -> SelectOfScalar[HostState]:
    """Read anew and locked, in one order for all who lock several."""
    hosts = select(HostState).where(col(HostState.host).in_(bindparam("hosts", expanding=True)))
    return hosts.order_by(col(HostState.host)).with_for_update().execution_options(populate_existing=True)


def again(session: Session, host: str, missed: datetime, *, now: datetime, spacing: timedelta) -> datetime:
    """Another moment for a request that missed its own: now, when nobody was given a later one; else behind them."""
    row = session.get(HostState, host, with_for_update=True, populate_existing=True)
    if row is None:
        return now
    moment = now if row.next_allowed_at <= missed + spacing else _free(row, now)
    row.next_allowed_at = moment + spacing
    session.add(row)
    return moment


def next_free(session: Session, host: str, now: datetime) -> datetime:
    """When the host may be asked next."""
    row = session.get(HostState, host)
    return _free(row, now) if row else now


def hold(session: Session, host: str, until: datetime) -> None:
    """Ask this host nothing before `until` (it said so)."""
    row = session.get(HostState, host, with_for_update=True) or HostState(host=host, next_allowed_at=until)
    row.next_allowed_at = max(row.next_allowed_at, until)
    row.held_until = max(row.held_until or until, until)
    session.add(row)


def held_until(session: Session, host: str, now: datetime) -> datetime | None:
    """Until when the host wants to be left alone, when it does now: it may have said so after a moment was reserved."""
    row = session.get(HostState, host)
    if row is None or row.held_until is None or not now < row.held_until <= now + FARTHEST:
        return None
    return row.held_until


def _free(row: HostState, now: datetime) -> datetime:
    """The first free moment; both times are looked at, since a clock that stepped may have lost one of them."""
    held = row.held_until if row.held_until and row.held_until <= now + FARTHEST else now
    queue = row.next_allowed_at if row.next_allowed_at <= now + LONGEST_QUEUE else now
    return max(now, held, queue)


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


def remembered(session: Session, host: str) -> bytes:
    """The lines that a host's pages repeat; empty for a host that is not known."""
    return bytes(session.exec(select(HostState.repeats).where(col(HostState.host) == host)).first() or b"")


def remember(session: Session, memories: Mapping[str, bytes], now: datetime) -> None:
    """Keep what was read of these hosts' pages, in one order for all who write several; unknown hosts are made."""
    known = {row.host: row for row in session.exec(_of_hosts(), params={"hosts": sorted(memories)}).all()}
    for host in sorted(memories):
        row = known.get(host) or HostState(host=host, next_allowed_at=now)
        row.repeats = memories[host]
        session.add(row)
    session.flush()
