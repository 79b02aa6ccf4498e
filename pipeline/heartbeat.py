"""The dead man's switch: after each good run an address is asked, and whoever waits there rings when that stops.

What went wrong with it is a trouble like any other: shown by `doctor`, told to the operators when it lasts.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from alerts import heartbeat
from core.log import pairs
from pipeline import notices
from pipeline.app import App, Sender
from storage import meta

logger = logging.getLogger(__name__)
TELL_AFTER = timedelta(minutes=10)  # of failures: a service's short rest is no news
FORGET_AFTER = timedelta(hours=1)  # without a heartbeat: until then another machine may have an address of its own
KEY = "heartbeat"


@dataclass(frozen=True, slots=True)
class Beats:
    """What became of the heartbeats: the last that was answered; since when they fail; when and how the last did."""

    answered_at: datetime | None = None
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    why: str = ""


def after(known: Beats, why: str, now: datetime) -> Beats:
    """What is known after one more heartbeat; `why` it failed, "" when it was answered. Pure."""
    if not why:
        return Beats(answered_at=now)
    since = known.failing_since
    return Beats(known.answered_at, since if since is not None and since <= now else now, now, why)


def lasts(beats: Beats, now: datetime) -> bool:
    """Whether heartbeats have failed for so long that the operators are to hear of it. Pure."""
    return beats.failing_since is not None and now - beats.failing_since >= TELL_AFTER


def abandoned(beats: Beats, now: datetime) -> bool:
    """Whether heartbeats failed and nobody has asked for one since, for so long that no machine will. Pure."""
    lately = beats.failed_at is not None and timedelta() <= now - beats.failed_at < FORGET_AFTER
    return beats.failing_since is not None and not lately


async def beat(app: App) -> str:
    """Ask the heartbeat's address, when there is one, and keep what came of it; returns why it failed, or ""."""
    url = app.settings.heartbeat_url
    if not url:
        if abandoned(await app.db.read(known), app.clock.now()):
            await app.db.write(lambda session: forget(session, app, app.clock.now()))
        return ""
    why = await heartbeat.beat(url, trust_env=app.settings.proxy_from_env)
    if why:
        logger.warning(pairs(event="heartbeat failed", why=why))
    await app.db.write(lambda session: record(session, app, why, app.clock.now()))
    return why


def record(session: Session, app: Sender, why: str, now: datetime) -> None:
    """Keep what became of a heartbeat; tell once that it fails for long, and once that it is answered again."""
    beats = after(known(session), why, now)
    _keep(session, beats)
    if lasts(beats, now):
        text = (
            f"the heartbeat is not taken: {why}\n"
            "Whoever waits for it (WIREWATCH_HEARTBEAT_URL) may believe that wirewatch stands still."
        )
        notices.tell(session, app, KEY, text, now=now)
    elif not why:
        notices.over(session, app, KEY, "the heartbeat is taken again", now=now)


def forget(session: Session, app: Sender, now: datetime) -> None:
    """End the trouble with heartbeats that nobody asks for any more: their address was taken away."""
    beats = known(session)
    if abandoned(beats, now):
        _keep(session, Beats(beats.answered_at))
        notices.over(session, app, KEY, "no heartbeat is asked for any more", now=now)


def _keep(session: Session, beats: Beats) -> None:
    meta.set_heartbeat(session, json.dumps(asdict(beats), default=datetime.isoformat))


def known(session: Session) -> Beats:
    """What became of the heartbeats so far."""
    values = json.loads(meta.heartbeat(session) or "{}")
    moments = {
        name: datetime.fromisoformat(at)
        for name in ("answered_at", "failing_since", "failed_at")
        if (at := values.get(name))
    }
    return Beats(**moments, why=values.get("why", ""))
