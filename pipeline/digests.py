"""digests: what a digest collected → one alert, after the stages looked at each of it again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import TypeVar

from sqlmodel import Session

from alerts import keys
from alerts.message import AlertView, Kind
from alerts.stages import Action, Decision, decide
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import standing, views
from pipeline.app import Active, Sender
from storage import alerts
from storage import stories as story_rows
from storage.tables import Alert, Digest, Story

TOLD = ("digest", "none")  # stage and action of the last decision about what a digest tells: it is sent with that

Whom = TypeVar("Whom", str, tuple[str, str])  # a channel; a channel and one of its targets


def still_told(
    session: Session,
    app: Sender,
    active: Active,
    digest: Digest,
    row: Alert,
    story: Story | None,
    now: datetime,
    *,
    told_by_earlier: bool = False,
) -> Decision:
    """What the stages say of an alert whose digest is due."""
    rule = active.rules.get(digest.rule_id)
    policy = alerting.policy_for(active, digest.rule_id)
    facts = alerting.alert_facts(
        session, row, policy, story, now,
        rule_exists=rule is not None and rule.enabled,
        folded=True,
        told_by_earlier=told_by_earlier,
        already_told=row.state == "folded" and alerting.told_meanwhile(session, app, active, row, now),
        retracted=row.state == "folded" and standing.retracted(session, row, story, policy),  # else others had it
    )  # fmt: skip
    return decide(facts, now)


def collected(session: Session, digest: Digest) -> list[tuple[Alert, Story | None]]:
    """What a digest collected, oldest first, with its stories: of thousands, asked at once."""
    rows = alerts.in_digest(session, digest.id or 0)
    stories = story_rows.of_ids(session, {row.story_id for row in rows if row.story_id})
    return [(row, stories.get(row.story_id or 0)) for row in rows]


def hold(session: Session, digest: Digest, row: Alert, decision: Decision, now: datetime) -> str:
    """Have the whole digest wait for the end of the quiet hours that one of its alerts met; returns the Reason."""
    digest.due_at = decision.until or now
    session.add(digest)
    alerting.noted(session, row, decision.stage, "hold", decision.reason, "the digest waits with all of it", now)
    return str(decision.reason)


def tell(session: Session, app: Sender, active: Active, digest: Digest, now: datetime) -> str:
    """Make one alert of what a digest collected, after the stages looked at each again; nothing left = nothing sent."""
    tellers: dict[int, Alert] = {}
    last = Reason.SILENCED
    for row, story in collected(session, digest):
        told_by_earlier = row.story_id in tellers
        decision = still_told(session, app, active, digest, row, story, now, told_by_earlier=told_by_earlier)
        if decision.action is Action.HOLD:
            return hold(session, digest, row, decision, now)
        if decision.action is Action.DROP:
            last = decision.reason
            alerting.apply(session, app, active, row, decision, now)
            if decision.reason is Reason.MERGED:
                alerting.also_to(session, app, active, tellers[row.story_id or 0], row.targets, now)
        else:
            tellers[row.story_id or -len(tellers) - 1] = row
            views.bring_up_to_date(session, row, story, alerting.policy_for(active, row.rule_id))
    digest.closed_at = now
    session.add(digest)
    if not tellers:
        return str(last)
    going = list(tellers.values())
    owed = {name: [row for row in going if name in row.targets] for row in going for name in row.targets}
    for channels, told_there in alike(owed):  # a rule's `to:` may have been edited while the digest collected
        row = digest_alert(session, active, digest, told_there, channels, now)
        alerting.send(session, app, active, row, now)
    return str(Reason.DIGEST)


def alike(owed: Mapping[Whom, Sequence[Alert]]) -> list[tuple[list[Whom], Sequence[Alert]]]:
    """Those who are owed the same alerts, with these, so that they get the same message; in an order of their own."""
    same: dict[tuple[str, ...], list[Whom]] = {}
    for whom in sorted(owed):
        same.setdefault(tuple(row.id for row in owed[whom]), []).append(whom)
    return [(those, owed[those[0]]) for those in same.values()]


def digest_alert(
    session: Session,
    active: Active,
    digest: Digest,
    going: Sequence[Alert],
    channels: Collection[str],
    now: datetime,
) -> Alert:
    """The one alert that tells these channels of these, of several of one story the last, which tells all; nobody is
    owed it yet.
    """
    due = f"{digest.cause} {digest.due_at.isoformat()}"  # the same in a restored backup, which the row's number is not
    ids = (keys.alert_id(digest.rule_id, due, Kind.DIGEST, ordinal) for ordinal in count())
    alert_id = next(one for one in ids if session.get(Alert, one) is None)
    shown = {row.story_id or row.id: views.load(row.view) for row in going}
    view = views.digest_view(
        session,
        active,
        alert_id,
        Reason.of(digest.cause),
        digest.rule_id,
        [one for one in shown.values() if isinstance(one, AlertView)],
        now,
    )
    row = Alert(
        id=alert_id,
        rule_id=digest.rule_id,
        kind=Kind.DIGEST.value,
        state="queued",
        reason=digest.cause,
        targets=sorted(channels),
        view=views.dump(view),
        made_at=now,
        digest_id=digest.id,
    )
    session.add(row)
    session.flush()
    alerting.noted(session, row, "send", "send", Reason.DIGEST, f"one message for {len(going)} alerts", now)
    for one in going:
        alerting.noted(session, one, *TOLD, Reason.of(digest.cause), f"told in the digest {alert_id[:8]}", now)
    return row
