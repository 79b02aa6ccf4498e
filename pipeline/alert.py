"""alert: what a hit owes people, and what was held or collected and is due now → deliveries.

`alerts.policy` decides what a story owes, `alerts.stages` when it goes; this file gathers the facts, keeps every
decision, and writes
alerts and deliveries in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count

from sqlmodel import Session

from alerts import keys
from alerts.message import AlertView, Kind
from alerts.policy import Policy, StoryFacts, local_day, owed
from alerts.stages import BURST_WINDOW, Action, AlertFacts, Decision, decide
from core.reasons import Reason
from pipeline import views
from pipeline.app import Active, Sender
from pipeline.configure import CONFIG_LOCK, refresh
from pipeline.cycle import Cycle
from pipeline.policies import policy_of
from pipeline.story import Placed
from rules.config import Rule
from storage import alerts, configs, deliveries, optouts
from storage import decisions as notes
from storage import stories as story_rows
from storage.engine import lock_names
from storage.tables import Alert, Article, Digest, Story


def owe(session: Session, app: Sender, active: Active, placed: Placed, *, now: datetime) -> str:
    """Make the alert that a new hit owes, if any. Returns the Reason of what was decided."""
    policy = policy_of(active, placed.rule)
    told = alerts.of_story(session, placed.story.id or 0)
    due = owed(_facts(placed, told), policy)
    if due.kind is None:
        _keep(session, placed, "policy", "none", due.reason, now)
        return str(due.reason)
    first_key = placed.article.key if placed.story.articles == 1 else _first_key(session, placed.story)
    alert_id = keys.alert_id(placed.rule.id, first_key, due.kind, due.ordinal)
    if session.get(Alert, alert_id) is not None:
        _keep(session, placed, "policy", "none", Reason.ALREADY_TOLD, now, alert_id)
        return str(Reason.ALREADY_TOLD)
    view = views.alert_view(session, active, placed, alert_id, due.kind, now)
    row = Alert(
        id=alert_id,
        rule_id=placed.rule.id,
        story_id=placed.story.id,
        article_id=placed.article.id,
        kind=due.kind.value,
        ordinal=due.ordinal,
        urgent=policy.urgent,
        targets=list(policy.targets),
        view=views.dump(view),
        made_at=now,
        state="held",
    )
    session.add(row)
    session.flush()
    if due.not_before and due.not_before > now:
        row.reason, row.release_at = str(Reason.UPDATE), due.not_before
        _keep(session, placed, "policy", "hold", Reason.UPDATE, now, alert_id)
        return str(Reason.UPDATE)
    decision = decide(_alert_facts(session, row, policy, placed.story, now), now)
    apply(session, app, active, row, decision, now)
    return str(decision.reason)


def _facts(placed: Placed, told: Sequence[Alert]) -> StoryFacts:
    """The story as `alerts.policy` sees it; alerts that were dropped count as told, so that they are not made twice."""
    first = next((one for one in told if one.kind == Kind.FIRST), None)
    return StoryFacts(
        origins=placed.story.origins,
        new_origin=not placed.placement.same_origin,
        first_at_origins=int(first.view.get("separate_texts", 1)) if first else None,
        again_made=any(one.kind == Kind.AGAIN for one in told),
        update_waiting=any(one.kind == Kind.UPDATE and one.state == "held" for one in told),
        last_alert_at=max((one.release_at or one.made_at for one in told), default=None),
        from_before=placed.past,
    )


def _first_key(session: Session, story: Story) -> str:
    first = session.get(Article, story.first_article_id)
    return first.key if first else str(story.first_article_id)


def _alert_facts(
    session: Session, row: Alert, policy: Policy, story: Story | None, now: datetime, *, with_others: int = 0,
    rule_exists: bool = True, folded: bool = False, told_by_earlier: bool = False,
) -> AlertFacts:  # fmt: skip
    in_digest = folded or with_others > 0  # then it uses up no budget: of 5,000 in a digest none asks for it
    spent = alerts.Spent(0, 0) if in_digest else alerts.spent(
        session, row.rule_id, day_start=local_day(now, policy.timezone)[0], ten_minutes_ago=now - BURST_WINDOW
    )  # fmt: skip
    return AlertFacts(
        kind=Kind(row.kind),
        policy=policy,
        made_at=row.made_at,
        rule_exists=rule_exists,
        story_closed=bool(story and story.state == "closed"),
        silenced=bool(story and story.state == "silenced"),
        silenced_until=story.silenced_until if story else None,
        told_by_earlier=told_by_earlier,
        sent_today=spent.today,
        sent_last_10_min=spent.last_10_min,
        held_until=row.release_at,
        released_with=with_others,
        folded=folded,
    )


def apply(session: Session, app: Sender, active: Active, row: Alert, decision: Decision, now: datetime) -> None:
    """Do with an alert what the stages decided, and keep why."""
    row.reason = str(decision.reason)
    match decision.action:
        case Action.SEND:
            row.state, row.release_at = "queued", None
            send(session, app, active, row, now)
        case Action.HOLD:
            row.state, row.release_at = "held", decision.until
        case Action.FOLD:
            due_at = decision.until or now
            digest = alerts.open_digest(session, row.rule_id, str(decision.reason), due_at=due_at, now=now)
            row.state, row.digest_id, row.release_at = "folded", digest.id, None
        case Action.DROP:
            row.state, row.release_at = "suppressed", None
    session.add(row)
    detail = "; ".join(f"{one.stage}: {one.note}" for one in decision.trail)
    notes.add(
        session, rule=row.rule_id, article=row.article_id, story=row.story_id, alert=row.id, stage=decision.stage,
        action=decision.action.value, reason=decision.reason, detail=detail, at=now,
    )  # fmt: skip


def send(session: Session, app: Sender, active: Active, row: Alert, now: datetime) -> None:
    """Enter one delivery per target into the ledger."""
    for name in row.targets:
        send_to(session, app, active, row, name, now)


def send_to(session: Session, app: Sender, active: Active, row: Alert, channel: str, now: datetime) -> None:
    """Enter an alert's deliveries to one channel into the ledger, but to nobody who asked for no more of its rule."""
    opted_out = optouts.targets_of(session, row.rule_id) if row.rule_id else frozenset()
    recipients = active.recipients(channel)
    deliveries.sync_targets(session, ((one, channel, recipient) for one, recipient in recipients))
    for target_id, _ in recipients:
        if target_id in opted_out:
            notes.add(
                session, rule=row.rule_id, article=row.article_id, story=row.story_id, alert=row.id, stage="send",
                action="drop", reason=Reason.OPTED_OUT, detail=f"{target_id}: {Reason.OPTED_OUT.sentence}", at=now,
            )  # fmt: skip
            continue
        key = keys.delivery_key(app.installation, row.id, target_id)
        deliveries.owe(session, key=key, alert_id=row.id, target_id=target_id, channel=channel, now=now)


