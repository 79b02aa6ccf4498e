"""Rows of cards that lead to other articles: picture and headline in one link, perhaps with a teaser of some length.

Told by structure alone: three or more siblings of one kind, each with one such link to the page's own site, beside
prose that is not in any of them. Articles that are lists of things link their headings without pictures, or elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import cast

from lxml.etree import XPath
from lxml.html import HtmlElement

from extractors.related import LoneLink, is_inside

FEWEST = 3  # cards in a row
MAX_CARD = 700  # characters of one
PROSE = 60  # characters of a paragraph that shows that there is text beside the cards
PARAGRAPHS = 2  # of them at least, or the page is a page of cards

_LINKS = cast(
    "Callable[[HtmlElement], list[HtmlElement]]",
    XPath("body//a[@href][.//img or .//picture][.//h2 or .//h3 or .//h4 or .//h5]"),
)


def drop_cards(tree: HtmlElement, sites: frozenset[str]) -> None:
    """Take them out of the tree; `sites` are the hosts that the page is of."""
    links = [link for link in _LINKS(tree) if is_inside(LoneLink("", link.get("href", ""), sites))]
    if len(links) < FEWEST:
        return
    rows: dict[tuple[HtmlElement, str, str], list[HtmlElement]] = defaultdict(list)
    for link in links:
        card = _card(link)
        parent = card.getparent()
        if parent is not None and card.find(".//h1") is None and len(card.text_content()) <= MAX_CARD:
            rows[parent, str(card.tag), card.get("class", "")].append(card)
    cards = {card for row in rows.values() if len(row) >= FEWEST for card in row}
    if cards and _paragraphs_beside(tree, cards) >= PARAGRAPHS:
        for card in cards:
            card.drop_tree()


def _card(link: HtmlElement) -> HtmlElement:
    """The outermost element around a link that holds no other such link: it has siblings like it, or is none."""
    card = link
    for around in link.iterancestors("div", "li", "article", "section", "td", "p"):
        if sum(1 for _ in around.iter("a")) > 2 or len(around.text_content()) > MAX_CARD:
            break
        card = around
    return card


def _paragraphs_beside(tree: HtmlElement, cards: set[HtmlElement]) -> int:
    return sum(
        len(paragraph.text_content()) >= PROSE // (1 if paragraph.text_content().isascii() else 3)
        for paragraph in tree.iter("p", "blockquote", "li")
        if cards.isdisjoint(paragraph.iterancestors()) and paragraph.find(".//a") is None
    )
