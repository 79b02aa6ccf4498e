"""`backfill`: archives are read and stored, what failed is named, and a killed start is gone on with."""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from tests.archives import http, record, warc
from tests.builders import CALM, STRIKE, page
from tests.cli.desk import Desk

WATCH = """
version: 1
feeds: [{url: "https://harbour.test/rss"}]
rules:
  strike: {title: Strike, match: "near/12(docker, strike)"}
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A folder with a watch file, and nothing stored yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "watch.yaml").write_text(WATCH, "utf-8")
    return Desk(tmp_path, {"WIREWATCH_JOBS": "1"})


def story(number: int) -> bytes:
    texts = STRIKE if number % 2 else CALM
    body = page(f"Report {number}", [f"{one} This is report {number}." for one in texts])
    return record(f"https://harbour.test/2025/{number}.html", http(body))


def stored(desk: Desk) -> tuple[int, int, int]:
    """How many articles there are, how many hits, and how many pairs of rule and article."""
    with sqlite3.connect(desk.folder / "data" / "wirewatch.db") as database:
        asked = "SELECT (SELECT count(*) FROM article), count(*), count(DISTINCT rule_id || article_id) FROM hit"
        articles, hits, pairs = database.execute(asked).fetchone()
    return articles, hits, pairs


def test_an_archive_is_stored_and_what_failed_in_it_is_named(bare: Desk) -> None:
    warc(bare.folder / "a.warc.gz", [story(1), story(2), record("https://harbour.test/3.html", b"no answer")])
    said = bare.run("backfill", "a.warc.gz")
    assert said.code == 1
    assert [line.split()[1:] for line in said.out.splitlines()[1:]] == [
        ["failed", "corrupt", "1"],
        ["hits", "1"],
        ["stored", "2"],
    ]
    assert "a.warc.gz: offset" in said.err
    assert "no HTTP answer in it: https://harbour.test/3.html" in said.err
    assert stored(bare) == (2, 1, 1)
    again = bare.run("backfill", bare.folder, "--json")
    (source,) = again.document["sources"]
    assert (again.code, source["records"], len(source["failures"])) == (1, 3, 1)
    assert stored(bare) == (2, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["nowhere.warc.gz"], "there is no such file or folder"),
        (["watch.yaml"], "neither a WARC file nor a page"),
        (["a.warc", "--rules", "strike,nobody"], "there is no rule 'nobody'"),
        (["a.warc", "--since", "soon"], "--since soon: not a time"),
        (["a.warc", "--since", "2026-02-01", "--until", "2026-01-01"], "--since is not before --until"),
        (["a.warc", "--tell", "all"], "--tell"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_the_word_that_is_wrong(
    bare: Desk, arguments: list[str], why: str
) -> None:
    warc(bare.folder / "a.warc", [story(1)])
    said = bare.run("backfill", *arguments)
    assert said.code == 2
    assert why in said.err


def test_where_dask_is_not_installed_it_is_said_how_it_is(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    warc(bare.folder / "a.warc", [story(1)])
    monkeypatch.setitem(sys.modules, "dask", None)
    monkeypatch.delitem(sys.modules, "flows.backfill", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    said = bare.run("backfill", "a.warc", "--dask", "tcp://127.0.0.1:1")
    assert said.code == 2
    assert "install the extra" in said.err


@pytest.mark.faults
@pytest.mark.timeout(400)
def test_a_start_that_is_killed_anywhere_is_gone_on_with_and_nothing_is_lost_or_doubled(bare: Desk) -> None:
    warc(bare.folder / "a.warc.gz", [story(number) for number in range(320)])
    for killed_at in (0, 150):  # articles stored: in the first batch, in a later one
        with bare.start("backfill", "a.warc.gz") as child:
            until = time.monotonic() + 120
            while time.monotonic() < until and child.poll() is None and not _has(bare, killed_at):
                time.sleep(0.01)
            child.send_signal(signal.SIGKILL)
        with sqlite3.connect(bare.folder / "data" / "wirewatch.db") as database:
            database.execute("UPDATE joblock SET until = '2020-01-01 00:00:00.000'")  # a minute later
    said = bare.run("backfill", "a.warc.gz", "--json")
    (source,) = said.document["sources"]
    assert {one["outcome"]: one["count"] for one in source["counts"]} == {"stored": 320, "hits": 160}
    assert said.code == 0
    assert stored(bare) == (320, 160, 160)


def _has(desk: Desk, articles: int) -> bool:
    file = desk.folder / "data" / "wirewatch.db"
    if not file.exists():
        return False
    try:
        with sqlite3.connect(file, timeout=0.1) as database:
            planned = database.execute("SELECT count(*) FROM backfill").fetchone()[0]
            return bool(planned and database.execute("SELECT count(*) FROM article").fetchone()[0] >= articles)
    except sqlite3.OperationalError:
        return False