def _keep(
    session: Session, placed: Placed, stage: str, action: str, reason: Reason, now: datetime, alert_id: str = ""
) -> None:
    notes.add(
        session, rule=placed.rule.id, article=placed.article.id, story=placed.story.id, alert=alert_id, stage=stage,
        action=action, reason=reason, detail=reason.sentence, at=now,
    )  # fmt: skip


# -- what was held or collected -------------------------------------------------------------------------------------


async def release(cycle: Cycle) -> None:
    """The loop: release held alerts and digests that are due, until the cycle ends."""
    while cycle.is_open:
        version = cycle.version
        if await _release_once(cycle):
            cycle.worked()
        else:
            cycle.found_nothing("alert", version)
        await cycle.pause()
    cycle.leave("alert")


async def _release_once(cycle: Cycle) -> bool:
    app, now = cycle.app, cycle.app.clock.now()
    if not await app.db.read(lambda session: alerts.count_due(session, now)):
        return False
    await refresh(app)  # what was held is decided by its rule as it is now
    for reason in await app.db.write(lambda session: _release_as_active(session, app, now)):
        cycle.report.count("alert", reason)
    return True


def _release_as_active(session: Session, app: Sender, now: datetime) -> list[str]:
    """`release_due`, unless another revision became active meanwhile: then nothing, and the next look knows it."""
    lock_names(session, [CONFIG_LOCK], shared=True)
    return release_due(session, app, now) if configs.active_revision(session) == app.active.revision else []


def release_due(session: Session, app: Sender, now: datetime) -> list[str]:
    """Run the stages again for held alerts, then send the digests that are due. Returns the Reasons decided."""
    active = app.active
    # before any row is read: whoever folds an alert into a digest holds its rule, and must not find it closed meanwhile
    lock_names(session, [f"rule:{rule_id}" for rule_id in alerts.rules_due(session, now)])
    decided = []
    for released in _released(session, active, alerts.held_due(session, now)):
        decided.append(_decide_again(session, app, active, released, now))
    session.flush()
    for digest in alerts.digests_due(session, now):
        decided.append(_tell_digest(session, app, active, digest, now))
    return decided


