"""Feeds: what the watch file names, what polling learnt, and which are due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, and_, bindparam, cast, func, or_
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from core.errors import InputError
from core.urls import host_of as host_of  # one spelling of a host: what is held here is what is claimed here
from storage import hosts, leases
from storage.tables import Article, Feed, FeedPoll
from storage.types import SKEW

LEASE = leases.Columns(Feed)
LONGEST_LEARNT = timedelta(hours=1)  # between two polls of a feed whose interval nobody set
# No poll is put off for longer (a day, and jitter): a later one was planned by a clock that was wrong, and is due now.
FARTHEST = timedelta(hours=27)
MOVED_AFTER = 3  # sightings of a permanent redirect, or weighed failures of where it led: pipeline/moves.py


@dataclass(frozen=True, slots=True)
class FeedSpec:
    """What the watch file says of a feed."""

    url: str
    name: str
    kind: str
    owner: str
    tags: tuple[str, ...]
    language: str
    every_s: float | None
    first_poll_s: float
    read_by: str = ""  # stands behind the hash of what was read, when another hand reads it otherwise


def sync(session: Session, specs: Iterable[FeedSpec], now: datetime) -> None:
    """Make the rows follow the watch file: new feeds are due now, feeds no longer named rest, what was learnt stays."""
    known = {feed.config_url: feed for feed in session.exec(select(Feed)).all()}
    named = set()
    for spec in specs:
        named.add(spec.url)
        feed = known.get(spec.url) or Feed(config_url=spec.url, fetch_url=spec.url, name=spec.name, next_poll_at=now)
        if feed.id is not None:
            _plan_anew(feed, spec, now)
        for field in ("name", "kind", "owner", "language", "every_s", "first_poll_s"):
            setattr(feed, field, getattr(spec, field))
        feed.tags = list(spec.tags)
        if not feed.active:
            feed.active, feed.next_poll_at = True, now
            _ask_as_written(feed)
        session.add(feed)
    for url, feed in known.items():
        if url not in named and feed.active:
            feed.active = False
            session.add(feed)
    session.flush()


def _plan_anew(feed: Feed, spec: FeedSpec, now: datetime) -> None:
    """What a changed entry of the watch file means for the plan: a shorter `every` counts from the last poll on, not
    before its server wants to be asked, a longer one from the next; what is read in another way is read as at first,
    at once: it may be as it was, and its links are no news.
    """
    if feed.every_s != spec.every_s and feed.state == "ok" and feed.last_polled_at:
        every = timedelta(seconds=spec.every_s) if spec.every_s else LONGEST_LEARNT
        sooner = max(feed.last_polled_at + every, feed.not_before or feed.last_polled_at)
        feed.next_poll_at = min(feed.next_poll_at, sooner)
    read_by = feed.body_hash.partition(":")[2]
    if read_by != spec.read_by and (read_by or (feed.body_hash and feed.kind != spec.kind)):
        feed.body_hash = feed.etag = feed.last_modified = feed.validators_url = ""
        feed.first_polled_at, feed.next_poll_at = None, now
        _take_back(feed)


def _polled() -> ColumnElement[bool]:
    return col(Feed.active) & (col(Feed.state) != "paused")


def _due(only: bool) -> tuple[tuple[ColumnElement[bool], Any], ...]:
    """Why a feed is due (of those named `only`, or of all), and in which order: its time has come, or a clock that was
    wrong says when. Each is asked for apart, in the order of an index: of ten thousand feeds only those are looked at
    that are taken.
    """
    at, last = col(Feed.next_poll_at), col(Feed.last_polled_at)
    names: BindParameter[str] = bindparam("only", expanding=True)
    polled = _polled() & (col(Feed.name).in_(names) | col(Feed.config_url).in_(names)) if only else _polled()
    return (
        (polled & (at <= bindparam("now")), at),
        (polled & (at > bindparam("farthest")), at),
        (polled & (last > bindparam("ahead")), last),
    )


def _times(now: datetime) -> dict[str, datetime]:
    return {"now": now, "farthest": now + FARTHEST, "ahead": now + SKEW}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A due feed, its lease, and the moment its host may be asked."""

    feed: Feed
    lease: leases.Lease
    ask_at: datetime


