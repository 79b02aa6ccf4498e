"""poll: due feeds → one guarded GET each → entries and their pending articles."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from sqlmodel import Session

from core.errors import InputError, ItemFailed
from core.log import pairs
from core.pool import TaskTimeout, WorkerDied
from core.reasons import Reason
from core.text import clean
from core.urls import host_of
from fetching import identity
from fetching.answers import Answer, Failed, Fetched, NotModified
from fetching.client import MayGo
from fetching.entries import ParsedFeed
from fetching.faulty import fault_in
from fetching.headers import max_age
from fetching.parse import at_once
from fetching.schedule import LONGEST, NextPoll, Outcome, Timing, next_poll, turn
from pipeline import further, moves, notices
from pipeline.advice import ADVICE
from pipeline.app import App
from pipeline.cycle import Cycle, work_off
from pipeline.entries import Counts, take_in
from pipeline.further import Known
from pipeline.getting import as_written, ask, further_ask, hidden, links_of, own_secrets
from pipeline.pooled import parse_feed
from pipeline.turns import (
    Turns,
    given_back_for_where_it_leads,
    given_back_if_full,
    may_follow,
    own_turn,
    turn_came,
)
from storage import feeds, hosts
from storage.tables import Feed, FeedPoll

logger = logging.getLogger(__name__)

AT_ONCE = 50  # polls in flight
LOOK_EVERY = timedelta(seconds=1)  # feeds become due by the clock alone, not by what other loops or polls do
SOON = timedelta(seconds=2)  # of many feeds there is always one: a cycle of theirs lasts, and each is polled in time
HORIZON = timedelta(seconds=10)  # a claimed feed waits at most so long for its host's turn
FEED_SPACING = timedelta(seconds=1)
FIRST_VISITS = FEED_SPACING * AT_ONCE  # in which all that are under way come to one host, when they first lead there
IN_A_THREAD = 300_000  # bytes: larger feeds, and those with any doubt, are parsed in a worker that can be killed
PARSE_SECONDS = 15.0

PollKind = Literal["changed", "unchanged", "not_modified", "failed"]


class LeaseLost(Exception):
    """A feed was claimed by another worker meanwhile: nothing of this poll is kept."""


async def poll(cycle: Cycle, only: Sequence[str] = ()) -> None:
    """The loop: claim due feeds and poll each, until the cycle ends."""
    app = cycle.app

    found_none_at: datetime | None = None
    put_off_to: datetime | None = None
    looked_at: datetime | None = None

    async def claim(room: int) -> list[feeds.Claimed]:
        nonlocal found_none_at, put_off_to
        now = app.clock.now()
        if found_none_at is not None and abs(now - found_none_at) < LOOK_EVERY:
            return []
        if not await app.db.read(lambda session: feeds.any_due(session, now, only)):
            found_none_at = now
            return []
        found_none_at = None
        claimed, put_off_to = await app.db.write(
            lambda session: feeds.claim_due(
                session,
                owner=app.owner,
                now=now,
                limit=room,
                spacing=spacing(app),
                horizon=HORIZON,
                only=only,
            )
        )
        return claimed

    async def more_due() -> bool:
        """Whether a host of many feeds has a free moment soon, or a feed is due in a moment: neither need wait for the
        next cycle. A clock that stands brings nothing nearer.
        """
        nonlocal looked_at
        before, now = looked_at, app.clock.now()
        looked_at = now
        if put_off_to is not None and abs(put_off_to - now) < HORIZON * 2:
            return True
        return before != now and await app.db.read(lambda session: feeds.any_due(session, now + SOON, only))

    async def do(one: feeds.Claimed) -> None:
        await poll_one(cycle, one)

    await work_off(cycle, "poll", claim, do, width=AT_ONCE, columns=feeds.LEASE, more_due=more_due)


def spacing(app: App) -> timedelta:
    """Between two requests for feeds of one host."""
    return min(FEED_SPACING, timedelta(seconds=app.settings.page_spacing))


async def poll_one(cycle: Cycle, one: feeds.Claimed) -> None:
    """Ask one feed and write what it said. A feed's failure ends here, as a value on its row."""
    app = cycle.app
    host = host_of(one.feed.fetch_url)
    turns = Turns(feeds.LEASE, "next_poll_at", spacing(app))
    if await given_back_for_where_it_leads(app, one.feed.validators_url, host, one.lease, turns, HORIZON):
        return
    if await turn_came(app, host, one.ask_at, one.lease, turns) is None:
        cycle.report.count("poll", "skipped", Reason.RATE_LIMITED)
        return
    if await given_back_if_full(app, host, one.lease, turns):
        return
    started = app.clock.now()
    polled = await ask_and_understand(app, one.feed)
    now = app.clock.now()
    ms = (now - started).total_seconds() * 1000
    try:
        polled, counts = await _recorded(app, one, polled, now, ms)
    except LeaseLost:
        cycle.report.count("poll", "skipped", Reason.LOCKED)
        return
    _report(cycle, one.feed, polled, counts)


