"""alert: what a hit owes people → deliveries, or a place in a hold or a digest (release.py, digests.py).

`alerts.policy` decides what a story owes, `alerts.stages` when it goes; this file gathers the facts, keeps every
decision, and writes alerts and deliveries in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from alerts import keys
from alerts.message import Kind
from alerts.policy import Owed, Policy, StoryFacts, Update, local_day, owed
from alerts.stages import BURST_WINDOW, Action, AlertFacts, Decision, decide
from core.reasons import Reason
from pipeline import restored, standing, told, views
from pipeline.app import Active, Sender
from pipeline.policies import policy_of
from pipeline.story import Placed
from storage import alerts, deliveries, optouts
from storage import decisions as notes
from storage.tables import Alert, Article, Digest, Story
from storage.types import SKEW


def owe(session: Session, app: Sender, active: Active, placed: Placed, *, now: datetime) -> str:
    """Make the alert that a new hit owes, if any. Returns the Reason of what was decided."""
    due, row = _make(session, active, placed, now)
    if row is None:
        return str(due.reason)
    unsure = restored.maybe_told(session, placed.article)
    if due.not_before and due.not_before > now and not unsure:
        row.reason, row.release_at = str(Reason.UPDATE), due.not_before
        _keep(session, placed, "policy", "hold", Reason.UPDATE, now, row.id)
        return str(Reason.UPDATE)
    told_all = told.told_before(app, active, row)
    facts = alert_facts(
        session, row, policy_of(active, placed.rule), placed.story, now, already_told=told_all, maybe_told=unsure
    )
    decision = decide(facts, now)
    apply(session, app, active, row, decision, now)
    return str(decision.reason)


def owe_by_hand(session: Session, active: Active, placed: Placed, *, now: datetime) -> None:
    """Make the alert that a hit owes since somebody took back what they said of it, if any: the next cycle, which has
    the channels, decides when it goes.
    """
    _, row = _make(session, active, placed, now)
    if row is not None:
        row.reason, row.release_at = str(Reason.TAKEN_BACK), now
        _keep(session, placed, "policy", "hold", Reason.TAKEN_BACK, now, row.id)


def _make(session: Session, active: Active, placed: Placed, now: datetime) -> tuple[Owed, Alert | None]:
    """What a hit owes by its rule's settings, and the alert for it; None where none is made, and why is kept."""
    policy = policy_of(active, placed.rule)
    made = alerts.of_story(session, placed.story.id or 0)
    due = owed(_facts(session, placed, made), policy)
    if due.kind is None:
        _keep(session, placed, "policy", "none", due.reason, now)
        return due, None
    first_key = placed.article.key if placed.story.articles == 1 else _first_key(session, placed.story)
    alert_id = keys.alert_id(placed.rule.id, first_key, due.kind, due.ordinal)
    known = session.get(Alert, alert_id)
    if known is not None and not standing.is_unheard(known):
        _keep(session, placed, "policy", "none", Reason.ALREADY_TOLD, now, alert_id)
        return Owed(None, Reason.ALREADY_TOLD), None
    if known is not None:
        text = placed.placement.origin
        follows = policy.update is not Update.NEVER and standing.was_retracted(known)
        if follows and (left := standing.left_update(session, known, first_key, text)):
            noted(session, left, "policy", "none", Reason.RETRACTED, "an update of its own, if it comes back", now)
        session.delete(known)  # nobody was told, or is owed it
        session.flush()
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
        made_at=_after(made, now),
        state="held",
    )
    session.add(row)
    session.flush()
    if due.kind is not Kind.UPDATE and made:
        standing.tells_updates(session, row, policy)
    return due, row


def _after(made: Sequence[Alert], now: datetime) -> datetime:
    """When an alert is made: after those that its story has, also where another worker's clock is ahead."""
    last = max((one.made_at for one in made), default=None)
    return last + timedelta(microseconds=1) if last is not None and now <= last < now + SKEW else now


