"""What people answer to an alert: not what the rule is for, silence for now, no more of this rule to this address.

The answers come from links in messages; the page that takes them sends nothing itself: what the operators are told is
entered into the ledger, and the next cycle sends it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from core.errors import ConfigError, InputError
from core.reasons import Reason
from pipeline import notices
from pipeline import stories as stories_step
from pipeline.app import Active
from pipeline.configure import EMPTY
from rules.config import load
from rules.match import Matcher
from storage import configs, deliveries, feedback, hits, meta, optouts, stories
from storage import notices as notice_rows
from storage.engine import Database
from storage.tables import Hit, Story

SILENCE = timedelta(hours=72)
WHO = "link"  # a link's bearer has no name


def story_of(session: Session, rule_id: str, story_id: str) -> Story:
    """The story that a link speaks of. Raises InputError when it is not kept any more."""
    row = stories.find(session, int(story_id)) if story_id.isdecimal() else None
    if row is None or row.rule_id != rule_id:
        raise InputError("this story is not kept any more")
    return row


def not_this(session: Session, rule_id: str, story_id: str, *, now: datetime) -> Story:
    """Keep that this story is not what its rule is for."""
    story = story_of(session, rule_id, story_id)
    told = hits.of_story(session, story.id or 0)
    feedback.judge(session, [hit.id or 0 for hit, _ in told], verdict="wrong", who=WHO, now=now)
    return story


def judge_hit(session: Session, hit_id: int, *, who: str, now: datetime) -> str:
    """Keep that a hit is not what its rule is for; says what was done. Raises InputError when it is kept no more."""
    hit, story = _hit(session, hit_id)
    feedback.judge(session, [hit_id], verdict="wrong", who=who, now=now)
    done = f"said not to be what the rule {hit.rule_id} is for, by {who}"
    return stories_step.note(session, story, Reason.NOT_THIS, done, now=now)


def take_back(session: Session, hit_id: int, *, who: str, now: datetime) -> str:
    """Undo `judge_hit` of this person, and what was said through links: their bearers have no name to undo it with."""
    hit, story = _hit(session, hit_id)
    feedback.take_back(session, hit_id, [who, WHO])
    return stories_step.note(
        session, story, Reason.TAKEN_BACK, f"“not this” of the rule {hit.rule_id} taken back by {who}", now=now
    )


def _hit(session: Session, hit_id: int) -> tuple[Hit, Story]:
    hit = session.get(Hit, hit_id)
    if hit is None:
        raise InputError("this hit is not kept any more")
    return hit, stories_step.find(session, hit.story_id)


def silence(session: Session, rule_id: str, story_id: str, *, now: datetime) -> Story:
    """Tell nothing more of this story for 72 hours. Raises InputError for a closed one: nothing more comes of it."""
    story = story_of(session, rule_id, story_id)
    if story.state == "closed":
        raise InputError("this story is closed: nothing more is told of it")
    stories_step.silence(session, story.id or 0, until=now + SILENCE, who=WHO, now=now)
    return story


@dataclass(frozen=True)
class _Desk:
    """What the page needs to enter a message into the ledger. It has no channels: the worker finds their recipients."""

    installation: str
    active: Active
    sent_log: frozenset[str] = frozenset()


async def unsubscribe(db: Database, rule_id: str, target_id: str, *, now: datetime) -> bool:
    """Send no more of this rule to this target, what waits included, and tell the operators; False when it is so
    already.
    """
    active = await _active(db)

    def work(session: Session) -> bool:
        if not optouts.add(session, rule_id, target_id, now):
            return False
        deliveries.suppress_for(session, rule_id, target_id, Reason.OPTED_OUT)
        _tell(
            session, active, f"optout:{rule_id}:{target_id}", f"{target_id} asked for no more alerts of {rule_id}", now
        )
        return True

    return await db.write(work)


async def subscribe_again(db: Database, rule_id: str, target_id: str, *, now: datetime) -> bool:
    """Undo `unsubscribe`: later alerts go to this target again; False when there is nothing to undo."""
    active = await _active(db)

    def work(session: Session) -> bool:
        if not optouts.remove(session, rule_id, target_id):
            return False
        _tell(session, active, f"optin:{rule_id}:{target_id}", f"{target_id} wants alerts of {rule_id} again", now)
        return True

    return await db.write(work)


async def _active(db: Database) -> Active:
    config = await db.read(configs.active)
    text, revision = (config.text, config.revision or 0) if config else (EMPTY, 0)
    try:
        watch = await asyncio.to_thread(load, text, file=f"revision {revision}", env=None)
    except ConfigError:  # made for another version: an address is still let go, and only `Notice` says so
        watch = load(EMPTY, file="no revision", env=None)
    return Active(revision, watch, Matcher(()), channels={})


def _tell(session: Session, active: Active, key: str, text: str, now: datetime) -> None:
    """News, not a trouble: told once and over at once."""
    notices.tell(session, _Desk(meta.installation(session), active), key, text, now=now)
    notice_rows.end_notice(session, key, now)
