"""Articles: which pages are to be read, which are to be matched, and what was read."""

from __future__ import annotations

import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Update,
    bindparam,
    case,
    delete,
    false,
    func,
    or_,
    true,
    tuple_,
    union,
    update,
)
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import ReturningUpdate as _ReturningUpdate
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from storage import hosts, leases
from storage.leases import ReturningUpdate
from storage.statements import numbered
from storage.tables import Article, ArticleRevision, Entry, Feed
from storage.types import SKEW

UNREAD_WAIT = timedelta(seconds=20)  # an article still unread is then matched on title and summary
READ = leases.Columns(Article)
MATCH = leases.Columns(Article, "match")
REVISIONS_KEPT = 5
# No page is put off for longer (a Retry-After, a host's rest): a later time is of a clock that was wrong, and is now.
FARTHEST = timedelta(hours=27)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A page to read, its lease, and the moment its host may be asked."""

    article: Article
    lease: leases.Lease
    ask_at: datetime


def _read_due() -> ColumnElement[bool]:
    """Unread, to be tried, and its time has come, or cannot be: what was never tried and was seen later than now waits
    for no clock set back, and nothing waits longer than FARTHEST.
    """
    unread = ~col(Article.final) & col(Article.state).in_(["pending", "partial", "failed"])
    not_before = col(Article.not_before)
    from_later = (col(Article.attempts) == 0) & (col(Article.first_seen_at) > bindparam("ahead"))
    return unread & or_(not_before <= bindparam("now"), not_before > bindparam("farthest"), from_later)


def _times_to_read(now: datetime) -> dict[str, datetime]:
    return {**_times(now), "farthest": now + FARTHEST}


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "ahead": now + SKEW}


def claim_to_read(
    session: Session, *, owner: leases.Owner, now: datetime, limit: int, spacing: timedelta, horizon: timedelta
) -> list[Claimed]:
    """Take pages that are due, those of one host together, each with its moment; what the host has no time for is put
    off.
    """
    taken = leases.claim(session, _claiming_to_read(), owner=owner, limit=limit, **_times_to_read(now))
    by_id = {lease.row_id: lease for lease in taken}
    rows = session.exec(_of_ids(), params={"ids": list(by_id)}).all()
    by_host: dict[str, list[Article]] = {}
    for article in rows:
        by_host.setdefault(article.host, []).append(article)
    wanted = {host: len(articles) for host, articles in by_host.items() if host}
    given = hosts.reserve_all(session, wanted, now=now, spacing=spacing, horizon=horizon) if wanted else {}
    claimed = []
    for host in sorted(by_host):
        articles = by_host[host]
        moments = given[host] if host else [now] * len(articles)
        claimed += [Claimed(a, by_id[a.id or 0], m) for a, m in zip(articles, moments, strict=False)]
        left = articles[len(moments) :]
        later = hosts.next_free(session, host, now) if left else now
        for article in left:
            leases.settle(session, READ, by_id[article.id or 0], {"not_before": later})
    return sorted(claimed, key=lambda one: one.ask_at)


@cache
def _of_ids() -> SelectOfScalar[Article]:
    return select(Article).where(col(Article.id).in_(bindparam("ids", expanding=True))).order_by(col(Article.id))


@cache
def _claiming_to_read() -> ReturningUpdate:
    return leases.claiming(READ, _read_due(), [Article.not_before, Article.id])


def count_to_read(session: Session, now: datetime, *, pending_only: bool = False) -> int:
    """How many pages are due and free; `pending_only`: without those that are tried again after a failure."""
    return session.exec(_count_to_read(pending_only), params=_times_to_read(now)).one()


@cache
def _count_to_read(pending_only: bool) -> SelectOfScalar[int]:
    due = _read_due() & leases.free(READ)
    if pending_only:
        due = due & (col(Article.state) == "pending")
    return select(func.count()).select_from(Article).where(due)


def record_read(session: Session, lease: leases.Lease, changes: dict[str, Any]) -> bool:
    """Write what reading brought and give the page back; False when the lease was lost."""
    return leases.settle(session, READ, lease, changes)


def keep_revision(session: Session, article: Article, now: datetime) -> None:
    """Put aside the text an article has, before another replaces it; a bounded number is kept."""
    if not article.revision:
        return
    session.add(
        ArticleRevision(
            article_id=article.id or 0, revision=article.revision, title=article.title, text=article.text, at=now
        )
    )
    old = (col(ArticleRevision.article_id) == article.id) & (
        col(ArticleRevision.revision) <= article.revision - REVISIONS_KEPT
    )
    session.execute(delete(ArticleRevision).where(old))


def revisions(session: Session, article_ids: Collection[int]) -> dict[int, list[ArticleRevision]]:
    """Article id → the texts it had before, oldest first: of its feed's words, then of its page."""
    order = (col(ArticleRevision.at), col(ArticleRevision.id))
    these = select(ArticleRevision).where(col(ArticleRevision.article_id).in_(list(article_ids))).order_by(*order)
    found: dict[int, list[ArticleRevision]] = {}
    for row in session.exec(these).all():
        found.setdefault(row.article_id, []).append(row)
    return found


