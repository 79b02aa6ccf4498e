"""`/alerts`: what was told, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlmodel import Session

from core.reasons import Reason
from storage import alerts, deliveries, listings
from storage.tables import Alert, Decision
from web.api.desk import Desk, found
from web.api.paging import Cursor, Filter, Limit, Page, Word, after_key, page

State = Literal["", "queued", "held", "folded", "suppressed"]


class AlertLine(BaseModel):
    """What a story owes people."""

    id: str
    rule: str
    story: int | None
    kind: str = Field(description="first, again, update, digest or notice")
    state: str = Field(description="queued (has deliveries), held, folded or suppressed")
    reason: str
    headline: str
    made: datetime
    release: datetime | None = Field(description="when a held one goes out")


class DecisionLine(BaseModel):
    """What one stage said."""

    at: datetime
    rule: str
    stage: str
    action: str
    reason: str
    why: str
    detail: str


class AlertWhole(AlertLine):
    """An alert with the decisions about it and the state of each of its deliveries."""

    decisions: list[DecisionLine]
    deliveries: dict[str, str] = Field(description="target → state")


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/alerts", tags=["alerts"])

    @routes.get("")
    async def list_alerts(
        rule: Filter = "", state: State = "", cursor: Cursor = "", limit: Limit = 50
    ) -> Page[AlertLine]:
        """Alerts, newest first."""
        after = after_key(cursor)
        rows = await desk.read(lambda session: listings.alerts(session, after, limit + 1, rule=rule, state=state))
        return page(rows, limit, alert_line, lambda row: (row.made_at, row.id))

    @routes.get("/{alert_id}")
    async def one_alert(alert_id: Word) -> AlertWhole:
        """An alert, and why it was sent, held, folded or not made."""
        return await desk.read(lambda session: _whole(session, alert_id))

    return routes


def _whole(session: Session, alert_id: str) -> AlertWhole:
    row = found(session.get(Alert, alert_id), f"alert {alert_id}")
    decided = [_decision(one) for one in alerts.decisions(session, alert_id=row.id)]
    owed = {one.target_id: one.state for one in deliveries.of_alerts(session, [row.id])}
    return AlertWhole(**alert_line(row).model_dump(), decisions=decided, deliveries=owed)


def alert_line(row: Alert) -> AlertLine:
    """An alert as lists show it."""
    view = row.view
    headline = view.get("subject") or view.get("title") or (view.get("article") or {}).get("title") or row.kind
    return AlertLine(
        id=row.id,
        rule=row.rule_id,
        story=row.story_id,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        headline=str(headline),
        made=row.made_at,
        release=row.release_at,
    )


def _decision(row: Decision) -> DecisionLine:
    return DecisionLine(
        at=row.at,
        rule=row.rule_id,
        stage=row.stage,
        action=row.action,
        reason=row.reason,
        why=Reason.of(row.reason).sentence,
        detail=row.detail,
    )