async def _recorded(app: App, one: feeds.Claimed, polled: Polled, now: datetime, ms: float) -> tuple[Polled, Counts]:
    """Write what a poll brought; an entry of which no text can be made fails its feed."""
    try:
        return polled, await app.db.write(lambda session: record(session, app, one, polled, now=now, ms=ms))
    except ItemFailed as error:
        failed = Polled(polled.answer, "failed", reason=error.reason, detail=error.detail)
    return failed, await app.db.write(lambda session: record(session, app, one, failed, now=now, ms=ms))


def _may_follow(app: App, feed: Feed) -> MayGo:
    return partial(may_follow, app, feed.validators_url, spacing(app), FIRST_VISITS)


async def ask_and_understand(app: App, feed: Feed) -> Polled:
    """One GET and what it means; a missing secret is a failure of this feed alone."""
    try:
        answer = await app.client.get(ask(app, feed), _may_follow(app, feed))
    except InputError as error:
        return Polled(
            Failed(url=feed.config_url, reason=Reason.AUTH, detail=error.message),
            "failed",
            reason=Reason.AUTH,
            detail=error.message,
        )
    polled = await understand(app, feed, as_written(answer, own_secrets(feed, app.secrets)))
    try:
        return await _gathered(app, feed, polled)
    except ItemFailed as error:
        return Polled(polled.answer, "failed", reason=error.reason, detail=error.detail)


async def _gathered(app: App, feed: Feed, polled: Polled) -> Polled:
    """With what stands in further documents. A list of sitemaps is followed even when it reads as before, but not when
    something else stands in its place: that is to be heard of.
    """
    answer, first = polled.answer, polled.parsed
    if isinstance(answer, Failed) or polled.kind == "failed":
        return polled
    own = own_secrets(feed, app.secrets)

    async def get(address: str, known: Known) -> tuple[ParsedFeed | None, Known]:
        if busy := await own_turn(app, address, spacing(app), HORIZON):
            raise ItemFailed(address, busy.reason, busy.detail)
        asked = further_ask(app, feed, address, answer.url, known)
        found = as_written(await app.client.get(asked, _may_follow(app, feed)), own)
        if isinstance(found, NotModified):
            return None, known
        if isinstance(found, Failed):
            now = app.clock.now()
            await app.db.write(lambda session: _leave_alone(session, found, now))
            raise ItemFailed(address, found.reason, "a further document of the feed")
        new = Known(found.etag, found.last_modified, found.url, identity.body_hash(found.body))
        parsed = None if new.body_hash == known.body_hash else await _parse(app, feed, found)
        return parsed, new if parsed is None or parsed.whole else known

    if first and not first.is_index:
        since = app.clock.now() - timedelta(seconds=feed.first_poll_s) if feed.first_polled_at is None else None
        return replace(polled, parsed=await further.pages(first, answer.url, since, get)) if since else polled
    known = {address: Known(*was) for address, *was in feed.listed}
    listed_now = first.more if first and first.in_turns else first.more[: further.SITEMAPS] if first else ()
    addresses = [hidden(one, own) for one in listed_now] if first else list(known)
    if not addresses and not first:
        return polled
    parsed, listed = await further.sitemaps(addresses, known, answer.url, get)
    kind: PollKind = "changed" if parsed else "unchanged" if first else polled.kind
    return replace(polled, kind=kind, parsed=parsed, listed=listed)


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed's answer, understood: what kind it was, what it brought."""

    answer: Answer
    kind: PollKind
    parsed: ParsedFeed | None = None
    body_hash: str = ""
    whole: bool = True  # it was not cut off
    listed: Mapping[str, Known] = field(default_factory=dict)  # the sitemaps of a list
    reason: Reason | None = None
    detail: str = ""


