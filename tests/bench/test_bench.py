"""What is measured is what the figures say: the pages and the watch file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from bench.outlets import outlets, shape_of
from bench.tables import table
from bench.watching import watch_text
from extractors.base import PageState
from extractors.choose import extract
from rules.config import load

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BASES = ["http://127.0.0.1:1", "http://127.0.0.1:2"]


def test_the_same_seed_makes_the_same_pages() -> None:
    one, other = (outlets(BASES, 6, seed=3, now=NOW) for _ in range(2))
    assert one == other != outlets(BASES, 6, seed=4, now=NOW)


def test_pages_are_as_heavy_as_it_says_and_hold_an_article() -> None:
    pages = {url: page for site in outlets(BASES, 10, seed=1, now=NOW) for url, page in site.pages.items()}
    shape = shape_of(list(pages.values()))
    assert shape.count == len(pages) == 10 + 14
    assert 30 < shape.kilobytes[0] < shape.kilobytes[2] < 90
    assert {extract(page, url=url).state for url, page in pages.items()} == {PageState.READY}


def test_the_measured_watch_file_is_a_good_one() -> None:
    watch = load(watch_text(["http://127.0.0.1:1/feed"], 60, seed=1), file="watch.yaml", env=None)
    assert len(watch.rules) == 60 + 4


def test_every_measurement_is_named_where_work_on_this_project_is_described() -> None:
    root = Path(__file__).parents[2]
    described = (root / "CONTRIBUTING.md").read_text("utf-8")
    files = [file for file in (root / "bench").glob("*.py") if "__main__" in file.read_text("utf-8")]
    commands = {f"| `python -m bench.{file.stem}` |".replace(".__main__", "") for file in files}
    assert len(commands) >= 8
    assert {command for command in commands if command not in described} == set()


def test_a_table_has_its_columns_in_line() -> None:
    assert table(["", "n"], [["pages", 12]]) == "|       |  n |\n|-------|---:|\n| pages | 12 |"
