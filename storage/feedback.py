"""What people said of hits: right, or not what the rule is for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from storage.statements import run
from storage.tables import Feedback


def judge(session: Session, hit_ids: Iterable[int], *, verdict: str, who: str, now: datetime) -> list[int]:
    """Keep one verdict a hit and person: the newest. Returns the hits of which they had not said so yet."""
    ids = list(hit_ids)
    theirs = (col(Feedback.who) == who) & col(Feedback.hit_id).in_(ids)
    known = {one.hit_id: one for one in session.exec(select(Feedback).where(theirs)).all()}
    news = [one for one in ids if one not in known or known[one].verdict != verdict]
    for hit_id in ids:
        row = known.get(hit_id) or Feedback(hit_id=hit_id, who=who, verdict=verdict, at=now)
        row.verdict, row.at = verdict, now
        session.add(row)
    session.flush()
    return news


def take_back(session: Session, hit_id: int, who: str) -> bool:
    """Forget what somebody said of a hit; False when that is nothing."""
    theirs = (col(Feedback.hit_id) == hit_id) & (col(Feedback.who) == who)
    return bool(run(session, delete(Feedback).where(theirs)))


def of_hits(session: Session, hit_ids: Collection[int]) -> list[Feedback]:
    """What everybody said of these hits, in the order it was said."""
    these = select(Feedback).where(col(Feedback.hit_id).in_(list(hit_ids)))
    return list(session.exec(these.order_by(col(Feedback.at), col(Feedback.id))).all())


def not_this(session: Session, hit_ids: Collection[int]) -> dict[int, list[str]]:
    """Hit id → who said that it is not what its rule is for, in the order they said so."""
    found: dict[int, list[str]] = {}
    for one in of_hits(session, hit_ids):
        if one.verdict == "wrong":
            found.setdefault(one.hit_id, []).append(one.who)
    return found
