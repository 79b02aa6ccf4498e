"""Pages of an archive → articles with the rules' verdicts. Nothing is written here."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlmodel import Session

from core.clock import Clock
from core.pool import WorkerPool
from core.reasons import Reason
from core.settings import Settings
from core.text import clean, one_line
from core.urls import article_key, host_of
from extractors import repeats
from pipeline import compiled
from pipeline.app import Active
from pipeline.archive.pages import FAILED, SKIPPED, Taken
from pipeline.archive.plan import chosen
from pipeline.configure import INDEX
from pipeline.editing import current
from pipeline.match import Judged, judge
from pipeline.read import Read, extracted, site_of, state_read, text_read
from rules.match import Matcher
from storage import articles, configs, feeds, hosts
from storage import entries as rows
from storage.articles import Listed, with_feeds
from storage.backfills import Trouble
from storage.engine import Database
from storage.leases import Lease
from storage.tables import Article, Feed
from stories.fingerprint import shingles

NO_LEASE = Lease(0, "", 0)
NOT_A_PAGE = frozenset({Reason.WRONG_TYPE})  # what the extractor says of what should not have been in the archive
TELLINGS_KEPT = 3_000  # fewer than live: each of several processes keeps its own, for as long as an archive is
ARCHIVE = "archive:"  # the feed of articles from sites that no feed is of


@dataclass
class Replayer:
    """What a process needs to make batches: the database, processes that read pages, the active revision."""

    settings: Settings
    db: Database
    clock: Clock
    pool: WorkerPool
    active: Active
    _limited: dict[tuple[str, ...], Active] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.active = replace(self.active, tellings_kept=TELLINGS_KEPT)

    def refreshed(self, rules: tuple[str, ...]) -> Active:
        """The active revision as it is now, with these rules alone in its matcher when some are named."""
        newest, off = self.db.read_now(
            lambda session: (configs.active_revision(session), configs.switched_off(session))
        )
        if newest != self.active.revision:
            now = self.db.read_now(current)
            watch, matcher = compiled.opened(self.settings.data / INDEX, now.text, file=f"revision {now.revision}")
            self.active = Active(now.revision, watch, matcher, {}, tellings_kept=TELLINGS_KEPT)
            self._limited.clear()
        if self.active.off != off:
            self.active = self.active.without(off)
            self._limited.clear()
        if not rules:
            return self.active
        if rules not in self._limited:
            self._limited[rules] = limited(self.active, rules)
        return self._limited[rules]


def limited(active: Active, rules: tuple[str, ...]) -> Active:
    """The same with these rules alone in its matcher."""
    matcher = Matcher([rule for rule in chosen(active, rules) if rule.id not in active.off])
    return replace(active, matcher=matcher, whole=None)


@dataclass(frozen=True, slots=True)
class Fresh:
    """An article that was not stored when it was looked for, with what the rules say of it."""

    place: str
    judged: Judged
    hashes: frozenset[int]

    @property
    def article(self) -> Article:
        """As it is to be stored."""
        return self.judged.one.article


@dataclass(frozen=True, slots=True)
class Known:
    """An article that is stored already; `judged` None: there is nothing that the rules have not said of it."""

    place: str
    judged: Judged | None


class Lines:
    """What hosts write under every article, while a batch is read; what was there before is asked for once a host."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.memory: dict[str, bytes] = {}

    def own_words(self, host: str, text: str) -> str:
        """The text without them; remembers its lines."""
        if not host:
            return text
        if host not in self.memory:
            self.memory[host] = self._db.read_now(lambda session: hosts.remembered(session, host))
        seen = repeats.drop(text, self.memory[host])
        self.memory[host] = seen.memory
        return seen.text


@dataclass(frozen=True, slots=True)
class Sites:
    """Which feed an article belongs to by its host: that of its site, or the archive's own."""

    archive: Feed
    by_host: Mapping[str, Feed]

    def feed_of(self, host: str) -> Feed:
        """The feed of this host or of the domain above it."""
        host = host.rsplit(":", 1)[0]
        while host:
            if host in self.by_host:
                return self.by_host[host]
            host = host.partition(".")[2]
        return self.archive


