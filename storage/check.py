"""Whether the database is whole: what the database itself can say, and the questions whose answer has to be empty.

Every question gives the names of rows, some of them at most, and how many there are. `damage` asks only what holds up
nobody, once a day; `all_faults` reads everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Select, Table, UniqueConstraint, column, func, or_, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlmodel import Session, col

from storage import copying, lookup
from storage.tables import Alert, Article, Config, Delivery, Hit, Story

NAMED = 5  # rows of a fault that are named
STRUCTURE = "structure"  # the fault after which nothing else is asked
# what PostgreSQL says of damage, of values that nobody can have stored, of files that cannot be read, of no such table
_DAMAGED = ("XX", "22", "58", "42P01")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as it should be: in which table, which rows (the first few), how many; `what` names the question."""

    what: str
    table: str
    rows: tuple[str, ...]
    count: int
    detail: str = ""


def damage(session: Session) -> list[str]:
    """What the database finds wrong with its own files, as far as it can say while others work with it.

    SQLite: `PRAGMA quick_check`, which reads the whole file (some seconds a gigabyte) and holds up no writer.
    PostgreSQL: indexes that are not valid; pages whose checksum was wrong when they were read, where it keeps those.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        return _sqlite_says(connection, "quick_check")
    unfit = [f"index {name} is not valid" for name in _unfit_indexes(connection)[:NAMED]]
    return [*unfit, *(one.detail for one in _checksums(connection))]


def all_faults(connection: Connection) -> Iterator[Fault]:
    """Everything, the database's own structure first: where a table or the file cannot be read, the rest may say
    anything, and is left out.
    """
    sqlite = connection.dialect.name == "sqlite"
    own = list(_sqlite_pages(connection) if sqlite else _postgresql(connection))
    yield from own
    if any(one.what == STRUCTURE for one in own):
        return
    for table in copying.tables():
        yield from _references(connection, table)
        yield from _twice(connection, table)
    for what, name, query in _questions():
        yield from _asked(connection, what, name, query)
    yield from _index(connection)


def _sqlite_pages(connection: Connection) -> Iterator[Fault]:
    if said := _sqlite_says(connection, "integrity_check"):
        yield Fault(STRUCTURE, "", (), len(said), "; ".join(said))


def _sqlite_says(connection: Connection, check: str) -> list[str]:
    try:
        said = connection.exec_driver_sql(f"PRAGMA {check}({NAMED})").scalars().all()
    except OperationalError:
        raise  # locked, or not there
    except DatabaseError as error:  # so broken that it cannot be looked through
        return [str(error.orig)]
    return [str(line) for line in said if line != "ok"]


def _postgresql(connection: Connection) -> Iterator[Fault]:
    yield from _collation(connection)
    yield from _checksums(connection)
    for name in _unfit_indexes(connection):
        yield Fault("index", name, (), 1, "it was not made whole")
    for table in copying.tables():
        found = list(_readable(connection, table))
        yield from found or _counter(connection, table)


def _unfit_indexes(connection: Connection) -> list[str]:
    unfit = text(
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid "
        "WHERE NOT (indisvalid AND indisready) AND relnamespace = current_schema()::regnamespace ORDER BY 1"
    )
    return list(connection.execute(unfit).scalars())


def _checksums(connection: Connection) -> Iterator[Fault]:
    """PostgreSQL counts the pages that it read with a wrong checksum, until its statistics are reset."""
    failures = "SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"
    if count := connection.execute(text(failures)).scalar():
        yield Fault("checksum", "", (), count, f"{count} pages with a wrong checksum")


def _collation(connection: Connection) -> Iterator[Fault]:
    versions = text(
        "SELECT datcollversion, pg_database_collation_actual_version(oid) FROM pg_database "
        "WHERE datname = current_database()"
    )
    if connection.dialect.server_version_info >= (15,):  # type: ignore[operator]
        made, now = connection.execute(versions).one()
        if made is not None and made != now:
            yield Fault("collation", "", (), 1, f"made with {made}, now {now}")


def _readable(connection: Connection, table: Table) -> Iterator[Fault]:
    """Every row with all that is stored apart from it, and every index beside its table; amcheck where it is there."""
    name = connection.dialect.identifier_preparer.quote(table.name)
    may = text("SELECT has_function_privilege(to_regprocedure('bt_index_check(regclass,boolean)')::oid, 'EXECUTE')")
    try:
        with connection.begin_nested():
            connection.execute(text(f"SELECT sum(length(t::text)) FROM {name} t"))  # noqa: S608 - our own tables
            if connection.execute(may).scalar_one():  # None without amcheck
                trees = "SELECT bt_index_check(indexrelid, true) FROM pg_index JOIN pg_class c ON c.oid = indexrelid "
                trees += "JOIN pg_am ON pg_am.oid = relam WHERE indrelid = CAST(:name AS regclass) AND amname = 'btree'"
                connection.execute(text(trees), {"name": name})
            by_rows, by_index = (_counted(connection, name, how) for how in ("indexscan", "seqscan"))
    except DBAPIError as error:
        if not str(getattr(error.orig, "sqlstate", None)).startswith(_DAMAGED):
            raise  # a lost connection, say
        yield Fault(STRUCTURE, table.name, (), 1, str(error.orig).splitlines()[0])
        return
    if by_rows != by_index:
        yield Fault("index", table.name, (), abs(by_rows - by_index), f"{by_rows} rows, {by_index} by its index")


def _counted(connection: Connection, name: str, without: str) -> int:
    off = ("indexscan", "indexonlyscan", "bitmapscan") if without == "indexscan" else ("seqscan",)
    for one in ("indexscan", "indexonlyscan", "bitmapscan", "seqscan"):
        connection.execute(text(f"SET LOCAL enable_{one} = {'off' if one in off else 'on'}"))
    count = int(connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608 - our own tables
    for one in off:
        connection.execute(text(f"SET LOCAL enable_{one} = on"))
    return count


def _counter(connection: Connection, table: Table) -> Iterator[Fault]:
    """The next number that PostgreSQL would give a new row has to be a free one."""
    name = copying.counter_of(table)
    sequence = text("SELECT pg_get_serial_sequence(:table, :column)")
    found = connection.execute(sequence, {"table": table.name, "column": name}).scalar() if name else None
    if not found:
        return
    last, used = connection.execute(text(f"SELECT last_value, is_called FROM {found}")).one()  # noqa: S608 - as it says
    largest = connection.execute(select(func.max(table.c[name]))).scalar() or 0
    if largest >= last + int(used):
        yield Fault("counter", table.name, (str(largest),), 1, f"the next is {last + int(used)}")


def _references(connection: Connection, table: Table) -> Iterator[Fault]:
    for key in table.foreign_keys:
        other = key.column.table.alias()
        lost = key.parent.is_not(None) & ~select(1).where(other.c[key.column.name] == key.parent).exists()
        query = select(*table.primary_key, key.parent).where(lost)
        for fault in _asked(connection, "reference", table.name, query):
            yield Fault(
                fault.what, fault.table, fault.rows, fault.count, f"{key.parent.name} → {key.column.table.name}"
            )


def _twice(connection: Connection, table: Table) -> Iterator[Fault]:
    """Keys that stand twice: a broken index lets them in. Read from the rows, not from that index."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off"))
    unique = [tuple(one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)]
    for columns in (tuple(table.primary_key), *unique):
        plain = [func.coalesce(one, one) for one in columns]  # an expression: no index is walked for it
        query = select(*(func.min(one) for one in columns)).group_by(*plain).having(func.count() > 1)
        for fault in _asked(connection, "twice", table.name, query):
            yield Fault(fault.what, fault.table, fault.rows, fault.count, ", ".join(one.name for one in columns))
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on"))


