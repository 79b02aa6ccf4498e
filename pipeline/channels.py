"""Channels: what is known of their targets, a marked test message to each, and the end of a pause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from sqlmodel import Session

from alerts.channels import Channel, sending_pool, trial_message
from alerts.result import Result
from core.clock import SystemClock
from core.errors import InputError
from core.settings import Settings
from pipeline import compiled
from pipeline.configure import INDEX, made_channels
from rules.config import Watch
from storage import configs, deliveries
from storage.engine import Database
from storage.tables import Config


@dataclass(frozen=True, slots=True)
class Tried:
    """A target and what came of a test message to it."""

    target: str
    result: Result

    @property
    def answer(self) -> str:
        """What the receiver said, or why it said nothing."""
        return self.result.detail or self.result.provider_id


@dataclass(frozen=True, slots=True)
class Seen:
    """A target of a channel; `state` is ok, paused, or "cannot be used" (of a channel, without a target)."""

    channel: str
    kind: str
    target: str
    state: str
    why: str


async def listing(db: Database, settings: Settings, secrets: Mapping[str, str]) -> list[Seen]:
    """Every channel of the active revision, a row a target; a channel that cannot be used says why."""
    states = {target.id: target for target in await db.read(deliveries.targets)}
    async with _made(db, settings, secrets) as (names, made, broken):
        rows = []
        for name in names:
            if name not in made:
                rows.append(Seen(name, "", "", "cannot be used", broken.get(name, "")))
                continue
            for target in made[name].targets():
                known = states.get(target.id)
                state, why = (known.state, known.pause_reason) if known else ("ok", "")
                rows.append(Seen(name, made[name].scheme, target.id, state, why))
        return rows


async def test(db: Database, settings: Settings, secrets: Mapping[str, str], name: str) -> list[Tried]:
    """Send a marked test message to each target. Raises InputError for a channel that cannot be used."""
    async with _made(db, settings, secrets) as (names, made, broken):
        if name not in made:
            why = broken.get(name) or "not in the active watch file"
            raise InputError(f"channel {name}: {why}", hint=f"channels are {', '.join(names) or 'none'}")
        channel, message = made[name], trial_message(name, SystemClock().now())
        return [Tried(target.id, await channel.send(message, target, key=uuid4().hex)) for target in channel.targets()]


def resume(session: Session, channel: str) -> int:
    """Send to a channel's paused targets again; how many. Raises InputError when none is paused."""
    count = deliveries.resume(session, channel)
    if not count:
        raise InputError(f"no target of {channel} is paused", hint="run `wirewatch channels list`")
    return count


def resume_target(session: Session, target: str) -> str:
    """Send to one target again; what was done."""
    return f"{target} is sent to again." if deliveries.resume_target(session, target) else f"{target} was not paused."


@asynccontextmanager
async def _made(
    db: Database, settings: Settings, secrets: Mapping[str, str]
) -> AsyncIterator[tuple[list[str], dict[str, Channel], dict[str, str]]]:
    """The channels of the active revision: all names, those that can be used, and why the others cannot."""
    pool = sending_pool()

    def make(config: Config | None) -> tuple[list[str], dict[str, Channel], dict[str, str]]:
        configured = _watch(settings, config).channels if config else {}
        made, broken = made_channels(
            configured, secrets=secrets, clock=SystemClock(), pool=pool, trust_env=settings.proxy_from_env
        )
        return list(configured), made, broken

    try:
        yield await asyncio.to_thread(make, await db.read(configs.active))
    finally:
        await asyncio.to_thread(pool.close)


def _watch(settings: Settings, config: Config) -> Watch:
    """The revision's watch; of the compiled index where there is one, as 30,000 rules take many seconds to read."""
    return compiled.opened(settings.data / INDEX, config.text, file=f"revision {config.revision}")[0]
