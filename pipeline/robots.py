"""What sites allow, kept in the database: no run asks for a robots.txt that another one knows."""

from __future__ import annotations

from dataclasses import dataclass

from core.reasons import Reason
from core.text import clean
from fetching.answers import Failed
from fetching.robots import Heard
from storage import robots
from storage.engine import Database
from storage.office import RobotsFile


@dataclass(frozen=True, slots=True)
class StoredRobots:
    """The memory of `fetching.robots.Robots`, in the database."""

    db: Database

    async def recall(self, origin: str) -> Heard | None:
        """What was kept of this site last."""
        row = await self.db.read(lambda session: robots.kept(session, origin))
        if row is None:
            return None
        failed = Failed(f"{origin}/robots.txt", Reason.of(row.reason), row.detail, row.status) if row.reason else None
        return Heard(row.text, failed, row.until)

    async def keep(self, origin: str, heard: Heard) -> None:
        """Keep it for the others."""
        failed = heard.failed
        row = RobotsFile(
            origin=origin,
            text=clean(heard.text),
            reason=str(failed.reason) if failed else "",
            detail=failed.detail if failed else "",
            status=failed.status if failed else 0,
            until=heard.until,
        )
        await self.db.write(lambda session: robots.keep(session, row))
