"""Alerts, digests and the decisions about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, Select, bindparam, case, func, or_, union_all
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.reasons import Reason
from storage import deliveries
from storage.stories import batched
from storage.tables import Alert, Decision, Delivery, Digest
from storage.types import SKEW

# No quiet hours and no digest lie further ahead (alerts/policy.py): that hour was named by a clock that was set back.
FARTHEST = timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Spent:
    """What a rule sent lately."""

    today: int
    last_10_min: int


def spent(session: Session, rule_id: str, now: datetime, *, day_start: datetime, ten_minutes_ago: datetime) -> Spent:
    """How many single alerts of this rule were sent since its local midnight, and in the last ten minutes."""
    values = {"rule": rule_id, "first": min(day_start, ten_minutes_ago), "day": day_start, "burst": ten_minutes_ago}
    values["ahead"] = now + SKEW
    today, lately = session.connection().execute(_spent(), values).one()
    return Spent(today, lately)


@cache
def _spent() -> Select[tuple[int, int]]:
    sent = (col(Alert.rule_id) == bindparam("rule")) & (col(Alert.state) == "queued") & (col(Alert.kind) != "digest")
    at = func.coalesce(col(Alert.release_at), col(Alert.made_at))  # what was held was sent when it was released
    first: BindParameter[datetime] = bindparam("first")
    past = at < bindparam("ahead")  # what was sent later was sent by a clock that has been set back since
    counts = (func.count(case((past & (at >= bindparam(since)), 1))) for since in ("day", "burst"))
    return sa_select(*counts).where(sent & or_(col(Alert.made_at) >= first, col(Alert.release_at) >= first))


def of_story(session: Session, story_id: int) -> list[Alert]:
    """A story's alerts in the order they were made."""
    return list(session.exec(_of_story(), params={"story": story_id}).all())


@cache
def _of_story() -> SelectOfScalar[Alert]:
    return select(Alert).where(col(Alert.story_id) == bindparam("story")).order_by(col(Alert.made_at))


def newest_of_story(session: Session, story_id: int, limit: int) -> list[Alert]:
    """Its newest alerts, in the order they were made."""
    newest = select(Alert).where(col(Alert.story_id) == story_id).order_by(col(Alert.made_at).desc())
    return list(session.exec(newest.limit(limit)).all())[::-1]


# oldest first; of those that come back together the first message of a story before its updates
_IN_TURN = (col(Alert.made_at), col(Alert.kind) != "first", col(Alert.ordinal))
RELEASED_AT_ONCE = 500  # held alerts of one transaction
# Digests that gather for some minutes only: one opened later than now is due, for the clock has been set back since.
_SHORT = (str(Reason.BURST), str(Reason.STALE), str(Reason.MERGED))
_AT_AN_HOUR = (Reason.DIGEST, Reason.OVER_BUDGET)


Moment = datetime | BindParameter[datetime]


def _digest_due(now: Moment, ahead: Moment, farthest: Moment) -> ColumnElement[bool]:
    from_later = col(Digest.cause).in_(_SHORT) & (col(Digest.opened_at) > ahead)
    come = or_(col(Digest.due_at) <= now, col(Digest.due_at) > farthest)
    return col(Digest.closed_at).is_(None) & or_(come, from_later)


def _held_due(now: Moment, farthest: Moment) -> ColumnElement[bool]:
    return (col(Alert.state) == "held") & or_(col(Alert.release_at) <= now, col(Alert.release_at) > farthest)


def held_due(session: Session, now: datetime) -> list[Alert]:
    """Held alerts whose time has come, oldest first."""
    due = select(Alert).where(_held_due(now, now + FARTHEST)).order_by(*_IN_TURN)
    return list(session.exec(due.limit(RELEASED_AT_ONCE).with_for_update(skip_locked=True)).all())