def sites(session: Session, now: datetime) -> Sites:
    """The feeds in use by their hosts, of several the first; the archive's own is made when it is not there."""
    archive = feeds.of_address(session, ARCHIVE)
    if archive is None:
        archive = Feed(
            config_url=ARCHIVE, fetch_url=ARCHIVE, name="archive", kind="archive", active=False, next_poll_at=now
        )
        session.add(archive)
        session.flush()
    by_host: dict[str, Feed] = {}
    for feed in sorted(feeds.listing(session), key=lambda one: one.id or 0):
        by_host.setdefault(article_key(feed.config_url).partition("/")[0].rsplit(":", 1)[0], feed)
    return Sites(archive, by_host)


Stored = Listed


async def stored(db: Database, pages: Sequence[Taken]) -> dict[str, Stored]:
    """The articles of these pages that are there already, by the pages' places."""
    keys = {page.place: clean(page.article_key) for page in pages}
    found = await db.read(partial(_by_key, keys=sorted(set(keys.values()))))
    return {place: found[key] for place, key in keys.items() if key in found}


async def extraction(replayer: Replayer, active: Active, page: Taken) -> Read:
    """What reading a page came to. Nothing depends on the pages before it, so several may be read at a time."""
    return await extracted(
        replayer.pool,
        (page.body, page.url, page.content_type, page.charset),
        site_of(active.watch, page.url),
        seconds=replayer.settings.extract_seconds,
    )


async def judged(
    replayer: Replayer, active: Active, places: Sites, lines: Lines, page: Taken, answer: Stored | Read
) -> Fresh | Known | Trouble:
    """What becomes of one page. A known article keeps its text, and is matched where rules came after it was."""
    if not isinstance(answer, Read):
        return Known(page.place, await _judged_again(active, *answer))
    found, key = answer.extraction, clean(page.article_key)
    if found is None:
        outcome = SKIPPED if answer.reason in NOT_A_PAGE else FAILED
        return Trouble(page.place, outcome, str(answer.reason), one_line(f"{answer.detail} {page.url}", 500))
    url = clean(page.url or found.canonical_url)
    if not page.url and url:  # a file does not know its address; the page may
        key = clean(article_key(url))
        if known := (await replayer.db.read(partial(_by_key, keys=[key]))).get(key):
            return Known(page.place, await _judged_again(active, *known))
    host = host_of(url) if url else ""
    feed = places.feed_of(host)
    article = _article(page, key, url, host, feed)
    text = lines.own_words(host, clean(found.text))
    hashes = answer.hashes if text == found.text else await asyncio.to_thread(shingles, text)
    values = state_read(article, found, page.at) | text_read(article, found, text, hashes, page.at)
    for name, value in values.items():
        setattr(article, name, value)
    verdicts = await asyncio.to_thread(judge, active, articles.ToMatch(article, NO_LEASE, feed))
    return Fresh(page.place, verdicts, hashes)


def _article(page: Taken, key: str, url: str, host: str, feed: Feed) -> Article:
    """An article as it would have been stored when the page was taken; from before, so that it is never told."""
    return Article(
        key=key,
        url=url,
        host=host,
        feed_id=feed.id or 0,
        source=host.removeprefix("www.") if feed.config_url == ARCHIVE else feed.name,
        owner=feed.owner,
        feed_language=feed.language,
        first_seen_at=page.at,
        not_before=page.at,
        match_after=page.at,
        match_due=False,
        from_before=True,
        index_due=True,
    )


def _by_key(session: Session, keys: Sequence[str]) -> dict[str, Stored]:
    found = rows.article_by_key(session, keys)
    return {one.article.key: one for one in with_feeds(session, [row.id for row in found.values() if row.id])}


async def _judged_again(active: Active, article: Article, feed: Feed, also: tuple[Feed, ...]) -> Judged | None:
    """What the rules say of a stored article. One that is still to be matched, and told, is left to that."""
    waits = article.match_due or article.matched_revision < 0 or article.state in ("pending", "duplicate")
    if waits or article.matched_config == active.revision:
        return None
    return await asyncio.to_thread(judge, active, articles.ToMatch(article, NO_LEASE, feed, also))
