"""`/deliveries/{id}`: all that is known of one delivery."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from storage import alerts, deliveries
from storage.engine import Database
from storage.tables import Alert, Decision, Delivery, Target
from web.acts import show_acting
from web.frame import frame, page_at, show
from web.pages.deliveries import AGAIN, FAILED, acts, headline, next_try
from web.pages.faults import missing
from web.pages.story import trouble


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """A delivery with its alert, its target and what was decided about the alert, in order."""

    row: Delivery
    alert: Alert
    target: Target | None
    headline: str
    trouble: str
    next: datetime | None  # when it is tried next, if it is
    decisions: Sequence[Decision]
    others: Sequence[Delivery]  # of the same alert


def register(db: Database) -> None:
    """Add the page."""

    @page_at("/deliveries/{delivery_id:int}")
    async def delivery_page(delivery_id: int) -> None:
        first = await db.read(lambda session: gather(session, delivery_id))
        if first is None:
            missing("There is no such delivery.")
            return

        async def values() -> Mapping[str, object]:
            page = await db.read(lambda session: gather(session, delivery_id)) or first
            return {"page": page, "again": AGAIN, "failed": FAILED}

        with frame(f"Delivery {delivery_id}", at="/deliveries"):
            show("back.html", to="/deliveries", text="All deliveries")
            await show_acting("delivery.html", values, acts(db))


def gather(session: Session, delivery_id: int) -> DeliveryPage | None:
    """The delivery of this id; None when there is none."""
    found = deliveries.with_alert(session, str(delivery_id)) if 0 < delivery_id < 2**31 else None
    if found is None:
        return None
    row, alert = found
    return DeliveryPage(
        row=row,
        alert=alert,
        target=session.get(Target, row.target_id),
        headline=headline(alert),
        trouble=trouble(row),
        next=next_try(row),
        decisions=alerts.decisions(session, alert_id=alert.id),
        others=[one for one in deliveries.of_alerts(session, [alert.id]) if one.id != row.id],
    )