def open_digest(session: Session, rule_id: str, cause: str, *, due_at: datetime, now: datetime) -> Digest:
    """The digest that collects for this rule and cause; opened when there is none. One whose times were edited since
    waits no longer than they say now, nor does one whose hour was named by a clock that ran ahead.
    """
    query = select(Digest).where(
        (col(Digest.rule_id) == rule_id) & (col(Digest.cause) == cause) & col(Digest.closed_at).is_(None)
    )
    digest = session.exec(query).first()
    if digest is None:
        digest = Digest(rule_id=rule_id, cause=cause, due_at=due_at, opened_at=now)
        session.add(digest)
        session.flush()
    elif cause in _AT_AN_HOUR and due_at < digest.due_at:
        digest.due_at = due_at
        session.add(digest)
    return digest


def released_together(session: Session, rule_id: str, held_for: str, gathered_as: str, now: datetime) -> int:
    """Of how many stories alerts come out of a hold now; the digest that gathers them counts for those before."""
    due = (col(Alert.rule_id) == rule_id) & _held_due(now, now + FARTHEST)
    stories = select(func.count(col(Alert.story_id).distinct())).where(due & (col(Alert.reason) == held_for))
    gathering = (col(Digest.rule_id) == rule_id) & (col(Digest.cause) == gathered_as) & col(Digest.closed_at).is_(None)
    return session.exec(stories).one() + session.exec(select(func.count()).select_from(Digest).where(gathering)).one()


def reconsider(session: Session, story_id: int, origin: int, reason: str, now: datetime) -> None:
    """Have a story's alerts that were suppressed for this reason be decided again, as if they were made now; of the
    updates those that may answer for this text.
    """
    theirs = (col(Alert.story_id) == story_id) & (col(Alert.state) == "suppressed") & (col(Alert.reason) == reason)
    its = (col(Alert.kind) != "update") | (col(Alert.ordinal) <= origin)
    for row in session.exec(select(Alert).where(theirs & its)).all():
        row.state, row.release_at, row.made_at = "held", now, now
        session.add(row)


def told_since(session: Session, alert: Alert) -> set[str]:
    """The channels to which a later alert of the same story went out while this one waited: it told them more."""
    later = (col(Alert.story_id) == alert.story_id) & (col(Alert.state) == "queued") & (col(Alert.id) != alert.id)
    found = session.exec(select(Alert.targets).where(later & (col(Alert.made_at) > alert.made_at))).all()
    return {channel for channels in found for channel in channels}


class ToldTo(NamedTuple):
    """A target that got an alert of a story, alone or in a digest; `made_at` is that alert's."""

    story: int
    made_at: datetime
    target: str


def told_to(session: Session, story_ids: Collection[int]) -> list[ToldTo]:
    """Whom these stories' alerts have reached."""
    found = []
    for batch in batched(sorted(story_ids), 1000):
        for *told, channel, channels in session.execute(_told_to(), {"stories": batch}):
            if channel in channels:  # of a digest's messages the one to a channel tells what is for that channel
                found.append(ToldTo(*told))
    return found


@cache
def _told_to() -> CompoundSelect[Any]:
    teller = aliased(Alert)
    facts: tuple[Any, ...] = (Alert.story_id, Alert.made_at, Delivery.target_id, Delivery.channel, Alert.targets)
    theirs = col(Alert.story_id).in_(bindparam("stories", expanding=True)) & (col(Alert.state) != "suppressed")
    sent = theirs & (col(Delivery.state) == "sent")
    alone = sa_select(*facts).join(Delivery, col(Delivery.alert_id) == col(Alert.id)).where(sent)
    of_digest = (col(teller.digest_id) == col(Alert.digest_id)) & (col(teller.kind) == "digest")
    inside = sa_select(*facts).join(teller, of_digest).join(Delivery, col(Delivery.alert_id) == col(teller.id))
    return union_all(alone, inside.where(sent))


def digests_due(session: Session, now: datetime) -> list[Digest]:
    """Open digests whose time has come."""
    return list(
        session.exec(
            select(Digest)
            .where(_digest_due(now, now + SKEW, now + FARTHEST))
            .order_by(col(Digest.due_at))
            .with_for_update(skip_locked=True)
        ).all()
    )


