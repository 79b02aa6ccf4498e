"""`/deliveries`: the ledger of what went to whom."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from pipeline import resend as again
from storage import deliveries, ledger
from storage.tables import Alert, Delivery
from web.api.desk import Desk, Who, found
from web.api.paging import Cursor, Filter, Id, Limit, Page, after_moment, page
from web.text import why

State = Literal["", "pending", "leased", "sent", "retry", "unknown", "dead", "suppressed"]


class DeliveryLine(BaseModel):
    """One alert to one target."""

    id: int
    key: str = Field(description="the same at every attempt: receivers tell repeats by it")
    alert: str
    rule: str
    story: int | None
    channel: str
    target: str
    state: str
    reason: str
    why: str
    attempts: int
    made: datetime
    not_before: datetime
    sent: datetime | None
    error: str


class Count(BaseModel):
    """How many deliveries of a channel are in a state."""

    channel: str
    state: str
    deliveries: int


class Resent(BaseModel):
    """How many are tried again in the next cycle."""

    resent: int


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @routes.get("")
    async def list_deliveries(
        state: State = "", channel: Filter = "", alert: Filter = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[DeliveryLine]:
        """Deliveries, newest first."""
        after = after_moment(cursor)
        chosen = ledger.Filter(state=state, channel=channel, alert=alert)
        rows = await desk.read(lambda session: ledger.page(session, chosen, after, limit + 1))
        return page(rows, limit, lambda pair: _line(*pair), lambda pair: (pair[0].made_at, pair[0].id))

    @routes.get("/counts")
    async def counts() -> list[Count]:
        """How many deliveries are in each state, by channel."""
        rows = await desk.read(deliveries.counts_by_channel)
        return [Count(channel=channel, state=state, deliveries=count) for channel, state, count in rows]

    @routes.post("/resend-dead")
    async def resend_dead(who: Who) -> Resent:
        """Try all dead letters again, each under its own key; paused targets are resumed."""
        return Resent(resent=await desk.write(lambda session: again.resend(session, "dead", who=who, now=desk.now())))

    async def one(delivery_id: int) -> DeliveryLine:
        row = await desk.read(lambda session: deliveries.with_alert(session, str(delivery_id)))
        return _line(*found(row, f"delivery {delivery_id}"))

    @routes.get("/{delivery_id}")
    async def one_delivery(delivery_id: Id) -> DeliveryLine:
        """A delivery."""
        return await one(delivery_id)

    @routes.post("/{delivery_id}/resend")
    async def resend(who: Who, delivery_id: Id) -> DeliveryLine:
        """Try a delivery that failed or was held back again, under its own key; a paused target is resumed."""
        await desk.write(lambda session: again.resend(session, str(delivery_id), who=who, now=desk.now()))
        return await one(delivery_id)

    @routes.post("/{delivery_id}/drop")
    async def drop(who: Who, delivery_id: Id) -> DeliveryLine:
        """Lay a delivery that failed aside: it is not sent any more, unless somebody resends it."""
        await desk.write(lambda session: again.lay_aside(session, str(delivery_id), who=who, now=desk.now()))
        return await one(delivery_id)

    return routes


def _line(row: Delivery, alert: Alert) -> DeliveryLine:
    return DeliveryLine(
        id=row.id or 0,
        key=row.key,
        alert=row.alert_id,
        rule=alert.rule_id,
        story=alert.story_id,
        channel=row.channel,
        target=row.target_id,
        state=row.state,
        reason=row.reason,
        why=why(row.reason),
        attempts=row.attempts,
        made=row.made_at,
        not_before=row.not_before,
        sent=row.sent_at,
        error=row.error,
    )