def keep_feed_words(session: Session, article: Article, now: datetime) -> None:
    """Put aside what the feed said of an article that it is all there is of, before it says something else.

    Numbered 0, -1, -2 …: revisions of a page that was read begin at 1. A bounded number is kept.
    """
    if article.revision:
        return
    own = col(ArticleRevision.article_id) == article.id
    lowest = session.exec(select(func.min(ArticleRevision.revision)).where(own)).one()
    number = 0 if lowest is None else min(lowest, 1) - 1
    kept = ArticleRevision(
        article_id=article.id or 0, revision=number, title=article.feed_title, text=article.feed_text, at=now
    )
    session.add(kept)
    session.execute(delete(ArticleRevision).where(own & (col(ArticleRevision.revision) >= number + REVISIONS_KEPT)))


def packed(hashes: Collection[int]) -> bytes:
    """Sampled hashes as a row keeps them: eight bytes each. A row for each hash took twenty times the room."""
    return struct.pack(f"<{len(hashes)}Q", *sorted(hashes))


def shingles_of(article: Article) -> frozenset[int]:
    """The sampled hashes of an article's text."""
    return frozenset(struct.unpack(f"<{len(article.shingles) // 8}Q", article.shingles))


def of_canonical(session: Session, canonical_key: str, *, but: int) -> Article | None:
    """The earliest other article that is, or names as canonical, this address."""
    if not canonical_key:
        return None
    first = session.connection().execute(_of_canonical(), {"key": canonical_key, "but": but}).scalar()
    return session.get(Article, first) if first else None


@cache
def _of_canonical() -> Select[tuple[int | None]]:
    same = or_(col(Article.key) == bindparam("key"), col(Article.canonical_key) == bindparam("key"))
    other = (col(Article.id) != bindparam("but")) & (col(Article.state) != "duplicate")
    return sa_select(func.min(col(Article.id))).where(same & other)


class Listed(NamedTuple):
    """An article with the feed that brought it first, and the others that list it."""

    article: Article
    feed: Feed
    also: tuple[Feed, ...] = ()


@dataclass(frozen=True, slots=True)
class ToMatch:
    """An article to match, with its lease, the feed that brought it first and the others that list it."""

    article: Article
    lease: leases.Lease
    feed: Feed
    also: tuple[Feed, ...] = ()


def locked(session: Session, article_id: int) -> Article | None:
    """An article as it is now, which nobody else changes until this is committed."""
    session.flush()
    return session.get(Article, article_id, populate_existing=True, with_for_update={"key_share": True})


def match_again(session: Session, article_id: int, now: datetime) -> None:
    """Have it, or what it is a duplicate of, matched under all feeds that list it; not sooner than its page is waited
    for.
    """
    article = locked(session, article_id)
    if article and article.duplicate_of:
        article = locked(session, article.duplicate_of)
    if article and not (article.match_due and article.match_after > now):
        article.match_due, article.match_after = True, now


