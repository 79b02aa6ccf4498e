"""deliver: due deliveries → one channel call each → the result, recorded after the call.

At least once under a stable key: the key is written to sent.log and waited for on the disk before the result is
committed, so that
neither a crash between the two nor a restored backup sends it again.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from alerts import retry
from alerts.channels import Channel, Target
from alerts.compose import compose, compose_digest, compose_notice
from alerts.links import unsubscribe_link
from alerts.message import AlertView, DigestView, Kind, Message
from alerts.result import Result, ResultClass
from core.errors import WirewatchError
from core.log import pairs
from core.reasons import Reason
from core.text import one_line
from pipeline import alert as alerting
from pipeline import catchup, measures, notices, told, views
from pipeline.app import EVERYBODY, App
from pipeline.configure import CONFIG_LOCK
from pipeline.cycle import Cycle, work_off
from pipeline.noting import may_send
from storage import deliveries, optouts
from storage.engine import lock_names
from storage.tables import Alert, Delivery, RuleState

logger = logging.getLogger(__name__)
LOOK_S = 5.0  # so often leases that ran out are looked for while deliveries flow
AT_ONCE = 128  # targets sent to at the same time: one that hangs keeps its place for up to ten minutes


async def deliver(cycle: Cycle) -> None:
    """The loop: claim due deliveries, one a target at a time, until the cycle ends."""
    app = cycle.app
    busy: dict[str, str] = {}  # target → its channel
    going = False  # the last claim took something: more waits, mostly, and is taken without a look before
    looked_at = 0.0
    may = await may_send(cycle)

    async def claim(room: int) -> list[deliveries.Claimed]:
        nonlocal going, looked_at, may
        may = may and (app.sent_log.is_ready or await may_send(cycle))
        if not may:  # the next cycle looks again
            return []
        now = app.clock.now()
        sending = app.outlasting.targets | busy
        free = room_of(app, Counter(sending.values()))
        closed = frozenset(app.active.broken) | {name for name, left in free.items() if left <= 0}
        who = deliveries.Who(frozenset(sending), holding_channels(app), closed, free)
        if not going or time.monotonic() - looked_at >= LOOK_S:
            looked_at = time.monotonic()
            lost, due = await app.db.read(
                lambda session: (deliveries.count_expired(session), deliveries.any_due(session, now, who))
            )
            if lost:
                await _expire(app)
            elif not due:
                return []
        taken = await app.db.write(
            lambda session: deliveries.claim_due(session, owner=app.owner, now=now, limit=room, who=who)
        )
        going = bool(taken)
        wanted = await _wanted(cycle, taken) if taken else []
        busy.update({one.target.id: one.target.channel for one in wanted})
        return wanted

    async def do(one: deliveries.Claimed) -> None:
        try:
            await deliver_one(cycle, one)
        finally:
            busy.pop(one.target.id, None)

    async def more_due() -> bool:
        until = app.clock.now() + timedelta(seconds=10)
        who = deliveries.Who((), holding_channels(app), frozenset(app.active.broken))
        return may and await app.db.read(lambda session: deliveries.any_due(session, until, who, fresh=True))

    def hand_over(sends: Mapping[asyncio.Task[None], deliveries.Claimed]) -> None:
        cycle.report.count("deliver", "skipped", Reason.NO_ANSWER_YET, by=len(sends))
        cycle.over = True
        app.outlasting.adopt(app, sends, app.active.channels)

    await work_off(
        cycle, "deliver", claim, do,
        width=AT_ONCE, columns=deliveries.LEASE, more_due=more_due, hand_over=hand_over,
    )  # fmt: skip


def room_of(app: App, sending: Mapping[str, int]) -> dict[str, int]:
    """Channel → how many more of its targets may be sent to now, beside so many that are being sent to."""
    return {name: one.concurrency - sending.get(name, 0) for name, one in app.active.channels.items()}


def holding_channels(app: App) -> Collection[str]:
    """Channels where a delivery whose answer was lost waits for a person."""
    return frozenset(name for name, one in app.active.channels.items() if one.on_unknown == "hold")


async def _expire(app: App) -> None:
    lost = await app.db.write(lambda session: expire(session, app.clock.now()))
    logger.warning(pairs(step="deliver", event="leases ran out", unknown=lost))


def expire(session: Session, now: datetime) -> int:
    """What a dead worker was sending may or may not have arrived; of a rule that is gone it is not sent again, and why
    is kept. Returns how many.
    """
    lost = deliveries.expire(session)
    for one in lost:
        if one.state == "suppressed":
            alert = session.get_one(Alert, one.alert_id)
            alerting.dropped_for(session, alert, one.target_id, "deliver", Reason.RULE_GONE, now)
    return len(lost)


async def _wanted(cycle: Cycle, taken: list[deliveries.Claimed]) -> list[deliveries.Claimed]:
    """Those of which nobody has asked for no more since they were owed: also of what is sent again, by whomever."""
    app = cycle.app
    rules = {one.alert.rule_id for one in taken}
    gone = await app.db.read(lambda session: optouts.among(session, rules))
    refused = [one for one in taken if one.target.id in gone.get(one.alert.rule_id, ())] if gone else []
    if not refused:
        return taken
    await app.db.write(lambda session: _refuse(session, refused, app.clock.now()))
    cycle.report.count("deliver", "skipped", Reason.OPTED_OUT, by=len(refused))
    cycle.worked()  # there may be more behind them
    return [one for one in taken if one not in refused]


def _refuse(session: Session, refused: list[deliveries.Claimed], now: datetime) -> None:
    """Take what its target wants no more off the way, and keep why."""
    for one in refused:
        if deliveries.record(session, one.lease, {"state": "suppressed", "reason": str(Reason.OPTED_OUT)}):
            alerting.dropped_for(session, one.alert, one.target.id, "deliver", Reason.OPTED_OUT, now)


async def deliver_one(cycle: Cycle, one: deliveries.Claimed) -> None:
    """Send one delivery and record what came of it. A receiver's failure ends here, as a value on its row."""
    app = cycle.app
    key = one.delivery.key
    channel = app.active.channels.get(one.delivery.channel)
    if catchup.is_stale(one.delivery, one.alert, app.clock.now()) and key not in app.sent_log:
        await app.db.write(lambda session: too_late(session, app, one))
        cycle.report.count("deliver", "skipped", Reason.STALE)
        return
    if one.target.recipient == EVERYBODY and channel is not None:
        await app.db.write(lambda session: split_up(session, app, one))
        cycle.report.count("deliver", "skipped", Reason.MERGED)
        return
    if key in app.sent_log:
        result = Result(ResultClass.OK, "sent before, says sent.log")
    elif channel is None:
        result = Result(ResultClass.TEMP, app.active.broken.get(one.delivery.channel, "no such channel now"))
    elif one.target.id not in {known.id for known in channel.targets()}:  # another kind of channel may bear its name
        result = Result(ResultClass.PERM, "no longer a recipient of this channel")
    else:
        target = Target(one.target.id, one.target.channel, one.target.recipient)
        result = await _send(app, one, channel, target, key)
    known = key in app.sent_log
    if result.ok and not known:
        await asyncio.to_thread(app.sent_log.add, key)  # waits for the disk
    now = app.clock.now()
    (state, reason), told_as = await app.db.write(
        lambda session: recorded(session, app, one, channel, result, now, known=known)
    )
    app.failing[one.target.id] = failing_after(app, one, result)
    if unknown := [name for name in told_as if name not in app.sent_log]:
        await asyncio.to_thread(app.sent_log.add, *unknown)
    _report(cycle, one, result, state, reason)


