"""The delivery ledger as people read it: newest first, a page at a time, narrowed, its states counted up to a limit.

A page costs the same however deep it lies, and however rare what is looked for: each query walks one index.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from core.reasons import Reason
from storage.tables import Alert, Delivery, Target

STATES = ("pending", "leased", "sent", "retry", "unknown", "dead", "suppressed")
MOST = 10_000  # more of a state are not counted

Place = tuple[datetime, int]  # when the last row of a page was made, and its id


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deliveries; empty: any. `since` and `until` bound when they were made, the second not included."""

    state: str = ""
    channel: str = ""
    rule: str = ""
    since: datetime | None = None
    until: datetime | None = None
    alert: str = ""


def page(
    session: Session, chosen: Filter, after: Place | None, limit: int, *, states: Iterable[str] = ()
) -> list[tuple[Delivery, Alert]]:
    """Deliveries with their alerts, newest first, from behind `after` on; with `states`, in one of these."""
    walks = [replace(chosen, state=state) for state in states] or _walks(chosen)
    found = heapq.merge(*(_places(session, one, after, limit) for one in walks), reverse=True)
    ids = [key for _, (_, key) in zip(range(limit), found, strict=False)]
    query = select(Delivery, Alert).join(Alert, col(Alert.id) == col(Delivery.alert_id))
    rows = session.exec(query.where(col(Delivery.id).in_(ids))).all()
    return sorted(rows, key=lambda pair: (pair[0].made_at, pair[0].id or 0), reverse=True)


def _walks(chosen: Filter) -> Iterable[Filter]:
    """The filters that together are this one, each of them a walk along one index: by state where more is chosen."""
    if chosen.state or chosen.alert or not (chosen.channel or chosen.rule):
        return [chosen]
    return [replace(chosen, state=state) for state in STATES]


def _places(session: Session, chosen: Filter, after: Place | None, limit: int) -> list[Place]:
    at, key = col(Delivery.made_at), col(Delivery.id)
    query = sa_select(at, key).where(*_wanted(chosen))
    if after is not None:
        query = query.where(at <= after[0], or_(at < after[0], key < after[1]))
    rows = session.connection().execute(query.order_by(at.desc(), key.desc()).limit(limit))
    return [(made, number) for made, number in rows]


def _wanted(chosen: Filter) -> list[ColumnElement[bool]]:
    columns: tuple[tuple[Any, str], ...] = (
        (Delivery.state, chosen.state),
        (Delivery.channel, chosen.channel),
        (Delivery.rule_id, chosen.rule),
        (Delivery.alert_id, chosen.alert),
    )
    wanted = [col(column) == value for column, value in columns if value]
    if chosen.since:
        wanted.append(col(Delivery.made_at) >= chosen.since)
    if chosen.until:
        wanted.append(col(Delivery.made_at) < chosen.until)
    return wanted


def counts(session: Session, chosen: Filter) -> dict[str, int]:
    """State → how many are in it and are like `chosen` otherwise, up to MOST; states without any are left out."""
    found = {}
    for state in STATES:
        some = sa_select(col(Delivery.id)).where(*_wanted(replace(chosen, state=state))).limit(MOST)
        if number := session.connection().execute(sa_select(func.count()).select_from(some.subquery())).scalar_one():
            found[state] = number
    return found


def channels(session: Session) -> list[str]:
    """The channels that anything was ever sent to, by name."""
    return list(session.exec(select(Target.channel).distinct().order_by(col(Target.channel))).all())


def paused(session: Session) -> list[Target]:
    """The targets that nothing is sent to until they are resumed."""
    return list(session.exec(select(Target).where(col(Target.state) == "paused").order_by(col(Target.id))).all())


def given_up(session: Session, since: datetime) -> dict[str, tuple[int, str]]:
    """Channel → how many of its messages became dead letters since then, and what was said of the newest; without
    those of targets that were paused, which is a trouble of its own.
    """
    lately = (col(Delivery.state) == "dead") & (col(Delivery.not_before) >= since)
    return _by_channel(session, lately & (col(Delivery.reason) != Reason.AUTH))


def refused(session: Session, attempts: int) -> dict[str, tuple[int, str]]:
    """Channel → how many messages wait that it did not take in so many attempts, and what was said of the newest."""
    return _by_channel(session, (col(Delivery.state) == "retry") & (col(Delivery.attempts) >= attempts))


def _by_channel(session: Session, which: ColumnElement[bool]) -> dict[str, tuple[int, str]]:
    query = sa_select(col(Delivery.channel), func.count(), func.max(col(Delivery.id)))
    found = session.execute(query.where(which).group_by(col(Delivery.channel)))
    counts = {newest: (channel, count) for channel, count, newest in found}
    said = session.execute(sa_select(col(Delivery.id), col(Delivery.error)).where(col(Delivery.id).in_(list(counts))))
    return {counts[number][0]: (counts[number][1], error) for number, error in said}
