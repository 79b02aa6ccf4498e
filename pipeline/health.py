"""What the installation stands on: checked without sending anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import Damaged, WirewatchError
from core.pool import WorkerPool
from core.settings import Settings
from pipeline import ground, heartbeat
from pipeline.app import App
from pipeline.configure import made_channels, read_watch
from pipeline.ground import Finding as Finding
from pipeline.run import INGEST
from rules.config import load
from storage import backup, configs, deliveries, feeds, locks, notices, restored, schema
from storage.engine import Database
from storage.types import SKEW, db_now

CLOCK_SKEW = timedelta(seconds=5)
MISSED = 3  # cycles in a row that may be missed before it is said


async def check_up(settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    """All checks; each stands alone."""
    return await asyncio.to_thread(_check_up, settings, secrets)


def _check_up(settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    findings = [*ground.of_machine(settings, secrets), _watch_file(settings, secrets)]
    try:
        database = Database(settings.database_url)
    except WirewatchError as error:
        return [*findings, Finding("database", False, error.message, error.hint)]
    try:
        findings += _database(database, settings, secrets)
    finally:
        database.close()
    return findings


def _watch_file(settings: Settings, secrets: Mapping[str, str]) -> Finding:
    path = settings.config
    if not path.exists():
        return Finding("watch file", False, f"{path} is not there", "run `wirewatch init`, or name it with --config")
    try:
        watch = read_watch(path.read_text("utf-8"), file=str(path), secrets=secrets)
    except (WirewatchError, UnicodeDecodeError) as error:
        return Finding("watch file", False, str(error), "mend it; `wirewatch check` tries it again")
    link = "" if watch.settings.public_url else "; without public_url messages hold no links to the page"
    return Finding("watch file", True, f"{path}: {len(watch.rules)} rules, {len(watch.feeds)} feeds{link}")


def _database(database: Database, settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    try:
        has, needs = schema.current(database), schema.needed()
    except WirewatchError as error:
        return [Finding("database", False, error.message, "start it, or mend WIREWATCH_DATABASE")]
    found = [Finding("database", True, database.label)]
    if has != needs:
        wrong = f"revision {has or '(empty)'}, needs {needs}"
        do = "run `wirewatch db upgrade`" if schema.is_known(has) else schema.NEWER
        return [*found, Finding("schema", False, wrong, do)]
    found += [Finding("schema", True, f"revision {has}"), ground.of_database(database, backup.size(database))]
    return [*found, *database.read_now(lambda session: _stored(session, settings, secrets))]


def _stored(session: Session, settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    return [
        _clock(session),
        _last_run(session, settings),
        *_channels(session, secrets),
        _feeds(session),
        _dead_letters(session),
        *_kept_back(session),
        _heartbeat(session, settings),
        *(
            Finding("notice", False, one.text.split("\n", 1)[0], of_the_news=True)
            for one in notices.open_notices(session)
        ),
    ]


def _clock(session: Session) -> Finding:
    theirs = session.execute(select(db_now())).scalar_one()
    skew = abs(theirs - SystemClock().now())
    good = skew <= CLOCK_SKEW
    return Finding(
        "clock", good, f"{skew.total_seconds():.1f} s from the database's", "" if good else "set the clock (NTP)"
    )


async def ingests(app: App) -> bool:
    """Whether a run that polls has ended lately."""
    now = app.clock.now()
    last = await app.db.read(lambda session: locks.last_finished(session, INGEST, now))
    return last is not None and is_lately(last, now, app.settings)


def is_lately(last: datetime, now: datetime, settings: Settings) -> bool:
    """Whether a run ended so lately that none was missed since; not where that is still to come: by a clock that has
    been set back since, which says nothing of now. Pure.
    """
    longest = timedelta(seconds=MISSED * max(settings.every_seconds, settings.cycle_seconds))
    return -SKEW <= now - last <= longest


def _last_run(session: Session, settings: Settings) -> Finding:
    now = SystemClock().now()
    last = locks.last_finished(session, INGEST, now)
    if last is None:
        return Finding("runs", True, "no scheduled run yet")
    good = is_lately(last, now, settings)
    ago = f"{(now - last).total_seconds():.0f} s ago" if last <= now + SKEW else f"{last:%d %b %Y %H:%M} UTC, to come"
    return Finding("runs", good, f"the last one ended {ago}", "" if good else "is `wirewatch up` running?")


def _channels(session: Session, secrets: Mapping[str, str]) -> list[Finding]:
    try:
        active = configs.active(session)
    except Damaged as damaged:
        return [Finding("revision", False, damaged.message, damaged.hint)]
    if active is None:
        return [Finding("channels", True, "no active revision yet")]
    pool = WorkerPool(1)
    watch = load(active.text, env=None)
    _, broken = made_channels(watch.channels, secrets=secrets, clock=SystemClock(), pool=pool, trust_env=False)
    pool.close()
    paused = {one.channel: one.pause_reason for one in deliveries.targets(session) if one.state == "paused"}
    findings = []
    for name in watch.channels:
        wrong = broken.get(name) or (f"paused: {paused[name]}" if name in paused else "")
        do = f"mend it, then `wirewatch channels resume {name}`" if name in paused else "mend it in the watch file"
        is_paused = name in paused and name not in broken
        findings.append(
            Finding(f"channel {name}", not wrong, wrong or "can be used", do if wrong else "", of_the_news=is_paused)
        )
    return findings


def _feeds(session: Session) -> Finding:
    rows = feeds.listing(session)
    down = [feed.name for feed in rows if feed.state in ("failing", "paused")]
    do = "run `wirewatch feeds health`" if down else ""
    return Finding(
        "feeds",
        not down,
        f"{len(rows) - len(down)} of {len(rows)} in order" + (f"; not: {', '.join(down)}" if down else ""),
        do,
        of_the_news=True,
    )


def _dead_letters(session: Session) -> Finding:
    dead = deliveries.counts(session).get("dead", 0)
    do = "run `wirewatch deliveries dead`" if dead else ""
    return Finding("dead letters", not dead, str(dead), do, of_the_news=True)


def _kept_back(session: Session) -> list[Finding]:
    last = restored.last(session)
    if last is None:
        return []
    count = restored.count_kept_back(session)
    said = f"a backup of {last.made_at:%d %b %Y %H:%M} UTC was restored {last.at:%d %b %Y %H:%M} UTC"
    do = "`wirewatch alerts release restored` tells them all the same, `wirewatch alerts drop restored` lays them aside"
    return [Finding("restored", not count, f"{said}; kept back: {count:,}", do if count else "", of_the_news=True)]


def _heartbeat(session: Session, settings: Settings) -> Finding:
    if not settings.heartbeat_url:
        do = "set WIREWATCH_HEARTBEAT_URL: nobody else hears of it when wirewatch stands still"
        return Finding("heartbeat", True, "not set", do)
    beats = heartbeat.known(session)
    if beats.failing_since is not None:
        since = f"{beats.failing_since:%d %b %Y %H:%M} UTC"
        do = "see WIREWATCH_HEARTBEAT_URL"
        return Finding("heartbeat", False, f"fails since {since}: {beats.why}", do, of_the_news=True)
    last = f"taken {beats.answered_at:%d %b %Y %H:%M} UTC" if beats.answered_at else "none sent yet"
    return Finding("heartbeat", True, last)