async def _send(app: App, one: deliveries.Claimed, channel: Channel, target: Target, key: str) -> Result:
    """One call. A message that cannot even be made is a dead letter: it must not stop the deliveries behind it."""
    try:
        if one.alert.kind == Kind.DIGEST:  # of thousands it takes a second, in which everybody else would wait
            made = await asyncio.to_thread(message, app, one, target)
        else:
            made = message(app, one, target)
    except (ValueError, KeyError, TypeError) as error:
        logger.exception(pairs(step="deliver", key=key[:12], event="cannot be composed"))
        return Result(ResultClass.PERM, f"the message cannot be composed: {error}")
    try:
        return await channel.send(made, target, key=key)
    except WirewatchError:
        raise
    except Exception as error:  # of one message: it is tried like one that kills its worker, and the queue moves on
        where = traceback.extract_tb(error.__traceback__)[-1]  # not the error's words: they may quote an address
        said = f"{type(error).__name__} in {where.name}, line {where.lineno}"
        logger.error(pairs(step="deliver", key=key[:12], channel=channel.name, event="cannot be sent", error=said))
        return Result(ResultClass.TEMP, f"the channel's code failed: {said}", worker_died=True)


def split_up(session: Session, app: App, one: deliveries.Claimed) -> None:
    """A delivery made while its channel could not be used becomes one for each recipient."""
    now = app.clock.now()
    if deliveries.record(session, one.lease, {"state": "suppressed", "reason": str(Reason.MERGED)}):
        alerting.send_to(session, app, app.active, one.alert, one.delivery.channel, now)


