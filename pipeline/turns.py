"""A claimed feed or page waits for its host's moment; in the meantime the host may ask for rest."""

from __future__ import annotations

import asyncio
from datetime import datetime

from pipeline.app import App
from storage import hosts, leases


async def turn_came(app: App, host: str, at: datetime, lease: leases.Lease, columns: leases.Columns, due: str) -> bool:
    """Wait until `at`. False when the host asked for rest meanwhile: then the row is given back, its column `due`
    set to when the rest is over.
    """
    wait = (at - app.clock.now()).total_seconds()
    if wait <= 0:
        return True
    await asyncio.sleep(wait)
    now = app.clock.now()
    until = await app.db.read(lambda session: hosts.held_until(session, host, now))
    if until is None:
        return True
    await app.db.write(lambda session: leases.settle(session, columns, lease, {due: until}))
    return False
