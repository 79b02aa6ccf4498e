"""`db backup` and `db restore`: one file for either database, whole or not there, and nothing lost on the way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from cli import db
from pipeline.restore import Done
from storage import backup, copying, feeds, lookup, schema
from storage.engine import Database
from storage.feeds import FeedSpec
from storage.tables import HostState
from tests.cli.desk import Desk

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def stored(file: Path) -> dict[str, list[Any]]:
    """All rows of a backup, table by table, and the words of every article."""
    asked = {table.name: f'SELECT * FROM "{table.name}" ORDER BY 1, 2' for table in copying.tables()}
    with closing(sqlite3.connect(file)) as database:
        rows = {name: list(map(read, database.execute(query))) for name, query in asked.items()}
        keys = database.execute(f"SELECT rowid, keys FROM {lookup.INDEX} ORDER BY 1").fetchall()
    return rows | {lookup.INDEX: keys}


def read(row: tuple[Any, ...]) -> list[Any]:
    """A row with its JSON read: the databases write it in other words."""
    return [json.loads(one) if isinstance(one, str) and one[:1] in ("[", "{") else one for one in row]


def put(rows: Sequence[HostState], session: Session) -> None:
    session.add_all(rows)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()


def spec(number: int) -> FeedSpec:
    return FeedSpec(f"https://x.test/{number}", f"Feed {number}", "feed", "", (), "en", None, 3600.0)


def test_what_is_stored_moves_to_either_database_and_back(own_desk: Desk, database_url: str) -> None:
    there = Desk(own_desk.folder, {**own_desk.environ, "WIREWATCH_DATABASE": database_url})
    made = own_desk.run("db", "backup", "one", "--json")
    assert made.code == 0, made.err
    assert made.document["rows"]["article"] == 14
    log = own_desk.folder / "data" / "sent.log"
    shutil.copy(log, "sent.log")
    log.unlink()
    put_back = there.run("db", "restore", "one", "--sent-log", "sent.log", "--json")
    assert put_back.code == 0, put_back.err
    said = put_back.document
    assert (said["sent_log_complete"], said["kept_back"], said["aside"]) == (True, 0, None)
    assert there.run("db", "backup", "two").code == 0
    one, two = stored(Path("one")), stored(Path("two"))
    new = [row for row in two["meta"] if row[0] == "restored"]
    assert len(new) == 1
    assert two | {"meta": [row for row in two["meta"] if row not in new]} == one
    assert one["article"]
    assert one[lookup.INDEX]
    with opened(database_url) as database:
        before = {row[0] for row in one["feed"]}

        def more(session: Session) -> set[int | None]:
            feeds.sync(session, [spec(1)], NOW)
            return {feed.id for feed in feeds.listing(session)} - before

        assert database.write_now(more) == {max(before) + 1}


def test_a_backup_is_for_its_owner_only_and_never_replaces_a_file_unasked(own_desk: Desk) -> None:
    before = set(own_desk.folder.iterdir())
    assert own_desk.run("db", "backup", "kept").code == 0
    kept = own_desk.folder / "kept"
    assert kept.stat().st_mode & 0o777 == 0o600
    first = kept.read_bytes()
    refused = own_desk.run("db", "backup", "kept")
    assert (refused.code, kept.read_bytes()) == (2, first)
    assert "--force" in refused.err
    assert own_desk.run("db", "backup", "kept", "--force").code == 0
    assert own_desk.run("db", "backup", ".").code == 2
    assert own_desk.run("db", "backup", "nowhere/kept").code == 2
    assert set(own_desk.folder.iterdir()) == before | {kept}


def test_without_a_database_there_is_nothing_to_back_up(empty_desk: Desk) -> None:
    assert empty_desk.run("db", "backup", "kept").code == 3
    assert not (empty_desk.folder / "data").exists()


def test_a_backup_is_of_one_moment_while_others_write(db: Database, empty_desk: Desk) -> None:
    desk = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": db.url})
    done = threading.Event()

    def write() -> None:
        for number in range(100_000):
            if done.wait(0.005):
                break
            pair = [f"a{number}.test", f"b{number}.test"]
            rows = [HostState(host=host, next_allowed_at=NOW) for host in pair]
            db.write_now(partial(put, rows))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [desk.run("db", "backup", f"kept{number}") for number in range(2)]
    finally:
        done.set()
        writer.join()
    assert [one.code for one in made] == [0, 0], made[0].err
    counts = []
    for number in range(2):
        hosts = [row[0][0] for row in stored(Path(f"kept{number}"))["hoststate"]]
        counts.append((hosts.count("a"), hosts.count("b")))
    assert all(one == other for one, other in counts)
    assert counts[0] < counts[1]


def test_without_room_nothing_is_begun(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.backup.shutil.disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))
    ended = own_desk.run("db", "backup", "kept")
    assert (ended.code, list(own_desk.folder.glob("*kept*"))) == (3, [])
    assert "make room" in ended.err


def test_a_disk_that_fails_at_the_end_leaves_no_file(own_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> None:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr("storage.backup.synced", broken)
    assert own_desk.run("db", "backup", "kept").code != 0
    assert list(own_desk.folder.rglob("*kept*")) == []


@pytest.mark.faults
def test_a_backup_that_is_killed_leaves_nothing_under_its_name(db: Database, empty_desk: Desk) -> None:
    def much(session: Session) -> None:
        blob = os.urandom(2000)
        session.add_all(HostState(host=f"{n}.test", next_allowed_at=NOW, repeats=blob) for n in range(30_000))

    db.write_now(much)
    desk = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": db.url})
    process = desk.start("db", "backup", "kept")
    while not any(path.stat().st_size for path in desk.folder.glob(".kept.*")):
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (desk.folder / "kept").exists()
    assert desk.run("db", "backup", "kept").code == 0


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + bytes(4096)])
def test_a_file_that_is_no_backup_is_refused(empty_desk: Desk, content: bytes) -> None:
    Path("other").write_bytes(content)
    ended = empty_desk.run("db", "restore", "other")
    assert ended.code == 2
    assert "not a backup" in ended.err
    assert empty_desk.run("db", "restore", "missing").code == 2


def test_a_plain_copy_of_a_database_is_refused_and_the_way_to_use_it_said(own_desk: Desk) -> None:
    shutil.copy(own_desk.folder / "data" / "wirewatch.db", "copy")
    ended = own_desk.run("db", "restore", "copy", "--force")
    assert ended.code == 2
    assert "db backup FILE" in ended.err


def test_a_damaged_backup_is_refused(own_desk: Desk) -> None:
    own_desk.run("db", "backup", "kept")
    kept = own_desk.folder / "kept"
    with closing(sqlite3.connect(kept)) as file:
        file.execute("DELETE FROM decision")
        file.commit()
    ended = own_desk.run("db", "restore", "kept", "--force")
    assert ended.code == 2
    assert "decision has 0 rows and should have" in ended.err
    content = bytearray(kept.read_bytes())
    content[8192:12288] = os.urandom(4096)
    kept.write_bytes(content)
    assert own_desk.run("db", "restore", "kept", "--force").code == 2


def test_a_backup_of_a_newer_program_is_refused(own_desk: Desk) -> None:
    own_desk.run("db", "backup", "kept")
    with closing(sqlite3.connect("kept")) as file:
        file.execute(f"UPDATE {backup.FACTS} SET value = '9999' WHERE name = 'schema'")
        file.commit()
    ended = own_desk.run("db", "restore", "kept", "--force")
    assert ended.code == 2
    assert "made by a newer program" in ended.err


def test_a_backup_of_an_older_schema_is_upgraded(empty_desk: Desk, database_url: str) -> None:
    from alembic import command

    with opened(f"sqlite:///{empty_desk.folder / 'kept'}") as old, old.engine.connect() as connection:
        config = schema._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    with closing(sqlite3.connect("kept")) as file:
        file.execute("INSERT INTO meta VALUES ('installation', 'abc')")
        backup.sign(file, backup.Facts(NOW, "0001", "0.0.1", "sqlite", "abc", {"meta": 1}))
    desk = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": database_url})
    ended = desk.run("db", "restore", "kept")
    assert ended.code == 0, ended.err
    assert "upgraded from schema 0001" in ended.out
    with opened(database_url) as database:
        schema.require(database)


def test_what_is_there_is_replaced_only_when_asked_and_kept_as_a_backup(db: Database, empty_desk: Desk) -> None:
    desk = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": db.url})
    assert desk.run("db", "backup", "empty").code == 0
    db.write_now(lambda session: feeds.sync(session, [spec(1)], NOW))
    in_use = desk.run("db", "restore", "empty")
    assert in_use.code == 3
    assert "in use" in in_use.err
    db.close()
    refused = desk.run("db", "restore", "empty")
    assert (refused.code, "--force" in refused.err) == (2, True)
    done = desk.run("db", "restore", "empty", "--force", "--json")
    assert done.code == 0, done.err
    with opened(db.url) as database:
        assert database.read_now(feeds.listing) == []
    assert desk.run("db", "restore", done.document["aside"], "--json").document["rows"]["feed"] == 1
    with opened(db.url) as database:
        assert [feed.name for feed in database.read_now(feeds.listing)] == ["Feed 1"]


def test_a_restore_that_fails_half_way_changes_nothing(
    db: Database, empty_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(empty_desk.folder, {"WIREWATCH_DATABASE": db.url})
    desk.run("db", "backup", "empty")
    db.write_now(lambda session: feeds.sync(session, [spec(1)], NOW))
    monkeypatch.setattr("storage.copying.set_counter", lambda *_: 1 / 0)
    if not db.is_sqlite:
        with pytest.raises(ZeroDivisionError):
            desk.run("db", "restore", "empty", "--force")
    else:
        with closing(sqlite3.connect(backup.file_of(db))) as other:
            other.execute("BEGIN IMMEDIATE")
            monkeypatch.setattr("storage.replacing.WAIT_S", 0.1)
            assert desk.run("db", "restore", "empty", "--force").code == 3
    assert [feed.name for feed in db.read_now(feeds.listing)] == ["Feed 1"]


def test_a_database_that_cannot_be_read_is_put_aside_as_it_is(own_desk: Desk) -> None:
    own_desk.run("db", "backup", "kept")
    file = own_desk.folder / "data" / "wirewatch.db"
    file.write_bytes(b"\x00broken" * 1000)
    refused = own_desk.run("db", "restore", "kept")
    assert (refused.code, "--force" in refused.err) == (3, True)
    done = own_desk.run("db", "restore", "kept", "--force", "--json")
    assert done.code == 0, done.err
    assert Path(done.document["aside"]).read_bytes() == b"\x00broken" * 1000
    assert len(own_desk.run("articles", "list", "--json").rows) == 14


DROPS = "`wirewatch alerts drop restored` lays it aside"


@pytest.mark.parametrize(
    ("done", "said"),
    [
        (
            {"told_known": True, "oldest": (Path("theirs.log"), NOW)},
            ["nothing is sent again", "theirs.log was last written 2026-03-02 12:00Z", "old copy"],
        ),
        ({"told_known": True}, ["nothing is sent again"]),
        ({"missing": 2}, ["lacks 2 of the 3 deliveries", "(1 by now)", DROPS]),
        ({"missing": 2, "begins": NOW}, ["begins with the restore of 2026-03-02 12:00Z", "(1 by now)", DROPS]),
        ({}, ["sent.log was not there", DROPS]),
    ],
)
def test_a_restore_says_what_is_known_of_what_was_told_and_what_to_do(done: dict[str, Any], said: list[str]) -> None:
    facts = backup.Facts(NOW, "0002", "0.1.0", "sqlite", "x", {})
    known = {"told_known": False, "sent": 3, "missing": 0, "kept_back": 1} | done
    text = "\n".join(db._restored(Path("kept"), Done(facts, "0002", None, **known)))
    assert [one for one in said if one not in text] == []
    assert ("last written" in text) is ("oldest" in done)


def test_a_file_that_is_no_sent_log_is_refused(own_desk: Desk) -> None:
    own_desk.run("db", "backup", "kept")
    ended = own_desk.run("db", "restore", "kept", "--force", "--sent-log", "watch.yaml")
    assert ended.code == 2
    assert "not a sent.log" in ended.err
