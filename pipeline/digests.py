"""digests: what a digest collected → one alert, after the stages looked at each of it again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import count

from sqlmodel import Session

from alerts import keys
from alerts.message import AlertView, Kind
from alerts.stages import Action, Decision, decide
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import told, views
from pipeline.app import Active, Sender
from storage import alerts
from storage import stories as story_rows
from storage.tables import Alert, Digest, Story


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
    facts = alerting.alert_facts(
        session, row, alerting.policy_for(active, digest.rule_id), story, now,
        rule_exists=rule is not None and rule.enabled,
        folded=True,
        told_by_earlier=told_by_earlier,
        already_told=row.state == "folded"
        and (alerts.told_since(session, row) or told.told_before(app, active, row)),
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
            views.bring_up_to_date(session, row, story)
    digest.closed_at = now
    session.add(digest)
    if not tellers:
        return str(last)
    for channels, told_there in _by_channels(list(tellers.values())):
        row = digest_alert(session, active, digest, told_there, now)
        row.targets = list(channels)
        alerting.send(session, app, active, row, now)
    return str(Reason.DIGEST)


def _by_channels(going: Sequence[Alert]) -> list[tuple[tuple[str, ...], list[Alert]]]:
    """The alerts that are owed to each channel, so that channels that are owed the same get the same message: a rule's
    `to:` may have been edited while the digest collected.
    """
    of_channel = {name: [row for row in going if name in row.targets] for row in going for name in sorted(row.targets)}
    same: dict[tuple[str, ...], list[str]] = {}
    for name, rows in of_channel.items():
        same.setdefault(tuple(row.id for row in rows), []).append(name)
    return [(tuple(sorted(names)), of_channel[names[0]]) for names in sorted(same.values(), key=sorted)]


def digest_alert(session: Session, active: Active, digest: Digest, going: Sequence[Alert], now: datetime) -> Alert:
    """The one alert that tells these, of several of one story the last, which tells all; nobody is owed it yet."""
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
        targets=sorted({name for one in going for name in one.targets}),
        view=views.dump(view),
        made_at=now,
        digest_id=digest.id,
    )
    session.add(row)
    session.flush()
    alerting.noted(session, row, "send", "send", Reason.DIGEST, f"one message for {len(going)} alerts", now)
    for one in going:
        alerting.noted(
            session, one, "digest", "none", Reason.of(digest.cause), f"told in the digest {alert_id[:8]}", now
        )
    return row
