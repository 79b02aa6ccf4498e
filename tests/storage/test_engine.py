"""Transactions: what is committed, what is undone, and who waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import Session

from core.errors import InputError, NotAvailable
from storage import configs, meta, schema
from storage.engine import CUT_OFF, Database, lock_names
from storage.office import Meta

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def put(key: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        session.add(Meta(key=key, value=key))
        return key

    return work


def keys(session: Session) -> set[str]:
    from sqlmodel import select

    return set(session.exec(select(Meta.key)).all())


async def test_many_writes_at_once_are_all_kept(db: Database) -> None:
    written = await asyncio.gather(*(db.write(put(f"k{n}")) for n in range(200)))
    assert len(written) == 200
    assert await db.read(keys) == set(written)


async def test_a_piece_of_work_that_raises_is_undone_alone(db: Database) -> None:
    def bad(session: Session) -> None:
        session.add(Meta(key="bad", value=""))
        session.flush()
        raise ValueError("no")

    results = await asyncio.gather(
        db.write(put("before")),
        db.write(bad),
        db.write(put("after")),
        return_exceptions=True,
    )
    assert isinstance(results[1], ValueError)
    assert await db.read(keys) == {"before", "after"}


async def test_work_that_breaks_a_unique_key_fails_and_leaves_nothing(db: Database) -> None:
    await db.write(put("one"))
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        await db.write(put("one"))
    assert await db.read(keys) == {"one"}


async def test_on_a_full_disk_nothing_is_said_to_be_kept_that_is_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/full.db")
    schema.upgrade(database)

    def fill(session: Session) -> None:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages}"))

    def large(session: Session) -> str:
        session.add(Meta(key="large", value="x" * 5_000_000))
        session.flush()
        return "large"

    await database.write(fill)
    works = [put("before"), large, put("after")]
    results = await asyncio.gather(*(database.write(work) for work in works), return_exceptions=True)
    said = {one for one in results if isinstance(one, str)}
    assert await database.read(keys) == said
    assert isinstance(results[1], NotAvailable)
    assert await database.write(put("later")) == "later"
    database.close()


async def test_reading_keeps_no_change(db: Database) -> None:
    await db.read(put("lost"))
    assert await db.read(keys) == set()


def test_a_time_comes_back_as_it_was_in_utc(db: Database) -> None:
    db.write_now(lambda s: configs.add(s, "", who="me", at=NOW))
    found = db.read_now(configs.active)
    assert found is not None
    assert found.at == NOW
    assert found.at.tzinfo is UTC


def test_a_time_without_zone_is_refused(db: Database) -> None:
    with pytest.raises(Exception, match="a time without zone"):
        db.write_now(lambda s: configs.add(s, "", who="me", at=datetime(2026, 1, 1)))


def test_the_installation_keeps_its_id(db: Database) -> None:
    first = db.write_now(meta.installation)
    assert db.write_now(meta.installation) == first
    assert db.write_now(meta.secret_key) != first


async def test_a_lock_on_names_makes_the_second_wait_for_the_first(db: Database) -> None:
    def bump(session: Session) -> None:
        lock_names(session, ["rule:b", "rule:a"])
        row = session.get(Meta, "n", populate_existing=True) or Meta(key="n", value="0")
        row.value = str(int(row.value) + 1)
        session.add(row)

    await asyncio.gather(*(db.write(bump) for _ in range(40)))
    assert db.read_now(lambda s: s.get_one(Meta, "n").value) == "40"


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite"])
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InputError) as error:
        Database(url)
    assert "secret" not in str(error.value)


def test_a_server_that_is_not_there_is_said_to_be_unavailable_without_its_password() -> None:
    database = Database("postgresql+psycopg://u:hush@127.0.0.1:1/x")
    with pytest.raises(NotAvailable) as error:
        database.read_now(meta.installation)
    assert "hush" not in str(error.value)
    assert "doctor" in str(error.value)
    database.close()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is a letter to a friend, and no database at all\n" * 100)
    database = Database(f"sqlite:///{tmp_path / 'text.db'}")
    with pytest.raises(NotAvailable, match="not a database"):
        database.read_now(meta.installation)
    database.close()


def test_a_damaged_file_is_told_by_who_writes_as_by_who_reads(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/damaged.db")
    schema.upgrade(database)
    database.close()
    with (tmp_path / "damaged.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 20 * 4096)
    for use in (lambda: database.read_now(keys), lambda: database.write_now(put("k"))):
        with pytest.raises(NotAvailable, match="malformed"):
            use()
    database.close()


def test_where_no_thread_could_be_started_the_next_writer_starts_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    schema.upgrade(database)

    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_room)
        with pytest.raises(RuntimeError, match="start new thread"):
            database.write_now(put("lost"))
    assert database.write_now(put("kept")) == "kept"
    database.close()


def test_a_connection_whose_worker_is_cut_off_does_not_hold_its_locks_for_long(db: Database) -> None:
    if db.is_sqlite:
        return  # no link to cut
    shown = text("SHOW idle_in_transaction_session_timeout")
    assert db.read_now(lambda session: session.connection().execute(shown).scalar_one()) == "1min"
    assert CUT_OFF["tcp_user_timeout"] == 30_000


def test_a_writer_that_has_ended_is_replaced(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    schema.upgrade(database)
    assert database.write_now(put("k")) == "k"
    writer = database._writer
    assert writer is not None
    assert writer._thread is not None
    writer._waiting.put(None)
    writer._thread.join()
    assert database.write_now(put("l")) == "l"
    database.close()


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_letter_is_refused_with_advice(database_url: str, encoding: str) -> None:
    other = make_url(database_url).set(database=f"as_{encoding.lower()}")
    making = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with making.connect() as connection:
        connection.execute(
            text(f"CREATE DATABASE {other.database} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
        )
        try:
            with pytest.raises(NotAvailable, match=f"(?s)its encoding is {encoding}.*ENCODING 'UTF8'"):
                schema.upgrade(Database(other.render_as_string(hide_password=False)))
        finally:
            connection.execute(text(f"DROP DATABASE {other.database} WITH (FORCE)"))
    making.dispose()


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_work_that_comes_while_the_database_closes_is_done(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert db._writer
    db.write_now(put("before"))
    waiting = db._writer._waiting
    closer = threading.Thread(target=db._writer.close)

    class Late:
        get = waiting.get

        def put(self, piece: object) -> None:
            if piece is not None:
                closer.start()
                closer.join(0.2)  # it ends, or waits for us
            waiting.put(piece)  # type: ignore[arg-type]

    monkeypatch.setattr(db._writer, "_waiting", Late())
    assert db._writer.submit(put("late")).result(timeout=20) == "late"
    closer.join()


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("default", ["default_transaction_isolation = 'repeatable read'", "datestyle = 'German, DMY'"])
def test_a_server_with_other_defaults_is_worked_with_as_any_other(database_url: str, default: str) -> None:
    name, making = make_url(database_url).database, create_engine(database_url)
    with making.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET {default}"))
    making.dispose()
    database = Database(database_url)
    asking = text("SELECT now(), current_setting('transaction_isolation')")
    asked = database.read_now(lambda session: session.execute(asking).one())
    assert isinstance(asked[0], datetime)
    assert asked[1] == "read committed"
    database.close()
