"""poll: due feeds → one guarded GET each → entries and their pending articles."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from core.errors import InputError, ItemFailed
from core.log import pairs
from core.pool import TaskTimeout, WorkerDied
from core.reasons import Reason
from core.text import clean
from core.urls import host_of
from fetching import identity
from fetching.client import Answer, Ask, Failed, Fetched, NotModified
from fetching.parse import ParsedEntry, ParsedFeed, parse
from fetching.schedule import NextPoll, Outcome, Timing, next_poll
from pipeline.app import App
from pipeline.cycle import Cycle, work_off
from rules.secrets import expand
from storage import articles, feeds, hosts
from storage import entries as entry_rows
from storage.tables import Article, Entry, Feed, FeedPoll

logger = logging.getLogger(__name__)

AT_ONCE = 50  # polls in flight
HORIZON = timedelta(seconds=10)  # a claimed feed waits at most so long for its host's turn
FEED_SPACING = timedelta(seconds=1)
IN_A_THREAD = 300_000  # bytes: larger feeds are parsed in a worker that can be killed
PARSE_SECONDS = 15.0
FLOOD = 20  # new entries at once, most of them old: held back from alerts
OPEN_WINDOW = timedelta(days=365)  # a first-poll window this long means "everything", dated or not
MOVED_AFTER = 3  # sightings of a permanent redirect
KEYS_AT_ONCE = 500


async def poll(cycle: Cycle, only: Sequence[str] = ()) -> None:
    """The loop: claim due feeds and poll each, until the cycle ends."""
    app = cycle.app

    async def claim(room: int) -> list[feeds.Claimed]:
        now = app.clock.now()
        if not await app.db.read(lambda session: feeds.count_due(session, now)):
            return []
        return await app.db.write(
            lambda session: feeds.claim_due(
                session,
                owner=app.owner,
                now=now,
                limit=room,
                spacing=min(FEED_SPACING, timedelta(seconds=app.settings.page_spacing)),
                horizon=HORIZON,
                only=only,
            )
        )

    async def do(one: feeds.Claimed) -> None:
        await poll_one(cycle, one)

    await work_off(cycle, "poll", claim, do, width=AT_ONCE, columns=feeds.LEASE)


async def poll_one(cycle: Cycle, one: feeds.Claimed) -> None:
    """Ask one feed and write what it said. A feed's failure ends here, as a value on its row."""
    app = cycle.app
    await asyncio.sleep(max(0.0, (one.ask_at - app.clock.now()).total_seconds()))
    started = app.clock.now()
    polled = await ask_and_understand(app, one.feed)
    now = app.clock.now()
    ms = (now - started).total_seconds() * 1000
    counts = await app.db.write(lambda session: record(session, one, polled, now=now, ms=ms))
    _report(cycle, one.feed, polled, counts)


async def ask_and_understand(app: App, feed: Feed) -> Polled:
    """One GET and what it means; a missing secret is a failure of this feed alone."""
    try:
        answer = await app.client.get(ask(app, feed))
    except InputError as error:
        return Polled(
            Failed(url=feed.config_url, reason=Reason.AUTH, detail=error.message),
            "failed",
            reason=Reason.AUTH,
            detail=error.message,
        )
    return await understand(app, feed, answer)


def ask(app: App, feed: Feed) -> Ask:
    """The request: validators verbatim and only to the address that gave them, headers from the watch file."""
    plain = feed.validators_distrusted or feed.validators_url != feed.fetch_url
    configured = next((one for one in app.active.watch.feeds if one.config_url == feed.config_url), None)
    headers = configured.headers if configured else {}
    return Ask(
        url=expand(feed.fetch_url, app.secrets),
        etag="" if plain else feed.etag,
        last_modified="" if plain else feed.last_modified,
        headers={name: expand(value, app.secrets) for name, value in headers.items()},
        accept="application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5",
    )


@dataclass(frozen=True, slots=True)
class Polled:
    """A feed's answer, understood: what kind it was, what it listed."""

    answer: Answer
    kind: str  # changed | unchanged | not_modified | failed
    parsed: ParsedFeed | None = None
    body_hash: str = ""
    reason: Reason | None = None
    detail: str = ""


