"""The gate of pages: made-up articles in many languages, each in the design of some kind of site.

What is read of them is compared with what is true, beside trafilatura's default on the same pages in the same run.
Half of the designs are held: nothing was tuned on their pages, they are only counted. Pinned are the figures of each
half: a change may raise them, and not the reverse. With `-s` the table of the figures is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from statistics import mean

import pytest

from extractors.base import Extraction
from extractors.choose import extract
from tests.gates import designs, olddesigns
from tests.gates.articles import articles
from tests.gates.layouts import LAYOUTS, GatePage, gate_pages
from tests.gates.scores import by_trafilatura, f1

HALVES = ("tune", "held")
FIELDS = ("title", "author", "date", "language", "canonical")
DESIGNS = (designs, olddesigns)  # importing them enters what they hold
REACHED = {  # body F1, then the share of pages whose field is right, of those that say it
    "tune": {"body": 0.9924, "title": 1, "author": 1, "date": 1, "language": 1, "canonical": 1},
    "held": {"body": 0.9571, "title": 0.948, "author": 1, "date": 1, "language": 1, "canonical": 1},
}


@cache
def read() -> tuple[tuple[GatePage, Extraction], ...]:
    return tuple((page, extract(page.body, url=page.article.url, content_type="text/html")) for page in gate_pages())


@cache
def alone() -> dict[str, str]:
    """What trafilatura makes of each page by itself."""
    return {page.article.id: by_trafilatura(page.body) for page in gate_pages()}


def is_right(page: GatePage, found: Extraction, field: str) -> bool:
    article = page.article
    match field:
        case "date":
            return found.published is not None and found.published.date() == article.date
        case "canonical":
            return found.canonical_url == article.url
        case _:
            return bool(getattr(found, field) == getattr(article, field))


@cache
def figures(part: str) -> dict[str, float]:
    of_part = [(page, found) for page, found in read() if page.half == part]
    agreed = {
        field: mean(is_right(page, found, field) for page, found in of_part if field in page.says) for field in FIELDS
    }
    return {"body": mean(f1(page.article.text, found.text) for page, found in of_part), **agreed}


def bare(part: str) -> float:
    return mean(f1(page.article.text, alone()[page.article.id]) for page, _ in read() if page.half == part)


def table() -> Iterator[str]:
    yield f"| pages | body F1 | trafilatura's | {' | '.join(FIELDS)} |"
    yield "|---" * (3 + len(FIELDS)) + "|"
    for part in HALVES:
        of = figures(part)
        count = sum(page.half == part for page, _ in read())
        agreed = " | ".join(f"{of[field]:.3f}" for field in FIELDS)
        yield f"| {part}, {count} | {of['body']:.4f} | {bare(part):.4f} | {agreed} |"


@pytest.mark.parametrize("part", HALVES)
def test_pages_are_read_as_well_as_they_have_been(part: str) -> None:
    reached = figures(part)
    assert {name: figure for name, figure in reached.items() if figure < REACHED[part][name]} == {}


def test_the_table_is_shown() -> None:
    lines = list(table())
    print("", *lines, sep="\n")
    assert len(lines) == 2 + len(HALVES)


def test_there_are_pages_designs_and_languages_enough() -> None:
    assert len(articles()) >= 60
    assert len(LAYOUTS) >= 20
    assert len({article.language for article in articles()}) >= 10
    assert {article.layout for article in articles()} == set(LAYOUTS)
    assert [sum(one.half == part for one in LAYOUTS.values()) for part in HALVES] == [18, 18]


def test_no_text_is_there_twice() -> None:
    texts = [article.body for article in articles()]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("truth", "found", "score"),
    [
        ("a b c d e", "A, b c d e.", 1),
        ("a b c d e", "", 0),
        ("a b c d e", "a b c d x", 0.5),
        ("山区小学的屋顶", "山区小学", 0.4),
        ("two words", "two words", 1),
        ("", "", 0),
    ],
)
def test_the_score_counts_runs_of_four(truth: str, found: str, score: float) -> None:
    assert f1(truth, found) == pytest.approx(score)