def too_late(session: Session, app: App, one: deliveries.Claimed) -> None:
    """A delivery that could only be made a day late is left to the catch-up digest."""
    now = app.clock.now()
    catchup.hold_rules(session, one.alert, one.target.id, now)
    if deliveries.record(session, one.lease, {"state": "suppressed", "reason": str(Reason.STALE)}):
        catchup.fold(session, one.alert.rule_id, one.alert.id, one.target.id, now)
        catchup.fold_waiting(session, one.target.id, now)


def message(app: App, one: deliveries.Claimed, target: Target) -> Message:
    """The alert as it goes to this target, with its links and its way to unsubscribe."""
    now = one.delivery.made_at  # when it came out of its hold; not this attempt's time: every attempt sends the same
    view = views.with_links(app, views.load(one.alert.view), now, target.recipient or target.channel)
    if isinstance(view, AlertView):
        composed = compose(view)
    else:
        composed = compose_digest(view) if isinstance(view, DigestView) else compose_notice(view)
    composed = replace(
        composed, at=now, thread=f"{app.installation}/{composed.thread}"
    )  # another's stories have its ids
    if one.alert.kind == Kind.NOTICE:
        return composed
    unsubscribe = unsubscribe_link(
        app.active.public_url, app.signing_key, rule=one.alert.rule_id, target=target.id, now=now
    )
    return replace(composed, unsubscribe=unsubscribe)


def recorded(
    session: Session, app: App, one: deliveries.Claimed, channel: Channel | None, result: Result, now: datetime, *,
    known: bool = False,
) -> tuple[tuple[str, str], set[str]]:  # fmt: skip
    """Write an attempt's result; what `record` returns, and the keys under which its target knows this now.

    `known`: sent.log had its key before, so it was not sent now, and took no time.
    """
    state = record(session, app, one, channel, result, now)
    sent = state[0] == "sent"
    if sent and not known:
        measures.count(session, one.alert, one.delivery.channel, now)
    return state, told.names_of_sent(session, app.installation, one.alert, one.target.id) if sent else set()


