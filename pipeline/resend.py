"""Dead letters, tried again or laid aside because somebody said so; who did is kept with their alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from core.errors import InputError, Missing
from core.reasons import Reason
from pipeline.stories import BY_HAND
from storage import decisions, deliveries
from storage.tables import Alert, Delivery

OPEN = frozenset({"dead", "unknown", "suppressed", "retry"})  # states that a delivery can be sent again from
FAILED = OPEN - {"suppressed"}


def resend(session: Session, which: str, *, who: str, now: datetime) -> int:
    """Put one delivery, or all dead letters (`dead`), back into the ledger; their targets are resumed. Returns how
    many.

    Raises InputError for a delivery that is not there, or that was sent or is on its way.
    """
    return _again(session, deliveries.dead(session) if which == "dead" else [_one(session, which)], who, now)


def resend_channel(session: Session, channel: str, *, who: str, now: datetime) -> int:
    """Put all dead letters of a channel back into the ledger, and resume their targets. Returns how many."""
    return _again(session, deliveries.dead(session, channel), who, now)


def lay_aside(session: Session, which: str, *, who: str, now: datetime) -> int:
    """Have one delivery, or all dead letters (`dead`), not be sent any more, unless somebody has one sent again by its
    id: nothing that nobody will send keeps its story from being over. Returns how many.

    Raises InputError for a delivery that is not there, or that is not one that failed or may have arrived.
    """
    rows = deliveries.dead(session) if which == "dead" else [_one(session, which, FAILED)]
    for row in rows:
        row.state, row.reason = "suppressed", str(Reason.LAID_ASIDE)
        session.add(row)
        _noted(session, row, "drop", Reason.LAID_ASIDE, f"not to be sent to {row.target_id} any more, says {who}", now)
    return len(rows)


def _again(session: Session, rows: Sequence[Delivery], who: str, now: datetime) -> int:
    for row in rows:
        deliveries.resend(session, row, now)
        said = f"to be sent again to {row.target_id} in the next run, says {who}"
        _noted(session, row, "none", Reason.RESENT, said, now)
    for target in {row.target_id for row in rows}:
        deliveries.resume_target(session, target)
    return len(rows)


def _noted(session: Session, row: Delivery, action: str, reason: Reason, detail: str, now: datetime) -> None:
    alert = session.get_one(Alert, row.alert_id)
    decisions.add(
        session, rule=alert.rule_id, article=None, story=alert.story_id, alert=alert.id, stage=BY_HAND,
        action=action, reason=reason, at=now, detail=detail,
    )  # fmt: skip


def _one(session: Session, which: str, states: Collection[str] = OPEN) -> Delivery:
    row = deliveries.find(session, which)
    if row is None:
        raise Missing(f"there is no delivery {which}", hint="run `wirewatch deliveries list`")
    session.refresh(row, with_for_update=True)  # somebody else may be sending it again
    if row.state not in states:
        hint = "only what failed or was held back is sent again" if states is OPEN else "only what failed is laid aside"
        raise InputError(f"delivery {which} is {row.state}", hint=hint)
    return row
