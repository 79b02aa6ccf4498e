"""What the page and the API keep in memory: the loaded watch, hits of days gone by, and what rules cost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from sqlmodel import Session

from pipeline import compiled
from pipeline.configure import rule_digest
from pipeline.editing import Current, current
from rules.config import Rule, Watch
from storage import configs, tallies
from storage.engine import Database

DAYS = 30  # of hits a day
_AGAIN = 3  # days: with a million hits, each takes some 20 ms
_STAYS = timedelta(minutes=10)  # how long a past day's count is believed: hits are withdrawn and pruned now and then


class Rulebook:
    """The active revision's watch, loaded once, and figures that are dear to count."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.costs: dict[str, float] = {}  # digest of a rule → microseconds an article
        self._db = db
        self._folder = folder
        self._loaded: tuple[Current, Watch] | None = None
        self._loading = asyncio.Lock()
        self._days: dict[date, tuple[datetime, Mapping[str, int]]] = {}

    async def active(self) -> tuple[Current, Watch]:
        """The active revision and its watch. Raises ConfigError for one that another version of the program made."""
        revision = await self._db.read(configs.active_revision)
        async with self._loading:
            if self._loaded is None or self._loaded[0].revision != revision:
                now = await self._db.read(current)
                file = f"revision {now.revision}"
                watch, _ = await asyncio.to_thread(compiled.opened, self._folder, now.text, file=file)
                self._loaded = now, watch
            return self._loaded

    def hits(self, session: Session, now: datetime) -> list[Mapping[str, int]]:
        """Rule id → hits, for each of the last DAYS days (UTC), today last."""
        today = now.astimezone(UTC).date()
        found: list[Mapping[str, int]] = []
        again = 0  # days counted once more for this view: the others have to wait for the next one
        for day in (today - timedelta(days=ago) for ago in range(DAYS)):
            kept = self._days.get(day) if day < today else None
            if kept and (now - kept[0] < _STAYS or again == _AGAIN):
                found.append(kept[1])
                continue
            again += kept is not None
            found.append(self._counted(session, day, now, is_over=day < today))
        return found[::-1]

    def _counted(self, session: Session, day: date, now: datetime, *, is_over: bool) -> Mapping[str, int]:
        start = datetime.combine(day, time(), UTC)
        counts = tallies.hits_between(session, start, start + timedelta(days=1))
        if is_over:
            self._days[day] = now, counts
            self._days.pop(day - timedelta(days=DAYS), None)
        return counts

    def cost(self, rule: Rule) -> float | None:
        """Microseconds that matching it takes an article; None while nobody measured it."""
        return self.costs.get(rule_digest(rule))

    def measured(self, rule: Rule, micros: float) -> None:
        """Keep what a rule costs."""
        self.costs[rule_digest(rule)] = micros
