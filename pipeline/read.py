"""read: pending articles → page → Extraction → ready, partial or duplicate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlmodel import Session
from xxhash import xxh64_hexdigest

from core.errors import InputError
from core.log import pairs
from core.pool import TaskTimeout, WorkerDied, WorkerPool
from core.reasons import Reason
from core.text import clean, one_line
from core.urls import article_key, host_of
from extractors import repeats
from extractors.base import Extraction, PageState, SiteHand
from fetching.client import Ask, Failed, Fetched
from pipeline import pagetext
from pipeline.app import App
from pipeline.cycle import Cycle, work_off
from pipeline.pooled import extract_page
from pipeline.snapshots import Taken, secrets_of, take
from pipeline.turns import MISSED, Turns, given_back_if_full, own_turn, turn_came
from rules.config import Watch
from rules.endpoints import SiteConfig
from rules.languages import spoken
from rules.secrets import expand
from storage import articles, hosts, snapshots
from storage.tables import Article
from stories.fingerprint import containment, shingles

logger = logging.getLogger(__name__)

HORIZON = timedelta(seconds=10)  # a claimed page waits at most so long for its host's turn
MAX_PAGE = 5_000_000  # bytes
TRY_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 360))  # then a partial text is final
SAME_TEXT = 0.3  # share of sampled shingles that two addresses of one article have in common
SAME_PAGE = 0.8  # the same share where only their title says that they are one
SANE_PAST = timedelta(days=365 * 40)
SANE_FUTURE = timedelta(days=2)
# Reasons that asking again cannot change.
FINAL = frozenset(
    {Reason.BAD_URL, Reason.FORBIDDEN_ADDRESS, Reason.GONE, Reason.WRONG_TYPE, Reason.TOO_BIG, Reason.ENCRYPTED}
)


async def read(cycle: Cycle) -> None:
    """The loop: claim pages that are due and read each, until the cycle ends."""
    app = cycle.app
    spacing = timedelta(seconds=app.settings.page_spacing)

    async def claim(room: int) -> list[articles.Claimed]:
        now = app.clock.now()
        if not await app.db.read(lambda session: articles.count_to_read(session, now)):
            return []
        return await app.db.write(
            lambda session: articles.claim_to_read(
                session, owner=app.owner, now=now, limit=room, spacing=spacing, horizon=HORIZON
            )
        )

    async def do(one: articles.Claimed) -> None:
        await read_one(cycle, one)

    async def more_due() -> bool:
        until = app.clock.now() + HORIZON * 2
        return bool(await app.db.read(lambda session: articles.count_to_read(session, until, pending_only=True)))

    await work_off(cycle, "read", claim, do, width=app.reads_at_once, columns=articles.READ, more_due=more_due)


@dataclass(frozen=True, slots=True)
class Read:
    """What came of one page: an extraction, or why there is none; and what is to be stored of its bytes."""

    extraction: Extraction | None
    hashes: frozenset[int] = frozenset()
    reason: Reason | None = None
    detail: str = ""
    retry_after: float | None = None
    host: str = ""  # that asked for this rest
    taken: Taken | None = None


async def read_one(cycle: Cycle, one: articles.Claimed) -> None:
    """Fetch and extract one page and write what came of it. A page's failure ends here, as a value on its row."""
    app = cycle.app
    turns = Turns(articles.READ, "not_before", timedelta(seconds=app.settings.page_spacing))

    async def turn(at: datetime) -> datetime | None:
        return await turn_came(app, one.article.host, at, one.lease, turns)

    async def given_back() -> bool:
        return await given_back_if_full(app, one.article.host, one.lease, turns)

    at = await turn(one.ask_at)
    if at and await given_back():
        return
    refused = await refusal(app, one.article.url) if at else None
    if at is None or (refused is None and await turn(at) is None):  # robots.txt may have taken its time
        cycle.report.count("read", "skipped", Reason.RATE_LIMITED)
        return
    if refused is None and await given_back():
        return
    given = _not_given(refused) if refused else await fetch_and_extract(app, one.article.url)
    page = _better(one.article, given)
    now = app.clock.now()
    choosy = app.active.choosy
    state = await app.db.write(lambda session: record(session, one, page, now, choosy=choosy), in_company=True)
    if state == "lost":
        cycle.report.count("read", "skipped", Reason.LOCKED)
    elif page.extraction is None:
        cycle.report.failed("read", one.article.url, str(page.reason), page.detail)
    else:
        cycle.report.count("read", state, page.extraction.reason)
    logger.info(pairs(step="read", url=one.article.url, state=state, reason=page.reason))


