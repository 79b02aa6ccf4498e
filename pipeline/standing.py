"""standing: which of a story's hits still say what its alerts would tell.

A hit that was withdrawn, or of which somebody said "not this", is told no more. What was already told stays told.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from alerts.message import Kind
from alerts.policy import Policy
from core.reasons import Reason
from storage import alerts, feedback, hits, stories
from storage.tables import Alert, Article, Hit, Story


def standing(session: Session, row: Alert) -> list[tuple[Hit, Article]]:
    """What an alert would tell and still stands, in the order it came: of an update its own article and what followed
    it, of any other its whole story.
    """
    told = hits.of_story(session, row.story_id or 0)
    if row.kind == Kind.UPDATE:
        own = next((hit.id or 0 for hit, article in told if article.id == row.article_id), 0)
        told = [(hit, article) for hit, article in told if (hit.id or 0) >= own]
    wrong = feedback.not_this(session, [hit.id or 0 for hit, _ in told])
    return [(hit, article) for hit, article in told if hit.state != "withdrawn" and hit.id not in wrong]


def retracted(session: Session, row: Alert, story: Story | None, policy: Policy) -> bool:
    """Whether too little of what an alert was made for still stands. `story` as it is under its rule's lock."""
    if story is None:
        return False
    if row.kind == Kind.UPDATE:
        return not standing(session, row)
    needed = {Kind.FIRST.value: policy.first, Kind.AGAIN.value: policy.again_at or 1}.get(row.kind, 1)
    return story.origins < min(needed, int(row.view.get("separate_texts", 1)))  # the rule may ask for more by now


def was_retracted(row: Alert) -> bool:
    """Whether an alert was never told, since too little of it stood: it may be made anew."""
    return row.state == "suppressed" and row.reason == Reason.RETRACTED


def recount(session: Session, story_id: int, now: datetime) -> None:
    """Have a story count the texts that count by now, and its alerts that were retracted be decided again when there
    are any. The caller holds its rule, as everybody does who adds to it.
    """
    if stories.recount(session, story_id):
        alerts.reconsider(session, story_id, str(Reason.RETRACTED), now)
