"""What is kept no longer: which rows go, how many they are, and their going, a batch at a time.

Nothing goes that is under way or could be told again: not what waits, is held, may have arrived or is a dead letter; no
alert of a story that more may join; no entry that its feed may still list; no article that a rule matched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, cast, delete, func, or_
from sqlalchemy import select as sa_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from core.reasons import Reason
from storage import feeds, leases
from storage.articles import MATCH, READ
from storage.office import RobotsFile
from storage.statements import run
from storage.tables import (
    Alert,
    Article,
    ArticleRevision,
    Decision,
    Delivery,
    Digest,
    Entry,
    Feed,
    Feedback,
    FeedPoll,
    Hit,
    HostState,
    Silence,
    Snapshot,
    Story,
    StoryRead,
)
from storage.types import earlier

DIGEST = "digest"  # the kind of an alert that tells of others
UNSETTLED = ("pending", "leased", "retry", "unknown", "dead")  # states of a delivery that somebody may still act on
Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """What is older goes; None: it is kept for ever. An entry goes when its feed has listed others, and not it, for as
    long as `unlisted`.
    """

    polls: datetime | None = None
    articles: datetime | None = None
    ledger: datetime | None = None
    hits: datetime | None = None
    pages: datetime | None = None
    pages_of_hits: datetime | None = None
    unlisted: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that go together with others: found by `of(ids)`; counted under `name`, or not at all."""

    table: Any
    of: Callable[[Any], Condition]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Rows of one table, and when they go; None: never. Kinds go in order: a later one may hang on an earlier one."""

    name: str
    id: Any
    goes: Callable[[Cutoffs], Condition | None]
    parts: tuple[Part, ...] = ()
    stays: Callable[[], Condition] | None = None  # what keeps a row until the kinds before have gone


def count(session: Session, kind: Kind, cutoffs: Cutoffs) -> Counter[str]:
    """How many rows would go now, of the kind and of its parts."""
    goes = kind.goes(cutoffs)
    if goes is None:
        return Counter()
    ids = sa_select(kind.id).where(goes)
    found = Counter({kind.name: _count(session, kind.id.class_, goes)})
    for part in kind.parts:
        if part.name:
            found[part.name] += _count(session, part.table, part.of(ids))
    return found


def _count(session: Session, table: Any, condition: Condition) -> int:
    return int(session.execute(sa_select(func.count()).select_from(table).where(condition)).scalar_one())


def find(session: Session, kind: Kind, cutoffs: Cutoffs, *, after: Any, limit: int) -> list[Any]:
    """The ids of the next rows that go, behind the id `after` (None: from the first on)."""
    goes = kind.goes(cutoffs)
    if goes is None:
        return []
    query = sa_select(kind.id).where(goes).order_by(kind.id).limit(limit)
    return list(session.execute(query if after is None else query.where(kind.id > after)).scalars())


def remove(session: Session, kind: Kind, cutoffs: Cutoffs, ids: Sequence[Any]) -> Counter[str]:
    """Delete of these rows what still goes, with its parts; returns how many rows went."""
    goes = kind.goes(cutoffs)
    if goes is None:
        return Counter()
    if kind.id is Article.id:
        ids = _not_being_polled(session, ids)
    still = goes & kind.id.in_(ids)
    if kind.stays is not None:
        still &= ~kind.stays()
    chosen = list(session.execute(sa_select(kind.id).where(still)).scalars())
    gone: Counter[str] = Counter()
    for part in kind.parts:
        gone[part.name] += run(session, delete(part.table).where(part.of(chosen)))
    gone[kind.name] += run(session, delete(kind.id.class_).where(kind.id.in_(chosen)))
    del gone[""]
    return +gone


def _not_being_polled(session: Session, ids: Sequence[int]) -> list[int]:
    """Of these articles, those of whose feeds none is being polled; on PostgreSQL none can be until all is over."""
    listed = session.execute(
        sa_select(col(Entry.article_id), col(Entry.feed_id)).where(col(Entry.article_id).in_(ids))
    ).all()
    wanted = col(Feed.id).in_({feed_id for _, feed_id in listed}) & leases.free(feeds.LEASE)
    free = set(session.exec(select(Feed.id).where(wanted).with_for_update(skip_locked=True)).all())
    polled = {article_id for article_id, feed_id in listed if feed_id not in free}
    return [one for one in ids if one not in polled]


def _other(table: Any) -> Any:
    """The table once more, beside the rows that are asked about."""
    return aliased(table)


def _is_not_last(table: Any) -> Condition:
    """The row of the largest number stays: SQLite would give that number to another, and counts by it would fall."""
    condition: Condition = col(table.id) < _last(table)
    return condition


def _last(table: Any) -> Any:
    return sa_select(func.max(_other(table).id)).scalar_subquery()


# -- polls


def _polls(cutoffs: Cutoffs) -> Condition | None:
    return None if cutoffs.polls is None else (col(FeedPoll.at) < cutoffs.polls) & _is_not_last(FeedPoll)


# -- the ledger


def _under_way() -> Any:
    """Ids of alerts that are not settled: held, to be told in a digest, or with a delivery somebody may act on."""
    late = (col(Delivery.state) == "suppressed") & (col(Delivery.reason) == Reason.STALE.value)
    owed = sa_select(col(Delivery.alert_id)).where(or_(col(Delivery.state).in_(UNSETTLED), late))
    to_come = sa_select(col(Digest.id)).where(col(Digest.closed_at).is_(None))
    one = _other(Alert)
    open_now = or_(col(one.state) == "held", col(one.digest_id).in_(to_come), col(one.id).in_(owed))
    return sa_select(one.id, one.story_id).where(open_now).subquery()


def _over(story_id: Any, since: datetime) -> Condition:
    """Nothing has joined the story since then, and nothing of it is under way."""
    story, waiting = _other(Story), _under_way()
    old = sa_select(story.id).where(story.id == story_id, col(story.last_hit_at) < since).exists()
    idle: Condition = story_id.not_in(sa_select(waiting.c.story_id).where(waiting.c.story_id.is_not(None)))
    return old & idle


def _alerts(cutoffs: Cutoffs) -> Condition | None:
    """Settled, of a story that is over; a digest's alert when all that it told of is."""
    since = cutoffs.ledger
    if since is None:
        return None
    waiting, story_id = _under_way(), col(Alert.story_id)
    alone = story_id.is_(None) & col(Alert.id).not_in(sa_select(waiting.c.id)) & ~_alive(Alert.digest_id, since)
    return (col(Alert.made_at) < since) & or_(alone, _over(story_id, since))


