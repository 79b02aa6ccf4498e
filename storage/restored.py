"""That a backup was restored, and what is kept back since because nothing says whether it was told before."""

from __future__ import annotations

import json
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from core.reasons import Reason
from storage import decisions
from storage.alerts import waiting
from storage.office import Meta
from storage.statements import run
from storage.tables import Alert, Delivery, FeedPoll
from storage.types import UtcTime

_KEY = "restored"
UNSENT = ("pending", "retry", "unknown", "leased")  # states of a delivery that may have been sent since the backup


@dataclass(frozen=True, slots=True)
class Restored:
    """The last restore, and when its backup was made. `keeping_back`: what may have been told in between waits."""

    at: datetime
    made_at: datetime
    keeping_back: bool


def last(session: Session) -> Restored | None:
    """The last restore; None when there was none."""
    row = session.get(Meta, _KEY)
    if row is None:
        return None
    read = json.loads(row.value)
    return Restored(
        datetime.fromisoformat(read["at"]), datetime.fromisoformat(read["made_at"]), bool(read["keeping_back"])
    )


def note(session: Session, now: Restored) -> None:
    """Keep that a backup was restored."""
    value = {"at": now.at.isoformat(), "made_at": now.made_at.isoformat(), "keeping_back": now.keeping_back}
    session.merge(Meta(key=_KEY, value=json.dumps(value)))
    session.flush()


def first_listing(session: Session, feed_id: int, after: datetime) -> datetime | None:
    """When a feed first answered after that."""
    answered = (col(FeedPoll.feed_id) == feed_id) & (col(FeedPoll.at) > after) & (col(FeedPoll.outcome) != "failed")
    first = sa_select(func.min(col(FeedPoll.at), type_=UtcTime())).where(answered)
    return session.execute(first).scalar()


def keep_back(session: Session, sent: Container[str], now: datetime) -> int:
    """Have nothing sent that waits: alerts that are held or collected, and deliveries whose key is not among `sent`.
    Returns how many. What a catch-up would tell is kept back, too.
    """
    alerts = session.exec(select(Alert).where(waiting())).all()
    for alert in alerts:
        alert.state, alert.reason, alert.release_at = "suppressed", str(Reason.RESTORED), None
        session.add(alert)
        _noted(session, alert, now)
    late = (col(Delivery.state) == "suppressed") & (col(Delivery.reason) == Reason.STALE.value)
    some = session.exec(select(Delivery).where(or_(col(Delivery.state).in_(UNSENT), late))).all()
    kept = [one for one in some if one.key not in sent]
    for one in kept:
        one.state, one.reason = "suppressed", str(Reason.RESTORED)
        one.lease_owner, one.lease_until = "", None
        session.add(one)
        _noted(session, session.get_one(Alert, one.alert_id), now)
    session.flush()
    return len(alerts) + len(kept)


def _noted(session: Session, alert: Alert, now: datetime) -> None:
    decisions.add(
        session, rule=alert.rule_id, article=alert.article_id, story=alert.story_id, alert=alert.id, stage="restored",
        action="drop", reason=Reason.RESTORED, detail=Reason.RESTORED.sentence, at=now,
    )  # fmt: skip


def _kept_back(table: type[Alert] | type[Delivery]) -> ColumnElement[bool]:
    return (col(table.state) == "suppressed") & (col(table.reason) == Reason.RESTORED.value)


def kept_back(session: Session, alert_id: str = "") -> tuple[list[Alert], list[Delivery]]:
    """The alerts and deliveries that are kept back; of one alert, or all."""
    alerts, owed = select(Alert).where(_kept_back(Alert)), select(Delivery).where(_kept_back(Delivery))
    if alert_id:
        alerts, owed = alerts.where(col(Alert.id) == alert_id), owed.where(col(Delivery.alert_id) == alert_id)
    return list(session.exec(alerts.order_by(col(Alert.made_at))).all()), list(session.exec(owed).all())


def count_kept_back(session: Session) -> int:
    """How many alerts and deliveries are kept back."""
    counts = (sa_select(func.count()).select_from(table).where(_kept_back(table)) for table in (Alert, Delivery))
    return sum(int(session.execute(one).scalar_one()) for one in counts)


def sent_keys(session: Session) -> set[str]:
    """The keys of all deliveries that the ledger knows as sent."""
    return set(session.exec(select(Delivery.key).where(col(Delivery.state) == "sent")).all())


def end_leases(session: Session) -> None:
    """Nobody of the backup's time works any more: what they were sending may have been sent."""
    lost = col(Delivery.state) == "leased"
    values = {"state": "unknown", "reason": Reason.ANSWER_LOST.value, "error_class": "unknown"}
    run(session, update(Delivery).where(lost).values({**values, "lease_owner": "", "lease_until": None}))
