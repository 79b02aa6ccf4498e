"""The measurement of replays: the archive that it makes is one, and a run of it alone reads all pages."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import cast

from bench import replay
from bench.watching import watch_text
from pipeline.archive.pages import Taken, page_of
from pipeline.archive.records import records


def test_the_archive_holds_pages_of_so_many_bytes_each_once_and_all_are_read(tmp_path: Path) -> None:
    made = replay.made(tmp_path, 1, seed=1)
    pages = [page_of(one) for one in records(made.file, keep=1_000_000)]
    taken = [one for one in pages if isinstance(one, Taken)]
    assert len(taken) == len(pages) == made.pages == len({one.article_key for one in taken})
    assert sum(len(one.body) for one in taken) == made.size >= 1_000_000
    text = watch_text(made.feeds, 5, seed=1)
    pace = asyncio.run(replay.alone(made, tmp_path, text, jobs=1))
    assert pace.pages_s > 0
    assert pace.cpu_ms > 0


def test_the_start_is_told_apart_from_what_pages_cost() -> None:
    looks = [replay.Look(*one) for one in ((0.0, 0.0, 0), (10.0, 8.0, 0), (11.0, 9.0, 100), (21.0, 19.0, 300))]
    run = replay.Run(21.0, 500.0, {"stored": 300}, [*looks, replay.Look(22.0, 20.0, 300)])
    assert run.pace(300) == replay.Pace(300 / 21.0, 20.0 / 300 * 1_000)
    assert run.steady() == replay.Pace(20.0, 50.0)


class Ended:
    """A run that is over."""

    def __init__(self, texts: dict[str, tuple[str, str]], hits: list[tuple[str, str]]) -> None:
        self._texts, self._hits = texts, Counter(hits)

    def texts(self) -> dict[str, tuple[str, str]]:
        return self._texts

    def hits(self) -> Counter[tuple[str, str]]:
        return self._hits


def test_what_a_kill_lost_or_doubled_is_told_apart_from_articles_that_came_out_otherwise() -> None:
    whole = Ended({"a": ("1", "ready"), "b": ("2", "ready"), "c": ("3", "ready")}, [("r", "a"), ("r", "b"), ("r", "c")])
    killed = Ended({"a": ("1", "ready"), "b": ("9", "ready")}, [("r", "a"), ("r", "a"), ("s", "b")])
    assert replay.compared(cast(replay.Flow, whole), cast(replay.Flow, killed)) == (1, 1, 1)
    assert replay.compared(cast(replay.Flow, whole), cast(replay.Flow, whole)) == (0, 0, 0)
