"""The database: opens it, runs work in transactions, never on the event loop.

SQLite has one writer thread that puts what is waiting into one transaction, because each commit waits for the disk;
work may be run twice there, as on PostgreSQL, which takes a small pool. Both give back a result only after its commit.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlmodel import Session

from core.errors import InputError, NotAvailable
from core.threads import Threads, require_room
from storage.types import small_letters

T = TypeVar("T")
Work = Callable[[Session], T]

BUSY_SECONDS = 15.0  # how long SQLite waits for another process's write
POOL = 4  # connections of one process to PostgreSQL
CUT_OFF_S = 30  # without a sign of the other side a connection to PostgreSQL is lost; half a lease
CUT_OFF = {
    "connect_timeout": 10, "tcp_user_timeout": CUT_OFF_S * 1_000,
    "keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4,
}  # fmt: skip
BATCH = 64  # pieces of work in one SQLite commit at most
AGAIN_SECONDS = 1.0  # after a lost connection: a server that is started anew refuses everybody for about so long
COMPANY_SECONDS = 0.05  # pages are read one by one, eighty a second: each had a commit, and a wait for the disk, alone


class Database:
    """Runs work (functions of a Session) in transactions. Values returned are detached: read them, do not change
    them.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.label = _label(url)
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _open(url, "BEGIN")
        self._threads = Threads(POOL, thread_name_prefix="database")
        self._writer = _Writer(_open(url, "BEGIN IMMEDIATE"), self.label) if self.is_sqlite else None

    def read_now(self, work: Work[T]) -> T:
        """Run `work` in a transaction of its own, in this thread; nothing it changes is kept. It may be run twice."""
        with self._told():
            try:
                return self._read_once(work)
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                sleep(AGAIN_SECONDS)
            return self._read_once(work)

    def write_now(self, work: Work[T]) -> T:
        """Run `work` in a transaction and commit it; blocks this thread."""
        if self._writer:
            return self._writer.submit(work).result()
        with self._told():
            return self._write_retrying(work)

    async def read(self, work: Work[T]) -> T:
        """`read_now`, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, work)

    async def write(self, work: Work[T], *, in_company: bool = False) -> T:
        """`write_now`, off the event loop. A cancelled caller's work may still be committed.

        `in_company`: on SQLite it may wait for COMPANY_SECONDS, so that others share its commit.
        """
        if self._writer:
            return await asyncio.wrap_future(self._writer.submit(work, in_company=in_company))
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.write_now, work)

    async def write_each(self, works: Sequence[Work[T]]) -> list[T]:
        """Each one kept or undone alone: transactions one after the other on PostgreSQL, one commit on SQLite."""
        if self._writer:
            return list(await asyncio.gather(*map(self.write, works)))
        return [await self.write(work) for work in works]

    @contextmanager
    def alone(self, key: int) -> Iterator[Connection]:
        """A connection in a transaction that is committed at the end. Another holder of the same key waits for it, on
        SQLite every writer: who has only read so far cannot wait there (a deferred BEGIN fails at once).
        """
        engine = _open(self.url, "BEGIN IMMEDIATE")
        try:
            with self._told(), engine.begin() as connection:
                if not self.is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
                yield connection
        finally:
            engine.dispose()

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        self._threads.shutdown(wait=True)
        if self._writer:
            self._writer.close()
        self.engine.dispose()

    def _read_once(self, work: Work[T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            return work(session)

    def _write_retrying(self, work: Work[T]) -> T:
        """A lost connection, a deadlock or a row made twice is tried once more: the first try left nothing
        behind.
        """
        try:
            return self._write_once(work)
        except DBAPIError as error:
            if not (error.connection_invalidated or isinstance(error, OperationalError | IntegrityError)):
                raise  # an IntegrityError: somebody else made the same row meanwhile, and the second try will see it
            if error.connection_invalidated:
                sleep(AGAIN_SECONDS)
        return self._write_once(work)

    def _write_once(self, work: Work[T]) -> T:
        with Session(self.engine, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
            return result

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (DatabaseError, NoConnectionFree) as error:
            if _cannot_be_used(error):
                raise _unavailable(self.label, error) from error
            raise


class _Piece(NamedTuple):
    work: Work[Any]
    future: Future[Any]
    in_company: bool


class _Writer:
    """SQLite's one writer thread."""

    def __init__(self, engine: Engine, label: str) -> None:
        self._engine = engine
        self._label = label
        self._waiting: queue.SimpleQueue[_Piece | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, work: Work[T], *, in_company: bool = False) -> Future[T]:
        future: Future[T] = Future()
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                require_room()
                thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
                thread.start()  # raises when there is no room for one more: whoever comes next tries again
                self._thread = thread
            # still held: behind the word that ends the thread it would wait for ever
            self._waiting.put(_Piece(cast(Work[Any], work), cast("Future[Any]", future), in_company))
        return future

    def close(self) -> None:
        with self._starting:
            if self._thread is not None:
                self._waiting.put(None)
                self._thread.join()
                self._thread = None
        self._engine.dispose()

    def _run(self) -> None:
        going_on = True
        while going_on:
            first = self._waiting.get()
            if first is None:
                return
            batch = [first]
            until = monotonic() + COMPANY_SECONDS
            while len(batch) < BATCH:
                wait = until - monotonic() if all(piece.in_company for piece in batch) else 0.0
                try:
                    piece = self._waiting.get(block=wait > 0, timeout=wait if wait > 0 else None)
                except queue.Empty:
                    break
                if piece is None:
                    going_on = False
                    break
                batch.append(piece)
            self._commit(batch)

    def _commit(self, batch: Sequence[_Piece]) -> None:
        """All of the batch in one transaction; nobody hears of success before the commit. When some of the work raises,
        all of it is undone and each piece is done alone: a savepoint for each took as long as its statements.
        """
        done: list[Any] = []
        try:
            with Session(self._engine, expire_on_commit=False) as session:
                session.connection()
                whole = self._all_done(session, batch, done)
                if whole:
                    session.commit()
        except Exception as error:
            lost = self._told(error)
            for piece in batch:
                if piece.future.set_running_or_notify_cancel():
                    piece.future.set_exception(lost)
            return
        if not whole:
            for piece in batch:
                self._commit([piece])
            return
        for piece, result in zip(batch, done, strict=True):
            if piece.future.set_running_or_notify_cancel():
                piece.future.set_result(result)

    def _all_done(self, session: Session, batch: Sequence[_Piece], done: list[Any]) -> bool:
        """Whether all of the work was done; a single piece's exception goes up."""
        try:
            for piece in batch:
                done.append(piece.work(session))
                session.flush()
        except Exception:
            if len(batch) == 1:
                raise
            return False
        return True

    def _told(self, error: Exception) -> Exception:
        return _unavailable(self._label, error) if _cannot_be_used(error) else error