def claim_due(
    session: Session,
    *,
    owner: leases.Owner,
    now: datetime,
    limit: int,
    spacing: timedelta,
    horizon: timedelta,
    only: Sequence[str] = (),
) -> tuple[list[Claimed], datetime | None]:
    """Take due feeds, each with its host's next free moment; and say when the first that was put off is due.

    Those whose host is busy beyond `horizon` queue up behind each other: they are put off, those that have waited
    longest to the earliest moment.
    """
    taken = _taken(session, owner, limit, now, only)
    by_id = {lease.row_id: lease for lease in taken}
    by_host: dict[str, list[Feed]] = {}
    for feed in session.exec(_of_ids(), params={"ids": list(by_id)}).all():
        by_host.setdefault(host_of(feed.fetch_url), []).append(feed)
    wanted = {host: len(feeds) for host, feeds in by_host.items()}
    taken_at = hosts.reserve_all(session, wanted, now=now, spacing=spacing, horizon=horizon)
    claimed, again = [], None
    for host, moments in taken_at.items():
        feeds = sorted(by_host[host], key=lambda feed: (feed.last_polled_at or feed.next_poll_at, feed.next_poll_at))
        claimed += [Claimed(feed, by_id[feed.id or 0], at) for feed, at in zip(feeds, moments, strict=False)]
        if len(moments) < len(feeds):
            later = hosts.next_free(session, host, now)
            again = min(again or later, later)
            for place, feed in enumerate(feeds[len(moments) :]):
                due = {"next_poll_at": later + place * spacing}
                leases.settle(session, LEASE, by_id[feed.id or 0], due)
    return sorted(claimed, key=lambda one: one.ask_at), again


def _taken(session: Session, owner: leases.Owner, limit: int, now: datetime, only: Sequence[str]) -> list[leases.Lease]:
    values = _values(now, only)
    taken: list[leases.Lease] = []
    for statement in _claiming(bool(only)):
        if len(taken) < limit:
            taken += leases.claim(session, statement, owner=owner, limit=limit - len(taken), **values)
    return taken


def _values(now: datetime, only: Sequence[str]) -> dict[str, Any]:
    return {**_times(now), **({"only": list(only)} if only else {})}


@cache
def _claiming(only: bool) -> tuple[leases.ReturningUpdate, ...]:
    return tuple(leases.claiming(LEASE, due, [order]) for due, order in _due(only))


@cache
def _of_ids() -> SelectOfScalar[Feed]:
    return select(Feed).where(col(Feed.id).in_(bindparam("ids", expanding=True)))


def record_poll(session: Session, lease: leases.Lease, changes: dict[str, Any], poll: FeedPoll) -> bool:
    """Write what a poll learnt and give the feed back; False when the lease was lost (then nothing is written)."""
    if not leases.settle(session, LEASE, lease, changes):
        return False
    session.add(poll)
    return True


def any_due(session: Session, now: datetime, only: Sequence[str] = ()) -> bool:
    """Whether a feed is due and free; `only`: one of those named."""
    values = _values(now, only)
    return any(session.connection().execute(one, values).first() for one in _any_due(bool(only)))


@cache
def _any_due(only: bool) -> tuple[Select[tuple[int | None]], ...]:
    return tuple(sa_select(col(Feed.id)).where(due & leases.free(LEASE)).limit(1) for due, _ in _due(only))


def listing(session: Session, *, active_only: bool = True) -> list[Feed]:
    """All feeds by name."""
    query = select(Feed).order_by(col(Feed.name))
    return list(session.exec(query.where(col(Feed.active)) if active_only else query).all())


@dataclass(frozen=True, slots=True)
class Named:
    """A feed as a list of many is narrowed by."""

    id: int
    name: str
    url: str
    state: str
    tags: tuple[str, ...]


