"""The report: what its rows say, what it says of what is missing or failed, and that its figures are those measured."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from bench import growth, peering, polls, report, sections, way
from bench.rows import MISSING, Row, Section
from bench.sections import QUICK, Scale
from storage.engine import Database

FACTS = {"commit": "abc", "machine": "two cores"}


def test_a_ratio_of_two_is_twice_as_good_whichever_way_is_better() -> None:
    assert Row("x", "feeds/s", (10.0, 20.0, 30.0), "peer", (10.0,)).ratio == 2
    assert Row("x", "MB", (50.0,), "peer", (100.0,), less_is_better=True).ratio == 2
    assert Row("x", "MB", (50.0,)).ratio is None


def test_a_cell_has_the_middle_round_and_the_best_beside_it() -> None:
    assert Row("x", "pages/s", (10.0, 20.0, 33.0), "peer", (2.0,)).cells == [
        "x", "pages/s", "20.0 (33.0)", "peer", "2.00", "10.00",
    ]  # fmt: skip
    assert Row("x", "s", (3.0, 1.0, 2.0), less_is_better=True).cells[2:] == ["2.00 (1.00)", "–", "–", ""]


def test_a_peer_that_is_not_installed_is_named_with_what_installs_it() -> None:
    cells = Row("x", "feeds/s", (10.0,), "reader", note=MISSING).cells
    assert cells[3:] == ["reader", "not installed: `make bench-peers`", ""]


def test_the_report_says_what_it_ran_on_and_has_every_section() -> None:
    row = Row("304s", "feeds/s", (10.0,), "reader", (5.0,))
    made = [Section("Feeds polled", "200 feeds.", (row,)), Section("Rules", "", why="ValueError: no")]
    said = report.markdown(FACTS, made)
    assert "- commit: abc\n- machine: two cores" in said
    assert "## Feeds polled\n\n200 feeds.\n\n| what |" in said
    assert "| 304s | feeds/s | 10.0 | reader |   5.00 |  2.00 |" in said
    assert "Not measured: ValueError: no" in said
    kept = json.loads(json.dumps(report.document(FACTS, made)))
    assert kept["sections"][0]["rows"][0]["theirs"] == {"middle": 5.0, "best": 5.0, "rounds": [5.0]}


def test_machine_date_versions_and_commit_are_told() -> None:
    facts = report.about()
    assert {"date", "commit", "machine", "python", "trafilatura", "newspaper4k"} <= set(facts)


def test_a_section_that_fails_leaves_the_others_and_makes_the_exit_code_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scales: list[Scale] = []

    def fine(scale: Scale) -> Section:
        scales.append(scale)
        return Section("Fine", "", (Row("x", "feeds/s", (10.0,)),))

    def broken(scale: Scale) -> Section:
        raise peering.PeerFailed("it fell over")

    monkeypatch.setattr(report, "SECTIONS", {"broken": broken, "fine": fine})
    files = [str(tmp_path / name) for name in ("a.json", "a.md")]
    monkeypatch.setattr("sys.argv", ["bench", "--quick", "--json", files[0], "--markdown", files[1]])
    assert report.main() == 1
    said = capsys.readouterr().out
    assert "Not measured: PeerFailed: it fell over" in said
    assert "## Fine" in said
    assert Path(files[1]).read_text("utf-8") in said
    assert [one["title"] for one in json.loads(Path(files[0]).read_text())["sections"]] == ["Broken", "Fine"]
    assert scales == [QUICK]


def test_without_the_peers_environment_polls_are_measured_and_the_peers_rows_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peering, "PYTHON", tmp_path / "none")
    monkeypatch.setattr(sections, "_polled", lambda port, count: ({"304s": 9.0, "first poll": 4.0}, 80.0))
    monkeypatch.setattr(polls, "sites", lambda: nullcontext(1))
    monkeypatch.setattr(sections, "alone", lambda fn, *values: fn(*values))
    rows = sections.polling(QUICK).rows
    assert [(row.what, row.peer, row.note) for row in rows] == [
        ("304s", "reader", MISSING),
        ("first poll", "", ""),
        ("memory of the process, PSS", "reader", MISSING),
        ("memory of the process, PSS", "changedetection.io", MISSING),
    ]


def test_a_peer_that_fails_is_an_error_with_what_it_complained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sad.py").write_text("raise SystemExit('no such feed')")
    (tmp_path / "glad.py").write_text("import json, sys; print('hello'); print(json.dumps({'n': len(sys.argv)}))")
    monkeypatch.setattr(peering, "SCRIPTS", tmp_path)
    monkeypatch.setattr(peering, "PYTHON", Path(sys.executable))
    with pytest.raises(peering.PeerFailed, match="no such feed"):
        peering.called("sad", 1)
    assert peering.called("glad", 1) == {"n": 3}


def test_every_event_of_the_whole_way_is_told_once_and_timed() -> None:
    with way.controlled(2, 1) as control:
        found = way.run_ours(control)
    assert (found.events, len(found.latencies)) == (2, 2)
    assert 0 < min(found.latencies) <= max(found.latencies) <= found.seconds


def test_the_bytes_of_a_table_and_of_its_indexes_are_told_apart(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("CREATE TABLE one (a TEXT, b TEXT)")
        connection.execute("CREATE INDEX ix_one ON one (a)")
        connection.executemany("INSERT INTO one VALUES (?, ?)", [(str(n), "x" * 500) for n in range(400)])
        connection.commit()
    rows, indexes = growth.of_sqlite(tmp_path / "x.db")["one"]
    assert rows > 200_000
    assert 4_096 <= indexes < 40_000


def test_both_databases_say_how_large_each_table_is(db: Database) -> None:
    url = db.url.replace("+psycopg", "")
    sizes = growth.of_sqlite(Path(url.removeprefix("sqlite:///"))) if db.is_sqlite else growth.of_postgresql(url)
    assert {"article", "entry", "hit", "delivery"} <= set(sizes)
    assert sizes["article"][1] > 0


def test_growth_is_told_for_a_hundred_thousand_articles(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = {10: ({"article": (1_000, 500)}, 10), 60: ({"article": (6_000, 1_500), "hit": (50, 0)}, 60)}
    monkeypatch.setattr(growth, "_filled", lambda kind, url, count: filled[count])
    found = growth.measure("sqlite", few=10, many=60)
    assert found.tables == {"article": (10_000_000, 2_000_000), "hit": (100_000, 0)}
    assert (found.measured, found.rows, found.indexes) == (50, 10_100_000, 2_000_000)
