"""past: a new or changed rule is matched once with what is stored within its story window.

Those hits are `from_before`: in the inbox, without alerts unless the rule says `past: true`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlmodel import Session

from core.reasons import Reason
from pipeline.app import Active, App
from pipeline.configure import CONFIG_LOCK, refresh
from pipeline.cycle import Cycle
from pipeline.match import Judged, add_hit, judge
from pipeline.story import read_ahead
from rules.config import Rule
from rules.match import Matcher
from storage import articles, configs, decisions, hits
from storage.engine import lock_names
from storage.leases import Lease
from storage.tables import RuleState

BATCH = 100
_NO_LEASE = Lease(0, "", 0)


async def past(cycle: Cycle) -> None:
    """The loop: walk down the stored articles of each rule that is new, a batch at a time."""
    app = cycle.app
    while cycle.is_open:
        version = cycle.version
        active = await refresh(app)
        waiting = [row for row in await app.db.read(configs.rules_with_past) if row.rule_id in active.rules]
        for state in waiting:
            await match_past(cycle, active, state)
        if not waiting:
            cycle.found_nothing("past", version)
            await cycle.pause()
    cycle.leave("past")


async def match_past(cycle: Cycle, active: Active, state: RuleState) -> None:
    """One batch of stored articles for one rule; when none is left, the rule has caught up."""
    app, rule = cycle.app, active.rule(state.rule_id)
    now = app.clock.now()
    since = state.since - rule.story_window
    listed = await app.db.read(lambda session: articles.before(session, state.past_id, since, BATCH))
    alone = Active(active.revision, active.watch, Matcher([rule]), active.channels, active.broken)
    ones = [articles.ToMatch(one.article, _NO_LEASE, one.feed, one.also) for one in listed]
    judged = await asyncio.to_thread(lambda: [judge(alone, one) for one in ones])
    if any(one.verdict.matches for one in judged):
        await read_ahead(app, active, [rule.id])
    found = await app.db.write(lambda session: record(session, app, active, rule, state.past_id, judged, now))
    cycle.report.count("past", "matched", by=len(judged))
    cycle.report.count("past", "hit", by=found)
    cycle.worked()


def record(
    session: Session, app: App, active: Active, rule: Rule, past_id: int, judged: list[Judged], now: datetime
) -> int:
    """One commit for one batch: its hits and how far the rule has come; nothing when another worker did it."""
    lock_names(session, [CONFIG_LOCK], shared=True)  # else a revision that begins anew would be written over
    lock_names(session, [f"rule:{rule.id}"])
    state = session.get(RuleState, rule.id, populate_existing=True)
    if state is None or state.past_id != past_id or configs.active_revision(session) != active.revision:
        return 0
    found = 0
    for one in reversed(judged):  # oldest first, so that a story begins with its first telling
        for match in one.verdict.matches:
            if rule.id not in hits.of_article(session, one.one.article.id or 0):
                add_hit(session, app, active, one, match, past=True, now=now)
                found += 1
    state.past_id = min((one.one.article.id or 0 for one in judged), default=0)
    session.add(state)
    if found or not judged:
        decisions.add(
            session, rule=rule.id, article=None, story=None, alert="", stage="past", action="none",
            reason=Reason.FROM_BEFORE, detail=f"{found} of {len(judged)} stored articles matched", at=now,
        )  # fmt: skip
    return found
