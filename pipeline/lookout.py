"""Looks after the installation: gathers what `troubles` decides on, and tells the operators what began and ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from core.log import pairs
from core.reasons import Reason
from pipeline import notices, troubles
from pipeline.app import EVERYBODY, Active, App
from pipeline.troubles import FeedFacts, Look, SiteFacts
from storage import configs, feeds, habits, meta
from storage import notices as rows
from storage.engine import lock_names
from storage.office import Notice
from storage.tables import Feed

logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(minutes=15)
SETTLED = timedelta(hours=1)  # a page that is tried again may still be read within so long


async def look_after(app: App) -> None:
    """Tell what began and what ended: what the watch file ended in every run, the rest each quarter of an hour."""
    now = app.clock.now()
    if not await app.db.read(lambda session: _anything_to_do(session, now)):
        return
    look = await app.db.write(lambda session: _look(session, app, now))
    for key, text in (*look.begun.items(), *look.over.items()):
        logger.warning(pairs(event="trouble" if key in look.begun else "trouble over", key=key, text=text))


def _anything_to_do(session: Session, now: datetime) -> bool:
    return _is_due(session, now) or any(_ends_by_file(one) for one in rows.open_notices(session))


def _is_due(session: Session, now: datetime) -> bool:
    last = meta.looked_at(session)
    return last is None or not timedelta() <= now - last < LOOK_EVERY


def _ends_by_file(notice: Notice) -> bool:
    return notice.key.startswith(("rule-off:", "channel:"))


def _look(session: Session, app: App, now: datetime) -> Look:
    lock_names(session, ["lookout"])
    opened = rows.open_notices(session)
    look = _by_file(session, app.active, opened)
    if _is_due(session, now):  # asked again: of several workers one looks
        meta.set_looked_at(session, now)
        facts = troubles.Facts(feeds=feed_facts(session, now), sites=site_facts(session, opened, now))
        found = troubles.look(facts, [one.key for one in opened], now)
        look = Look(found.begun, {**look.over, **found.over})
    notices.tell_all(session, app, look.begun, now=now)
    notices.over_all(session, app, look.over, now=now)
    return look


def _by_file(session: Session, active: Active, opened: Sequence[Notice]) -> Look:
    facts = troubles.Facts(
        rules=frozenset(active.rules),
        rules_off=frozenset(configs.switched_off(session)),
        targets=frozenset(_targets(active, opened)),
    )
    return troubles.standing(facts, [one.key for one in opened])


def _targets(active: Active, opened: Sequence[Notice]) -> set[str]:
    """The targets that there are; those of a channel that cannot be used now are not gone."""
    found = {target for name in active.watch.channels for target, _ in active.recipients(name)}
    unusable = {target.removesuffix(EVERYBODY)[:-1] for target in found if target.endswith(f"/{EVERYBODY}")}
    open_targets = {one.key.partition(":")[2] for one in opened if one.key.startswith("channel:")}
    return found | {target for target in open_targets if target.partition(":")[0] in unusable}


def feed_facts(session: Session, now: datetime) -> list[FeedFacts]:
    """The feeds that are watched; what they used to bring, for those that brought nothing for a day."""
    watched = feeds.listing(session)
    lively = habits.with_news(session, now - troubles.SILENT_LEAST)
    quiet = [one.id or 0 for one in watched if one.state == "ok" and one.id not in lively]
    news = habits.news_of(session, quiet, now - troubles.HABIT_DAYS)
    never = [one.id or 0 for one in watched if one.state == "failing" and one.last_success_at is None]
    first = habits.first_polls(session, never)
    return [_facts_of(one, news, first) for one in watched]


def _facts_of(feed: Feed, news: dict[int, list[datetime]], first: dict[int, datetime]) -> FeedFacts:
    paused = "gone" if feed.paused_by == Reason.GONE else "resting"
    return FeedFacts(
        url=feed.config_url,
        name=feed.name,
        state=paused if feed.state == "paused" else feed.state,
        why=Reason.of(feed.last_reason).sentence if feed.last_reason else "",
        failures=feed.failures,
        asked_since=first.get(feed.id or 0),
        answered_at=feed.last_success_at,
        news=tuple(news.get(feed.id or 0, ())),
    )


def site_facts(session: Session, opened: Sequence[Notice], now: datetime) -> list[SiteFacts]:
    """How the sites' pages are read lately and were before: for a site in trouble, before that began."""
    began = now - troubles.SITE_LATELY
    settled = now - SETTLED
    lately = habits.pages_of(session, began, now, settled)
    before = habits.pages_of(session, began - troubles.SITE_BEFORE, began, settled)
    for notice in opened:
        kind, _, host = notice.key.partition(":")
        if kind == "site":
            end = notice.at - troubles.SITE_LATELY
            before |= habits.pages_of(session, end - troubles.SITE_BEFORE, end, settled, host=host)
            if now - notice.at < troubles.SITE_BEFORE:
                lately.setdefault(host, (0, 0))
    found = []
    for host, (full, pages) in sorted(lately.items()):
        full_before, pages_before = before.get(host, (0, 0))
        why = habits.why_not_read(session, host, began) if full < pages and pages_before else ""
        found.append(
            SiteFacts(
                host, full, pages, full_before, pages_before, Reason.of(why).sentence if why else ""
            )
        )  # fmt: skip
    return found