def in_digest(session: Session, digest_id: int) -> list[Alert]:
    """What a digest collected and was not suppressed since, oldest first; of a catch-up, what others had, too."""
    collected = (col(Alert.digest_id) == digest_id) & (col(Alert.state) != "suppressed")
    return list(session.exec(select(Alert).where(collected).order_by(*_IN_TURN, col(Alert.id))).all())


def rules_due(session: Session, now: datetime) -> set[str]:
    """Rules with held alerts or digests that are due."""
    digests = _digest_due(now, now + SKEW, now + FARTHEST)
    first = session.exec(select(Alert.rule_id).where(_held_due(now, now + FARTHEST))).all()
    return {*first, *session.exec(select(Digest.rule_id).where(digests)).all()}


def count_due(session: Session, now: datetime) -> int:
    """How many held alerts and digests are due."""
    values = {"now": now, "ahead": now + SKEW, "farthest": now + FARTHEST}
    return sum(session.connection().execute(query, values).scalar_one() for query in _counts())


@cache
def _counts() -> tuple[Select[tuple[int]], ...]:
    """The statements of `count_due`, made once: every look of the release loop asks them."""
    now: BindParameter[datetime] = bindparam("now")
    ahead: BindParameter[datetime] = bindparam("ahead")
    farthest: BindParameter[datetime] = bindparam("farthest")
    held_count = sa_select(func.count()).select_from(Alert).where(_held_due(now, farthest))
    return held_count, sa_select(func.count()).select_from(Digest).where(_digest_due(now, ahead, farthest))


def waiting() -> ColumnElement[bool]:
    """Alerts that are held, or collected for a digest to come."""
    to_come = select(Digest.id).where(col(Digest.closed_at).is_(None))
    return or_(col(Alert.state) == "held", (col(Alert.state) == "folded") & col(Alert.digest_id).in_(to_come))


def unsent_of(session: Session, rules_gone: Collection[str]) -> list[Alert]:
    """Alerts of these rules that are held, collected for a digest to come, or not delivered to everybody yet."""
    undelivered = select(Delivery.alert_id).where(col(Delivery.state).in_(deliveries.MAY_BE_SENT))
    unsent = or_(waiting(), col(Alert.id).in_(undelivered))
    return list(session.exec(select(Alert).where(col(Alert.rule_id).in_(list(rules_gone)) & unsent)).all())


def recent(session: Session, *, rule: str = "", limit: int) -> list[Alert]:
    """Alerts, newest first."""
    query = select(Alert).order_by(col(Alert.made_at).desc()).limit(limit)
    return list(session.exec(query.where(col(Alert.rule_id) == rule) if rule else query).all())


def decisions(session: Session, *, article_id: int | None = None, alert_id: str = "", rule: str = "") -> list[Decision]:
    """Why alerts were or were not made, in order."""
    query = select(Decision).order_by(col(Decision.at), col(Decision.id))
    if article_id is not None:
        query = query.where(col(Decision.article_id) == article_id)
    if alert_id:
        query = query.where(col(Decision.alert_id) == alert_id)
    return list(session.exec(query.where(col(Decision.rule_id) == rule) if rule else query).all())


def by_prefix(session: Session, prefix: str) -> Alert | None:
    """The alert whose id begins so (8 hex digits or more)."""
    if len(prefix) < 8 or not all(digit in "0123456789abcdef" for digit in prefix):
        return None
    return session.exec(select(Alert).where(col(Alert.id).startswith(prefix))).first()


def of_story_decisions(
    session: Session, story_id: int, *, stage: str = "", but: str = "", newest: int | None = None
) -> list[Decision]:
    """All that was decided about a story, in order; of one stage, of all `but` one, no more than the `newest`."""
    query = select(Decision).where(col(Decision.story_id) == story_id, col(Decision.stage) != but)
    query = query.where(col(Decision.stage) == stage) if stage else query
    query = query.order_by(col(Decision.at).desc(), col(Decision.id).desc()).limit(newest)
    return list(session.exec(query).all())[::-1]
