"""The catch-up digest: what could only be delivered a day late goes out in one message, to those who missed it.

An alert becomes stale as a whole (it lay held while nothing ran) or for one target alone, which could not be reached
for a day while the others had it long since. The digest is made of both, one alert for each set of targets that missed
the same; it is tried for 48 hours, and what is left of it then is a dead letter. Who got a later message of a story
meanwhile has missed nothing of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from alerts.message import Kind
from alerts.retry import GIVE_UP, Next, State
from alerts.stages import GATHER, Action
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import digests, views
from pipeline.app import EVERYBODY, Active, Sender
from storage import alerts, deliveries
from storage.engine import lock_names
from storage.optouts import meant
from storage.tables import Alert, Delivery, Digest

ALONE = frozenset({Kind.DIGEST.value, Kind.NOTICE.value})  # these are never folded into another message
AGES = timedelta(days=366)  # nothing was refused so long ago: the clock was set ahead, and no day went by


def is_stale(delivery: Delivery, alert: Alert, now: datetime) -> bool:
    """Whether a delivery that nobody has taken comes a day late: nobody tried it, or it was refused first so long ago;
    its target was down or paused, or nothing ran. Pure.

    One that a worker may have sent is not: its answer was lost, and only its own key shows a repeat for what it is. Nor
    is one that a person put back: that moved its time, and its tries are counted anew.
    """
    if alert.kind in ALONE:
        return False
    if delivery.attempts and delivery.error_class in deliveries.SURELY_REFUSED:
        return delivery.first_try_at is not None and GIVE_UP < now - delivery.first_try_at < AGES
    untouched = not delivery.attempts and not delivery.reason and delivery.not_before == delivery.made_at
    return untouched and now - delivery.made_at > GIVE_UP


def gives_up(following: Next, alert: Alert, *, unknown: bool) -> bool:
    """Whether what follows an attempt is the catch-up digest instead of a dead letter. Pure.

    `unknown`: the message may have arrived; telling it again under another key is left to a person.
    """
    missed = following.state is State.DEAD and following.reason is Reason.GAVE_UP
    return missed and not unknown and alert.kind not in ALONE


def fold(session: Session, rule_id: str, alert_id: str, target_id: str, now: datetime) -> None:
    """Have the rule's catch-up digest tell an alert to a target. The caller holds the rule (`hold_rules`)."""
    digest = alerts.open_digest(session, rule_id, str(Reason.STALE), due_at=now + GATHER, now=now)
    row = session.get_one(Alert, alert_id, populate_existing=True)
    row.digest_id = digest.id
    session.add(row)
    alerting.noted(session, row, "deliver", "fold", Reason.STALE, f"{target_id}: {Reason.STALE.sentence}", now)


def fold_waiting(session: Session, target_id: str, now: datetime) -> None:
    """Fold what waits behind an alert that was given up: a target that is down is asked by one message for all.

    Each was refused before, and its day is over too. The caller holds the rules.
    """
    for rule_id, alert_id in deliveries.suppress_late(session, target_id, now - GIVE_UP):
        fold(session, rule_id, alert_id, target_id, now)


def hold_rules(session: Session, alert: Alert, target_id: str, now: datetime) -> None:
    """Hold the rules of an alert and of what waits behind it, before any row is written, as everybody does who folds:
    the digest must not be closed meanwhile.
    """
    behind = deliveries.late_rules(session, target_id, now - GIVE_UP)
    lock_names(session, [f"rule:{rule_id}" for rule_id in {alert.rule_id, *behind}])


