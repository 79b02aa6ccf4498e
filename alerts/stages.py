"""Send, hold, fold or drop: an ordered list of small stages, each saying why. Pure; run again at every release.

rule → silence → told → restored → stands → quiet → budget → digest → stale → send. The first stage that has something
to say decides; what each stage before it found is kept as the trail (`wirewatch alerts why`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.message import Kind
from alerts.policy import Policy, local_day, next_digest, quiet_until
from core.reasons import Reason

BURST = 20  # alerts of one rule that go out singly
BURST_WINDOW = timedelta(minutes=10)  # in so long; the rest is folded into one digest
GATHER = timedelta(minutes=10)  # how long such a digest collects before it goes; while unsent it collects on
STALE_AFTER = timedelta(hours=24)


class Action(StrEnum):
    """What is done with an alert now."""

    SEND = "send"
    HOLD = "hold"  # ask again at `until`
    FOLD = "fold"  # into the digest that goes at `until`
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What the stages need to know about an alert, read when they run.

    `sent_today` and `sent_last_10_min` count alerts of the same rule that went out singly. `told_by_earlier`: an
    earlier message of the same story is released together with this one and tells it all. `held_until` is the release
    time of an earlier hold, `released_with` how many other alerts of the rule come out of it at the same time.
    `folded`: it lies in a digest that is due now. `maybe_told`: its news is older than a restore, and nothing says what
    was told between the backup and that. `retracted`: too little of what it was made for still stands.
    """

    kind: Kind
    policy: Policy
    made_at: datetime
    rule_exists: bool = True
    story_closed: bool = False
    silenced: bool = False
    silenced_until: datetime | None = None
    already_told: bool = False
    told_by_earlier: bool = False
    sent_today: int = 0
    sent_last_10_min: int = 0
    held_until: datetime | None = None
    released_with: int = 0
    folded: bool = False
    maybe_told: bool = False
    retracted: bool = False

    @property
    def in_digest(self) -> bool:
        """Whether it goes out inside a digest, or is one: then it uses up no budget."""
        return self.folded or self.released_with > 0 or self.kind is Kind.DIGEST


@dataclass(frozen=True, slots=True)
class StageNote:
    """What one stage found: it let the alert pass (`action` None), or decided."""

    stage: str
    note: str
    action: Action | None = None
    reason: Reason | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with the alert, which stage said so and why; `until` is set for HOLD and FOLD, in UTC."""

    action: Action
    reason: Reason
    stage: str
    until: datetime | None
    trail: tuple[StageNote, ...]


Stage = Callable[[AlertFacts, datetime], StageNote]


def decide(alert: AlertFacts, now: datetime) -> Decision:
    """Run the stages in their order; what passes them all is sent."""
    trail: list[StageNote] = []
    for stage in STAGES:
        note = stage(alert, now)
        trail.append(note)
        if note.action and note.reason:
            return Decision(note.action, note.reason, note.stage, note.until, tuple(trail))
    trail.append(_says("send", Action.SEND, Reason.SENT))
    return Decision(Action.SEND, Reason.SENT, "send", None, tuple(trail))


def _rule(alert: AlertFacts, now: datetime) -> StageNote:
    if not alert.rule_exists:
        return _says("rule", Action.DROP, Reason.RULE_GONE)
    return StageNote("rule", "the rule is on")


def _silence(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.story_closed:
        return _says("silence", Action.DROP, Reason.CLOSED)
    if alert.silenced and (alert.silenced_until is None or now < alert.silenced_until):
        return _says("silence", Action.DROP, Reason.SILENCED)
    return StageNote("silence", "the story is not silenced")


def _told(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.already_told:
        return _says("told", Action.DROP, Reason.ALREADY_TOLD)
    if alert.told_by_earlier and not alert.retracted:
        return _says("told", Action.DROP, Reason.MERGED)
    return StageNote("told", "not told before")


def _restored(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.maybe_told:
        return _says("restored", Action.DROP, Reason.RESTORED)
    return StageNote("restored", "no backup was restored since")


def _stands(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.retracted:
        return _says("stands", Action.DROP, Reason.RETRACTED)
    return StageNote("stands", "what it tells was not withdrawn")


def _quiet(alert: AlertFacts, now: datetime) -> StageNote:
    until = quiet_until(alert.policy.quiet, now, alert.policy.timezone)
    if until is None:
        return StageNote("quiet", "no quiet hours now")
    if alert.policy.urgent:
        return StageNote("quiet", "quiet hours, but the rule is urgent")
    return _says("quiet", Action.HOLD, Reason.QUIET_HOURS, until)


def _budget(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.in_digest:
        return StageNote("budget", "not counted: in a digest")
    if alert.sent_today >= alert.policy.budget_per_day:
        return _says("budget", Action.FOLD, Reason.OVER_BUDGET, local_day(now, alert.policy.timezone)[1])
    if alert.sent_last_10_min >= BURST:
        return _says("budget", Action.FOLD, Reason.BURST, now + GATHER)
    return StageNote("budget", f"{alert.sent_today} of {alert.policy.budget_per_day} sent today")


def _digest(alert: AlertFacts, now: datetime) -> StageNote:
    if alert.folded:
        return _says("digest", Action.FOLD, Reason.DIGEST, now)
    if alert.policy.digest is not None and alert.kind is not Kind.DIGEST:
        return _says("digest", Action.FOLD, Reason.DIGEST, next_digest(alert.policy.digest, now, alert.policy.timezone))
    if alert.released_with:
        return _says("digest", Action.FOLD, Reason.MERGED, now)
    return StageNote("digest", "goes on its own")


def _stale(alert: AlertFacts, now: datetime) -> StageNote:
    since = max(alert.made_at, alert.held_until or alert.made_at)
    if alert.kind is not Kind.DIGEST and now - since > STALE_AFTER:
        return _says("stale", Action.FOLD, Reason.STALE, now + GATHER)
    return StageNote("stale", "in time")


def _says(stage: str, action: Action, reason: Reason, until: datetime | None = None) -> StageNote:
    return StageNote(stage, reason.sentence, action, reason, until)


STAGES: tuple[Stage, ...] = (_rule, _silence, _told, _restored, _stands, _quiet, _budget, _digest, _stale)
