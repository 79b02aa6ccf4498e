"""A claimed feed or page waits for its host's moment; in the meantime the host may ask for rest.

A moment that was missed (a busy machine, a slow robots.txt before the page) is worth nothing: the next one is near, and
two requests would come together. So another is asked for, behind those that others were given.

A host that does not answer has its two requests for half a minute. What else was claimed for it is given back for a
moment: waiting for one of the two, it would keep the places of other hosts' feeds and pages, and the cycle open.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.reasons import Reason
from core.urls import host_of
from fetching.answers import Failed
from pipeline.app import App
from storage import hosts, leases

MISSED = 0.25  # of the spacing: a request that is later takes a new moment
TRIES = 4  # on a machine that misses every moment requests go out all the same
FULL = timedelta(seconds=2)  # for which a row is given back whose host answers none of its requests yet


@dataclass(frozen=True, slots=True)
class Turns:
    """What is claimed by these columns, and asked of its host so far apart; `due` is when a row may be claimed."""

    columns: leases.Columns
    due: str
    spacing: timedelta


async def turn_came(app: App, host: str, at: datetime, lease: leases.Lease, turns: Turns) -> datetime | None:
    """Wait until `at`, or until a later moment when that was missed; returns the moment that was kept.

    None when the host asked for rest meanwhile: then the row is given back until the rest is over; or when the program
    is told to stop: then it is given back as it was. Without a spacing no moment can be missed.
    """
    for _ in range(TRIES):
        wait = (at - app.clock.now()).total_seconds()
        if wait > 0 and not await _waited(app, host, wait, lease, turns):
            return None
        missed, now = at, app.clock.now()
        if not host or not turns.spacing or now - missed <= turns.spacing * MISSED:
            return at
        at = await app.db.write(lambda session: hosts.again(session, host, missed, now=now, spacing=turns.spacing))  # noqa: B023
    return at


async def _waited(app: App, host: str, seconds: float, lease: leases.Lease, turns: Turns) -> bool:
    """Whether the host may be asked after so long; else the row was given back."""
    stopping = await _stopped(app.stopping, seconds)
    now = app.clock.now()
    until = await app.db.read(lambda session: hosts.held_until(session, host, now))
    if not stopping and until is None:
        return True
    await _given_back(app, lease, turns, until)
    return False


async def _given_back(app: App, lease: leases.Lease, turns: Turns, until: datetime | None) -> None:
    """Let the row be claimed again then; None: at once."""
    changes = {turns.due: until} if until else {}
    await app.db.write(lambda session: leases.settle(session, turns.columns, lease, changes))


async def given_back_if_full(app: App, host: str, lease: leases.Lease, turns: Turns) -> bool:
    """Whether the row was given back, since its host has not answered as many requests as it gets at once. Without a
    spacing hosts are asked as fast as they answer, and rows wait.
    """
    if not turns.spacing or not app.client.is_full(host):
        return False
    await _given_back(app, lease, turns, app.clock.now() + FULL)
    return True


async def _stopped(stopping: asyncio.Event, seconds: float) -> bool:
    """Wait so long; True as soon as the program is told to stop."""
    stop = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait([stop], timeout=seconds)
    finally:
        stop.cancel()
    return stopping.is_set()


async def given_back_for_where_it_leads(
    app: App, led_to: str, host: str, lease: leases.Lease, turns: Turns, horizon: timedelta
) -> bool:
    """Take a turn of the other host that the answer at `host` led to last time, too, "" for none; or give the row back
    until that one has time for it: nobody is asked for a redirect that must not be followed yet.
    """
    if host_of(led_to) in ("", host):
        return False
    busy = await own_turn(app, led_to, turns.spacing, horizon)
    if busy:
        await _given_back(app, lease, turns, app.clock.now() + timedelta(seconds=busy.retry_after or 0.0))
    return busy is not None


async def may_follow(app: App, led_to: str, spacing: timedelta, horizon: timedelta, url: str) -> Failed | None:
    """Why a redirect to `url` must not be followed now; None when its host's turn came. Where it led last time, that
    was before the request.
    """
    known = host_of(led_to) == host_of(url)
    return await (resting(app, url) if known else own_turn(app, url, spacing, horizon))


async def own_turn(app: App, url: str, spacing: timedelta, horizon: timedelta) -> Failed | None:
    """Wait for the next free moment of the host of `url`, which is taken by this: for what no row was claimed for. Why
    it must not be asked, when that moment is beyond `horizon` or the host asked for rest meanwhile; else None.
    """
    now, host = app.clock.now(), host_of(url)
    moments = await app.db.write(
        lambda session: hosts.reserve(session, host, 1, now=now, spacing=spacing, horizon=horizon)
    )
    if not moments:
        free = await app.db.read(lambda session: hosts.next_free(session, host, now))
        return Failed(url, Reason.RATE_LIMITED, "its host is busy", retry_after=(free - now).total_seconds())
    wait = (moments[0] - now).total_seconds()
    if wait > 0 and await _stopped(app.stopping, wait):
        return Failed(url, Reason.RATE_LIMITED, "told to stop meanwhile", retry_after=FULL.total_seconds())
    return await resting(app, url) if wait > 0 else None


async def resting(app: App, url: str) -> Failed | None:
    """Why the host of `url` must not be asked now, which asked for rest; None when it did not."""
    now = app.clock.now()
    until = await app.db.read(lambda session: hosts.held_until(session, host_of(url), now))
    if until is None:
        return None
    return Failed(url, Reason.RATE_LIMITED, "its host asked for rest", retry_after=(until - now).total_seconds())
