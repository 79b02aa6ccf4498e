"""What people do with stories: silence and close them, and take that back."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from core.errors import InputError
from storage import stories
from storage.tables import Story


def silence(session: Session, story_id: int, *, until: datetime, who: str, now: datetime) -> None:
    """Tell nothing more of a story until then."""
    stories.silence(session, _story(session, story_id), until=until, who=who, now=now)


def close(session: Session, story_id: int) -> None:
    """Tell nothing more of a story, whatever joins it."""
    stories.close(session, _story(session, story_id))


def reopen(session: Session, story_id: int) -> None:
    """Tell of a story again that was silenced or closed: what joins it from now on."""
    stories.reopen(session, _story(session, story_id))


def _story(session: Session, story_id: int) -> Story:
    story = session.get(Story, story_id)
    if story is None:
        raise InputError(f"there is no story {story_id}", hint="run `wirewatch stories list`")
    return story
