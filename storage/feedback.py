"""What people said of hits: right, or not what the rule is for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.tables import Feedback


def judge(session: Session, hit_ids: Collection[int], *, verdict: str, who: str, now: datetime) -> None:
    """Keep one verdict a hit and person: the newest."""
    known = {one.hit_id: one for one in of_hits(session, hit_ids) if one.who == who}
    for hit_id in hit_ids:
        row = known.get(hit_id) or Feedback(hit_id=hit_id, who=who, verdict=verdict, at=now)
        row.verdict, row.at = verdict, now
        session.add(row)


def take_back(session: Session, hit_id: int, who: Collection[str]) -> None:
    """Forget what these people said of a hit."""
    theirs = (col(Feedback.hit_id) == hit_id) & col(Feedback.who).in_(list(who))
    session.execute(delete(Feedback).where(theirs))


def of_hits(session: Session, hit_ids: Collection[int]) -> list[Feedback]:
    """What everybody said of these hits, in the order it was said."""
    these = select(Feedback).where(col(Feedback.hit_id).in_(list(hit_ids)))
    return list(session.exec(these.order_by(col(Feedback.at), col(Feedback.id))).all())
