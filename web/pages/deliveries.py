"""`/deliveries`: the ledger, newest first."""

from __future__ import annotations

from nicegui import ui

from storage import deliveries
from storage.engine import Database
from web.frame import frame, when
from web.pages.story import columns

SHOWN = 200


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/deliveries")
    async def ledger(state: str = "") -> None:
        states = [state] if state else []
        rows = await db.read(lambda session: deliveries.recent(session, states=states, limit=SHOWN))
        counts = await db.read(deliveries.counts)
        with frame("Deliveries"):
            with ui.row().classes("gap-3"):
                ui.link("all", "/deliveries")
                for name, count in sorted(counts.items()):
                    ui.link(f"{name} {count}", f"/deliveries?state={name}")
            shown = [
                {
                    "id": one.id,
                    "made": when(one.made_at),
                    "rule": alert.rule_id,
                    "target": one.target_id,
                    "state": one.state,
                    "attempts": one.attempts,
                    "sent": when(one.sent_at),
                    "error": one.error,
                }
                for one, alert in rows
            ]
            names = ("id", "made", "rule", "target", "state", "attempts", "sent", "error")
            ui.table(rows=shown, columns=columns(*names), row_key="id").classes("w-full")
