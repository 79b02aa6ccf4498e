"""Looks after the installation: gathers what `troubles` decides on, and tells the operators what began and ended."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from core.log import pairs
from core.reasons import Reason
from core.text import one_line
from pipeline import notices, troubles
from pipeline.advice import advice
from pipeline.app import EVERYBODY, Active, App
from pipeline.troubles import FeedFacts, Look, SiteFacts
from storage import configs, feeds, habits, ledger, meta
from storage import notices as rows
from storage.engine import lock_names
from storage.office import Notice
from storage.tables import Feed

logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(minutes=15)
SETTLED = timedelta(hours=1)  # a page that is tried again may still be read within so long


async def look_after(app: App) -> Look:
    """Tell what began and what ended: what the watch file ended in every run, the rest each quarter of an hour.

    Returns what was told.
    """
    now = app.clock.now()
    seen = await app.db.read(lambda session: _look(session, app.active, now))
    if not seen.quarter and not seen.look.over:
        return Look()
    look = await app.db.write(lambda session: _tell(session, app, seen, now))
    for key, text in (*look.begun.items(), *look.over.items()):
        logger.warning(pairs(event="trouble" if key in look.begun else "trouble over", key=key, text=text))
    return look


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was found, and whether a quarter of an hour had passed, so that all was looked at."""

    look: Look
    quarter: bool


def _look(session: Session, active: Active, now: datetime) -> _Seen:
    """Takes its time on a large database, and so holds nobody up who writes."""
    opened = rows.open_notices(session)
    look = _by_file(session, active, opened) if any(_ends_by_file(one) for one in opened) else Look()
    if not _is_due(session, now):
        return _Seen(look, quarter=False)
    facts = troubles.Facts(
        feeds=feed_facts(session, now),
        sites=site_facts(session, opened, now),
        refused=ledger.refused(session, troubles.REFUSED),
        given_up=ledger.given_up(session, now - troubles.GIVEN_UP),
    )
    found = troubles.look(facts, [one.key for one in opened], now)
    return _Seen(Look(found.begun, {**look.over, **found.over}), quarter=True)


def _tell(session: Session, app: App, seen: _Seen, now: datetime) -> Look:
    lock_names(session, ["lookout"])
    if seen.quarter:
        if not _is_due(session, now):  # of several workers that looked, one tells
            return Look()
        meta.set_looked_at(session, now)
    notices.tell_all(session, app, seen.look.begun, now=now)
    notices.over_all(session, app, seen.look.over, now=now)
    return seen.look


def _is_due(session: Session, now: datetime) -> bool:
    last = meta.looked_at(session)
    return last is None or not timedelta() <= now - last < LOOK_EVERY


def _ends_by_file(notice: Notice) -> bool:
    return notice.key.startswith(("rule-off:", "channel:"))


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
        detail=one_line(feed.last_error, 200),
        do=advice(feed.last_reason),
    )


def site_facts(session: Session, opened: Sequence[Notice], now: datetime) -> list[SiteFacts]:
    """How the sites' pages are read lately and were before: for a site in trouble, before that began.

    What was before is asked only of sites that are read badly enough now to have collapsed.
    """
    began, settled = now - troubles.SITE_LATELY, now - SETTLED
    lately = habits.pages_of(session, began, now, settled)
    poorly = [host for host, (full, pages) in lately.items() if troubles.reads_poorly(full, pages)]
    before = habits.pages_of(session, began - troubles.SITE_BEFORE, began, settled, poorly)
    for notice in opened:
        kind, _, host = notice.key.partition(":")
        if kind == "site":
            end = notice.at - troubles.SITE_LATELY
            before |= habits.pages_of(session, end - troubles.SITE_BEFORE, end, settled, [host])
            if now - notice.at < troubles.SITE_BEFORE:
                lately.setdefault(host, (0, 0))
    return [_site(session, host, *lately[host], *before[host], began) for host in sorted(before.keys() & lately.keys())]


def _site(
    session: Session, host: str, full: int, pages: int, full_before: int, pages_before: int, began: datetime
) -> SiteFacts:
    why = habits.why_not_read(session, host, began) if full < pages else ""
    return SiteFacts(host, full, pages, full_before, pages_before, Reason.of(why).sentence if why else "")
