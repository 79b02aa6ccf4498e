"""standing: which of a story's hits still say what its alerts would tell.

A hit that was withdrawn, or of which somebody said "not this", is told no more. What was already told stays told.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from alerts.message import Kind
from alerts.policy import Policy, Update
from core.reasons import Reason
from storage import alerts, hits, stories
from storage.hits import Text
from storage.tables import Alert, Hit, Story


def to_tell(session: Session, row: Alert, policy: Policy) -> list[Text]:
    """What may lead an alert, in the order it came: what stands and is news. Of an update its own text and later ones;
    so of a further message, where each text is owed one. Empty when too little stands of what it was made for.
    """
    texts = hits.texts(session, row.story_id or 0)
    own = next((one for one in texts if one.article == row.article_id), None)
    may = [one for one in texts if one.stands and (not one.past or own is None or own.past)]
    if row.kind == Kind.UPDATE or (row.kind == Kind.AGAIN and policy.update is not Update.NEVER):
        number = row.ordinal if row.kind == Kind.UPDATE or own is None else own.origin
        later = [one for one in may if one.origin >= number]
        # what is decided again was not told for others were: they went out on their own meanwhile
        return [one for one in later if one.origin == number] if row.reason == Reason.RETRACTED else later
    needed = {Kind.FIRST.value: policy.first, Kind.AGAIN.value: policy.again_at or 1}.get(row.kind, 1)
    needed = min(needed, int(row.view.get("separate_texts", 1)))  # the rule may ask for more by now
    return may if len({one.origin for one in texts if one.stands}) >= needed else []


def retracted(session: Session, row: Alert, story: Story | None, policy: Policy) -> bool:
    """Whether too little of what an alert was made for still stands. The caller holds its rule."""
    if story is None or to_tell(session, row, policy):
        return False
    return bool(hits.texts(session, story.id or 0))  # of a story whose hits are gone nobody knows


def was_retracted(row: Alert) -> bool:
    """Whether an alert was never told, since too little of it stood: it may be made anew."""
    return row.state == "suppressed" and row.reason == Reason.RETRACTED


def comes_back(session: Session, hit: Hit, now: datetime) -> None:
    """Have a hit's story count it again, and what was retracted for it be decided again. The caller holds its rule."""
    if stories.recount(session, hit.story_id) and not hit.past:
        alerts.reconsider(session, hit.story_id, hit.origin, str(Reason.RETRACTED), now)