@dataclass(frozen=True, slots=True)
class Released:
    """An alert that is decided again, its story, whether an alert released before it tells that story, and how many
    others come out of quiet hours with it.
    """

    row: Alert
    story: Story | None
    told_by_earlier: bool
    with_others: int = 0


def _released(session: Session, active: Active, rows: Sequence[Alert]) -> list[Released]:
    """Alerts that are due at once, rule by rule. What piled up in quiet hours is merged: of a story the earliest alert
    speaks. A reply that waited for its turn (`update: thread`) goes on its own.
    """
    by_rule: dict[str, list[Released]] = {}
    for one in _of_stories(session, rows):
        by_rule.setdefault(one.row.rule_id, []).append(one)
    found = []
    for ones in by_rule.values():
        piled = [one for one in ones if one.row.reason == Reason.QUIET_HOURS and not one.told_by_earlier]
        found += [replace(one, with_others=len(piled) - 1) if one in piled else one for one in ones]
    return found


def _of_stories(session: Session, rows: Sequence[Alert]) -> list[Released]:
    """The rows with their stories, in their order."""
    stories = story_rows.of_ids(session, {row.story_id for row in rows if row.story_id})
    spoken: set[int] = set()
    found = []
    for row in rows:
        number = row.story_id or 0
        found.append(Released(row, stories.get(number), number in spoken))
        spoken |= {number} - {0}
    return found


def _decide_again(session: Session, app: Sender, active: Active, one: Released, now: datetime) -> str:
    rule = active.rules.get(one.row.rule_id)
    policy = policy_of(active, rule) if rule else Policy(timezone=active.timezone)
    facts = _alert_facts(
        session, one.row, policy, one.story, now,
        with_others=one.with_others, rule_exists=_is_on(rule), told_by_earlier=one.told_by_earlier,
    )  # fmt: skip
    decision = decide(facts, now)
    if decision.action is Action.SEND:
        views.bring_up_to_date(session, one.row, one.story)
    apply(session, app, active, one.row, decision, now)
    return str(decision.reason)


def _is_on(rule: Rule | None) -> bool:
    return rule is not None and rule.enabled


def _tell_digest(session: Session, app: Sender, active: Active, digest: Digest, now: datetime) -> str:
    """Make one alert of what a digest collected, after the stages looked at each again; nothing left = nothing sent."""
    rule = active.rules.get(digest.rule_id)
    policy = policy_of(active, rule) if rule else Policy(timezone=active.timezone)
    going: list[Alert] = []
    for one in _of_stories(session, alerts.in_digest(session, digest.id or 0)):
        facts = _alert_facts(
            session, one.row, policy, one.story, now,
            rule_exists=_is_on(rule), folded=True, told_by_earlier=one.told_by_earlier,
        )  # fmt: skip
        decision = decide(facts, now)
        if decision.action is Action.HOLD:  # quiet hours: the whole digest waits for their end
            digest.due_at = decision.until or now
            session.add(digest)
            return str(decision.reason)
        if decision.action is Action.DROP:
            apply(session, app, active, one.row, decision, now)
        else:
            views.bring_up_to_date(session, one.row, one.story)
            going.append(one.row)
    digest.closed_at = now
    session.add(digest)
    if not going:
        return str(Reason.SILENCED if _is_on(rule) else Reason.RULE_GONE)
    digest.alert_id = _digest_alert(session, app, active, digest, going, now)
    return str(Reason.DIGEST)


def _digest_alert(
    session: Session, app: Sender, active: Active, digest: Digest, going: Sequence[Alert], now: datetime
) -> str:
    due = f"{digest.cause} {digest.due_at.isoformat()}"  # the same in a restored backup, which the row's number is not
    ids = (keys.alert_id(digest.rule_id, due, Kind.DIGEST, ordinal) for ordinal in count())
    alert_id = next(one for one in ids if session.get(Alert, one) is None)
    told = [views.load(row.view) for row in going]
    view = views.digest_view(
        session,
        active,
        alert_id,
        Reason.of(digest.cause),
        digest.rule_id,
        [one for one in told if isinstance(one, AlertView)],
        now,
    )
    row = Alert(
        id=alert_id,
        rule_id=digest.rule_id,
        kind=Kind.DIGEST.value,
        state="queued",
        reason=digest.cause,
        targets=sorted({name for one in going for name in one.targets}),
        view=views.dump(view),
        made_at=now,
    )
    session.add(row)
    session.flush()
    send(session, app, active, row, now)
    notes.add(
        session, rule=digest.rule_id, article=None, story=None, alert=alert_id, stage="send", action="send",
        reason=Reason.DIGEST, detail=f"one message for {len(going)} alerts", at=now,
    )  # fmt: skip
    return alert_id