def _facts(session: Session, placed: Placed, made: Sequence[Alert]) -> StoryFacts:
    """The story as `alerts.policy` sees it; alerts that were dropped count as told, so that they are not made twice,
    but for those that nobody heard of. One that waits behind a later one tells nothing more.
    """
    told = [one for one in made if not standing.is_unheard(one)]
    newest = max((one.made_at for one in told if one.state == "queued"), default=None)
    going = [one for one in told if one.state == "queued" or newest is None or one.made_at >= newest]
    untold = {one.ordinal for one in made if one.kind == Kind.UPDATE and one not in told}
    first = next((one for one in told if one.kind == Kind.FIRST), None)
    return StoryFacts(
        origins=placed.story.origins,
        text=placed.placement.origin,
        new_origin=not placed.placement.same_origin or placed.placement.origin in untold,
        first_at_origins=int(first.view.get("separate_texts", 1)) if first else None,
        again_made=any(one.kind == Kind.AGAIN for one in told),
        still_goes=any(_still_goes(session, one) for one in going),
        last_alert_at=max((one.release_at or one.made_at for one in going), default=None),
        from_before=placed.past,
    )


def _still_goes(session: Session, row: Alert) -> bool:
    """Whether an alert waits for its hour or its digest: it will tell what came until then."""
    digest = session.get(Digest, row.digest_id) if row.state == "folded" and row.digest_id else None
    return row.state == "held" or (digest is not None and digest.closed_at is None)


def _first_key(session: Session, story: Story) -> str:
    first = session.get(Article, story.first_article_id)
    return first.key if first else str(story.first_article_id)


def told_meanwhile(session: Session, app: Sender, active: Active, row: Alert, now: datetime) -> bool:
    """Whether all whom an alert that waited is for were told more by a later one of its story, or all before a restore.

    A rule's `to:` may have been edited between the two: then it is left to the channels that the later one did not go
    to.
    """
    later = alerts.told_since(session, row)
    known = sorted(later.intersection(row.targets))
    left = [name for name in row.targets if name not in later]
    if known and left:
        row.targets = left
        session.add(row)
        detail = f"{', '.join(known)}: {Reason.ALREADY_TOLD.sentence}, by a later message"
        noted(session, row, "told", "none", Reason.ALREADY_TOLD, detail, now)
    return not left or told.told_before(app, active, row)


def alert_facts(
    session: Session, row: Alert, policy: Policy, story: Story | None, now: datetime, *, with_others: int = 0,
    rule_exists: bool = True, folded: bool = False, told_by_earlier: bool = False, already_told: bool = False,
    maybe_told: bool = False, retracted: bool = False,
) -> AlertFacts:  # fmt: skip
    """What the stages need to know of an alert, as it stands now."""
    in_digest = folded or with_others > 0  # then it uses up no budget: of 5,000 in a digest none asks for it
    spent = alerts.Spent(0, 0) if in_digest else alerts.spent(
        session, row.rule_id, now, day_start=local_day(now, policy.timezone)[0], ten_minutes_ago=now - BURST_WINDOW
    )  # fmt: skip
    return AlertFacts(
        kind=Kind(row.kind),
        policy=policy,
        made_at=row.made_at,
        rule_exists=rule_exists,
        story_closed=bool(story and story.state == "closed"),
        silenced=bool(story and story.state == "silenced"),
        silenced_until=story.silenced_until if story else None,
        already_told=already_told,
        told_by_earlier=told_by_earlier,
        sent_today=spent.today,
        sent_last_10_min=spent.last_10_min,
        held_until=row.release_at,
        released_with=with_others,
        folded=folded,
        maybe_told=maybe_told,
        retracted=retracted,
    )


def apply(session: Session, app: Sender, active: Active, row: Alert, decision: Decision, now: datetime) -> None:
    """Do with an alert what the stages decided, and keep why."""
    row.reason = str(decision.reason)
    match decision.action:
        case Action.SEND:
            waited = row.release_at is not None
            row.state, row.release_at = "queued", now if waited else None  # what was held counts when it goes out
            send(session, app, active, row, now)
        case Action.HOLD:
            row.state, row.release_at = "held", decision.until
        case Action.FOLD:
            due_at = decision.until or now
            digest = alerts.open_digest(session, row.rule_id, str(decision.reason), due_at=due_at, now=now)
            row.state, row.digest_id, row.release_at = "folded", digest.id, None
        case Action.DROP:
            row.state, row.release_at = "suppressed", None
            if decision.reason is Reason.RETRACTED or decision.reason in standing.LET_GO:
                row.digest_id = None  # the digest that goes without it tells nobody of it
    session.add(row)
    detail = "; ".join(f"{one.stage}: {one.note}" for one in decision.trail)
    noted(session, row, decision.stage, decision.action.value, decision.reason, detail, now)