def names(session: Session) -> list[Named]:
    """All active feeds by name, without what polling learnt."""
    columns = (col(Feed.id), col(Feed.name), col(Feed.config_url), col(Feed.state), col(Feed.tags))
    query = sa_select(*columns).where(col(Feed.active)).order_by(col(Feed.name), col(Feed.id))
    rows = session.connection().execute(query)
    return [Named(key or 0, name, url, state, tuple(tags)) for key, name, url, state, tags in rows]


def of_ids(session: Session, ids: Sequence[int]) -> list[Feed]:
    """The feeds of these ids, in their order."""
    rows = {row.id: row for row in session.exec(_of_ids(), params={"ids": list(ids)}).all()}
    return [rows[one] for one in ids if one in rows]


def of_address(session: Session, config_url: str) -> Feed | None:
    """The feed of this address, in use or not."""
    return session.exec(select(Feed).where(col(Feed.config_url) == config_url)).first()


def by_name(session: Session, name: str) -> Feed | None:
    """The feed of this name or address. Raises InputError when several bear the name: a host's do, until named."""
    rows = session.exec(select(Feed).where(_named([name]))).all()
    exact = [feed for feed in rows if feed.config_url == name] or list(rows)
    if len(exact) > 1:
        raise InputError(
            f"{len(exact)} feeds are called {name}",
            hint=f"name one by its address: {', '.join(feed.config_url for feed in exact)}",
        )
    return exact[0] if exact else None


def unknown(session: Session, names: Sequence[str]) -> list[str]:
    """Those of the names that are neither the name nor the address of a feed in use."""
    rows = session.exec(select(Feed.name, Feed.config_url).where(_named(names))).all()
    known = {text for row in rows for text in row}
    return [name for name in names if name not in known]


def _named(names: Sequence[str]) -> ColumnElement[bool]:
    return and_(col(Feed.active), or_(col(Feed.name).in_(names), col(Feed.config_url).in_(names)))


def pause(session: Session, feed: Feed, by: str) -> None:
    """Poll this feed no more until it is resumed. A poll that is under way keeps nothing: what it wrote would end the
    pause.
    """
    feed.state, feed.paused_by = "paused", by
    _take_back(feed)
    session.add(feed)


def _take_back(feed: Feed) -> None:
    """From whoever polls it just now: what that poll brings is not kept."""
    feed.lease_epoch, feed.lease_owner, feed.lease_until = feed.lease_epoch + 1, "", None


def resume(session: Session, feed: Feed, now: datetime) -> None:
    """Poll this feed again, at once; nothing for one that is not paused: it fares as it fares."""
    if feed.state != "paused":
        return
    feed.state, feed.paused_by, feed.next_poll_at, feed.failures = "ok", "", now, 0.0
    _ask_as_written(feed)
    session.add(feed)


def _ask_as_written(feed: Feed) -> None:
    """At the watch file's address first; at the one that was learnt should that fail."""
    if feed.fetch_url != feed.config_url:
        feed.fetch_url, feed.moved_to, feed.moved_sightings = feed.config_url, feed.fetch_url, MOVED_AFTER


def poll_now(session: Session, names: Sequence[str], now: datetime) -> int:
    """Make these feeds due now (all active ones when none is named); returns how many."""
    query = select(Feed).where(col(Feed.active) & (col(Feed.state) != "paused"))
    if names:
        query = query.where(col(Feed.name).in_(names) | col(Feed.config_url).in_(names))
    rows = session.exec(query).all()
    for feed in rows:
        feed.next_poll_at = now
        session.add(feed)
    return len(rows)


def polls_since(session: Session, since: datetime) -> list[FeedPoll]:
    """What the polls since then brought."""
    return list(session.exec(select(FeedPoll).where(col(FeedPoll.at) >= since).order_by(col(FeedPoll.at))).all())


def read_in_full(session: Session) -> dict[int, tuple[int, int]]:
    """Feed id → (articles read in full, articles): the share a source lets us read."""
    ready = func.sum(cast(col(Article.state) == "ready", Integer))
    query = select(Article.feed_id, ready, func.count()).group_by(col(Article.feed_id))
    return {feed_id: (int(full or 0), count) for feed_id, full, count in session.exec(query).all()}
