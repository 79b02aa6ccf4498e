"""Whether the database's own files are sound, as far as it can say itself while others work with it."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlmodel import Session

MOST = 10  # faults that are named


def faults(session: Session) -> list[str]:
    """What the database finds wrong with itself; nothing when it is sound.

    SQLite: `PRAGMA quick_check`, which reads the whole file (some seconds a gigabyte) and holds up no writer.
    PostgreSQL: indexes that are not valid; pages whose checksum was wrong when they were read, where it keeps those.
    """
    if session.get_bind().dialect.name == "sqlite":
        return _of_the_file(session)
    invalid = session.connection().execute(
        text("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1 LIMIT :most"),
        {"most": MOST},
    )
    found = [f"index {name} is not valid" for name in invalid.scalars()]
    broken = (
        session.connection()
        .execute(text("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database WHERE datname = current_database()"))
        .scalar()
    )
    return [*found, f"{broken} pages with a wrong checksum"] if broken else found


def _of_the_file(session: Session) -> list[str]:
    try:
        rows = session.connection().execute(text(f"PRAGMA quick_check({MOST})")).scalars().all()
    except OperationalError:
        raise  # locked, or not there
    except DatabaseError as error:  # so broken that it cannot be looked through
        return [str(error.orig)]
    return [line for line in rows if line != "ok"]
