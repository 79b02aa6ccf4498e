"""Whether what is sent can be noted: while it cannot, nothing is sent, since it would be sent again and again."""

from __future__ import annotations

import asyncio
import logging

from core.log import pairs
from core.reasons import Reason
from pipeline import notices
from pipeline.cycle import Cycle
from storage import notices as rows

logger = logging.getLogger(__name__)


async def may_send(cycle: Cycle) -> bool:
    """Look whether `sent.log` takes what is sent; tell the operators once when it does not, and once when it does."""
    app = cycle.app
    machine = app.owner.name.partition(":")[0]
    key, now = f"sent.log:{machine}", app.clock.now()
    why = await asyncio.to_thread(app.sent_log.trouble)
    if why:
        cycle.report.failed("deliver", "sent.log", Reason.NOT_NOTED, why)
        logger.error(pairs(step="deliver", event="nothing is sent", why=why))
        text = f"{machine} sends nothing: {Reason.NOT_NOTED.sentence}\n{why}"
        await app.db.write(lambda session: notices.tell(session, app, key, text, now=now))
    elif await app.db.read(lambda session: any(one.key == key for one in rows.open_notices(session))):
        await app.db.write(lambda session: notices.over(session, app, key, f"{machine} sends again", now=now))
    return not why