def make_news(session: Session, article_id: int, now: datetime) -> bool:
    """What a feed's first poll took for old is news where a feed that was read before comes to list it: returns whether
    it was taken for old.
    """
    article = locked(session, article_id)
    if article is None or not article.from_before:
        return False
    article.from_before, article.first_seen_at = False, now
    return True


def _match_due() -> ColumnElement[bool]:
    """Nothing waits for longer than UNREAD_WAIT: what does was seen by a clock that has been set back since."""
    after = col(Article.match_after)
    return col(Article.match_due) & or_(after <= bindparam("now"), after > bindparam("ahead"))


def claim_to_match(session: Session, *, owner: leases.Owner, now: datetime, limit: int) -> list[ToMatch]:
    """Take articles whose matching is due: read ones, and those unread for too long."""
    taken = leases.claim(session, _claiming_to_match(), owner=owner, limit=limit, **_times(now))
    by_id = {lease.row_id: lease for lease in taken}
    found = with_feeds(session, list(by_id))
    return [ToMatch(article, by_id[article.id or 0], feed, also) for article, feed, also in found]


@cache
def _claiming_to_match() -> ReturningUpdate:
    return leases.claiming(MATCH, _match_due(), [Article.match_after, Article.id])


def with_feeds(session: Session, ids: Sequence[int]) -> list[Listed]:
    """Articles with their feeds, by id."""
    also = also_listing(session, ids)
    pairs = session.execute(_with_feeds(), {"ids": list(ids)})
    return [Listed(article, feed, also.get(article.id or 0, ())) for article, feed in pairs]


def also_listing(session: Session, ids: Sequence[int]) -> dict[int, tuple[Feed, ...]]:
    """Article → the feeds that list it, under whatever address, beside the one that brought it first; where any do."""
    pairs = session.execute(_also_listing(), {"ids": list(ids)}).all()
    feeds = {feed.id: feed for feed in session.exec(select(Feed).where(col(Feed.id).in_({one for _, one in pairs})))}
    found: dict[int, tuple[Feed, ...]] = {}
    for article_id, feed_id in pairs if feeds else ():
        found[article_id] = (*found.get(article_id, ()), feeds[feed_id])
    return found


@cache
def _also_listing() -> CompoundSelect[tuple[int | None, int]]:
    its: Select[tuple[int | None, int]] = sa_select(col(Article.id).label("its"), col(Entry.feed_id).label("listing"))
    copy = aliased(Article)
    one_of = col(Article.id).in_(bindparam("ids", expanding=True)) & (col(Entry.feed_id) != col(Article.feed_id))
    directly = its.join(Entry, col(Entry.article_id) == col(Article.id))
    by_copies = its.join(copy, col(copy.duplicate_of) == col(Article.id)).join(Entry, col(Entry.article_id) == copy.id)
    return union(directly.where(one_of), by_copies.where(one_of)).order_by("its", "listing")


@cache
def _with_feeds() -> Select[tuple[Article, Feed]]:
    query = sa_select(Article, Feed).join(Feed, col(Feed.id) == col(Article.feed_id))
    return query.where(col(Article.id).in_(bindparam("ids", expanding=True))).order_by(col(Article.id))


def count_to_match(session: Session, now: datetime) -> int:
    """How many articles are due for matching and free."""
    return session.exec(_count_to_match(), params=_times(now)).one()


@cache
def _count_to_match() -> SelectOfScalar[int]:
    return select(func.count()).select_from(Article).where(_match_due() & leases.free(MATCH))


def mark_matched(session: Session, one: ToMatch, *, config: int, now: datetime) -> bool:
    """Say that these words of the article were matched; due again when newer ones, of its page or its feed, came
    meanwhile (each of them moves `match_after`). False when the lease was lost.
    """
    mine = {"matched": one.lease.row_id, "by": one.lease.owner, "epoch": one.lease.epoch}
    values = {"as_of": one.article.revision, "due_at": one.article.match_after, "config": config, "at": now}
    return bool(session.connection().execute(_marking(), {**mine, **values}).rowcount)


