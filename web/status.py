"""`/healthz`: whether the page and its database are there and cycles are run."""

from __future__ import annotations

from fastapi import APIRouter, Response

from core.clock import SystemClock
from core.errors import NotAvailable
from core.settings import Settings
from pipeline.health import is_lately
from pipeline.run import INGEST
from storage import locks
from storage.engine import Database


def router(db: Database, settings: Settings) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.get("/healthz")
    async def healthz(response: Response) -> dict[str, object]:
        """200 while cycles are run; 503 after three missed ones or without a database. Before the first cycle: 200."""
        now = SystemClock().now()
        try:
            last = await db.read(lambda session: locks.last_finished(session, INGEST, now))
        except NotAvailable:
            response.status_code = 503
            return {"ok": False, "database": "not available"}
        ago = (now - last).total_seconds() if last else None
        good = last is None or is_lately(last, now, settings)
        response.status_code = 200 if good else 503
        return {"ok": good, "last_cycle_seconds_ago": round(ago) if ago is not None else None}

    return routes
