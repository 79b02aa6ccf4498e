"""The index of stored articles' words: which articles could hold what is asked for.

Its keys come from `rules.lookup`, so the databases need no stemmer, no dictionary and no idea of a word: FTS5
without positions on SQLite, a tsvector with a GIN index on PostgreSQL. An article whose keys are not there, or not
of its present text, is offered to every question.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    TextClause,
    Update,
    bindparam,
    cast,
    column,
    func,
    literal,
    literal_column,
    not_,
    select,
    table,
    text,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from core.lookup import Every, Query, Word
from storage.articles import with_feeds
from storage.statements import run
from storage.tables import Article, Feed

INDEX = "articleindex"  # made by the migration: no table that the rows' classes could describe
LARGEST = 800_000  # bytes of one article's keys; PostgreSQL takes a megabyte
_AT_ONCE = 30  # operands side by side in a tsquery before they are bracketed: its reader goes as deep as they are many
_SQLITE = (
    "CREATE VIRTUAL TABLE articleindex USING fts5(keys, tokenize='ascii', detail=none, columnsize=0)",
    "CREATE TRIGGER articleindex_gone AFTER DELETE ON article BEGIN DELETE FROM articleindex WHERE rowid = old.id; END",
)
_POSTGRESQL = (
    "CREATE TABLE articleindex (article_id INTEGER PRIMARY KEY REFERENCES article ON DELETE CASCADE, keys TSVECTOR)",
    "CREATE INDEX ix_articleindex_keys ON articleindex USING gin (keys)",
)
_PUT = {
    "sqlite": (
        text("DELETE FROM articleindex WHERE rowid = :id"),
        text("INSERT INTO articleindex (rowid, keys) VALUES (:id, :words)"),
    ),
    "postgresql": (
        text("DELETE FROM articleindex WHERE article_id = :id"),
        text(
            "INSERT INTO articleindex (article_id, keys) "
            + "VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
        ),
    ),
}


def made_by(dialect: str) -> Sequence[str]:
    """The statements that make the index."""
    return _SQLITE if dialect == "sqlite" else _POSTGRESQL


def is_part(name: str) -> bool:
    """Whether a table of the database belongs to the index: FTS5 makes some of its own."""
    return name == INDEX or name.startswith(f"{INDEX}_")


# -- moving it


def all_keys(dialect: str) -> TextClause:
    """The statement that gives every article's id with its keys, as `putting` takes them."""
    if dialect == "sqlite":
        return text(f"SELECT rowid, keys FROM {INDEX}")  # noqa: S608 - a constant
    return text(f"SELECT article_id, array_to_string(tsvector_to_array(keys), ' ') FROM {INDEX}")  # noqa: S608


def putting(dialect: str) -> TextClause:
    """The statement that enters an article's keys (`id`, `words`)."""
    return _PUT[dialect][1]


# -- filling it


@dataclass(frozen=True, slots=True)
class Keys:
    """What an article is to be found by; `words` None: by every question. `matched_at` names the text."""

    article_id: int
    matched_at: datetime | None
    words: Collection[str] | None


def due(session: Session, limit: int) -> list[tuple[Article, Feed]]:
    """Articles whose keys are to be made anew, with their feeds."""
    ids = session.exec(
        select_rows(Article.id).where(col(Article.index_due)).order_by(col(Article.id)).limit(limit)
    ).all()
    return [(one.article, one.feed) for one in with_feeds(session, [one for one in ids if one])]


def count_due(session: Session, at_most: int) -> int:
    """How many articles wait for their keys; counts no further than `at_most`."""
    waiting = select_rows(Article.id).where(col(Article.index_due)).limit(at_most).subquery()
    return int(session.execute(select(func.count()).select_from(waiting)).scalar_one())


def put(session: Session, made: Sequence[Keys], version: str) -> int:
    """Write articles' keys; what was matched again meanwhile stays due. Returns how many were written."""
    fresh = []
    for one in sorted(made, key=lambda one: one.article_id):
        known = one.words is not None and sum(len(word.encode()) for word in one.words) <= LARGEST
        values = {"one": one.article_id, "as_of": one.matched_at, "version": version if known else ""}
        if session.connection().execute(_done(), values).rowcount:
            fresh.append((one.article_id, one.words if known else None))
    if fresh:
        _replace(session, fresh)
    return len(fresh)


@cache
def _done() -> Update:
    same = col(Article.matched_at).is_not_distinct_from(bindparam("as_of"))
    still = (col(Article.id) == bindparam("one")) & col(Article.index_due) & same
    return update(Article).where(still).values(index_due=False, indexed_as=bindparam("version"))


