"""What a replay found, told where that is asked for: one digest a rule, when all of the archive is read."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import groupby

from sqlmodel import Session

from alerts import keys
from alerts.message import Kind
from alerts.policy import Policy
from alerts.stages import GATHER
from core.reasons import Reason
from pipeline import alert as alerting
from pipeline import views
from pipeline.app import Active, App
from pipeline.configure import CONFIG_LOCK, refresh
from pipeline.policies import policy_of
from pipeline.story import Placed
from storage import alerts, backfills, configs, hits
from storage import stories as story_rows
from storage.engine import lock_names
from storage.tables import Alert, Digest, Story
from stories.group import Placement

AT_ONCE = 100  # stories of one commit


async def tell_digests(app: App, backfill_id: int) -> int:
    """Have one digest a rule tell the stories that a replay's hits are in; how many. The next cycle sends it.

    Stories that were told before, or whose rule names no channel, are left out; a second call tells nothing twice.
    """
    active = await refresh(app)
    ids = await app.db.read(lambda session: list(backfills.stories_of(session, backfill_id)))
    found = await app.db.read(lambda session: story_rows.of_ids(session, ids))
    by_rule = sorted(found.values(), key=lambda story: (story.rule_id, story.first_hit_at, story.id))
    told = 0
    for rule, some in groupby(by_rule, key=lambda story: story.rule_id):
        wanted = list(some)
        for start in range(0, len(wanted), AT_ONCE):
            batch = [one.id or 0 for one in wanted[start : start + AT_ONCE]]
            told += await app.db.write(partial(_fold, app=app, active=active, rule=rule, ids=batch))
    return told


def _fold(session: Session, app: App, active: Active, rule: str, ids: list[int]) -> int:
    """Put some stories of one rule into its digest."""
    now = app.clock.now()
    lock_names(session, [CONFIG_LOCK], shared=True)
    lock_names(session, [f"rule:{rule}"])
    known = active.rules.get(rule)
    if known is None or not known.enabled or configs.active_revision(session) != active.revision:
        return 0
    policy = policy_of(active, known)
    if not policy.targets:
        return 0
    digest = alerts.open_digest(session, rule, str(Reason.FROM_BEFORE), due_at=now + GATHER, now=now)
    waiting = [story for story in story_rows.of_ids(session, ids).values() if story.state == "open"]
    return sum(_told(session, active, story, digest, policy, now) for story in waiting)


def _told(session: Session, active: Active, story: Story, digest: Digest, policy: Policy, now: datetime) -> bool:
    told = hits.of_story(session, story.id or 0)
    if not told or alerts.of_story(session, story.id or 0):
        return False
    (hit, article, feed), *_ = hits.with_feeds(session, [told[0][0].id or 0])
    alert_id = keys.alert_id(story.rule_id, article.key, Kind.FIRST, 0)
    if session.get(Alert, alert_id) is not None:
        return False
    placement = Placement(None, hit.origin, False, Reason.FROM_BEFORE, hit.why, 0.0)
    placed = Placed(hit, story, article, feed, active.rule(story.rule_id), placement, past=True)
    view = views.alert_view(session, active, placed, alert_id, Kind.FIRST, now)
    row = Alert(
        id=alert_id, rule_id=story.rule_id, story_id=story.id, article_id=article.id, kind=Kind.FIRST.value,
        state="folded", reason=str(Reason.FROM_BEFORE), urgent=policy.urgent, targets=list(policy.targets),
        view=views.dump(view), made_at=now, digest_id=digest.id,
    )  # fmt: skip
    session.add(row)
    session.flush()
    alerting.noted(session, row, "backfill", "fold", Reason.FROM_BEFORE, Reason.FROM_BEFORE.sentence, now)
    return True