def tell(session: Session, app: Sender, active: Active, digest: Digest, now: datetime) -> str:
    """Make the catch-up digest's alerts, one for each set of targets, of what is still to be told."""
    rows = digests.collected(session, digest)
    missed = deliveries.stale_of(session, [row.id for row, _ in rows])
    going = []
    last = Reason.SILENCED
    for row, story in rows:
        decision = digests.still_told(session, app, active, digest, row, story, now)
        if decision.action is Action.HOLD:
            return digests.hold(session, digest, row, decision, now)
        if decision.action is not Action.DROP:
            if row.state == "folded":  # what others had stays as they had it: it may be on its way to them again
                views.bring_up_to_date(session, row, story, alerting.policy_for(active, row.rule_id))
            going.append(row)
            continue
        last = decision.reason
        if row.state == "folded":
            alerting.apply(session, app, active, row, decision, now)
        else:  # others had it: it is dropped for those who missed it
            alerting.noted(session, row, decision.stage, "drop", decision.reason, decision.reason.sentence, now)
    digest.closed_at = now
    session.add(digest)
    had = _had_later(session, going)
    owed = _missed(active, going, missed, had)
    for targets, told in digests.alike(owed):
        channels = sorted({channel for channel, _ in targets})
        row = digests.digest_alert(session, active, digest, told, channels, now)
        for channel in channels:
            only = [one for name, one in targets if name == channel]
            alerting.send_to(session, app, active, row, channel, now, only=only)
    _settle(session, active, going, missed, had, now)
    known = not owed and any(had.values())
    return str(Reason.ALREADY_TOLD if known else Reason.STALE if going else last)


def _settle(
    session: Session, active: Active, going: Sequence[Alert], missed: Mapping[str, Sequence[Delivery]],
    had: Mapping[str, Collection[str]], now: datetime,
) -> None:  # fmt: skip
    """Keep what became of the deliveries that came too late: a dead letter where the catch-up reaches their target no
    more, merged otherwise; where a later message of their story came before it, why it is not in the catch-up.
    """
    unreachable = set()
    for row in going:
        for one in missed.get(row.id, ()):
            if meant(one.target_id) in had[row.id]:
                said = f"{one.target_id}: {Reason.ALREADY_TOLD.sentence}, by a later message"
                alerting.noted(session, row, "told", "drop", Reason.ALREADY_TOLD, said, now)
            elif not _reaches(active, one):
                unreachable.add(one.id or 0)
    deliveries.bury_stale(session, unreachable)
    deliveries.settle_stale(session, {one.id or 0 for late in missed.values() for one in late} - unreachable)


def _missed(
    active: Active,
    going: Sequence[Alert],
    missed: Mapping[str, Sequence[Delivery]],
    had: Mapping[str, Collection[str]],
) -> Mapping[tuple[str, str], list[Alert]]:
    """(channel, target id) → the alerts that did not reach it, nor anything later of their stories; of an address that
    several channels reach the first.
    """
    of_target: dict[tuple[str, str], list[Alert]] = {}
    for row in going:
        told = set(had[row.id])
        for channel, target in _who_missed(active, row, missed.get(row.id, ())):
            if meant(target) not in told:
                told.add(meant(target))
                of_target.setdefault((channel, target), []).append(row)
    return of_target


def _had_later(session: Session, going: Sequence[Alert]) -> Mapping[str, Collection[str]]:
    """Alert → those that got a later one of its story, by any channel: it named the event as it stood then."""
    told = alerts.told_to(session, {row.story_id for row in going if row.story_id})
    of_story: dict[int, list[alerts.ToldTo]] = {}
    for one in told:
        of_story.setdefault(one.story, []).append(one)
    return {
        row.id: {meant(one.target) for one in of_story.get(row.story_id or 0, ()) if one.made_at > row.made_at}
        for row in going
    }


def _who_missed(active: Active, row: Alert, owed: Sequence[Delivery]) -> list[tuple[str, str]]:
    """(channel, target id) of those that an alert did not reach: everybody, when it was folded before it went out."""
    if row.state == "folded":
        return [(name, target) for name in row.targets for target, _ in active.recipients(name)]
    return [(one.channel, target) for one in owed for target in _reaches(active, one)]


def _reaches(active: Active, one: Delivery) -> Sequence[str]:
    """The targets that stand for a delivery's now: none when the watch file names its channel or recipient no more.

    One of a channel that cannot be used is still there: its message waits until the channel can be.
    """
    if one.channel not in active.channels and one.channel not in active.broken:
        return ()
    known = [target for target, _ in active.recipients(one.channel)]
    if one.target_id.endswith(f"/{EVERYBODY}"):
        return known
    return [one.target_id] if one.target_id in known or one.channel in active.broken else ()
