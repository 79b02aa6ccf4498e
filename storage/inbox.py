"""The inbox: stories newest first, as somebody looks for them, and up to where each person has read them.

One look goes through at most LOOKED stories, so that its cost has a bound whatever is looked for; where it ended, the
next one goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, bindparam, case, delete, func, not_, true
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from storage.tables import Article, Hit, Story, StoryRead
from storage.types import lower, small_letters

LOOKED = 10_000  # stories of one look
ROWS = 20  # of a story's hits that a line of the inbox is made of


class Place(NamedTuple):
    """Where a story stands among all, newest first."""

    at: datetime
    story: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty is not asked. `words` all stand in the title, in any case of letters."""

    rule: str = ""
    source: str = ""
    state: str = ""  # open | silenced | closed
    since: datetime | None = None
    until: datetime | None = None  # before it, not at it
    unread: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A story that is wanted, and whether it has something that its reader has not read."""

    place: Place
    unread: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How many stories of one look are wanted, and how many of them are unread; `all_seen`: there are no more."""

    wanted: int
    unread: int
    all_seen: bool


def page(
    session: Session, wanted: Wanted, who: str, now: datetime, *, before: Place | None = None, limit: int
) -> tuple[list[Found], Place | None]:
    """The newest wanted stories that are older than `before`, and where the next page begins, None after the last.

    A page can be short, or empty, and still have a next one: when LOOKED stories were looked through for it.
    """
    looked = _Looking(wanted, who, now, before=before)
    found = [Found(Place(at, story), unread) for story, at, unread in _rows(session, looked.newest(limit + 1))]
    if len(found) > limit:
        return found[:limit], found[limit - 1].place
    end = _rows(session, looked.end())
    return found, Place(end[0][1], end[0][0]) if len(end) > 1 else None


def counts(session: Session, wanted: Wanted, who: str, now: datetime, *, after: Place | None = None) -> Counts:
    """Of the newest LOOKED stories, or of those newer than `after`."""
    looked = _Looking(wanted, who, now, after=after)
    ((number, unread),) = _rows(session, looked.counts())
    return Counts(number, unread, len(_rows(session, looked.end())) < 2)


def _rows(session: Session, query: Select[Any], **values: Any) -> Sequence[Row[Any]]:
    return session.connection().execute(query, values).all()


class _Looking:
    """The statements of one look."""

    def __init__(
        self, wanted: Wanted, who: str, now: datetime, *, before: Place | None = None, after: Place | None = None
    ) -> None:
        at, number = col(Story.last_hit_at), col(Story.id)
        columns: list[Any] = [
            number.label("id"),
            at.label("at"),
            *([col(Story.title).label("title")] if wanted.words else []),
        ]
        base = sa_select(*columns).where(*asked(wanted, now))
        if before:
            base = base.where(at <= before.at, (at < before.at) | (number < before.story))
        if after:
            base = base.where(at >= after.at, (at > after.at) | (number > after.story))
        self._base = base.order_by(at.desc(), number.desc())
        self._seen = seen = self._base.limit(LOOKED).subquery("seen")
        mine = (col(StoryRead.story_id) == seen.c.id) & (col(StoryRead.who) == who)
        # asked story by story: joined, SQLite would go through all that was ever read first
        read = sa_select(col(StoryRead.at)).where(mine).correlate(seen).scalar_subquery()
        self._unread = func.coalesce(read < seen.c.at, true())
        self._kept = [lower(seen.c.title).contains(word, autoescape=True) for word in map(small_letters, wanted.words)]
        if wanted.unread:
            self._kept.append(self._unread)
        if wanted.source:
            told = (col(Hit.story_id) == seen.c.id) & (col(Article.source) == wanted.source)
            first = sa_select(col(Hit.id)).where(told, col(Hit.article_id) == col(Article.id)).limit(1)
            # not EXISTS: PostgreSQL would make a join of it, and read all articles of the source first
            self._kept.append(first.correlate(seen).scalar_subquery().is_not(None))

    def newest(self, limit: int) -> Select[Any]:
        """Id, time and whether it is unread."""
        query = sa_select(self._seen.c.id, self._seen.c.at, self._unread).select_from(self._seen).where(*self._kept)
        return query.order_by(self._seen.c.at.desc(), self._seen.c.id.desc()).limit(limit)

    def counts(self) -> Select[Any]:
        """How many, and how many of them unread."""
        unread = func.count(case((self._unread, 1)))
        return sa_select(func.count(), unread).select_from(self._seen).where(*self._kept)

    def end(self) -> Select[Any]:
        """The last story that is looked at, and the one behind it: two rows, if there is more to look at."""
        return self._base.offset(LOOKED - 1).limit(2)


