"""The delivery ledger: one row per alert and target, sent at least once under a stable key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Insert, Select, bindparam, case, func, or_, update
from sqlalchemy import select as sa_select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from core.reasons import Reason
from storage import leases
from storage.statements import numbered, returned, run
from storage.tables import Alert, Delivery, RuleState, Target

LEASE = leases.Columns(Delivery)
FARTHEST = timedelta(minutes=75)  # an hour and its spread is the longest wait
WAITING = ("pending", "retry")  # states of a delivery that was surely not taken yet
SURELY_REFUSED = ("temp", "rate")  # error classes of what was surely not taken, and may be yet
MAY_BE_SENT = (*WAITING, "unknown")  # and of one that may have been, and may be sent once more


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery to make, with what it tells and to whom."""

    delivery: Delivery
    lease: leases.Lease
    alert: Alert
    target: Target


def sync_targets(session: Session, targets: Iterable[tuple[str, str, str]]) -> None:
    """Make a row for each (id, channel, recipient); pauses stay as they are."""
    wanted = {target_id: (channel, recipient) for target_id, channel, recipient in targets}
    known = set(session.connection().execute(_known_targets(), {"ids": list(wanted)}).scalars())
    for target_id in wanted.keys() - known:
        channel, recipient = wanted[target_id]
        session.add(Target(id=target_id, channel=channel, recipient=recipient))
    if wanted.keys() - known:
        session.flush()


@cache
def _known_targets() -> Select[tuple[str]]:
    return sa_select(col(Target.id)).where(col(Target.id).in_(bindparam("ids", expanding=True)))


def owe(
    session: Session, *, key: str, alert_id: str, target_id: str, channel: str, now: datetime, rule: str = ""
) -> None:
    """Enter a delivery into the ledger, once. Its alert and target are there: nothing is flushed for it.

    `rule`: of the alert; a notice has none.
    """
    owed = {"key": key, "alert_id": alert_id, "target_id": target_id, "channel": channel, "rule_id": rule}
    session.connection().execute(
        _owing(session.get_bind().dialect.name), {**_blank(), **owed, "not_before": now, "made_at": now}
    )


@cache
def _blank() -> dict[str, Any]:
    """What a new delivery says of itself."""
    said = ("key", "alert_id", "target_id", "channel", "not_before", "made_at")
    return {name: field.default for name, field in Delivery.model_fields.items() if name not in ("id", *said)}


@cache
def _owing(dialect: str) -> Insert:
    """Making a row's object, asking for its key and flushing it took four times as long."""
    if dialect == "sqlite":
        return sqlite.insert(Delivery).on_conflict_do_nothing(index_elements=["key"]).inline()
    return postgresql.insert(Delivery).on_conflict_do_nothing(index_elements=["key"]).inline()


def _expired() -> ColumnElement[bool]:
    return (col(Delivery.state) == "leased") & leases.lapsed(col(Delivery.lease_until))


def count_expired(session: Session) -> int:
    """How many deliveries have a lease that ran out."""
    return session.connection().execute(_count_expired()).scalar_one()


@cache
def _count_expired() -> Select[tuple[int]]:
    return sa_select(func.count()).select_from(Delivery).where(_expired())


class Expired(NamedTuple):
    """A delivery whose lease ran out, and what it is now."""

    alert_id: str
    target_id: str
    state: str


def expire(session: Session) -> list[Expired]:
    """Deliveries whose lease ran out may or may not have been sent: they become unknown; of a rule that is gone they
    are suppressed, and not tried again.
    """
    gone = col(Delivery.alert_id).in_(
        select(Alert.id).where(col(Alert.rule_id) != "", col(Alert.rule_id).not_in(select(RuleState.rule_id)))
    )
    changed = (
        update(Delivery)
        .where(_expired())
        .values(
            state=case((gone, "suppressed"), else_="unknown"),
            reason=case((gone, Reason.RULE_GONE.value), else_=Reason.ANSWER_LOST.value),
            lease_owner="",
            lease_until=None,
        )
    )
    return [Expired(*row) for row in returned(session, changed, Delivery.alert_id, Delivery.target_id, Delivery.state)]


