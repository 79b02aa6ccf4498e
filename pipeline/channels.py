"""Channels: what is known of their targets, and a marked test message to each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from alerts.channels import Channel, sending_pool, trial_message
from alerts.result import Result
from core.clock import Clock, SystemClock
from core.errors import InputError
from core.settings import Settings
from pipeline.app import App
from pipeline.configure import made_channels
from rules.config import load
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


async def listing(app: App) -> list[dict[str, object]]:
    """Every channel of the active watch file, a row a target; a channel that cannot be used says why."""
    states = {target.id: target for target in await app.db.read(deliveries.targets)}
    rows: list[dict[str, object]] = []
    for name in app.active.watch.channels:
        channel = app.active.channels.get(name)
        if channel is None:
            rows.append(_row(name, "", "", "cannot be used", app.active.broken.get(name, "")))
            continue
        for target in channel.targets():
            known = states.get(target.id)
            state, why = (known.state, known.pause_reason) if known else ("ok", "")
            rows.append(_row(name, channel.scheme, target.id, state, why))
    return rows


def _row(channel: str, kind: str, target: str, state: str, why: str) -> dict[str, object]:
    return {"channel": channel, "kind": kind, "target": target, "state": state, "why": why}


async def test(app: App, name: str) -> list[Tried]:
    """Send a marked test message to each target. Raises InputError for a channel that cannot be used."""
    channel = app.active.channels.get(name)
    if channel is None:
        why = app.active.broken.get(name)
        known = ", ".join(app.active.watch.channels) or "none"
        raise InputError(f"channel {name}: {why or 'not in the active watch file'}", hint=f"channels are {known}")
    return await _sent(channel, name, app.clock)


async def _sent(channel: Channel, name: str, clock: Clock) -> list[Tried]:
    message = trial_message(name, clock.now())
    return [Tried(target.id, await channel.send(message, target, key=uuid4().hex)) for target in channel.targets()]


@dataclass(frozen=True, slots=True)
class Seen:
    """A target of a channel as the page lists it; `state` is ok, paused or broken."""

    channel: str
    kind: str
    target: str
    state: str
    why: str


async def seen(db: Database, settings: Settings, secrets: Mapping[str, str]) -> list[Seen]:
    """What `listing` tells, without an App: for the page, which sends nothing by itself."""
    states = {target.id: target for target in await db.read(deliveries.targets)}
    async with _made(db, settings, secrets) as (names, made, broken):
        rows = []
        for name in names:
            if name not in made:
                rows.append(Seen(name, "", "", "broken", broken.get(name, "")))
                continue
            for target in made[name].targets():
                known = states.get(target.id)
                state, why = (known.state, known.pause_reason) if known else ("ok", "")
                rows.append(Seen(name, made[name].scheme, target.id, state, why))
        return rows


async def test_alone(db: Database, settings: Settings, secrets: Mapping[str, str], name: str) -> list[Tried]:
    """`test`, without an App. Raises InputError for a channel that cannot be used."""
    async with _made(db, settings, secrets) as (_, made, broken):
        if name not in made:
            raise InputError(f"channel {name}: {broken.get(name) or 'not in the active watch file'}")
        return await _sent(made[name], name, SystemClock())


@asynccontextmanager
async def _made(
    db: Database, settings: Settings, secrets: Mapping[str, str]
) -> AsyncIterator[tuple[list[str], dict[str, Channel], dict[str, str]]]:
    """The channels of the active revision: all names, those that can be used, and why the others cannot."""
    pool = sending_pool()

    def make(config: Config | None) -> tuple[list[str], dict[str, Channel], dict[str, str]]:
        configured = load(config.text, env=None).channels if config else {}
        made, broken = made_channels(
            configured, secrets=secrets, clock=SystemClock(), pool=pool, trust_env=settings.proxy_from_env
        )
        return list(configured), made, broken

    try:
        yield await asyncio.to_thread(make, await db.read(configs.active))
    finally:
        await asyncio.to_thread(pool.close)