def _questions() -> Iterator[tuple[str, str, Select[Any]]]:
    """Our own promises: name, table, and the rows that break it."""
    articles = select(func.count()).select_from(Hit).where(col(Hit.story_id) == col(Story.id)).scalar_subquery()
    yield "story sum", "story", select(col(Story.id)).where(col(Story.articles) != articles)
    other_rule = (col(Hit.story_id) == col(Story.id)) & (col(Hit.rule_id) != col(Story.rule_id))
    yield "story rule", "hit", select(col(Hit.id)).join(Story, other_rule)
    yield "no text", "article", select(col(Article.id)).where(col(Article.state) == "ready", col(Article.text) == "")
    no_original = (col(Article.state) == "duplicate") & col(Article.duplicate_of).is_(None)
    yield "no original", "article", select(col(Article.id)).where(no_original)
    never = (col(Alert.state) == "held") & col(Alert.release_at).is_(None)
    nowhere = (col(Alert.state) == "folded") & col(Alert.digest_id).is_(None)
    yield "never released", "alert", select(col(Alert.id)).where(or_(never, nowhere))
    no_time = (col(Delivery.state) == "sent") & col(Delivery.sent_at).is_(None)
    yield "sent when", "delivery", select(col(Delivery.id)).where(no_time)
    unheld = (col(Delivery.state) == "leased") & col(Delivery.lease_until).is_(None)
    yield "leased by nobody", "delivery", select(col(Delivery.id)).where(unheld)
    channel = select(col(Delivery.id)).join(Alert, col(Alert.id) == col(Delivery.alert_id))
    yield "delivery rule", "delivery", channel.where(col(Delivery.rule_id) != col(Alert.rule_id))
    empty = (col(Config.text) == "") | (col(Config.sha256) == "")
    yield "no config", "config", select(col(Config.revision)).where(empty)


def _index(connection: Connection) -> Iterator[Fault]:
    """The index of words holds each article that says so, and none that is gone."""
    number = column("rowid" if connection.dialect.name == "sqlite" else "article_id", Integer())
    known = select(number.label("one")).select_from(sql_table(lookup.INDEX, number)).subquery()
    indexed = (col(Article.indexed_as) != "") & ~col(Article.index_due)
    lacking = select(col(Article.id)).where(indexed, col(Article.id).not_in(select(known.c.one)))
    yield from _asked(connection, "not indexed", "article", lacking)
    gone = select(known.c.one).where(known.c.one.not_in(select(col(Article.id))))
    yield from _asked(connection, "index of nothing", lookup.INDEX, gone)


def _asked(connection: Connection, what: str, table: str, query: Select[Any]) -> Iterator[Fault]:
    some = connection.execute(query.limit(NAMED)).all()
    if some:
        count = connection.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        yield Fault(what, table, tuple(" ".join(map(str, row)) for row in some), int(count))