def _alive(digest_id: Any, since: datetime) -> Condition:
    """Something that the digest told of is not over."""
    told = _other(Alert)
    of_it = sa_select(told.id).where(told.digest_id == digest_id, told.kind != DIGEST)
    return of_it.where(~_over(told.story_id, since)).exists()


def _decisions(cutoffs: Cutoffs) -> Condition | None:
    """Those of no alert; an alert takes its own with it."""
    if cutoffs.ledger is None:
        return None
    story_id, alert = col(Decision.story_id), _other(Alert)
    kept = sa_select(alert.id).where(alert.id == Decision.alert_id).exists()
    return (col(Decision.at) < cutoffs.ledger) & or_(story_id.is_(None), _over(story_id, cutoffs.ledger)) & ~kept


def _digests(cutoffs: Cutoffs) -> Condition | None:
    since = cutoffs.ledger
    if since is None:
        return None
    one, waiting = _other(Alert), _under_way()
    owed = sa_select(one.id).where(one.digest_id == Digest.id, one.id.in_(sa_select(waiting.c.id))).exists()
    return (col(Digest.closed_at) < since) & ~_alive(Digest.id, since) & ~owed


def _digest_has_alerts() -> Condition:
    told = _other(Alert)
    return sa_select(told.id).where(told.digest_id == Digest.id).exists()


# -- what was matched and what was read


def _unlisted(entry: Any, length: timedelta) -> Condition:
    """Its feed has listed other items for so long, and not it.

    A feed that is down, answers 304 or is asked no more says nothing of what it lists. A page's links come back, and of
    a list of sitemaps only those that changed are read: their entries stay.
    """
    other, feed = _other(Entry), _other(Feed)
    newest = sa_select(func.max(col(other.last_seen_at))).where(col(other.feed_id) == entry.feed_id).scalar_subquery()
    listing = (col(feed.kind) != "page") & (cast(col(feed.listed), String) == "[]")
    whole = sa_select(feed.id).where(col(feed.id) == entry.feed_id, listing)
    long_ago: Condition = entry.last_seen_at < earlier(newest, length)
    return long_ago & whole.exists()


