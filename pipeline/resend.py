"""Dead letters, tried again because somebody said so."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from core.errors import InputError, Missing
from storage import deliveries
from storage.tables import Delivery

OPEN = frozenset({"dead", "unknown", "suppressed", "retry"})


def resend(session: Session, which: str, now: datetime) -> int:
    """Put one delivery, or all dead letters (`dead`), back into the ledger; their targets are resumed. Returns how
    many.

    Raises InputError for a delivery that is not there, or that was sent or is on its way.
    """
    rows = deliveries.dead(session) if which == "dead" else [_one(session, which)]
    for row in rows:
        deliveries.resend(session, row, now)
        deliveries.resume(session, row.channel)
    return len(rows)


def resend_channel(session: Session, channel: str, now: datetime) -> int:
    """Put all dead letters of a channel back into the ledger, and resume its targets. Returns how many."""
    rows = deliveries.dead(session, channel)
    for row in rows:
        deliveries.resend(session, row, now)
    if rows:
        deliveries.resume(session, channel)
    return len(rows)


def _one(session: Session, which: str) -> Delivery:
    row = deliveries.find(session, which)
    if row is None:
        raise Missing(f"there is no delivery {which}", hint="run `wirewatch deliveries list`")
    if row.state not in OPEN:
        raise InputError(f"delivery {which} is {row.state}", hint="only what failed or was held back is sent again")
    return row
