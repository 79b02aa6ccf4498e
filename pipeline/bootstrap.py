"""The one place of wiring: settings in, App out."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from dotenv import dotenv_values

from alerts.channels import sending_pool
from core.clock import Clock, SystemClock
from core.errors import InputError, NotAvailable
from core.pool import WorkerPool
from core.settings import ENV_FILE, Settings
from extractors.choose import warm_up
from fetching.client import Client
from fetching.robots import Robots
from pipeline import compiled
from pipeline.app import Active, App
from pipeline.configure import INDEX, activate
from pipeline.editing import current
from pipeline.pooled import READER_BYTES
from pipeline.robots import StoredRobots
from pipeline.sentlog import SentLog
from storage import meta, schema
from storage.engine import Database
from storage.leases import Owner

logger = logging.getLogger(__name__)

WAIT_FOR_SCHEMA_S = 60.0
PRELOAD = ("extractors.warm", "pipeline.pooled")  # the language model, and what workers run, once for all of them


def secrets_of(settings: Settings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Secrets by name: `.env`, over it the environment, over both the files of the secrets folder.

    `environ` None: this process's. A final newline is no secret. Raises InputError for a folder that is not there.
    """
    written = dotenv_values(ENV_FILE, interpolate=False)
    secrets = {name: value for name, value in written.items() if value is not None}
    secrets |= os.environ if environ is None else environ
    if settings.secrets is not None:
        if not settings.secrets.is_dir():
            raise InputError(
                f"{settings.secrets}: no such secrets folder", hint="set WIREWATCH_SECRETS to a folder of files"
            )
        for file in sorted(settings.secrets.iterdir()):
            if file.is_file():
                secrets[file.name] = _text_of(file).rstrip("\r\n")
    return secrets


def _text_of(file: Path) -> str:
    """A secret as its file holds it, without the mark that some editors begin files with."""
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 at byte {error.start}", hint="save it as UTF-8") from None


def open_database(settings: Settings, *, migrate: bool) -> Database:
    """The database at the revision this program needs: brought there, or required to be there already."""
    if not settings.database:
        settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        (schema.upgrade if migrate else schema.require)(database)
    except BaseException:
        database.close()
        raise
    return database


def own_database(settings: Settings) -> Database:
    """The database as commands and workers open it: SQLite's is made, or upgraded.

    Raises NotAvailable for one on PostgreSQL that nobody has upgraded: others may be at work on it.
    """
    return open_database(settings, migrate=settings.database_url.startswith("sqlite"))


async def wait_for_schema(settings: Settings, seconds: float = WAIT_FOR_SCHEMA_S) -> Database:
    """The database, once another process has migrated it. Raises NotAvailable when that takes too long."""
    for remaining in range(int(seconds), -1, -1):
        try:
            return await asyncio.to_thread(open_database, settings, migrate=False)
        except NotAvailable as error:
            if not remaining:
                raise
            if remaining == int(seconds):
                logger.warning("waiting up to %d s: %s", remaining, error)
            await asyncio.sleep(1.0)
    raise AssertionError("the loop ends by returning or raising")


@asynccontextmanager
async def open_app(
    settings: Settings,
    *,
    database: Database | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[App]:
    """A worker, wired, with the active revision of the watch file; closed in order at the end. Raises NotAvailable as
    `own_database`.
    """
    db = database if database is not None else await asyncio.to_thread(own_database, settings)
    secrets = secrets_of(settings, environ)
    clock = clock or SystemClock()
    workers = settings.jobs or os.cpu_count() or 1
    pool = WorkerPool(workers, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)
    senders = sending_pool()
    active = await asyncio.to_thread(_active, db, settings, secrets, clock, senders)
    contact = active.watch.settings.contact
    agent = f"{settings.user_agent} (+{contact})" if contact else settings.user_agent
    try:
        async with Client(
            user_agent=agent, allow=settings.allow_addresses, trust_env=settings.proxy_from_env
        ) as client:
            app = App(
                settings=settings,
                db=db,
                clock=clock,
                owner=Owner(f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}", settings.lease_seconds),
                secrets=secrets,
                installation=await db.write(meta.installation),
                signing_key=settings.secret_key or await db.write(meta.secret_key),
                sent_log=SentLog(settings.data / "sent.log"),
                pool=pool,
                senders=senders,
                client=client,
                robots=Robots(client, user_agent=agent, clock=clock, memory=StoredRobots(db)),
                active=active,
            )
            try:
                yield app
                await app.outlasting.finish(app.stopping)
            except BaseException:  # trouble elsewhere, or a run that was cancelled: what receivers have in hand may end
                app.stopping.set()
                await app.outlasting.finish(app.stopping)
                raise
            finally:
                await app.outlasting.cut_off()
    finally:
        await asyncio.to_thread(pool.close)
        await asyncio.to_thread(senders.close)
        if database is None:
            await asyncio.to_thread(db.close)


def _active(db: Database, settings: Settings, secrets: Mapping[str, str], clock: Clock, pool: WorkerPool) -> Active:
    now = db.read_now(current)
    watch, matcher = compiled.opened(settings.data / INDEX, now.text, file=f"revision {now.revision}")
    return activate(
        now.revision, watch, secrets=secrets, clock=clock, pool=pool, trust_env=settings.proxy_from_env, matcher=matcher
    )


def upgrade(settings: Settings) -> tuple[str, str]:
    """Bring the database to the needed revision; returns (from, to)."""
    if not settings.database:
        settings.data.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database_url)
    try:
        return schema.upgrade(database)
    finally:
        database.close()
