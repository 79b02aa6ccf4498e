from __future__ import annotations

import pytest
from lxml.html import HtmlElement
from trafilatura.settings import Document, Extractor

from extractors import article
from extractors.article import Article
from extractors.page import open_page

SENTENCE = (
    "The harbour master closed the north quay at dawn and told the crews of nine trawlers to stay where they were. "
)


def tree_of(body: str) -> HtmlElement:
    tree = open_page(f"<html><body>{body}</body></html>".encode(), url="").tree
    assert tree is not None
    return tree


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of its two ways the library went, in order."""
    went: list[str] = []
    extracted = article._extracted

    def note(tree: HtmlElement, options: Extractor) -> Document | None:
        went.append("quick" if options.fast else "slow")
        return extracted(tree, options)

    monkeypatch.setattr(article, "_extracted", note)
    return went


def test_the_quick_way_is_final_when_the_page_holds_little_else(ways: list[str]) -> None:
    assert Article().body(tree_of(f"<article><p>{SENTENCE * 3}</p></article>"), "").count("harbour") == 3
    assert ways == ["quick"]


@pytest.mark.parametrize(
    "body",
    [
        f"<article><p>{SENTENCE}</p></article>",
        f"<article><p>{SENTENCE * 3}</p></article><div class=footer>{SENTENCE * 9}</div>",
        "",
    ],
)
def test_the_slow_way_is_gone_when_it_could_find_more(ways: list[str], body: str) -> None:
    Article().body(tree_of(body), "")
    assert ways == ["quick", "slow"]


def test_the_tree_is_left_as_it_was() -> None:
    tree = tree_of(f"<nav>n</nav><article><p>{SENTENCE * 3}</p></article>")
    before = tree.text_content()
    Article().body(tree, "")
    assert tree.text_content() == before


def test_cells_of_a_table_stand_in_a_line() -> None:
    rows = "<tr><th>Pit</th><th>Closes</th></tr><tr><td>Old Barbara</td><td>2031</td></tr>"
    assert "| Old Barbara | 2031 |" in Article().body(
        tree_of(f"<article><p>{SENTENCE * 3}</p><table>{rows}</table></article>"), ""
    )