@dataclass(frozen=True, slots=True)
class Who:
    """Who is not to be sent to now: targets being sent to, channels whose lost answers wait for a person, unusable
    ones. `room`: channel → how many more of its targets may be sent to at once; without a number, any.
    """

    busy: Collection[str] = ()
    holding: Collection[str] = ()
    closed: Collection[str] = ()
    room: Mapping[str, int] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Any]:
        """What the statements leave open."""
        named = {"busy": self.busy, "holding": self.holding, "closed": self.closed}
        return {name: list(them) for name, them in named.items()}


def _due() -> ColumnElement[bool]:
    """Due and allowed: target not paused, not over its rate and not being sent to by another worker; unknown ones only
    where the channel may repeat.

    What was never tried waits for nothing, and what waits for longer than anything may was planned by a clock that has
    been set back since. Leaves open `now`, `farthest` and the values of a Who.
    """
    now: BindParameter[datetime] = bindparam("now")
    farthest: BindParameter[datetime] = bindparam("farthest")
    not_before, allowed = col(Delivery.not_before), col(Target.next_allowed_at)
    its_time = or_(col(Delivery.state) == "pending", not_before <= now, not_before > farthest)
    waiting = or_(
        col(Delivery.state).in_(WAITING), (col(Delivery.state) == "unknown") & _none_of(Delivery.channel, "holding")
    )
    open_targets = select(Target.id).where(
        (col(Target.state) == "ok") & or_(allowed.is_(None), allowed <= now, allowed > farthest)
    )
    under_way = select(Delivery.target_id).where((col(Delivery.state) == "leased") & ~_expired())
    return (
        waiting
        & its_time
        & col(Delivery.target_id).notin_(under_way)
        & _none_of(Delivery.channel, "closed")
        & col(Delivery.target_id).in_(open_targets)
        & _none_of(Delivery.target_id, "busy")
    )


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "farthest": now + FARTHEST}


def _none_of(column: Any, names: str) -> ColumnElement[bool]:
    return col(column).notin_(bindparam(names, expanding=True))


def claim_due(
    session: Session,
    *,
    owner: leases.Owner,
    now: datetime,
    limit: int,
    who: Who,
) -> list[Claimed]:
    """Take due deliveries, at most one a target, so that a slow one never stands before another's; of a channel no
    more than there is room for, so that one with many targets leaves room for the others.
    """
    channels = tuple(sorted(who.room))
    room = {f"room_{place}": who.room[channel] for place, channel in enumerate(channels)}
    claiming = _claiming(channels)
    taken = leases.claim(session, claiming, owner=owner, limit=limit, room=limit, **_times(now), **who.values, **room)
    by_id = {lease.row_id: lease for lease in taken}
    if not by_id:
        return []
    rows = session.execute(_with_all(), {"ids": list(by_id)})
    return [Claimed(one, by_id[one.id or 0], alert, target) for one, alert, target in rows]


@lru_cache(maxsize=8)
def _claiming(channels: tuple[str, ...]) -> leases.ReturningUpdate:
    """The claim where the room of these channels is known: making it takes longer than running it."""
    due = _due()
    first, channel = func.min(col(Delivery.id)), col(Delivery.channel)
    place = func.row_number().over(partition_by=channel, order_by=first)
    of_targets: Any = select(first.label("id"), channel.label("channel"), place.label("place")).where(due)
    found = of_targets.group_by(col(Delivery.target_id), channel).subquery()
    of_channels: Any = [(found.c.channel == name, bindparam(f"room_{number}")) for number, name in enumerate(channels)]
    room = case(*of_channels, else_=bindparam("room")) if channels else bindparam("room")
    firsts = select(found.c.id).where(found.c.place <= room)
    firsts = firsts.order_by(found.c.place, found.c.id).limit(bindparam("claim_limit"))
    chosen = due & col(Delivery.id).in_(firsts)
    return leases.claiming(LEASE, chosen, [Delivery.not_before, Delivery.id], {Delivery.state: "leased"})


@cache
def _with_all() -> Select[tuple[Delivery, Alert, Target]]:
    query = sa_select(Delivery, Alert, Target).join(Alert, col(Alert.id) == col(Delivery.alert_id))
    query = query.join(Target, col(Target.id) == col(Delivery.target_id))
    return query.where(col(Delivery.id).in_(bindparam("ids", expanding=True))).order_by(col(Delivery.id))