async def understand(app: App, feed: Feed, answer: Answer) -> Polled:
    """Hash first; parse only what changed. An error page or an empty body is a failure, never "no new entries"."""
    if isinstance(answer, NotModified):
        return Polled(answer, "not_modified")
    if isinstance(answer, Failed):
        return Polled(answer, "failed", reason=answer.reason, detail=answer.detail)
    body_hash = identity.body_hash(answer.body, identity.read_by(links_of(app, feed)))
    if body_hash == feed.body_hash:
        return Polled(answer, "unchanged", body_hash=body_hash)
    try:
        parsed = await _parse(app, feed, answer)
        told = fault_in(parsed)
    except ItemFailed as error:
        return Polled(answer, "failed", reason=error.reason, detail=error.detail)
    if told:
        return Polled(answer, "failed", reason=Reason.BAD_FEED, detail=f"it lists an error only: {told}")
    return Polled(answer, "changed", parsed, body_hash, whole=parsed.whole)


async def _parse(app: App, feed: Feed, answer: Fetched) -> ParsedFeed:
    selector = links_of(app, feed)
    asked = (answer.body, answer.url, dict(answer.headers), selector)
    if len(answer.body) <= IN_A_THREAD and not selector:
        clear = await asyncio.to_thread(at_once, answer.body, url=answer.url, headers=answer.headers)
        if clear:
            return clear
    try:
        return await app.pool.run(parse_feed, *asked, seconds=PARSE_SECONDS)
    except (TaskTimeout, WorkerDied) as error:
        raise ItemFailed(answer.url, Reason.BAD_FEED, str(error)) from error


def record(session: Session, app: App, one: feeds.Claimed, polled: Polled, *, now: datetime, ms: float) -> Counts:
    """One commit: new entries, their articles, the validators, and when to poll next."""
    feed = one.feed
    counts = take_in(session, feed, polled.parsed, now, choosy=app.active.choosy) if polled.parsed else Counts()
    outcome = _outcome(polled, counts)
    known = timing(feed, app.active.feeds_on.get(host_of(feed.fetch_url), 1), spacing(app))
    following = next_poll(known, outcome, now, random.random())  # noqa: S311 - jitter, not a secret
    cut = bool(polled.parsed and polled.parsed.dropped)
    following = replace(following, gap=following.gap or (cut and _undated(feed, polled)))
    row = FeedPoll(
        feed_id=feed.id or 0,
        at=now,
        outcome=polled.kind,
        reason=str(polled.reason or (Reason.FLOOD if counts.flood else Reason.CUT if cut else "")),
        items=len(polled.parsed.entries) if polled.parsed else 0,
        new=counts.new,
        gap=following.gap,
        ms=ms,
    )
    learnt = _learnt(feed, polled, following, now)
    if following.state == "paused" and "fetch_url" in learnt:  # there is another address to ask
        following = replace(following, state="failing")
    if not feeds.record_poll(session, one.lease, {**learnt, **_when(feed, following)}, row):
        raise LeaseLost  # undoes the entries too: its new holder brings them
    _tell(session, app, feed, following, now)
    if counts.flood:
        _tell_flood(session, app, feed, counts, now)
    if isinstance(polled.answer, Failed):
        _leave_alone(session, polled.answer, now)
    return counts


def _leave_alone(session: Session, failed: Failed, now: datetime) -> None:
    """The host that asked for rest gets it, wherever a redirect led from."""
    if failed.retry_after and failed.host:
        hosts.hold(session, failed.host, now + timedelta(seconds=failed.retry_after))


def _undated(feed: Feed, polled: Polled) -> bool:
    """Whether nobody can tell if the newest items of a document are among those that were read. A first poll misses
    nothing that it promised.
    """
    entries = polled.parsed.entries if polled.parsed else ()
    return feed.first_polled_at is not None and not any(one.published or one.updated for one in entries)


def _tell(session: Session, app: App, feed: Feed, following: NextPoll, now: datetime) -> None:
    """A feed that is gone for good is nobody's news unless the operators hear of it."""
    key = f"feed:{feed.config_url}"
    if following.state == "paused":
        text = f"feed {feed.name} is paused: {Reason.GONE.sentence}\n{ADVICE[Reason.GONE]}"
        notices.tell(session, app, key, text, now=now)
    elif following.state == "ok" and feed.last_reason:  # it failed last time: whatever was told of it is over
        notices.over(session, app, key, f"feed {feed.name} can be read again", now=now)