def _better(article: Article, page: Read) -> Read:
    """The page as far as its article is to be had there, or why it is not."""
    if page.extraction is None:
        return page
    if (why := pagetext.refused(article, page.extraction)) is not None:
        return replace(page, extraction=None, reason=Reason.WALL, detail=why)
    whole = pagetext.fuller(article, page.extraction)
    return page if whole is page.extraction else replace(page, extraction=whole, hashes=shingles(clean(whole.text)))


async def refusal(app: App, url: str) -> Failed | None:
    """Why robots.txt forbids the page; None when it does not, or when the watch file says not to ask."""
    site = site_of(app.active.watch, url)
    return await app.robots.refusal(url) if site is None or site.robots else None


async def may_go(app: App, url: str) -> Failed | None:
    """Why a page must not be asked for where a redirect leads, on another host; None when that one's turn came, and its
    robots.txt allows it.
    """
    spacing = timedelta(seconds=app.settings.page_spacing)
    if busy := await own_turn(app, url, spacing, HORIZON):
        return busy
    came = app.clock.now()
    if refused := await refusal(app, url):
        return refused
    late = timedelta() < spacing * MISSED < app.clock.now() - came  # robots.txt may have taken its time
    return await own_turn(app, url, spacing, HORIZON) if late else None


async def fetch_and_extract(app: App, url: str) -> Read:
    """One guarded GET, then the extractor in a worker that is killed when it takes too long."""
    site = site_of(app.active.watch, url)
    try:
        headers = {name: expand(value, app.secrets) for name, value in site.headers.items()} if site else {}
    except InputError as error:
        return Read(None, reason=Reason.AUTH, detail=error.message)
    accept = "text/html, */*;q=0.5"
    answer = await app.client.get(
        Ask(url=url, headers=headers, max_bytes=MAX_PAGE, accept=accept, patience=app.patience), partial(may_go, app)
    )
    if isinstance(answer, Failed):
        return _not_given(answer)
    if not isinstance(answer, Fetched):
        return Read(None, reason=Reason.BROKEN_ANSWER, detail="not modified, though nothing was asked of it")
    if pagetext.leads_home(url, answer.url):
        return Read(None, reason=Reason.FRONT_PAGE, detail=answer.url)
    came = (answer.body, answer.url, answer.content_type, answer.charset)
    page = await extracted(app.pool, came, site, seconds=app.settings.extract_seconds)
    if app.active.watch.snapshots.none or page.reason is Reason.WRONG_TYPE:
        return page
    secrets = secrets_of(site.headers, app.secrets) if site else ()
    return replace(page, taken=await asyncio.to_thread(take, answer, secrets))


async def extracted(
    pool: WorkerPool, page: tuple[bytes, str, str, str], site: SiteConfig | None, *, seconds: float
) -> Read:
    """A page (its bytes, address, type and charset) through the extractor, in a worker that is killed when it takes
    too long.
    """
    try:
        extraction, hashes = await pool.run(extract_page, *page, _hand(site), seconds=seconds)
    except TaskTimeout:
        return Read(None, reason=Reason.EXTRACTOR_HUNG, detail=f"stopped after {seconds:g} s")
    except WorkerDied as error:
        return Read(None, reason=Reason.EXTRACTOR_DIED, detail=str(error))
    if extraction.state is PageState.FAILED:
        return Read(None, reason=extraction.reason or Reason.NO_BODY)
    return Read(extraction, hashes)