def record(session: Session, lease: leases.Lease, changes: dict[str, Any]) -> bool:
    """Write an attempt's result under its lease; False when the lease was lost."""
    return leases.settle(session, LEASE, lease, changes)


def any_due(session: Session, now: datetime, who: Who, *, fresh: bool = False) -> bool:
    """Whether a delivery could be made now; `fresh`: one that was never tried."""
    return session.connection().execute(_any_due(fresh), {**_times(now), **who.values}).first() is not None


@cache
def _any_due(fresh: bool) -> Select[tuple[int | None]]:
    due = _due() & (col(Delivery.attempts) == 0) if fresh else _due()
    return sa_select(col(Delivery.id)).where(due).limit(1)


def pause(session: Session, target_id: str, reason: str, now: datetime) -> bool:
    """Send nothing more to this target until it is resumed; False when it was paused already."""
    target = session.get(Target, target_id)
    if target is None or target.state == "paused":
        return False
    target.state, target.pause_reason, target.paused_at = "paused", reason, now
    session.add(target)
    return True


def resume(session: Session, channel: str) -> int:
    """Send to a channel's targets again; returns how many were paused."""
    rows = session.exec(select(Target).where((col(Target.channel) == channel) & (col(Target.state) == "paused"))).all()
    for target in rows:
        _go_on(session, target)
    return len(rows)


def resume_target(session: Session, target_id: str) -> bool:
    """Send to this target again; False when it was not paused."""
    target = session.get(Target, target_id)
    if target is None or target.state != "paused":
        return False
    _go_on(session, target)
    return True


def _go_on(session: Session, target: Target) -> None:
    target.state, target.pause_reason, target.paused_at = "ok", "", None
    session.add(target)


def rest(session: Session, targets: Collection[str], channels: Collection[str], until: datetime) -> None:
    """Send nothing to these targets, nor to any of these channels, before this time."""
    these = col(Target.id).in_(list(targets)) | col(Target.channel).in_(list(channels))
    sooner = or_(col(Target.next_allowed_at).is_(None), col(Target.next_allowed_at) < until)
    run(session, update(Target).where(these, sooner).values(next_allowed_at=until))


def suppress(session: Session, alert_ids: Collection[str], reason: Reason) -> int:
    """Take deliveries of these alerts off the way that may be sent yet, or once more; returns how many."""
    waiting = col(Delivery.alert_id).in_(list(alert_ids)) & col(Delivery.state).in_(MAY_BE_SENT)
    changed = update(Delivery).where(waiting).values(state="suppressed", reason=reason.value)
    return run(session, changed)


def suppress_for(session: Session, rule_id: str, target_id: str, reason: Reason) -> list[str]:
    """Send nothing more of this rule to this target of what may be sent yet, or once more; returns the alerts."""
    of_rule = select(Alert.id).where(col(Alert.rule_id) == rule_id)
    waiting = (
        (col(Delivery.target_id) == target_id)
        & col(Delivery.state).in_(MAY_BE_SENT)
        & col(Delivery.alert_id).in_(of_rule)
    )
    taken_off = update(Delivery).where(waiting).values(state="suppressed", reason=reason.value)
    return [alert_id for (alert_id,) in returned(session, taken_off, Delivery.alert_id)]


def resend(session: Session, delivery: Delivery, now: datetime) -> None:
    """Try a dead, unknown or suppressed delivery again, under the same key, its retry period starting anew; now, even
    if its target rests.
    """
    if delivery.state == "unknown":
        delivery.error_class = "unknown"
    elif delivery.error_class != "unknown":  # that it may have arrived is never forgotten
        delivery.error_class = ""
    delivery.state, delivery.reason, delivery.not_before = "retry", "", now
    delivery.attempts, delivery.crashes, delivery.first_try_at = 0, 0, None
    session.add(delivery)
    run(session, update(Target).where(col(Target.id) == delivery.target_id).values(next_allowed_at=None))