def _tell_flood(session: Session, app: App, feed: Feed, counts: Counts, now: datetime) -> None:
    text = f"feed {feed.name}: {counts.flood} of {counts.new} new items: {Reason.FLOOD.sentence}"
    notices.news(session, app, f"flood:{feed.config_url}", text, now=now)


def timing(feed: Feed, neighbours: int, spacing: timedelta) -> Timing:
    """What the schedule needs to know of a feed on a host that serves so many, itself among them."""
    return Timing(
        interval=timedelta(seconds=feed.interval_s),
        failures=feed.failures,
        every=timedelta(seconds=feed.every_s) if feed.every_s else None,
        last_changed_at=feed.last_changed_at,
        only_304_since=feed.only_304_since,
        validators_distrusted=feed.validators_distrusted,
        first=feed.first_polled_at is None,
        plain=feed.plain_next and bool(feed.etag or feed.last_modified),
        answered_at=feed.last_success_at,
        ttl=timedelta(seconds=feed.ttl_s),
        turn=turn(neighbours, spacing),
    )


def _outcome(polled: Polled, counts: Counts) -> Outcome:
    answer = polled.answer
    return Outcome(
        kind=polled.kind,
        reason=polled.reason,
        status=answer.status if isinstance(answer, Failed | Fetched) else 304,
        retry_after=answer.retry_after if isinstance(answer, Failed) else None,
        seen_before=counts.seen_before,
        new=counts.new,
        max_age=max_age(answer.headers) if isinstance(answer, Fetched | NotModified) else None,
        ttl=polled.parsed.ttl if polled.parsed else None,
    )


def _learnt(feed: Feed, polled: Polled, following: NextPoll, now: datetime) -> dict[str, Any]:
    """What an answer changes on the feed's row."""
    changes: dict[str, Any] = {"last_polled_at": now}
    answer = polled.answer
    if isinstance(answer, Failed) or polled.kind == "failed":
        changes |= {"last_reason": str(polled.reason), "last_error": clean(polled.detail)[:500]}
        return changes | moves.after_failure(feed, following.failures, gone=following.state == "paused")
    changes |= {"last_success_at": now, "last_reason": "", "last_error": ""}
    changes["first_polled_at"] = feed.first_polled_at or now
    if isinstance(answer, Fetched) and polled.whole:  # what was cut off is asked for again, whatever stood in it
        changes["body_hash"] = polled.body_hash
        if not following.keep_validators:
            changes |= {"etag": answer.etag, "last_modified": answer.last_modified, "validators_url": answer.url}
    if polled.parsed:
        changes["title"] = clean(polled.parsed.title)[:300]
        changes["ttl_s"] = min(polled.parsed.ttl or timedelta(), LONGEST).total_seconds()
    if polled.parsed or polled.listed:
        changes["listed"] = [[address, *known] for address, known in polled.listed.items()]
    return {**changes, **moves.after_success(feed, answer.moved_to)}


def _when(feed: Feed, following: NextPoll) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "next_poll_at": following.at,
        "not_before": following.not_before,
        "interval_s": following.interval.total_seconds(),
        "failures": following.failures,
        "state": following.state,
        "possible_gaps": feed.possible_gaps + following.gap,
        "last_changed_at": following.last_changed_at,
        "only_304_since": following.only_304_since,
        "validators_distrusted": following.validators_distrusted,
        "plain_next": following.plain_get_next,
    }
    if following.state == "paused":
        changes["paused_by"] = str(Reason.GONE)
    return changes


def _report(cycle: Cycle, feed: Feed, polled: Polled, counts: Counts) -> None:
    if polled.kind == "failed":
        cycle.report.failed("poll", feed.name, str(polled.reason), polled.detail)
        logger.warning(pairs(step="poll", feed=feed.name, reason=polled.reason, detail=polled.detail))
        return
    cycle.report.count("poll", polled.kind)
    cycle.report.count("entries", "new", by=counts.new - counts.flood)
    cycle.report.count("entries", "held back", Reason.FLOOD, by=counts.flood)
    cycle.report.count("entries", "seen", by=counts.seen_before - counts.edited)
    cycle.report.count("entries", "edited", by=counts.edited)
    cycle.report.count("articles", "new", by=counts.articles)
    logger.info(pairs(step="poll", feed=feed.name, outcome=polled.kind, new=counts.new, seen=counts.seen_before))