def send(session: Session, app: Sender, active: Active, row: Alert, now: datetime) -> None:
    """Enter one delivery per target into the ledger."""
    for name in row.targets:
        send_to(session, app, active, row, name, now)


def also_to(
    session: Session, app: Sender, active: Active, teller: Alert, channels: Collection[str], now: datetime
) -> None:
    """Have an alert that tells what another would go to that one's channels, too; at once where it has gone out."""
    added = sorted(set(channels).difference(teller.targets))
    teller.targets = sorted({*teller.targets, *added})
    session.add(teller)
    if teller.state == "queued":
        for name in added:
            send_to(session, app, active, teller, name, now)


def send_to(
    session: Session, app: Sender, active: Active, row: Alert, channel: str, now: datetime, *,
    only: Collection[str] | None = None,
) -> None:  # fmt: skip
    """Enter an alert's deliveries to one channel into the ledger, but to nobody who asked for no more of its rule, or
    whom another of its channels tells it.

    `only`: to these of its targets; those of a channel that cannot be used now are in the ledger from before.
    """
    opted_out = optouts.targets_of(session, row.rule_id)
    known = dict(active.recipients(channel))
    told = _told_by_others(session, active, row, channel)
    wanted = known if only is None else only
    deliveries.sync_targets(session, ((one, channel, known[one]) for one in wanted if one in known))
    for target_id in wanted:
        if target_id in opted_out:
            dropped_for(session, row, target_id, "send", Reason.OPTED_OUT, now)
            continue
        if optouts.meant(target_id) in told:
            dropped_for(session, row, target_id, "send", Reason.SAME_ADDRESS, now)
            continue
        key = keys.delivery_key(app.installation, row.id, target_id)
        deliveries.owe(
            session, key=key, alert_id=row.id, target_id=target_id, channel=channel, rule=row.rule_id, now=now
        )


def _told_by_others(session: Session, active: Active, row: Alert, channel: str) -> Collection[str]:
    """Addresses of this channel that the alert goes to through another one."""
    if not active.shared or active.shared.isdisjoint(optouts.meant(target) for target, _ in active.recipients(channel)):
        return ()
    others = (one for one in deliveries.of_alerts(session, [row.id]) if one.channel != channel)
    return {optouts.meant(one.target_id) for one in others}


def _keep(
    session: Session, placed: Placed, stage: str, action: str, reason: Reason, now: datetime, alert_id: str = ""
) -> None:
    notes.add(
        session, rule=placed.rule.id, article=placed.article.id, story=placed.story.id, alert=alert_id, stage=stage,
        action=action, reason=reason, detail=reason.sentence, at=now,
    )  # fmt: skip


def noted(session: Session, row: Alert, stage: str, action: str, reason: Reason, detail: str, now: datetime) -> None:
    """Keep a decision about an alert."""
    notes.add(
        session, rule=row.rule_id, article=row.article_id, story=row.story_id, alert=row.id, stage=stage,
        action=action, reason=reason, detail=detail, at=now,
    )  # fmt: skip


def dropped_for(session: Session, row: Alert, target_id: str, stage: str, reason: Reason, now: datetime) -> None:
    """Keep why an alert is told to one of its targets no more."""
    noted(session, row, stage, "drop", reason, f"{target_id}: {reason.sentence}", now)


def policy_for(active: Active, rule_id: str) -> Policy:
    """A rule's `alert:` settings; of one that is gone, none but the zone."""
    rule = active.rules.get(rule_id)
    return policy_of(active, rule) if rule else Policy(timezone=active.timezone)
