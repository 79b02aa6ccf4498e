"""How much room what is stored takes: of each kind of rows, the bytes with their indexes, and how many rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, cast, column, func, table, text
from sqlalchemy import select as sa_select
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from storage import lookup

# What people call the rows, in the order of the way; tables that are not named here are "other".
KINDS: Mapping[str, tuple[str, ...]] = {
    "snapshots": ("snapshot",),
    "texts": ("article", "articlerevision"),
    "entries": ("entry",),
    "polls": ("feedpoll",),
    "hits": ("hit", "story", "feedback", "silence", "storyread"),
    "ledger": ("alert", "delivery", "decision", "digest", "target", "optout", "latencysum"),
    "config": ("config", "rulestate"),
    "hosts": ("hoststate", "robotsfile"),
    "archives": ("backfill", "backfillbatch"),
}
INDEX, OTHER, FREE = "index", "other", "free"
_OF = {name: kind for kind, tables in KINDS.items() for name in tables}


@dataclass(frozen=True, slots=True)
class Size:
    """Rows of a kind's first table, and bytes of all of them. `rows` is None where there are none to count."""

    kind: str
    rows: int | None
    bytes: int


def sizes(session: Session) -> tuple[list[Size], bool]:
    """Every kind, the largest first, then what is free and used again; and whether that is all of the database's room.

    False: this SQLite cannot tell how its pages are used, and the lengths of what is stored are given, without indexes.
    Looks at every page of an SQLite file and counts every row: seconds for some GB.
    """
    if session.get_bind().dialect.name == "postgresql":
        return _ordered(session, _postgresql(session), None), True
    try:
        used = _sqlite_pages(session)
    except OperationalError:
        return _ordered(session, _sqlite_lengths(session), None), False
    return _ordered(session, used, _sqlite_free(session)), True


def _ordered(session: Session, used: Mapping[str, int], free: int | None) -> list[Size]:
    found: dict[str, int] = dict.fromkeys((*KINDS, INDEX, OTHER), 0)
    for name, number in used.items():
        found[INDEX if lookup.is_part(name) else _OF.get(name, OTHER)] += number
    rows = {kind: _rows(session, tables[0]) for kind, tables in KINDS.items()}
    listed = [Size(kind, rows.get(kind), number) for kind, number in found.items()]
    listed.sort(key=lambda one: -one.bytes)
    return [*listed, *([Size(FREE, None, free)] if free is not None else [])]


def _rows(session: Session, name: str) -> int:
    return int(session.execute(sa_select(func.count()).select_from(table(name))).scalar_one())


def _postgresql(session: Session) -> dict[str, int]:
    """With indexes and what is stored out of line."""
    of_tables = text("""
        SELECT relname, pg_total_relation_size(oid) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
    """)
    return {str(name): int(number) for name, number in session.execute(of_tables)}


def _sqlite_pages(session: Session) -> dict[str, int]:
    """Table → bytes of its pages and its indexes' pages. Raises OperationalError where SQLite was built without it."""
    of_pages = text("""
        SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize)
        FROM dbstat s LEFT JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY 1
    """)
    return {str(name): int(number) for name, number in session.execute(of_pages)}


def _sqlite_free(session: Session) -> int:
    pages, each = (session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("freelist_count", "page_size"))
    return int(pages) * int(each)


def _sqlite_lengths(session: Session) -> dict[str, int]:
    """Table → bytes of its values."""
    plain = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    return {str(name): _length(session, str(name)) for (name,) in session.execute(plain).all()}


def _length(session: Session, name: str) -> int:
    columns = [row[1] for row in session.execute(text(f'PRAGMA table_info("{name}")'))]
    each: Any = sum(func.coalesce(func.length(cast(column(one), LargeBinary)), 0) for one in columns)
    return int(session.execute(sa_select(func.coalesce(func.sum(each), 0)).select_from(table(name))).scalar_one())
