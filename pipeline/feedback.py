"""What people answer to an alert: not what the rule is for, silence for now, no more of this rule to this address.

The answers come from links in messages; the page that takes them sends nothing itself: what the operators are told is
entered into the ledger, and the next cycle sends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from core.errors import ConfigError, Damaged, InputError, Missing
from core.reasons import Reason
from core.text import one_line
from pipeline import alert as alerting
from pipeline import notices, standing
from pipeline import stories as stories_step
from pipeline.app import Active
from pipeline.configure import CONFIG_LOCK, EMPTY
from pipeline.editing import current, lines_of
from pipeline.story import placed_again
from rules.config import load
from rules.match import Matcher
from rules.slim import slim
from storage import alerts, decisions, deliveries, feedback, hits, meta, optouts, stories
from storage.engine import Database, lock_names
from storage.tables import Alert, Hit, Story

SILENCE = timedelta(hours=72)
LONGEST_NAME = 100  # characters


def story_of(session: Session, rule_id: str, story_id: str) -> Story:
    """The story that a link speaks of. Raises InputError when it is not kept any more."""
    row = stories.find(session, int(story_id)) if story_id.isdecimal() else None
    if row is None or row.rule_id != rule_id:
        raise InputError("this story is not kept any more")
    return row


def not_this(session: Session, rule_id: str, story_id: str, *, who: str, now: datetime) -> Story:
    """Keep with each hit of this story who said that it is not what its rule is for."""
    story = story_of(session, rule_id, story_id)
    _judge(session, [hit for hit, _ in hits.of_story(session, story.id or 0)], who, now)
    return story


def not_this_hit(session: Session, hit_id: int, *, who: str, now: datetime) -> str:
    """Keep who said of this hit alone that it is not what its rule is for; says what was done. Raises InputError."""
    hit, who = _hit(session, hit_id), _name(who)
    _judge(session, [hit], who, now)
    return f"said not to be what the rule {hit.rule_id} is for, by {who}"


def take_back(session: Session, hit_id: int, *, who: str, now: datetime) -> str:
    """Forget what somebody said of a hit; says what was done. Raises InputError when they said nothing."""
    hit, who = _hit(session, hit_id), _name(who)
    lock_names(session, [CONFIG_LOCK], shared=True)  # before the rule, as everybody does who makes alerts
    lock_names(session, [f"rule:{hit.rule_id}"])
    if not feedback.take_back(session, hit.id or 0, who):
        raise InputError(f"{who} said nothing of hit {hit_id}", hint=f"run `wirewatch hits show {hit_id}`")
    standing.comes_back(session, hit, now)
    _note(session, hit, Reason.TAKEN_BACK, f"{who}: not this, taken back", now)
    _owe(session, hit, now)
    return f"“not this” of the rule {hit.rule_id} taken back by {who}"


def _owe(session: Session, hit: Hit, now: datetime) -> None:
    """Make the first message that a story owes by a hit that stands again; where one was made, that was decided again.

    No transaction waits for a large watch file to be read whole: of it only what this rule needs is.
    """
    again = any(one.stands and one.article == hit.article_id for one in hits.texts(session, hit.story_id))
    active = _of_rule(session, hit.rule_id) if again and not alerts.of_story(session, hit.story_id) else None
    rule = active.rules.get(hit.rule_id) if active else None
    if active is not None and rule is not None and rule.enabled:
        ((_, article, feed),) = hits.with_feeds(session, [hit.id or 0])
        alerting.owe_by_hand(session, active, placed_again(session, active, article, feed, hit), now=now)


def _of_rule(session: Session, rule_id: str) -> Active | None:
    """The active revision as far as it is about one rule; None for one that cannot be read: a verdict is still taken
    back.
    """
    try:
        now = current(session)
        few = slim(now.text, rule_id, lines_of(now.text, rule_id))
        watch = load(few, file=f"revision {now.revision}", env=None)
    except (ConfigError, Damaged):
        return None
    return Active(now.revision, watch, Matcher(()), channels={})


def _judge(session: Session, told: Sequence[Hit], who: str, now: datetime) -> None:
    by_id = {hit.id or 0: hit for hit in told}
    lock_names(session, [f"rule:{hit.rule_id}" for hit in told])
    for hit_id in feedback.judge(session, by_id, verdict="wrong", who=who, now=now):
        _note(session, by_id[hit_id], Reason.NOT_THIS, f"{who}: not this", now)
    for story_id in {hit.story_id for hit in told}:
        stories.recount(session, story_id)


def _note(session: Session, hit: Hit, reason: Reason, said: str, now: datetime) -> None:
    decisions.add(
        session, rule=hit.rule_id, article=hit.article_id, story=hit.story_id, alert="", stage=stories_step.BY_HAND,
        action="none", reason=reason, detail=said, at=now,
    )  # fmt: skip


def _hit(session: Session, hit_id: int) -> Hit:
    found = hits.find(session, hit_id)
    if found is None:
        raise Missing(f"there is no hit {hit_id}", hint="run `wirewatch hits list`")
    return found


def _name(who: str) -> str:
    name = one_line(who, LONGEST_NAME)
    if not name:
        raise InputError("a verdict bears a name", hint="say whose with --by NAME")
    return name


def silence(session: Session, rule_id: str, story_id: str, *, who: str, now: datetime) -> Story:
    """Tell nothing more of this story for 72 hours; one that is silenced for longer stays so. Raises InputError for a
    closed one: nothing more comes of it.
    """
    story = story_of(session, rule_id, story_id)
    if story.state == "closed":
        raise InputError("this story is closed: nothing more is told of it")
    if stories.state_of(story, now) != "silenced" or (story.silenced_until or now) < now + SILENCE:
        stories_step.silence(session, story.id or 0, until=now + SILENCE, who=who, now=now)
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
        for alert_id in deliveries.suppress_for(session, rule_id, target_id, Reason.OPTED_OUT):
            row = session.get_one(Alert, alert_id)
            alerting.dropped_for(session, row, target_id, "deliver", Reason.OPTED_OUT, now)
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
    now = await db.read(current)
    try:
        watch = await asyncio.to_thread(load, now.text, file=f"revision {now.revision}", env=None)
    except ConfigError:  # made for another version: an address is still let go, and only `Notice` says so
        watch = load(EMPTY, file="no revision", env=None)
    return Active(now.revision, watch, Matcher(()), channels={})


def _tell(session: Session, active: Active, key: str, text: str, now: datetime) -> None:
    notices.news(session, _Desk(meta.installation(session), active), key, text, now=now)