async def understand(app: App, feed: Feed, answer: Answer) -> Polled:
    """Hash first; parse only what changed. An error page or an empty body is a failure, never "no new entries"."""
    if isinstance(answer, NotModified):
        return Polled(answer, "not_modified")
    if isinstance(answer, Failed):
        return Polled(answer, "failed", reason=answer.reason, detail=answer.detail)
    body_hash = identity.body_hash(answer.body)
    if body_hash == feed.body_hash:
        return Polled(answer, "unchanged", body_hash=body_hash)
    try:
        return Polled(answer, "changed", await _parse(app, answer), body_hash)
    except ItemFailed as error:
        return Polled(answer, "failed", reason=error.reason, detail=error.detail)


async def _parse(app: App, answer: Fetched) -> ParsedFeed:
    if len(answer.body) <= IN_A_THREAD:
        return await asyncio.to_thread(parse, answer.body, url=answer.url, headers=answer.headers)
    try:
        return await app.pool.run(parse_feed, answer.body, answer.url, dict(answer.headers), seconds=PARSE_SECONDS)
    except (TaskTimeout, WorkerDied) as error:
        raise ItemFailed(answer.url, Reason.BAD_FEED, str(error)) from error


def parse_feed(body: bytes, url: str, headers: dict[str, str]) -> ParsedFeed:
    """`fetching.parse.parse` for a worker process."""
    return parse(body, url=url, headers=headers)


@dataclass(frozen=True, slots=True)
class Counts:
    """What one poll brought: entries seen before, new ones, changed ones, and new articles."""

    seen_before: int = 0
    new: int = 0
    changed: int = 0
    articles: int = 0
    gap: bool = False
    lost: bool = False


def record(session: Session, one: feeds.Claimed, polled: Polled, *, now: datetime, ms: float) -> Counts:
    """One commit: new entries, their articles, the validators, and when to poll next."""
    feed = one.feed
    counts = _take_in(session, feed, polled.parsed, now) if polled.parsed else Counts()
    outcome = _outcome(polled, counts)
    following = next_poll(timing(feed), outcome, now, random.random())  # noqa: S311 - jitter, not a secret
    row = FeedPoll(
        feed_id=feed.id or 0,
        at=now,
        outcome=polled.kind,
        reason=str(polled.reason or ""),
        items=len(polled.parsed.entries) if polled.parsed else 0,
        new=counts.new,
        gap=following.gap,
        ms=ms,
    )
    if not feeds.record_poll(session, one.lease, {**_learnt(feed, polled, now), **_when(feed, following)}, row):
        raise ItemFailed(
            feed.name, Reason.LOCKED, "its lease was lost"
        )  # undoes the entries too: its new holder brings them
    if isinstance(polled.answer, Failed) and polled.answer.retry_after:
        hosts.hold(session, host_of(feed.fetch_url), now + timedelta(seconds=polled.answer.retry_after))
    return Counts(counts.seen_before, counts.new, counts.changed, counts.articles, following.gap)


def _take_in(session: Session, feed: Feed, parsed: ParsedFeed, now: datetime) -> Counts:
    """Entries not seen before become rows with a pending article; known ones are marked as seen."""
    items = [Item.of(entry, feed) for entry in parsed.entries]
    seen = new = changed = made = 0
    for start in range(0, len(items), KEYS_AT_ONCE):
        batch = items[start : start + KEYS_AT_ONCE]
        known = entry_rows.known(
            session,
            feed.id or 0,
            [item.key for item in batch],
            [item.url for item in batch],
            [item.text_key for item in batch],
        )
        fresh = []
        for item in batch:
            row = _known(known, item)
            if row is None:
                fresh.append(item)
                continue
            seen += 1
            changed += _see_again(session, row, item, now)
        old = too_old(feed, fresh, now)
        made += _add(session, feed, parsed, fresh, old, now)
        new += len(fresh)
    return Counts(seen, new, changed, made)


@dataclass(frozen=True, slots=True)
class Item:
    """A parsed entry with its keys."""

    entry: ParsedEntry
    key: str
    url: str  # canonical, "" without a usable link
    text_key: str
    refused: Reason | None

    @classmethod
    def of(cls, entry: ParsedEntry, feed: Feed) -> Item:
        """Compute the keys once."""
        url, refused = identity.entry_url(entry, feed.fetch_url)
        return cls(entry, clean(identity.entry_key(entry)), url, identity.text_key(entry), refused)