def _not_given(failed: Failed) -> Read:
    return Read(None, reason=failed.reason, detail=failed.detail, retry_after=failed.retry_after, host=failed.host)


def site_of(watch: Watch, url: str) -> SiteConfig | None:
    """The watch file's hand on this host or the domain above it."""
    host = host_of(url).rsplit(":", 1)[0]
    sites = watch.sites
    while host:
        if host in sites:
            return sites[host]
        host = host.partition(".")[2]
    return None


def _hand(site: SiteConfig | None) -> SiteHand | None:
    return SiteHand(body=site.body, remove=tuple(site.remove)) if site and (site.body or site.remove) else None


def record(session: Session, one: articles.Claimed, page: Read, now: datetime, *, choosy: bool = False) -> str:
    """One commit: the text, its hashes, the page's bytes, what is due next. Returns the new state, or "lost".

    `choosy`: some rules are for certain feeds only, so what a duplicate's feeds list, too, is matched anew.
    """
    if page.extraction is None:
        state = _record_failed(session, one, page, now)
    else:
        state = _record_read(session, one, page.extraction, page.hashes, now)
        if choosy and state == "duplicate" and not one.article.from_before:
            articles.match_again(session, one.article.id or 0, now)
    if page.taken and state != "lost":
        snapshots.keep(session, page.taken.row(one.article.id or 0, now))
    return state


def _record_read(
    session: Session, one: articles.Claimed, extraction: Extraction, hashes: frozenset[int], now: datetime
) -> str:
    article = one.article  # as it was when it was claimed: nobody else writes what is read here while the lease holds
    changes = _read(session, article, extraction, hashes, now)
    if not articles.record_read(session, one.lease, changes):
        return "lost"
    if "text" in changes:
        articles.keep_revision(session, article, now)
    return str(changes["state"])


def _record_failed(session: Session, one: articles.Claimed, page: Read, now: datetime) -> str:
    """The row is read again: whether it was matched, and what the feed says of it, may have changed meanwhile."""
    article = session.get(Article, one.article.id, populate_existing=True, with_for_update=True)
    if article is None or (article.lease_owner, article.lease_epoch) != (one.lease.owner, one.lease.epoch):
        return "lost"
    if page.retry_after and page.host:
        hosts.hold(session, page.host, now + timedelta(seconds=page.retry_after))
    changes = _failed(article, page, now)
    return str(changes["state"]) if articles.record_read(session, one.lease, changes) else "lost"


def _failed(article: Article, page: Read, now: datetime) -> dict[str, Any]:
    """No text this time: what the feed said stands in, and the page is tried again, five times at most."""
    attempts = article.attempts + 1
    final = page.reason in FINAL or attempts > len(TRY_AGAIN)
    wait = TRY_AGAIN[min(attempts, len(TRY_AGAIN)) - 1]
    if page.retry_after:
        wait = max(wait, timedelta(seconds=page.retry_after))
    has_text = article.revision > 0
    changes: dict[str, Any] = {
        "state": _without_page(article, final=final),
        "reason": str(page.reason),
        "detail": one_line(page.detail, 500),
        "attempts": attempts,
        "final": final,
        "not_before": now + wait,
    }
    if not has_text and article.matched_revision < 0:
        changes |= {"match_due": True, "match_after": now}
    return changes


def _without_page(article: Article, *, final: bool) -> str:
    """What an article is whose page did not come: one that has a text keeps it, and is tried again like the others."""
    if article.revision:
        return "ready" if final else "pending"
    return "partial" if article.feed_title or article.feed_text else "failed"


