"""Rows of cards leave a page; linked headings of an article that is a list stay."""

from __future__ import annotations

import pytest

from extractors.cards import drop_cards
from extractors.page import open_page

SITES = frozenset({"www.hills.example"})
PROSE = "".join(
    f"<p>The parliament voted on Monday to close coal mine number {n} within four years.</p>" for n in range(3)
)
TEASER = "Elsewhere a teaser runs on for as long as a paragraph of an article would, and then for a little longer."


def left(row: str, prose: str = PROSE) -> str:
    tree = open_page(f"<html><body><div>{prose}</div><div>{row}</div></body></html>".encode(), url="u").tree
    assert tree is not None
    drop_cards(tree, SITES)
    return str(tree.text_content())


def card(
    opening: str, closing: str, *, count: int = 3, inside: str = "<img src=i><h3>Other</h3>", to: str = "/a"
) -> str:
    return "".join(f"{opening}<a href='{to}/{n}'>{inside}</a><p>{TEASER}</p>{closing}" for n in range(count))


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<div class=card>", "</div>"),
        ("<li>", "</li>"),
        ("<article class='c'><div>", "</div></article>"),
        ("<section><div><div>", "</div></div></section>"),
    ],
)
def test_a_row_of_cards_leaves_with_its_teasers(opening: str, closing: str) -> None:
    text = left(card(opening, closing))
    assert "Elsewhere" not in text
    assert "Other" not in text
    assert text.count("coal mine") == 3


@pytest.mark.parametrize(
    "row",
    [
        card("<div class=card>", "</div>", count=2),
        card("<div class=card>", "</div>", inside="<h3>A thing of the list</h3>"),
        card("<div class=card>", "</div>", to="https://shop.example"),
        card("<div class=card>", f"<p>{TEASER * 8}</p></div>"),
        card("", ""),
    ],
    ids=["too few", "no picture", "leads elsewhere", "too long", "no element of its own"],
)
def test_what_may_be_the_article_stays(row: str) -> None:
    assert "Elsewhere" in left(row)


def test_a_page_of_cards_keeps_them() -> None:
    assert "Elsewhere" in left(card("<div class=card>", "</div>", count=9), prose="<p>Our best.</p>")


@pytest.mark.parametrize(
    ("to", "stays"),
    [("https://www.hills.example/a", False), ("/live/mine", True), ("#entry", True), ("https://shop.example", True)],
)
def test_beside_an_article_in_an_element_of_its_own_teasers_without_pictures_leave_as_well(
    to: str, stays: bool
) -> None:
    row = "".join(f"<div><h3><a href='{to}/{n}'>Other</a></h3><p>{TEASER}</p></div>" for n in range(3))
    page = f"<html><body><main><article><h1>Mine closes</h1>{PROSE}</article>{row}</main></body></html>"
    tree = open_page(page.encode(), url="u").tree
    assert tree is not None
    drop_cards(tree, SITES, "https://www.hills.example/live/mine")
    assert ("Elsewhere" in tree.text_content()) is stays
    assert tree.text_content().count("coal mine") == 3