def _stories(cutoffs: Cutoffs) -> Condition | None:
    """Over, nothing left of its ledger, and none of its articles listed any more: an edit would be told as news.

    The newest one and that of the newest hit stay.
    """
    if cutoffs.hits is None:
        return None
    alert, hit, entry = _other(Alert), _other(Hit), _other(Entry)
    kept = sa_select(alert.id).where(alert.story_id == Story.id)
    if cutoffs.ledger is not None:
        kept = kept.where(alert.made_at >= cutoffs.ledger)
    listed = sa_select(hit.id).join(entry, entry.article_id == hit.article_id)
    listed = listed.where(hit.story_id == Story.id, ~_unlisted(entry, cutoffs.unlisted))
    last = _other(Hit)
    has_last_hit = sa_select(last.id).where(last.story_id == Story.id, last.id == _last(Hit)).exists()
    over = _over(col(Story.id), min(cutoffs.hits, cutoffs.ledger or cutoffs.hits))
    return over & _is_not_last(Story) & ~has_last_hit & ~kept.exists() & ~listed.exists()


def _story_has_alerts() -> Condition:
    alert = _other(Alert)
    return sa_select(alert.id).where(alert.story_id == Story.id).exists()


def _articles(cutoffs: Cutoffs) -> Condition | None:
    """Read, matched, and nobody's hit; no copy of another leads to it, it is none of one that was told; not listed.
    The newest one stays.
    """
    since = cutoffs.articles
    if since is None:
        return None
    copy, entry, hit = _other(Article), _other(Entry), _other(Hit)
    given_up = col(Article.state).in_(["partial", "failed"]) & col(Article.final)
    settled = col(Article.state).in_(["ready", "duplicate"]) | given_up
    free = leases.free(READ) & leases.free(MATCH)
    copies = sa_select(copy.id).where(col(copy.duplicate_of) == col(Article.id)).exists()
    listed = sa_select(entry.id).where(col(entry.article_id) == col(Article.id), ~_unlisted(entry, cutoffs.unlisted))
    old = (col(Article.first_seen_at) < since) & _is_not_last(Article)
    matched = sa_select(hit.id).where(hit.article_id.in_([Article.id, Article.duplicate_of]))
    return old & settled & ~col(Article.match_due) & free & ~copies & ~matched.exists() & ~listed.exists()


def _snapshots(cutoffs: Cutoffs) -> Condition | None:
    """Read long ago, of an article whose match is known; that of a hit stays for as long as evidence is to be kept."""
    if cutoffs.pages is None:
        return None
    article, hit, at = _other(Article), _other(Hit), col(Snapshot.at)
    open_still = sa_select(article.id).where(article.id == Snapshot.article_id, article.match_due).exists()
    proves: Condition = sa_select(hit.id).where(hit.article_id == Snapshot.article_id).exists()
    if cutoffs.pages_of_hits is not None:
        proves = proves & (at >= cutoffs.pages_of_hits)
    return (at < cutoffs.pages) & ~open_still & ~proves


def _hosts(cutoffs: Cutoffs) -> Condition | None:
    """Hosts that nothing was asked of for as long as articles are kept."""
    since = cutoffs.articles
    if since is None:
        return None
    held = col(HostState.held_until)
    return (col(HostState.next_allowed_at) < since) & or_(held.is_(None), held < since)


def _robots(cutoffs: Cutoffs) -> Condition | None:
    """What sites said of robots that nobody asked about since."""
    return None if cutoffs.articles is None else col(RobotsFile.until) < cutoffs.articles


def _feedback_of(stories: Any) -> Condition:
    return col(Feedback.hit_id).in_(sa_select(col(Hit.id)).where(col(Hit.story_id).in_(stories)))


KINDS = (
    Kind("polls", FeedPoll.id, _polls),
    Kind(
        "alerts",
        Alert.id,
        _alerts,
        (
            Part(Delivery, col(Delivery.alert_id).in_, "deliveries"),
            Part(Decision, col(Decision.alert_id).in_, "decisions"),
        ),
    ),
    Kind("decisions", Decision.id, _decisions),
    Kind("digests", Digest.id, _digests, stays=_digest_has_alerts),
    Kind(
        "stories",
        Story.id,
        _stories,
        (
            Part(Feedback, _feedback_of),
            Part(Hit, col(Hit.story_id).in_, "hits"),
            Part(Silence, col(Silence.story_id).in_),
            Part(StoryRead, col(StoryRead.story_id).in_),
            Part(Decision, col(Decision.story_id).in_),
        ),
        stays=_story_has_alerts,
    ),
    Kind("snapshots", Snapshot.id, _snapshots),
    Kind(
        "articles",
        Article.id,
        _articles,
        (
            Part(Entry, col(Entry.article_id).in_, "entries"),
            Part(ArticleRevision, col(ArticleRevision.article_id).in_),
            Part(Snapshot, col(Snapshot.article_id).in_),
            Part(Decision, col(Decision.article_id).in_),
        ),
    ),
    Kind("hosts", HostState.host, _hosts),
    Kind("robots", RobotsFile.origin, _robots),
)