def _read(
    session: Session, article: Article, extraction: Extraction, hashes: frozenset[int], now: datetime
) -> dict[str, Any]:
    text, hashes = _own_words(session, article, clean(extraction.text), hashes)
    changes = state_read(article, extraction, now)
    told = text_read(article, extraction, text, hashes, now)
    page = Named(article.key, told["canonical_key"], told["title"])
    twin = None if article.revision else twin_of(session, page, hashes, but=article.id or 0)
    if twin is not None:
        changes |= {"state": "duplicate", "duplicate_of": twin.id, "match_due": False}
    if told["text_hash"] == article.text_hash:
        return changes
    changes |= told
    if twin is None:
        changes |= {"match_due": True, "match_after": now}
    return changes


def state_read(article: Article, extraction: Extraction, now: datetime) -> dict[str, Any]:
    """What an article's row says of its having been read."""
    return {
        "state": "partial" if extraction.state is PageState.PARTIAL else "ready",
        "reason": str(extraction.reason or ""),
        "detail": "",
        "attempts": article.attempts + 1,
        "final": True,
        "read_at": now,
    }


def text_read(
    article: Article, extraction: Extraction, text: str, hashes: frozenset[int], now: datetime
) -> dict[str, Any]:
    """The text of a page, without its host's own lines, with all that is known of it, as an article's row has it."""
    title = one_line(extraction.title) or one_line(article.feed_title)
    return {
        "text": text,
        "title": title,
        "text_hash": xxh64_hexdigest(f"{title}\n{text}".encode()),
        "shingles": articles.packed(hashes),
        "revision": article.revision + 1,
        "author": one_line(extraction.author or article.feed_author, 200),
        "language": spoken(extraction.language) or article.feed_language,
        "section": one_line(extraction.section, 100),
        "canonical_key": canonical_key_of(extraction),
        "extractor": extraction.extractor,
        "confidence": extraction.confidence,
        **_dates(article, extraction, now),
    }


def _own_words(session: Session, article: Article, text: str, hashes: frozenset[int]) -> tuple[str, frozenset[int]]:
    """The text and its hashes without the lines that the host's other pages have, too. An article counts once."""
    memory = hosts.repeats_of(session, article.host) if article.host else None
    if memory is None:
        return text, hashes
    seen = repeats.drop(text, memory, article.text)
    if not article.revision and seen.memory != memory:
        hosts.keep_repeats(session, article.host, seen.memory)
    return seen.text, hashes if seen.text == text else shingles(seen.text)


def _dates(article: Article, extraction: Extraction, now: datetime) -> Mapping[str, Any]:
    """The feed's date when it is sane, else the page's, which may be a guess (`published_from` says)."""
    if article.feed_published and now - SANE_PAST < article.feed_published < now + SANE_FUTURE:
        return {"published": article.feed_published, "published_from": "feed"}
    if extraction.published and now - SANE_PAST < extraction.published < now + SANE_FUTURE:
        return {"published": extraction.published, "published_from": extraction.published_from}
    return {"published": None, "published_from": ""}


def canonical_key_of(extraction: Extraction) -> str:
    """The key of the page's own canonical address; a root is never one."""
    url = extraction.canonical_url
    return article_key(url) if url.partition("://")[2].partition("/")[2] else ""


class Named(NamedTuple):
    """What a page is called: the key of its address, of the one that it calls its own ("" if none), its title."""

    key: str
    canonical_key: str
    title: str


def twin_of(session: Session, page: Named, hashes: frozenset[int], *, but: int) -> Article | None:
    """The article that another one is an address of, too: same canonical address and much the same text. `but`: the
    other one's own id. An address at which neither is may be their section's: titles and texts must agree then.
    """
    other = articles.of_canonical(session, page.canonical_key, but=but) if hashes else None
    if other is None or not other.revision:
        return None
    elsewhere = page.canonical_key not in (page.key, other.key)
    if elsewhere and page.title != other.title:
        return None
    shared = containment(hashes, articles.shingles_of(other))
    return other if shared >= (SAME_PAGE if elsewhere else SAME_TEXT) else None
