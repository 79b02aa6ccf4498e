"""release: what was held or collected and is due now → deliveries. All stages run again; what piled up is merged."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from alerts.stages import Action, decide
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import catchup, digests, restored, standing, views
from pipeline.app import Active, Sender
from pipeline.configure import CONFIG_LOCK, refresh
from pipeline.cycle import Cycle
from storage import alerts, configs
from storage.engine import lock_names
from storage.tables import Alert, Article, Story


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
    held = alerts.held_due(session, now)
    decided = []
    by_rule: dict[str, list[Alert]] = {}
    for row in held:
        by_rule.setdefault(row.rule_id, []).append(row)
    for rule_id, rows in by_rule.items():
        together = alerts.released_together(session, rule_id, str(Reason.QUIET_HOURS), str(Reason.MERGED), now)
        tellers: dict[int, Alert] = {}
        for row in rows:
            decided.append(_decide_again(session, app, active, row, tellers, together, now))
    session.flush()
    if len(held) == alerts.RELEASED_AT_ONCE:  # more of them are due, and belong into the same digests
        return decided
    for digest in alerts.digests_due(session, now):
        stale = digest.cause == Reason.STALE
        decided.append((catchup.tell if stale else digests.tell)(session, app, active, digest, now))
    return decided


def _decide_again(
    session: Session, app: Sender, active: Active, row: Alert, tellers: dict[int, Alert], together: int, now: datetime
) -> str:
    """Run the stages again for an alert that was held. `tellers`: story → its alert that goes out now and tells what
    the story's later ones would. `together`: stories whose alerts come out of quiet hours now.
    """
    rule = active.rules.get(row.rule_id)
    story = session.get(Story, row.story_id) if row.story_id else None
    teller = tellers.get(row.story_id) if row.story_id else None
    policy = alerting.policy_for(active, row.rule_id)
    facts = alerting.alert_facts(
        session, row, policy, story, now,
        with_others=max(together - 1, 0) if row.reason == Reason.QUIET_HOURS else 0,
        rule_exists=rule is not None and rule.enabled,
        told_by_earlier=teller is not None,
        already_told=alerting.told_meanwhile(session, app, active, row, now),
        retracted=standing.retracted(session, row, story, policy),
        maybe_told=row.reason in (Reason.RETRACTED, Reason.TAKEN_BACK) and _maybe_told(session, row),
    )  # fmt: skip
    decision = decide(facts, now)
    if decision.action is not Action.DROP and row.story_id:
        tellers[row.story_id] = row
    if decision.action is Action.SEND:
        views.bring_up_to_date(session, row, story, policy)
    alerting.apply(session, app, active, row, decision, now)
    if teller is not None and decision.reason is Reason.MERGED:
        alerting.also_to(session, app, active, teller, row.targets, now)
    return str(decision.reason)


def _maybe_told(session: Session, row: Alert) -> bool:
    """Whether the news of an alert that comes back may have been told between a backup and its restore."""
    article = session.get(Article, row.article_id) if row.article_id else None
    return article is not None and restored.maybe_told(session, article)
