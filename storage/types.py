"""Column types and the database's own clock, the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, ColumnElement, DateTime, Dialect, Float, Integer, String, literal
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator

# Clocks of several machines differ by less. What lies further ahead and can only be of the past, or of the next minute,
# was written by a clock that has been set back since.
SKEW = timedelta(minutes=5)
BigId = BigInteger().with_variant(Integer(), "sqlite")  # of rows that come by the thousand a minute, for years
Json = JSON().with_variant(JSONB(), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC with zone. SQLite has no zones: there it is stored as UTC text that sorts as time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a time without zone: it could mean anything."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone: {value!r}")
        at = value.astimezone(UTC)
        return at.replace(tzinfo=None) if dialect.name == "sqlite" else at

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give every time its zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class db_now(GenericFunction[datetime]):  # noqa: N801 - SQL functions are written in lower case
    """The database's clock, plus so many seconds. Leases compare this clock only, never a worker's."""

    type = UtcTime()
    inherit_cache = True
    name = "db_now"

    def __init__(self, seconds: float | ColumnElement[float] = 0.0) -> None:
        super().__init__(seconds if isinstance(seconds, ColumnElement) else literal(float(seconds), Float()))


@compiles(db_now, "sqlite")
def _sqlite_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', ({seconds}) || ' seconds')"


@compiles(db_now, "postgresql")
def _postgresql_now(element: db_now, compiler: SQLCompiler, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(clock_timestamp() + ({seconds}) * interval '1 second')"


class earlier(GenericFunction[datetime]):  # noqa: N801 - SQL functions are written in lower case
    """A time of the database less a length; to the millisecond on SQLite."""

    type = UtcTime()
    inherit_cache = True
    name = "earlier"

    def __init__(self, at: ColumnElement[Any], length: timedelta) -> None:
        super().__init__(at, literal(length.total_seconds(), Float()))


@compiles(earlier, "sqlite")
def _sqlite_earlier(element: earlier, compiler: SQLCompiler, **kw: Any) -> str:
    at, seconds = (compiler.process(one, **kw) for one in element.clauses)
    return f"strftime('%Y-%m-%d %H:%M:%f', {at}, (-{seconds}) || ' seconds')"


@compiles(earlier, "postgresql")
def _postgresql_earlier(element: earlier, compiler: SQLCompiler, **kw: Any) -> str:
    at, seconds = (compiler.process(one, **kw) for one in element.clauses)
    return f"({at} - ({seconds}) * interval '1 second')"


class lower(GenericFunction[str]):  # noqa: N801 - SQL functions are written in lower case
    """A text in small letters, in every script: SQLite's own knows ASCII only (storage/engine.py gives it ours)."""

    type = String()
    inherit_cache = True
    name = "small_letters"


def small_letters(text: str) -> str:
    """What `lower` makes of a text: as one letter the two small sigmas, and the small ones of I with and without a dot
    in capitals, of which the databases make different ones.
    """
    return text.lower().replace("ς", "σ").replace("i\u0307", "i")


@compiles(lower, "postgresql")
def _postgresql_lower(element: lower, compiler: SQLCompiler, **kw: Any) -> str:
    return f"replace(translate(lower({compiler.process(element.clauses, **kw)}), 'ς', 'σ'), 'i\u0307', 'i')"
