"""What people do with stories: read them, silence and close them, and take that back. Who did what is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from core.errors import InputError, Missing
from core.reasons import Reason
from storage import decisions, inbox, stories
from storage.tables import Story

BY_HAND = "person"  # the stage of a decision that somebody made


def silence(session: Session, story_id: int, *, until: datetime, who: str, now: datetime) -> str:
    """Tell nothing more of a story until then; says what was done, as all of these do.

    Raises InputError for a time that is over, and for a closed story: nothing more comes of it.
    """
    story = find(session, story_id)
    if story.state == "closed":
        raise InputError(f"story {story_id} is closed: nothing more is told of it", hint="reopen it first")
    if until <= now:
        raise InputError(f"{until:%d %b %Y, %H:%M} UTC is over", hint="silence it until a time to come")
    stories.silence(session, story, until=until, who=who, now=now)
    return note(session, story, Reason.SILENCED, f"silenced until {until:%d %b %Y, %H:%M} UTC by {who}", now=now)


def close(session: Session, story_id: int, *, who: str, now: datetime) -> str:
    """Tell nothing more of a story, whatever joins it."""
    story = find(session, story_id)
    stories.close(session, story)
    return note(session, story, Reason.CLOSED, f"closed by {who}", now=now)


def reopen(session: Session, story_id: int, *, who: str, now: datetime) -> str:
    """Tell of a story again that was silenced or closed: what joins it from now on."""
    story = find(session, story_id)
    stories.reopen(session, story)
    return note(session, story, Reason.REOPENED, f"opened again by {who}", now=now)


def mark_read(session: Session, places: Iterable[inbox.Place], who: str) -> None:
    """Somebody has read these stories as far as they were told then; what joins them later is unread."""
    inbox.mark_read(session, places, who)


def mark_unread(session: Session, story_id: int, who: str) -> None:
    """As if somebody had never read it."""
    inbox.mark_unread(session, story_id, who)


def find(session: Session, story_id: int) -> Story:
    """The story of this id. Raises Missing when there is none."""
    story = stories.find(session, story_id)
    if story is None:
        raise Missing(f"there is no story {story_id}", hint="run `wirewatch stories list`")
    return story


def note(session: Session, story: Story, reason: Reason, done: str, *, now: datetime) -> str:
    """Keep what somebody did beside what was decided about the story."""
    decisions.add(
        session, rule=story.rule_id, article=None, story=story.id, alert="", stage=BY_HAND, action="none",
        reason=reason, detail=done, at=now,
    )  # fmt: skip
    return done