def _open(url: str, begin: str) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:  # the second: a port that is no number
        raise InputError(
            "the database URL cannot be read", hint="write sqlite:///FILE or postgresql://HOST/NAME"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, begin)
    if parsed.get_backend_name() != "postgresql":
        raise InputError(
            f"database {parsed.get_backend_name()!r} is not supported",
            hint="use sqlite:///FILE or postgresql://HOST/NAME",
        )
    return _open_postgresql(url)


def _open_postgresql(url: str) -> Engine:
    """A worker that is cut off must hear of it, and must not hold others up.

    Unsent, a statement would wait for a quarter of an hour here; and the server would keep the locks of a transaction
    whose client is gone for two hours, of hosts that all others want to ask.
    """
    engine = create_engine(url, pool_size=POOL, max_overflow=0, pool_pre_ping=True, connect_args=CUT_OFF)

    @event.listens_for(engine, "connect", insert=True)  # before SQLAlchemy's own questions: it fails over bytes
    def _prepare(connection: Any, _record: Any) -> None:
        _require_unicode(_label(url), connection)
        connection.execute(f"SET idle_in_transaction_session_timeout = '{2 * CUT_OFF_S}s'")
        connection.execute(f"SET tcp_user_timeout = '{CUT_OFF_S}s'")  # the server's side; nothing for a local socket
        # whatever the server's own defaults are: locks are waited for, then what is there is read; times are parsed
        connection.execute("SET default_transaction_isolation = 'read committed'; SET datestyle = 'ISO, MDY'")
        connection.commit()

    return engine


def _require_unicode(label: str, connection: Any) -> None:
    """What the world writes has to go in: other encodings refuse most of its letters, in the middle of a run."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise NotAvailable(
            f"database {label}: its encoding is {encoding}, and only UTF8 holds what feeds say",
            hint="make another: CREATE DATABASE wirewatch TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'",
        )


def _open_sqlite(url: str, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN is deferred: we write ours
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_SECONDS * 1000)}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function("small_letters", 1, small_letters, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL. SQLite does not wait here for another process that does the same: we do."""
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > until:
                raise
            sleep(0.01)
        else:
            return


def _label(url: str) -> str:
    """The URL without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "database"


_READ_ONLY, _DAMAGED = "25006", ("XX001", "XX002")  # PostgreSQL's names for a transaction, and for data or an index


def _cannot_be_used(error: Exception) -> bool:
    """Whether the database itself is the trouble, not what was asked of it: away, full, locked, read-only, damaged."""
    if isinstance(error, OperationalError | NoConnectionFree) or type(error) is DatabaseError:  # the last: of SQLite
        return True
    return getattr(getattr(error, "orig", None), "sqlstate", None) in (_READ_ONLY, *_DAMAGED)


def _unavailable(label: str, error: BaseException) -> NotAvailable:
    cause = str(getattr(error, "orig", None) or error).strip().splitlines()
    return NotAvailable(
        f"database {label}: {cause[0] if cause else type(error).__name__}", hint="run `wirewatch doctor`"
    )


def lock_names(session: Session, names: Sequence[str], *, shared: bool = False) -> None:
    """Hold these names until the transaction ends, in sorted order so that two holders cannot wait for each other.

    `shared` holders exclude only those who want a name for themselves. On SQLite there is nothing to do: whoever writes
    is alone.
    """
    if session.get_bind().dialect.name != "postgresql":
        return
    for name in sorted(set(names)):
        lock = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        session.execute(text(f"SELECT {lock}(hashtextextended(:name, 0))"), {"name": name})
