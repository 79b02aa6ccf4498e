"""What the installation stands on: checked without sending anything."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import Session

from core.clock import SystemClock
from core.errors import WirewatchError
from core.pool import WorkerPool
from core.settings import Settings
from pipeline import heartbeat
from pipeline.configure import made_channels, read_watch
from pipeline.run import INGEST
from pipeline.sentlog import ROOM
from rules.config import load
from storage import configs, deliveries, feeds, locks, notices, schema
from storage.engine import Database
from storage.types import db_now

LEAST_DISK = 1_000_000_000  # bytes
CLOCK_SKEW = timedelta(seconds=5)
MISSED = 3  # cycles in a row that may be missed before it is said


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: good or not, what was found, what to do.

    `of_the_news`: what is wrong lies outside, at a source or a receiver; the installation does what it should.
    """

    check: str
    ok: bool
    found: str
    do: str = ""
    of_the_news: bool = False


async def check_up(settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    """All checks; each stands alone."""
    return await asyncio.to_thread(_check_up, settings, secrets)


def _check_up(settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    findings = [_disk(settings), _sent_log(settings), _watch_file(settings, secrets)]
    try:
        database = Database(settings.database_url)
    except WirewatchError as error:
        return [*findings, Finding("database", False, error.message, error.hint)]
    try:
        findings += _database(database, settings, secrets)
    finally:
        database.close()
    return findings


def _disk(settings: Settings) -> Finding:
    place = next(folder for folder in (settings.data, *settings.data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding(
        "disk", free >= LEAST_DISK, f"{free / 1e9:.1f} GB free at {place}", "" if free >= LEAST_DISK else "make room"
    )


def _sent_log(settings: Settings) -> Finding:
    """As far as a look tells: nothing is made here, which another user than the worker may do."""
    path = settings.data / "sent.log"
    place = path if path.exists() else next(folder for folder in path.parents if folder.exists())
    if not os.access(place, os.W_OK) or os.statvfs(place).f_flag & os.ST_RDONLY:
        return Finding("sent.log", False, f"{place} cannot be written to: nothing is sent", "make it writable")
    kept = path.with_name("sent.room")
    if path.exists() and not kept.exists() and shutil.disk_usage(place).free < ROOM:
        return Finding("sent.log", False, f"no room for {path}: nothing is sent", "make room")
    return Finding("sent.log", True, "can be written to")


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
    found.append(Finding("schema", True, f"revision {has}"))
    return [*found, *database.read_now(lambda session: _stored(session, settings, secrets))]


def _stored(session: Session, settings: Settings, secrets: Mapping[str, str]) -> list[Finding]:
    return [
        _clock(session),
        _last_run(session, settings),
        *_channels(session, secrets),
        _feeds(session),
        _dead_letters(session),
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


def _last_run(session: Session, settings: Settings) -> Finding:
    last = locks.last_finished(session, INGEST)
    if last is None:
        return Finding("runs", True, "no scheduled run yet")
    ago = SystemClock().now() - last
    good = ago.total_seconds() <= MISSED * max(settings.every_seconds, settings.cycle_seconds)
    return Finding(
        "runs",
        good,
        f"the last one ended {ago.total_seconds():.0f} s ago",
        "" if good else "is `wirewatch up` running?",
    )


def _channels(session: Session, secrets: Mapping[str, str]) -> list[Finding]:
    active = configs.active(session)
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