def asked(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    """What an index answers."""
    silent = (col(Story.state) == "silenced") & (col(Story.silenced_until) > now)
    states = {"silenced": silent, "open": (col(Story.state) != "closed") & not_(silent)}
    asked: list[ColumnElement[bool]] = []
    if wanted.rule:
        asked.append(col(Story.rule_id) == wanted.rule)
    if wanted.state:
        asked.append(states.get(wanted.state, col(Story.state) == wanted.state))
    if wanted.since:
        asked.append(col(Story.last_hit_at) >= wanted.since)
    if wanted.until:
        asked.append(col(Story.last_hit_at) < wanted.until)
    return asked


@dataclass(frozen=True, slots=True)
class Told:
    """What a line of the inbox tells of one hit."""

    source: str
    language: str
    sentences: Sequence[Any]


def told(session: Session, rows: Collection[Story]) -> dict[int, list[Told]]:
    """Story id → its first hits (ROWS at most), without the texts of their articles.

    A story of more is asked for by itself: one statement for all would read all of its hits, thousands of them perhaps.
    """
    found: dict[int, list[Told]] = {row.id or 0: [] for row in rows}
    large = [[row.id or 0] for row in rows if row.articles > ROWS]
    small = [row.id or 0 for row in rows if row.articles <= ROWS]
    for ids in ([small] if small else []) + large:
        for story, *values in _rows(session, _told().limit(len(ids) * ROWS), stories=ids):
            found[story].append(Told(*values))
    return found


@cache
def _told() -> Select[Any]:
    query = sa_select(col(Hit.story_id), col(Article.source), col(Article.language), col(Hit.sentences))
    query = query.join(Article, col(Article.id) == col(Hit.article_id))
    return query.where(col(Hit.story_id).in_(bindparam("stories", expanding=True))).order_by(col(Hit.at), col(Hit.id))


def told_live(session: Session, story_ids: Collection[int]) -> set[int]:
    """Those of these stories of which a hit is not from before its rule or feed."""
    live = col(Hit.story_id).in_(list(story_ids)) & col(Hit.past).is_(False)
    return set(session.exec(select(Hit.story_id).where(live).distinct()).all())


def mark_read(session: Session, places: Iterable[Place], who: str) -> None:
    """Somebody has read these stories as far as they were told then; one that was pruned meanwhile is left out."""
    told = {place.story: place.at for place in places}
    there = session.exec(select(Story.id).where(col(Story.id).in_(list(told))).with_for_update(key_share=True)).all()
    up_to = {story: told[story] for story in there if story is not None}
    mine = col(StoryRead.story_id).in_(list(up_to)) & (col(StoryRead.who) == who)
    known = {row.story_id: row for row in session.exec(select(StoryRead).where(mine)).all()}
    for story, at in sorted(up_to.items()):
        row = known.get(story) or StoryRead(story_id=story, who=who, at=at)
        row.at = max(row.at, at)
        session.add(row)


def mark_unread(session: Session, story: int, who: str) -> None:
    """As if somebody had never read it."""
    mine = (col(StoryRead.story_id) == story) & (col(StoryRead.who) == who)
    session.execute(delete(StoryRead).where(mine))


def is_unread(session: Session, story: Story, who: str) -> bool:
    """Whether a story has something that somebody has not read."""
    row = session.get(StoryRead, (story.id, who))
    return row is None or row.at < story.last_hit_at
