"""`db check`: finds what is broken, names the row, says what it means and what to do; and nothing in a whole one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from storage import check
from storage.engine import Database
from tests.cli.desk import Desk

BROKEN = [
    ("UPDATE story SET articles = 7 WHERE id = 1", "story sum", "1"),
    ("UPDATE hit SET rule_id = 'other' WHERE id = 2", "story rule", "2"),
    ("UPDATE article SET text = '' WHERE id = (SELECT min(id) FROM article WHERE state = 'ready')", "no text", ""),
    ("UPDATE article SET state = 'duplicate' WHERE id = 3", "no original", "3"),
    ("UPDATE alert SET state = 'held', release_at = NULL", "never released", ""),
    ("UPDATE delivery SET sent_at = NULL WHERE id = 1", "sent when", "1"),
    ("UPDATE delivery SET state = 'leased', lease_until = NULL WHERE id = 2", "leased by nobody", "2"),
    ("UPDATE delivery SET rule_id = 'other' WHERE id = 3", "delivery rule", "3"),
    ("UPDATE config SET text = '' WHERE revision = 1", "no config", "1"),
    ("UPDATE config SET text = 'version: 1' WHERE revision = 1", "changed config", "1"),
    ("DELETE FROM articleindex", "not indexed", ""),
    ("UPDATE delivery SET key = 'f' WHERE id = 4", "wrong key", "4"),
    ("DROP INDEX ix_delivery_due", "schema", ""),
]


@pytest.fixture
def filled(own_desk: Desk, database_url: str) -> Desk:
    """The filled desk, its rows in a database of either kind."""
    desk = Desk(own_desk.folder, {**own_desk.environ, "WIREWATCH_DATABASE": database_url})
    assert own_desk.run("db", "backup", "kept").code == 0
    assert desk.run("db", "restore", "kept").code == 0
    return desk


def change(desk: Desk, *statements: str) -> None:
    database = Database(desk.environ["WIREWATCH_DATABASE"])
    for one in statements:
        database.write_now(lambda session, one=one: session.execute(text(one)))  # type: ignore[misc]
    database.close()


def test_a_whole_database_has_no_faults_and_each_broken_promise_is_one(filled: Desk) -> None:
    whole = filled.run("db", "check")
    assert (whole.code, whole.out) == (0, "the database is whole\n"), whole.out
    assert filled.run("db", "check", "--json").out == ""
    for statement, fault, row in BROKEN:
        change(filled, statement)
        ended = filled.run("db", "check", "--json")
        found = [one for one in ended.rows if one["fault"] == fault]
        assert (ended.code, len(found)) == (1, 1), (statement, ended.out)
        assert row in (*found[0]["rows"], ""), (statement, found)
        assert found[0]["means"]
        assert found[0]["do"]
    assert "a delivery" in filled.run("db", "check").out


def test_bytes_where_a_revision_had_its_text_are_a_fault(own_desk: Desk) -> None:
    with closing(sqlite3.connect(own_desk.folder / "data" / "wirewatch.db")) as file:
        file.execute("UPDATE config SET text = CAST(text AS BLOB) WHERE revision = 1")
        file.commit()
    ended = own_desk.run("db", "check", "--json")
    assert [(one["fault"], one["rows"]) for one in ended.rows] == [("changed config", ["1"])]


def test_a_sent_delivery_that_no_log_knows_is_a_fault(filled: Desk) -> None:
    log = filled.folder / "data" / "sent.log"
    log.rename("other.log")
    ended = filled.run("db", "check", "--json")
    assert [(one["fault"], one["count"]) for one in ended.rows] == [("not in sent.log", 6)]
    assert filled.run("db", "check", "--sent-log", "other.log").code == 0


def test_a_row_that_refers_to_nothing_is_a_fault(filled: Desk) -> None:
    url, wrong = filled.environ["WIREWATCH_DATABASE"], "UPDATE delivery SET alert_id = 'gone' WHERE id = 5"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            file.execute(wrong)
            file.commit()
    else:
        change(filled, f"SET LOCAL session_replication_role = replica; {wrong}")
    rows = [one for one in filled.run("db", "check", "--json").rows if one["fault"] == "reference"]
    assert [(one["table"], one["rows"], one["detail"]) for one in rows] == [
        ("delivery", ["5 gone"], "alert_id → alert")
    ]


def test_a_counter_that_fell_behind_is_a_fault(filled: Desk) -> None:
    if filled.environ["WIREWATCH_DATABASE"].startswith("sqlite"):
        return  # SQLite counts on from the largest number by itself
    change(filled, "SELECT setval(pg_get_serial_sequence('article', 'id'), 2)")
    rows = filled.run("db", "check", "--json").rows
    assert [(one["fault"], one["table"], one["rows"]) for one in rows] == [("counter", "article", ["14"])]


def test_wrong_checksums_are_told_with_how_they_are_counted_anew(filled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    if filled.environ["WIREWATCH_DATABASE"].startswith("sqlite"):
        return  # it keeps none
    counted = check.Fault("checksum", "", (), 3, "3 pages with a wrong checksum")
    monkeypatch.setattr(check, "_checksums", lambda _connection: iter([counted]))
    ended = filled.run("db", "check")
    assert ended.code == 1
    assert "3 pages with a wrong checksum" in ended.out
    assert "pg_stat_reset()" in ended.out


def test_a_damaged_file_is_told_as_such(own_desk: Desk) -> None:
    file = own_desk.folder / "data" / "wirewatch.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA writable_schema = ON")
        root = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_hit_rule_id'").fetchone()[0]
        size = database.execute("PRAGMA page_size").fetchone()[0]
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[(root - 1) * size + 3 : (root - 1) * size + 5] = b"\x00\x00"  # an index without entries
    file.write_bytes(content)
    ended = own_desk.run("db", "check", "--json")
    assert (ended.code, ended.rows[0]["fault"]) == (1, "structure")


def test_without_a_database_or_with_another_schema_nothing_can_be_said(empty_desk: Desk) -> None:
    assert empty_desk.run("db", "check").code == 3
    assert Desk(Path(), {"WIREWATCH_DATABASE": "postgresql://u@127.0.0.1:1/x"}).run("db", "check").code == 3
