"""What is measured is what the figures say: the pages, the news among them, and how a run is judged."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.outlets import outlets, shape_of
from bench.soak import CHANNELS, Findings
from bench.tables import table
from bench.watching import watch_text
from bench.world import RULE, World
from bench.world import watch_text as soak_watch_text
from extractors.base import PageState
from extractors.choose import extract
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BASES = ["http://127.0.0.1:1", "http://127.0.0.1:2"]


def told(**changes: Any) -> Findings:
    """A run in which nothing went wrong, but for these changes."""
    none: Mapping[str, list[str]] = {channel: [] for channel in CHANNELS}
    good: dict[str, Any] = {
        "database": "sqlite", "published": 2, "polls": 3, "latencies": {channel: [2.0, 4.0] for channel in CHANNELS},
        "lost": none, "doubled": none, "strays": [], "stop_seconds": 3.0, "exit_code": 0, "left_over": [],
        "memory_mb": 500.0,
    }  # fmt: skip
    return Findings(**good | changes)


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


def test_only_the_news_among_what_is_published_matches_the_rule() -> None:
    world = World("http://127.0.0.1:1", 25, random.Random(1))
    for _ in range(12):
        world.publish_noise()
        world.publish_news()
    (rule,) = load(soak_watch_text(world), file="watch.yaml", env=None).rules
    assert rule.id == RULE
    matcher = Matcher([rule])
    for one in world.articles:
        read = extract(one.page, url=world.base + one.document.path)
        document = analyse(ArticleText(id=one.slug, title=read.title, text=read.text, language="en"))
        assert bool(matcher.match(document).matches) == one.is_news


def test_a_run_without_a_fault_has_none() -> None:
    assert told().faults == []


def test_each_fault_of_a_run_is_named() -> None:
    mail = {"mail": ["dockers-1"], "webhook": []}
    assert told(lost=mail).faults == ["mail: lost dockers-1"]
    assert told(doubled=mail).faults == ["mail: told again dockers-1"]
    assert told(latencies={"mail": [61.0], "webhook": [59.0]}).faults == ["mail: 1 later than 60 s"]
    assert told(strays=["mail: a stranger"]).faults == ["nobody asked for this: mail: a stranger"]
    assert told(left_over=["4711 python"]).faults == ["left over: 4711 python"]
    assert told(exit_code=None).faults == ["`up` did not end within 60 s of a SIGTERM"]


def test_every_measurement_is_named_where_work_on_this_project_is_described() -> None:
    root = Path(__file__).parents[2]
    described = (root / "CONTRIBUTING.md").read_text("utf-8")
    files = [file for file in (root / "bench").glob("*.py") if "__main__" in file.read_text("utf-8")]
    commands = {f"| `python -m bench.{file.stem}` |".replace(".__main__", "") for file in files}
    assert len(commands) >= 8
    assert {command for command in commands if command not in described} == set()


def test_a_table_has_its_columns_in_line() -> None:
    assert table(["", "n"], [["pages", 12]]) == "|       |  n |\n|-------|---:|\n| pages | 12 |"
