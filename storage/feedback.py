"""What people said of hits: right, or not what the rule is for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from storage.tables import Feedback


def judge(session: Session, hit_ids: Iterable[int], *, verdict: str, who: str, now: datetime) -> None:
    """Keep one verdict a hit and person: the newest."""
    known = {one.hit_id: one for one in session.exec(select(Feedback).where(col(Feedback.who) == who)).all()}
    for hit_id in hit_ids:
        row = known.get(hit_id) or Feedback(hit_id=hit_id, who=who, verdict=verdict, at=now)
        row.verdict, row.at = verdict, now
        session.add(row)
