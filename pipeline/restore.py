"""restore: a backup in the place of what is stored, after which nothing is told that was told before.

What was sent since the backup is known from `sent.log`, this machine's and those that are given; their keys are put
together into this machine's. Where there is none, one began after the backup (with a restore that found none), or they
lack keys that the backup itself knows as sent, what may have been told is kept back (pipeline/restored.py).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from core.errors import InputError, NotAvailable
from core.settings import Settings
from pipeline.backup import need_room, temporary, written
from pipeline.sentlog import Noted, SentLog, noted_in
from storage import backup, replacing, restored, schema
from storage.engine import Database


@dataclass(frozen=True, slots=True)
class Done:
    """What a restore did. `aside`: where that is which was there before; `kept_back`: how many alerts and deliveries
    wait for somebody's word; `missing`: of `sent` keys that the backup knows, how many no sent.log bears witness of;
    `begins`: when a log does, where that is after the backup; `oldest`: the log that was not written for the longest
    time, and when it last was.
    """

    facts: backup.Facts
    to_schema: str
    aside: Path | None
    told_known: bool
    sent: int
    missing: int
    kept_back: int
    begins: datetime | None = None
    oldest: tuple[Path, datetime] | None = None


def restore(settings: Settings, path: Path, *, logs: Sequence[Path], force: bool, now: datetime) -> Done:
    """Put a backup in the place of the database. Raises InputError for a file that cannot be used and for a database
    that is not empty and not `force`, NotAvailable for one in use.
    """
    facts = _usable(path)
    given = [noted_in(log) for log in logs]
    settings.data.mkdir(parents=True, exist_ok=True)
    need_room(settings.data, 3 * path.stat().st_size)
    database = Database(settings.database_url)
    try:
        aside = _made_ready(database, settings.data, force=force, now=now)
        with temporary(settings.data / "restore") as part:
            shutil.copyfile(path, part)
            backup.unsign(part)
            own = SentLog(settings.data / "sent.log")
            oldest = _oldest((*logs, own.path))
            with closing(Database(f"sqlite:///{part}")) as copy:
                schema.upgrade(copy)
                done = _decided(copy, facts, own, given, aside=aside, now=now)
            replacing.replace(database, part)
        return replace(done, oldest=oldest)
    finally:
        database.close()


def _oldest(logs: Iterable[Path]) -> tuple[Path, datetime] | None:
    written = [(log, datetime.fromtimestamp(log.stat().st_mtime, UTC)) for log in logs if log.exists()]
    return min(written, key=lambda one: one[1], default=None)


def _usable(path: Path) -> backup.Facts:
    facts = backup.facts_of(path)
    if not schema.is_known(facts.schema):
        raise InputError(
            f"{path}: made by a newer program ({facts.program}, schema {facts.schema}); this one knows up to "
            f"{schema.needed()}",
            hint="install that version or a later one, and restore with it",
        )
    if wrong := backup.damage(path):
        raise InputError(f"{path}: damaged: {wrong}", hint="restore another backup")
    return facts


def _made_ready(database: Database, folder: Path, *, force: bool, now: datetime) -> Path | None:
    """Bring the database to the needed revision; what is in it goes into a backup aside, or does not let us go on."""
    name = f"before-restore-{now:%Y%m%dT%H%M%SZ}"
    if database.is_sqlite:
        backup.file_of(database).parent.mkdir(parents=True, exist_ok=True)
    if not force and replacing.in_use(database):
        raise NotAvailable(
            f"database {database.label} is in use: others are connected to it",
            hint="stop wirewatch and whatever else reads it; --force restores all the same",
        )
    try:
        schema.upgrade(database)
        if replacing.is_empty(database):
            return None
        if not force:
            raise InputError(
                f"database {database.label} is not empty",
                hint=f"--force restores all the same, and keeps what is there as {folder / name}.backup",
            )
        return written(database, folder / f"{name}.backup", now).path
    except NotAvailable as error:
        if not _is_broken(database):
            raise
        if not force:
            hint = f"--force restores all the same, and keeps it as it is as {folder / name}.broken"
            raise NotAvailable(error.message, hint=hint) from None
        return _moved(database, folder / f"{name}.broken")


def _is_broken(database: Database) -> bool:
    return database.is_sqlite and replacing.unreadable(database)


def _moved(database: Database, to: Path) -> Path:
    """Put an SQLite database that cannot be read aside as it is, and an empty one in its place."""
    database.engine.dispose()
    file = backup.file_of(database)
    for end in ("", "-wal", "-shm"):
        part = file.with_name(file.name + end)
        if part.exists():
            part.replace(to.with_name(to.name + end))
    schema.upgrade(database)
    return to


def _decided(
    copy: Database, facts: backup.Facts, own: SentLog, given: Sequence[Noted], *, aside: Path | None, now: datetime
) -> Done:
    """Write into the copy what is to become of all that waits, and all keys into this machine's sent.log."""
    known = {key for one in given for key in one.keys}
    has_log = bool(given) or own.path.exists()
    begun = max((one.since for one in given), default=own.since)
    begins = begun if begun > facts.made_at else None
    own_knows = own.since <= facts.made_at  # one that began later has what the backup knows from a restore of it
    sent = copy.read_now(restored.sent_keys)
    missing = [key for key in sent if key not in known and not (own_knows and key in own)]
    told_known = has_log and not missing and begins is None
    if fresh := sorted(key for key in known | sent if key not in own):
        own.add(*fresh)
    if own.since != (since := begun if told_known else now):
        own.whole_since(since)  # before anything is sent: a second restore must not take it for whole
    if why := own.trouble():
        raise NotAvailable(why, hint="make room there: without it nothing would be known as sent; nothing was changed")

    def work(session: Session) -> int:
        restored.end_leases(session)
        kept = 0 if told_known else restored.keep_back(session, own, now)
        before = restored.last(session)
        if not (told_known and before and before.keeping_back):  # else what was kept back then is not known now, either
            restored.note(session, restored.Restored(now, facts.made_at, keeping_back=not told_known))
        return kept

    return Done(facts, schema.needed(), aside, told_known, len(sent), len(missing), copy.write_now(work), begins)
