"""`/stats`: how long news took on its way, and how much there was."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from pipeline import measures
from web.api.desk import Desk
from web.api.paging import Filter

MOST_DAYS = 31
Days = Annotated[int, Query(ge=1, le=MOST_DAYS)]


class Leg(BaseModel):
    """One leg of the way; seconds, null when nothing went it."""

    model_config = ConfigDict(from_attributes=True)
    leg: str = Field(description="published to seen, seen to read, read to matched, matched to sent, published to sent")
    count: int
    p50: float | None
    p95: float | None


class Latency(BaseModel):
    """How long news took, of the newest hits since then."""

    since: datetime
    hits: int
    legs: list[Leg]


class DayVolume(BaseModel):
    """A day's counts, in UTC."""

    model_config = ConfigDict(from_attributes=True)
    day: date
    articles: int
    hits: int
    alerts: int


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/stats", tags=["stats"])

    @routes.get("/latency")
    async def latency(rule: Filter = "", days: Days = 1) -> Latency:
        """From published to sent, leg by leg, of the newest 10,000 hits that were told."""
        since = desk.now() - timedelta(days=days)
        moments = await desk.read(lambda session: measures.moments(session, since, rule=rule))
        legs = [Leg.model_validate(one) for one in measures.legs(moments)]
        return Latency(since=since, hits=len(moments), legs=legs)

    @routes.get("/volume")
    async def volume(days: Days = 7) -> list[DayVolume]:
        """Articles, hits and alerts of each day."""
        now = desk.now()
        rows = await desk.read(lambda session: measures.volume(session, now, days))
        return [DayVolume.model_validate(one) for one in rows]

    return routes
