"""check: whether what is stored is whole and says the same everywhere; each fault with what it means and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlmodel import col

from alerts import keys
from core.settings import Settings
from pipeline.backup import opened
from pipeline.sentlog import noted_in
from storage import check, configs, copying, meta, schema
from storage.check import NAMED, Fault
from storage.engine import Database
from storage.office import Meta
from storage.tables import Config, Delivery

_RESTORE = "stop wirewatch and restore a backup (`wirewatch db restore`); what was told is not told again"
_REPORT = "keep a backup (`wirewatch db backup`) and report it: no way of working leads there"
# question → what it means, what to do
_WORDS = {
    check.STRUCTURE: ("the database's file or table is damaged: a disk, or a copy made while it was written", _RESTORE),
    "checksum": (
        "the server read pages that were not as it had written them: a disk",
        "stop wirewatch and look at the disk; restore a backup, then SELECT pg_stat_reset(): it counts until then",
    ),
    "schema": ("a table is not as this program makes it: somebody changed it by hand", _RESTORE),
    "collation": (
        "the system sorts text otherwise than when the indexes were made: keys can be missed or stand twice",
        "run REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION, then this check again",
    ),
    "index": ("an index does not say what its table says: rows can be missed", "run REINDEX TABLE on it"),
    "counter": ("the next new row would get a number that is taken, and fail", "set it behind: SELECT setval(…)"),
    "reference": ("it refers to a row that is not there", _RESTORE),
    "twice": ("a key that may stand once stands twice: an event can be told twice", _RESTORE),
    "story sum": ("a story counts other articles than its hits", _REPORT),
    "story rule": ("a hit belongs to a story of another rule", _REPORT),
    "no text": ("an article is said to be read in full and has no text: rules were tried on its title alone", _REPORT),
    "no original": ("an article is said to be another's duplicate, and not whose", _REPORT),
    "never released": ("an alert waits for a time or a digest that will not come: it is told to nobody", _REPORT),
    "sent when": ("a delivery is sent and has no time: latencies leave it out", _REPORT),
    "leased by nobody": (
        "a delivery is being sent by nobody and is never tried again",
        "run `wirewatch deliveries show`",
    ),
    "delivery rule": (
        "a delivery bears another rule than its alert: lists by rule show it in the wrong place",
        _REPORT,
    ),
    "no config": ("a revision of the watch file has no text: it cannot be restored", _RESTORE),
    "changed config": (
        "a revision's text is not the one that was applied: a disk, or somebody changed it",
        "the newest is replaced by `wirewatch apply FILE --force` or `rollback`; nobody can go back to an older one",
    ),
    "not indexed": (
        "searches and backtests do not find it by its words",
        "UPDATE article SET index_due = TRUE for them: the next runs make their keys anew",
    ),
    "index of nothing": ("the index of words holds an article that is gone", _REPORT),
    "wrong key": ("its key is not that of its alert and target here: after a restore it may be sent twice", _REPORT),
    "not in sent.log": (
        "sent, and this machine's sent.log does not say so: after a restore it may be sent again",
        "name the other machines' logs with --sent-log; where one is lost, make a backup now: it can be restored",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in words. `rows`: the first few of `count`."""

    fault: str
    table: str
    rows: tuple[str, ...]
    count: int
    detail: str
    means: str
    do: str


def check_database(settings: Settings, logs: Sequence[Path] = ()) -> list[Finding]:
    """Every fault. Raises NotAvailable where the database cannot be asked or has another revision."""
    known = {key for log in logs for key in noted_in(log).keys}
    own = settings.data / "sent.log"
    known |= noted_in(own).keys if own.exists() else set()
    with opened(settings) as database:
        return [_in_words(one) for one in _faults(database, known)]


def _faults(database: Database, known: set[str]) -> Iterator[Fault]:
    with copying.snapshot(database) as connection:
        broken = list(check.all_faults(connection))
        yield from broken
        if any(one.what == check.STRUCTURE for one in broken):
            return  # what follows reads all rows once more
        for one in schema.differences(connection):
            yield Fault("schema", "", (), 1, one)
        yield from _configs(connection)
        yield from _ledger(connection, known)


def _configs(connection: Connection) -> Iterator[Fault]:
    rows = connection.execute(select(col(Config.revision), col(Config.text), col(Config.sha256)))
    changed = [str(one) for one, text, digest in rows if not configs.is_sound(text, digest)]
    yield from _some("changed config", "config", changed)


def _ledger(connection: Connection, known: set[str]) -> Iterator[Fault]:
    """The keys of all deliveries: made of the ids that they name, and in sent.log once they were sent."""
    columns = (Delivery.id, Delivery.key, Delivery.alert_id, Delivery.target_id, Delivery.state)
    wrong, unknown = [], []
    installation = connection.execute(select(col(Meta.value)).where(col(Meta.key) == meta.INSTALLATION)).scalar() or ""
    ordered = select(*map(col, columns)).execution_options(yield_per=copying.BATCH)
    for number, key, alert, target, state in connection.execute(ordered):
        if key != keys.delivery_key(installation, alert, target):
            wrong.append(str(number))
        if state == "sent" and key not in known:
            unknown.append(str(number))
    yield from _some("wrong key", "delivery", wrong)
    yield from _some("not in sent.log", "delivery", unknown)


def _some(what: str, table: str, rows: Sequence[str]) -> Iterator[Fault]:
    if rows:
        yield Fault(what, table, tuple(rows[:NAMED]), len(rows))


def _in_words(fault: Fault) -> Finding:
    means, do = _WORDS[fault.what]
    return Finding(fault.what, fault.table, fault.rows, fault.count, fault.detail, means, do)