def _known(known: entry_rows.Known, item: Item) -> Entry | None:
    """The row of this item: by key unless the key was given to another item, else by address, else by text."""
    by_key = known.by_key.get(item.key)
    if by_key is not None and (by_key.url_key == item.url or by_key.text_key == item.text_key or not item.url):
        return by_key
    if by_key is not None:
        reused = known.by_key.get(_reused_key(item))
        return reused or known.by_url.get(item.url)
    if item.url:
        return known.by_url.get(item.url)
    return known.by_text.get(item.text_key)


def _reused_key(item: Item) -> str:
    """The key of an item whose guid names another item already."""
    return f"{item.key}#{item.text_key[:16]}"


def _see_again(session: Session, row: Entry, item: Item, now: datetime) -> bool:
    """Mark a known entry as seen; an edited one has its page read once more. Returns whether it was edited."""
    row.last_seen_at = now
    session.add(row)
    content = identity.content_hash(item.entry)
    if row.content_hash == content:
        return False
    row.content_hash, row.title, row.text_key = content, clean(item.entry.title), item.text_key
    row.updated = item.entry.updated
    article = session.get(Article, row.article_id) if row.article_id else None
    if article is None or article.state == "duplicate":
        return True
    article.feed_title, article.feed_text = clean(item.entry.title), clean(item.entry.content or item.entry.summary)
    if article.url:
        article.state, article.not_before, article.attempts, article.final = "pending", now, 0, False
    session.add(article)
    return True


def too_old(feed: Feed, fresh: Sequence[Item], now: datetime) -> frozenset[str]:
    """Keys of new items that are shown but never told: older than the first poll's window, or a flood of old ones.

    Undated items of a first poll count as old, unless the window is open (a year or more).
    """
    window = timedelta(seconds=feed.first_poll_s)
    since = now - window
    first = feed.first_polled_at is None

    def old(item: Item) -> bool:
        at = item.entry.published or item.entry.updated
        if at is None:
            return first and window < OPEN_WINDOW
        return at < since

    olds = frozenset(item.key for item in fresh if old(item))
    return olds if first or (len(fresh) > FLOOD and len(olds) * 2 > len(fresh)) else frozenset()


def _add(
    session: Session, feed: Feed, parsed: ParsedFeed, fresh: Sequence[Item], old: frozenset[str], now: datetime
) -> int:
    """Rows for new entries; an article is made once, whatever feed led to it. Returns how many articles are new."""
    keys = {item.url or f"urn:feed:{feed.id}:{item.key}" for item in fresh}
    known = entry_rows.article_by_key(session, sorted(keys))
    taken = {row.key for row in entry_rows.known(session, feed.id or 0, [i.key for i in fresh], [], []).by_key.values()}
    made = 0
    for item in fresh:
        article_key = item.url or f"urn:feed:{feed.id}:{item.key}"
        if article_key not in known:
            known[article_key] = _article(feed, parsed, item, article_key, from_before=item.key in old, now=now)
            session.add(known[article_key])
            session.flush()
            made += 1
        key = _reused_key(item) if item.key in taken else item.key
        if key in taken:
            continue  # the same item twice in one document
        taken.add(key)
        session.add(_entry(feed, item, key, known[article_key], now))
    session.flush()
    return made


def _entry(feed: Feed, item: Item, key: str, article: Article, now: datetime) -> Entry:
    return Entry(
        feed_id=feed.id or 0,
        key=key,
        url_key=item.url,
        text_key=item.text_key,
        url=item.url,
        title=clean(item.entry.title),
        content_hash=identity.content_hash(item.entry),
        published=item.entry.published,
        updated=item.entry.updated,
        first_seen_at=now,
        last_seen_at=now,
        article_id=article.id,
    )