def record(
    session: Session, app: App, one: deliveries.Claimed, channel: Channel | None, result: Result, now: datetime
) -> tuple[str, str]:
    """Write an attempt's result. Returns the delivery's new state and its reason, or "lost" when the lease was."""
    delivery = one.delivery
    attempts, first_try = delivery.attempts + 1, delivery.first_try_at or now
    jitter = random.random()  # noqa: S311 - spreads retries, guards nothing
    following = retry.after(
        result,
        attempts=attempts,
        first_try=first_try,
        now=now,
        jitter=jitter,
        on_unknown=channel.on_unknown if channel else "retry",
        crashes=delivery.crashes,
        period=retry.GIVE_UP_DIGEST if one.alert.kind == Kind.DIGEST else retry.GIVE_UP,
    )
    lost = not result.ok and _may_have_come(delivery, result)
    changes: dict[str, Any] = {
        "state": "dead" if following.state is retry.State.PAUSED else following.state.value,
        "reason": str(following.reason),
        "attempts": attempts,
        "crashes": following.crashes,
        "first_try_at": first_try,
        "last_try_at": now,
        "not_before": following.not_before or now,
        "error_class": "" if result.ok else ResultClass.UNKNOWN.value if lost else result.cls.value,
        "error": "" if result.ok else one_line(result.detail, 500),
    }
    again = following.state is retry.State.RETRY
    if again and lost and channel is None:  # whether it may be sent again is for the channel to say
        changes |= {"state": "unknown", "reason": str(Reason.ANSWER_LOST)}
    gone = Reason.RULE_GONE if again and _rule_gone(session, one.alert) else None
    if again and not gone and one.target.id in optouts.targets_of(session, one.alert.rule_id):
        gone = Reason.OPTED_OUT  # while it was on its way
    if gone:
        changes |= {"state": "suppressed", "reason": str(gone)}
    if result.ok:
        changes |= {"sent_at": now, "provider_id": one_line(result.provider_id, 200)}
    late = not gone and catchup.gives_up(following, one.alert, unknown=lost)
    if late:
        changes |= {"state": "suppressed", "reason": str(Reason.STALE)}
        catchup.hold_rules(session, one.alert, one.target.id, now)
    if not deliveries.record(session, one.lease, changes):
        return "lost", str(Reason.LOCKED)
    if gone:
        alerting.dropped_for(session, one.alert, one.target.id, "deliver", gone, now)
    if late:
        catchup.fold(session, one.alert.rule_id, one.alert.id, one.target.id, now)
        catchup.fold_waiting(session, one.target.id, now)
    pace = timedelta(seconds=channel.pace if channel else 0.0)
    if rest := retry.rest(result, failing_after(app, one, result), jitter, pace=pace):
        deliveries.rest(session, [one.target.id], (), now + rest)
    if result.ok:
        notices.over(session, app, f"channel:{one.target.id}", f"{delivery.channel} takes messages again", now=now)
    if following.state is retry.State.PAUSED and deliveries.pause(session, one.target.id, str(following.reason), now):
        text = f"{delivery.channel} refused the sign-in or the address, and is paused: {one_line(result.detail, 200)}"
        notices.tell(session, app, f"channel:{one.target.id}", text, but=delivery.channel, now=now)
    return str(changes["state"]), str(changes["reason"])


def _may_have_come(delivery: Delivery, result: Result) -> bool:
    """Whether this attempt or one before it may have arrived: a refusal later does not undo that."""
    before = delivery.error_class == ResultClass.UNKNOWN.value or delivery.reason == str(Reason.ANSWER_LOST)
    return before or result.cls is ResultClass.UNKNOWN


def failing_after(app: App, one: deliveries.Claimed, result: Result) -> int:
    """How many attempts in a row its target has failed with this one."""
    return app.failing[one.target.id] + 1 if retry.target_fails(result) else 0


def _rule_gone(session: Session, alert: Alert) -> bool:
    """Whether the rule was removed or switched off while the message was on its way: it is not sent once more."""
    if not alert.rule_id:
        return False
    lock_names(session, [CONFIG_LOCK], shared=True)
    return session.get(RuleState, alert.rule_id, populate_existing=True) is None


def _report(cycle: Cycle, one: deliveries.Claimed, result: Result, state: str, reason: str) -> None:
    """Count it, unless its cycle ended before it: then it was counted as not answered yet."""
    if cycle.over:
        pass
    elif state == "suppressed":
        cycle.report.count("deliver", "skipped", Reason.of(reason))
    elif state == "sent":
        cycle.report.count("deliver", "sent")
    elif state == "lost":
        cycle.report.count("deliver", "skipped", Reason.LOCKED)
    else:
        cycle.report.failed("deliver", f"{one.delivery.channel} {one.target.recipient}".strip(), state, result.detail)
    logger.info(
        pairs(
            step="deliver", key=one.delivery.key[:12], channel=one.delivery.channel, state=state, detail=result.detail
        )
    )