def _replace(session: Session, fresh: Sequence[tuple[int, Collection[str] | None]]) -> None:
    away, into = _PUT[session.get_bind().dialect.name]
    session.execute(away, [{"id": article_id} for article_id, _ in fresh])
    rows = [{"id": article_id, "words": " ".join(sorted(words))} for article_id, words in fresh if words is not None]
    if rows:
        session.execute(into, rows)


def all_due(session: Session, version: str) -> None:
    """Have the keys of another version made anew."""
    other = not_(col(Article.index_due)) & (col(Article.indexed_as) != "") & (col(Article.indexed_as) != version)
    run(session, update(Article).where(other).values(index_due=True))


# -- asking it


def offered(session: Session, query: Query | None, version: str) -> ColumnElement[bool]:
    """The condition that an article could hold what is asked for: nothing that does is left out."""
    if query is None:
        return col(Article.id).is_not(None)
    return col(Article.id).in_(_offered(session, query, version))


def newest(session: Session, query: Query | None, version: str, ids: range) -> list[int]:
    """Of these articles such as could hold what is asked for, duplicates too, newest first: as they were first seen."""
    first, last = ids.start, ids.stop - 1
    number = col(Article.id)
    if query is None:
        some = [select(number).where(number.between(first, last))]
    else:
        found = _found(session, query)
        # a sum: by the number itself SQLite would look for the few that are unknown, and read every article
        unknown = (one.where((number + 0).between(first, last)) for one in _unknown(version))
        some = [found.where(found.selected_columns[0].between(first, last)), *unknown]
    return sorted((one for (one,) in session.connection().execute(union(*some))), reverse=True)


def _offered(session: Session, query: Query, version: str) -> CompoundSelect[Any]:
    """Ids, each part by its own index, and not by OR: that would read all articles."""
    return union(_found(session, query), *_unknown(version))


def _unknown(version: str) -> list[Select[Any]]:
    """The articles of which the index does not say what they hold now."""
    of = col(Article.indexed_as)
    why = (col(Article.match_due), col(Article.index_due), of < version, of > version)
    return [select(col(Article.id)).where(one) for one in why]


def _found(session: Session, query: Query) -> Select[Any]:
    if session.get_bind().dialect.name == "sqlite":
        index = table(INDEX, column("rowid"))
        asked = literal_column(INDEX).op("MATCH")(literal(_match(query)))
        return select(index.c.rowid).where(asked)
    index = table(INDEX, column("article_id"), column("keys"))
    asked = index.c["keys"].op("@@")(cast(literal(_tsquery(query)), TSQUERY))
    return select(index.c.article_id).where(asked)


def _match(query: Query) -> str:
    """The question as FTS5 reads it; it takes any number of operands side by side."""
    if isinstance(query, Word):
        return _bracketed([f'"{one}"{"*" if query.prefix else ""}' for one in query.keys], " OR ")
    return _bracketed(list(map(_match, query.parts)), " AND " if isinstance(query, Every) else " OR ")


def _tsquery(query: Query) -> str:
    """The question as PostgreSQL reads it."""
    if isinstance(query, Word):
        return _deep([f"'{one}'{':*' if query.prefix else ''}" for one in query.keys], " | ")
    return _deep(list(map(_tsquery, query.parts)), " & " if isinstance(query, Every) else " | ")


def _deep(parts: list[str], operator: str) -> str:
    while len(parts) > _AT_ONCE:
        parts = [_bracketed(parts[at : at + _AT_ONCE], operator) for at in range(0, len(parts), _AT_ONCE)]
    return _bracketed(parts, operator)


def _bracketed(parts: list[str], operator: str) -> str:
    return parts[0] if len(parts) == 1 else f"({operator.join(parts)})"


def ids(
    session: Session, query: Query | None, version: str, *, since: datetime | None = None, matched: bool = False
) -> list[int]:
    """Articles that could hold what is asked for, oldest first; duplicates never; `matched`: only such that were."""
    wanted = _wanted(since, matched) & offered(session, query, version)
    found = select(col(Article.id)).where(wanted).order_by(col(Article.first_seen_at), col(Article.id))
    return [article_id for (article_id,) in session.connection().execute(found)]  # tens of thousands: no ORM


def count(session: Session, *, since: datetime | None = None, matched: bool = False) -> int:
    """How many articles there are to be asked."""
    return int(session.execute(select(func.count()).select_from(Article).where(_wanted(since, matched))).scalar_one())


def _wanted(since: datetime | None, matched: bool) -> ColumnElement[bool]:
    wanted = col(Article.state) != "duplicate"
    if since is not None:
        wanted &= col(Article.first_seen_at) >= since
    return wanted & (col(Article.matched_revision) >= 0) if matched else wanted