def _late(target_id: str, first_try_before: datetime) -> ColumnElement[bool]:
    """Deliveries of alerts to a target that were refused since before that time, and surely never taken."""
    refused = (col(Delivery.state) == "retry") & col(Delivery.error_class).in_(SURELY_REFUSED)
    alone = select(Alert.id).where(col(Alert.kind).in_(["digest", "notice"]))
    mine = (col(Delivery.target_id) == target_id) & (col(Delivery.first_try_at) <= first_try_before)
    return mine & refused & col(Delivery.alert_id).not_in(alone)


def late_rules(session: Session, target_id: str, first_try_before: datetime) -> set[str]:
    """The rules of what `suppress_late` would take off the way."""
    query = select(Alert.rule_id).join(Delivery, col(Delivery.alert_id) == col(Alert.id))
    return set(session.exec(query.where(_late(target_id, first_try_before)).distinct()).all())


def suppress_late(session: Session, target_id: str, first_try_before: datetime) -> list[tuple[str, str]]:
    """Take off the way what a target refused since before that time, as too late; returns rules and alerts."""
    ids = session.exec(select(Delivery.id, Delivery.alert_id).where(_late(target_id, first_try_before))).all()
    found = []
    for delivery_id, alert_id in ids:
        waits = (col(Delivery.id) == delivery_id) & (col(Delivery.state) == "retry")
        if run(session, update(Delivery).where(waits).values(state="suppressed", reason=Reason.STALE.value)):
            found.append((session.get_one(Alert, alert_id).rule_id, alert_id))
    return found


def stale_of(session: Session, alert_ids: Collection[str]) -> dict[str, list[Delivery]]:
    """Alert id → its deliveries that came too late and wait for the catch-up digest."""
    found: dict[str, list[Delivery]] = {}
    late = (col(Delivery.state) == "suppressed") & (col(Delivery.reason) == Reason.STALE.value)
    for one in session.exec(select(Delivery).where(late & col(Delivery.alert_id).in_(list(alert_ids)))).all():
        found.setdefault(one.alert_id, []).append(one)
    return found


def settle_stale(session: Session, ids: Collection[int]) -> None:
    """Keep that a catch-up digest told what these deliveries would have, or that it was not to be told any more."""
    run(session, update(Delivery).where(col(Delivery.id).in_(list(ids))).values(reason=Reason.MERGED.value))


def bury_stale(session: Session, ids: Collection[int]) -> None:
    """Make dead letters of what waited for a catch-up digest that reaches its target no more."""
    run(session, update(Delivery).where(col(Delivery.id).in_(list(ids))).values(state="dead", reason=Reason.GAVE_UP))


def find(session: Session, what: str) -> Delivery | None:
    """The delivery of this id or key."""
    if what.isdecimal():
        return numbered(session, Delivery, int(what))
    return session.exec(select(Delivery).where(col(Delivery.key) == what)).first()


def of_alerts(session: Session, alert_ids: Collection[str]) -> list[Delivery]:
    """The deliveries of these alerts."""
    return list(
        session.exec(
            select(Delivery).where(col(Delivery.alert_id).in_(list(alert_ids))).order_by(col(Delivery.id))
        ).all()
    )


def counts(session: Session) -> dict[str, int]:
    """State → how many deliveries are in it."""
    return dict(session.exec(select(Delivery.state, func.count()).group_by(col(Delivery.state))).all())


def counts_by_channel(session: Session) -> list[tuple[str, str, int]]:
    """(channel, state, how many), in the order of their names."""
    place = (col(Delivery.channel), col(Delivery.state))
    query = sa_select(*place, func.count()).group_by(*place).order_by(*place)
    return [(channel, state, count) for channel, state, count in session.execute(query)]


def targets(session: Session) -> list[Target]:
    """Every target that ever was."""
    return list(session.exec(select(Target).order_by(col(Target.id))).all())


def with_alert(session: Session, what: str) -> tuple[Delivery, Alert] | None:
    """A delivery (by id or key) with its alert."""
    found = find(session, what)
    return (found, session.get_one(Alert, found.alert_id)) if found else None


def dead(session: Session, channel: str = "") -> list[Delivery]:
    """All dead letters, or those of one channel, locked: what another has brought to life meanwhile is left out."""
    query = select(Delivery).where(col(Delivery.state) == "dead").order_by(col(Delivery.id)).with_for_update()
    return list(session.exec(query.where(col(Delivery.channel) == channel) if channel else query).all())
