"""Channels: what is known of their targets, and a marked test message to each."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from alerts.channels import trial_message
from alerts.result import Result
from core.errors import InputError
from pipeline.app import App
from storage import deliveries


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
    message = trial_message(name, app.clock.now())
    return [Tried(target.id, await channel.send(message, target, key=uuid4().hex)) for target in channel.targets()]