@cache
def _marking() -> Update:
    mine = (col(Article.id) == bindparam("matched"), MATCH.owner == bindparam("by"), MATCH.epoch == bindparam("epoch"))
    as_it_was = (col(Article.revision) == bindparam("as_of")) & (col(Article.match_after) == bindparam("due_at"))
    due = {
        "match_due": case((as_it_was, false()), else_=col(Article.match_due)),
        "index_due": case((as_it_was, true()), else_=col(Article.index_due)),
    }
    return _matched(*mine).values(matched_revision=bindparam("as_of"), **due)


def mark_all_matched(session: Session, ones: Sequence[ToMatch], *, config: int, now: datetime) -> None:
    """The same of several, of one owner, at once: one statement for those whose text is still the one matched."""
    claims = [(one.lease.row_id, one.lease.epoch, one.article.revision, one.article.match_after) for one in ones]
    values = {"ids": [row_id for row_id, *_ in claims], "by": ones[0].lease.owner, "claims": claims}
    marked = session.connection().execute(_marking_all(), {**values, "config": config, "at": now}).scalars()
    done = set(marked)
    for one in ones:
        if one.lease.row_id not in done:
            mark_matched(session, one, config=config, now=now)


@cache
def _marking_all() -> _ReturningUpdate[tuple[int | None]]:
    """Rows are locked in the order of their ids, as those who prolong their leases do."""
    fence = tuple_(col(Article.id), MATCH.epoch, col(Article.revision), col(Article.match_after))
    as_they_were = fence.in_(bindparam("claims", expanding=True))
    mine = (col(Article.id).in_(bindparam("ids", expanding=True)), MATCH.owner == bindparam("by"), as_they_were)
    picked = sa_select(col(Article.id)).where(*mine).order_by(col(Article.id)).with_for_update(key_share=True)
    marking = _matched(col(Article.id).in_(picked))
    done = {"matched_revision": col(Article.revision), "match_due": False, "index_due": True}
    return marking.values(done).returning(col(Article.id))


def _matched(*which: ColumnElement[bool]) -> Update:
    marked: dict[Any, Any] = {
        "matched_at": bindparam("at"),
        "matched_config": bindparam("config"),
        MATCH.owner: "",
        MATCH.until: None,
    }
    return update(Article).where(*which).values(marked).execution_options(synchronize_session=False)


def before(session: Session, past_id: int, since: datetime, limit: int) -> list[Listed]:
    """Matched articles with a smaller id, newest first, not older than `since`: for rules that are new. What is to be
    matched again meets them there, as news.
    """
    wanted = (col(Article.id) < past_id) & (col(Article.first_seen_at) >= since) & (col(Article.matched_revision) >= 0)
    ids = session.exec(
        select(Article.id)
        .where(wanted & ~col(Article.match_due) & (col(Article.state) != "duplicate"))
        .order_by(col(Article.id).desc())
        .limit(limit)
    ).all()
    return sorted(with_feeds(session, [one for one in ids if one]), key=lambda pair: -(pair[0].id or 0))


def newest_id(session: Session) -> int:
    """The largest article id, 0 when there is none."""
    return session.exec(select(func.max(col(Article.id)))).one() or 0


def recent(session: Session, *, limit: int, state: str = "") -> list[Article]:
    """Articles, newest first."""
    query = select(Article).order_by(col(Article.first_seen_at).desc(), col(Article.id).desc()).limit(limit)
    return list(session.exec(query.where(col(Article.state) == state) if state else query).all())


def find(session: Session, what: str) -> Article | None:
    """The article of this id, key or address."""
    if what.isdecimal():
        return numbered(session, Article, int(what))
    same = or_(col(Article.key) == what, col(Article.url) == what, col(Article.canonical_key) == what)
    return session.exec(select(Article).where(same).order_by(col(Article.id))).first()


def counts(session: Session) -> dict[str, int]:
    """State → how many articles are in it."""
    return dict(session.exec(select(Article.state, func.count()).group_by(col(Article.state))).all())


def count_partial(session: Session, since: datetime) -> int:
    """How many articles seen since then were not read in full."""
    unread = col(Article.state).in_(["partial", "failed"]) & (col(Article.first_seen_at) >= since)
    return session.exec(select(func.count()).select_from(Article).where(unread)).one()
