"""What people say of stories and hits where they look at them: read, not what the rule is for."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from core.errors import InputError
from storage import feedback, hits, stories
from storage.tables import Hit, Story, StoryRead


def mark_read(session: Session, story_id: int, *, who: str, now: datetime) -> None:
    """Keep that somebody has read a story up to now. Raises InputError when there is no such story."""
    story = _story(session, story_id)
    session.merge(StoryRead(story_id=story.id or 0, who=who, at=max(now, story.last_hit_at)))


def mark_unread(session: Session, story_id: int, *, who: str) -> None:
    """Forget that somebody has read a story. Raises InputError when there is no such story."""
    row = session.get(StoryRead, (_story(session, story_id).id, who))
    if row is not None:
        session.delete(row)


def not_this(session: Session, hit_id: int, *, who: str, now: datetime) -> Hit:
    """Keep that a hit is not what its rule is for. Raises InputError when there is no such hit."""
    found = hits.with_article(session, hit_id)
    if found is None:
        raise InputError(f"there is no hit {hit_id}")
    feedback.judge(session, [hit_id], verdict="wrong", who=who, now=now)
    return found[0]


def _story(session: Session, story_id: int) -> Story:
    story = stories.find(session, story_id)
    if story is None:
        raise InputError(f"there is no story {story_id}")
    return story