def _article(feed: Feed, parsed: ParsedFeed, item: Item, key: str, *, from_before: bool, now: datetime) -> Article:
    entry = item.entry
    readable = bool(item.url)
    return Article(
        key=key,
        url=item.url,
        host=host_of(item.url) if readable else "",
        feed_id=feed.id or 0,
        source=feed.name,
        owner=feed.owner,
        state="pending" if readable else "partial",
        reason="" if readable else str(item.refused or Reason.BAD_URL),
        final=not readable,
        feed_title=clean(entry.title),
        feed_text=clean(entry.content or entry.summary),
        feed_author=clean(", ".join(entry.authors)),
        feed_language=feed.language or entry.language or parsed.language,
        feed_published=entry.published or entry.updated,
        published=entry.published or entry.updated,
        published_from="feed" if entry.published or entry.updated else "",
        first_seen_at=now,
        not_before=now,
        match_after=now + articles.UNREAD_WAIT if readable else now,
        from_before=from_before,
    )


def timing(feed: Feed) -> Timing:
    """What the schedule needs to know of a feed."""
    return Timing(
        interval=timedelta(seconds=feed.interval_s),
        failures=feed.failures,
        every=timedelta(seconds=feed.every_s) if feed.every_s else None,
        last_changed_at=feed.last_changed_at,
        only_304_since=feed.only_304_since,
        validators_distrusted=feed.validators_distrusted,
        first=feed.first_polled_at is None,
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
        ttl=polled.parsed.ttl if polled.parsed else None,
    )


def _learnt(feed: Feed, polled: Polled, now: datetime) -> dict[str, Any]:
    """What an answer changes on the feed's row."""
    changes: dict[str, Any] = {"last_polled_at": now}
    answer = polled.answer
    if isinstance(answer, Failed) or polled.kind == "failed":
        return {**changes, "last_reason": str(polled.reason), "last_error": clean(polled.detail)[:500]}
    changes |= {"last_success_at": now, "last_reason": "", "last_error": ""}
    changes["first_polled_at"] = feed.first_polled_at or now
    if isinstance(answer, Fetched):
        changes |= {"etag": answer.etag, "last_modified": answer.last_modified, "validators_url": feed.fetch_url}
        changes |= {"body_hash": polled.body_hash, "only_304_since": None}
        if feed.only_304_since and polled.kind == "changed":
            changes["validators_distrusted"] = True  # it had said "not modified" while the body changed
    elif isinstance(answer, NotModified):
        changes["only_304_since"] = feed.only_304_since or now
    if polled.parsed:
        changes |= {"last_changed_at": now, "title": clean(polled.parsed.title)[:300]}
    return {**changes, **_moved(feed, answer)}


def _moved(feed: Feed, answer: Answer) -> dict[str, Any]:
    """A permanent redirect is taken over as the address after three sightings of the same one."""
    moved_to = "" if isinstance(answer, Failed) else answer.moved_to
    if not moved_to or moved_to == feed.fetch_url:
        return {"moved_to": "", "moved_sightings": 0}
    sightings = feed.moved_sightings + 1 if moved_to == feed.moved_to else 1
    if sightings >= MOVED_AFTER:
        return {"fetch_url": moved_to, "moved_to": "", "moved_sightings": 0}
    return {"moved_to": moved_to, "moved_sightings": sightings}


def _when(feed: Feed, following: NextPoll) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "next_poll_at": following.at,
        "interval_s": following.interval.total_seconds(),
        "failures": following.failures,
        "state": following.state,
        "possible_gaps": feed.possible_gaps + following.gap,
    }
    if following.state == "paused":
        changes["paused_by"] = str(Reason.GONE)
    if following.plain_get_next:
        changes |= {"etag": "", "last_modified": ""}
    return changes


def _report(cycle: Cycle, feed: Feed, polled: Polled, counts: Counts) -> None:
    if polled.kind == "failed":
        cycle.report.failed("poll", feed.name, str(polled.reason), polled.detail)
        logger.warning(pairs(step="poll", feed=feed.name, reason=polled.reason, detail=polled.detail))
        return
    cycle.report.count("poll", polled.kind)
    cycle.report.count("entries", "new", by=counts.new)
    cycle.report.count("entries", "seen", by=counts.seen_before)
    cycle.report.count("articles", "new", by=counts.articles)
    logger.info(pairs(step="poll", feed=feed.name, outcome=polled.kind, new=counts.new, seen=counts.seen_before))
