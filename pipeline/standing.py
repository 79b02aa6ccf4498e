"""standing: which of a story's hits still say what its alerts would tell.

A hit that was withdrawn, or of which somebody said "not this", is told no more. What was already told stays told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from alerts import keys
from alerts.message import Kind
from alerts.policy import Policy, Update
from core.reasons import Reason
from storage import alerts, hits, stories
from storage.hits import Text
from storage.tables import Alert, Hit, Story

LET_GO = frozenset({Reason.RULE_GONE.value, Reason.SILENCED.value, Reason.CLOSED.value})  # why nobody hears of it


def to_tell(session: Session, row: Alert, policy: Policy, texts: Sequence[Text]) -> list[Text]:
    """Of its story's texts what may lead an alert, the first to do so first: what stands, is news and is not told by
    another alert. Empty when too little stands of what it was made for.
    """
    own = next((one for one in texts if one.article == row.article_id), None)
    may = [one for one in texts if one.stands and (policy.past or not one.past or own is None or own.past)]
    if row.kind == Kind.UPDATE or (row.kind == Kind.AGAIN and policy.update is not Update.NEVER):
        return _of_follow_up(row, may, texts, alerts.of_story(session, row.story_id or 0))
    if row.kind == Kind.AGAIN and own is not None:
        may.sort(key=lambda one: one.origin < own.origin)  # what came before it was there to be told
    needed = {Kind.FIRST.value: policy.first, Kind.AGAIN.value: policy.again_at or 1}.get(row.kind, 1)
    needed = min(needed, int(row.view.get("separate_texts", 1)))  # the rule may ask for more by now
    return may if len({one.origin for one in texts if one.stands}) >= needed else []


def _of_follow_up(row: Alert, may: list[Text], texts: Sequence[Text], made: Sequence[Alert]) -> list[Text]:
    """What an update, or a further message of a rule that has updates, answers for: its own text and those that came
    while it waited, up to the one that the next of them was made for. Nothing, while the event itself is not told.
    """
    if any(one.kind == Kind.FIRST and was_retracted(one) for one in made):
        return []
    origins = {one.article: one.origin for one in texts}

    def begins(one: Alert) -> int:
        return one.ordinal if one.kind == Kind.UPDATE else origins.get(one.article_id or 0, 0)

    later = [begins(one) for one in made if begins(one) > begins(row)]
    return [one for one in may if begins(row) <= one.origin and not (later and one.origin >= min(later))]


def retracted(session: Session, row: Alert, story: Story | None, policy: Policy) -> bool:
    """Whether too little of what an alert was made for still stands. The caller holds its rule."""
    texts = hits.texts(session, row.story_id or 0) if story else []
    return bool(texts) and not to_tell(session, row, policy, texts)  # of a story whose hits are gone nobody knows


def tells_updates(session: Session, row: Alert, policy: Policy) -> None:
    """Have a first or further message stand for the retracted updates of which a text stands by now: it names them."""
    texts = hits.texts(session, row.story_id or 0)
    for one in alerts.of_story(session, row.story_id or 0):
        if one.kind == Kind.UPDATE and was_retracted(one) and to_tell(session, one, policy, texts):
            one.reason = str(Reason.MERGED)
            session.add(one)


def left_update(session: Session, row: Alert, first_key: str, text: int) -> Alert | None:
    """Before a retracted alert is made anew for this text: the update by which its own is told should it come back.
    None where it is the same text, or has an update.
    """
    origin = next((one.origin for one in hits.texts(session, row.story_id or 0) if one.article == row.article_id), text)
    alert_id = keys.alert_id(row.rule_id, first_key, Kind.UPDATE, origin)
    if origin == text or session.get(Alert, alert_id) is not None:
        return None
    own = {"id": alert_id, "kind": Kind.UPDATE.value, "ordinal": origin}
    view = row.view | {"alert_id": alert_id, "kind": Kind.UPDATE.value}
    left = Alert(**row.model_dump() | own | {"view": view})
    session.add(left)
    session.flush()
    return left


def was_retracted(row: Alert) -> bool:
    """Whether an alert was never told, since too little of it stood: it may be made anew."""
    return row.state == "suppressed" and row.reason == Reason.RETRACTED


def is_unheard(row: Alert) -> bool:
    """Whether an alert went to nobody and will not: a further text is the news that it was to tell. An update's own
    text is let go.
    """
    dropped = row.state == "suppressed" and row.kind != Kind.UPDATE and row.reason in LET_GO
    return dropped or was_retracted(row)


def comes_back(session: Session, hit: Hit, now: datetime) -> None:
    """Have a hit's story count it again, and what was retracted for it be decided again. The caller holds its rule."""
    if stories.recount(session, hit.story_id):
        alerts.reconsider(session, hit.story_id, hit.origin, str(Reason.RETRACTED), now)
