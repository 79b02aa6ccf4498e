"""Rows of cards that lead to other articles: picture and headline in one link, perhaps with a teaser of some length.

Told by structure alone: three or more siblings of one kind, each with one such link to the page's own site, beside
prose that is not in any of them. Articles that are lists of things link their headings without pictures, or elsewhere;
so rows without pictures leave only where the headline and a paragraph stand in an element of their own, an `article`,
and the row does not. Entries of a live report, which link to their own page, stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import cast
from urllib.parse import urlsplit

from lxml.etree import XPath
from lxml.html import HtmlElement

from core.urls import join
from extractors.layout import row_of
from extractors.related import LoneLink, is_inside, is_opaque

FEWEST = 3  # cards in a row
MAX_CARD = 700  # characters of one
PROSE = 60  # characters of a paragraph that shows that there is text beside the cards
PARAGRAPHS = 2  # of them at least, or the page is a page of cards

_LINKS = cast(
    "Callable[[HtmlElement], list[HtmlElement]]",
    XPath("body//a[@href][.//img or .//picture][.//h2 or .//h3 or .//h4 or .//h5]"),
)
_HEADED = cast(
    "Callable[[HtmlElement], list[HtmlElement]]",
    XPath("body//a[@href][.//h2 or .//h3 or .//h4 or .//h5 or parent::h2 or parent::h3 or parent::h4 or parent::h5]"),
)


def drop_cards(tree: HtmlElement, sites: frozenset[str], url: str = "") -> None:
    """Take them out of the tree; `sites` are the hosts that the page is of, `url` is where it was found."""
    links = [link for link in _LINKS(tree) if is_inside(LoneLink("", link.get("href", ""), sites))]
    cards = _in_rows(links)
    if cards and _paragraphs_beside(tree, cards) >= PARAGRAPHS:
        _drop(cards)
    if (own := _own_article(tree)) is not None:
        _drop(_in_rows([link for link in _HEADED(tree) if _leads_on(link, sites, url) and not _is_in(link, own)]))


def unname_entries(tree: HtmlElement, sites: frozenset[str], url: str) -> None:
    """Make plain parts of a live report's entries, each an `article`: readers take one for the whole, and of the others
    the paragraphs without their headlines. Teasers of other articles stay what they are, and comments.
    """
    rows: dict[HtmlElement, int] = defaultdict(int)
    for entry in tree.iter("article"):
        if (row := row_of(entry)) is not None and _is_entry(entry, sites, url):
            rows[row] += 1
    if max(rows.values(), default=0) >= FEWEST:
        for article in list(tree.iter("article")):
            article.tag = "div"


def _is_entry(article: HtmlElement, sites: frozenset[str], url: str) -> bool:
    if article.find(".//h1") is not None or article.find(".//p") is None:
        return False
    if "comment" in f"{article.get('class', '')} {article.get('id', '')}".lower():
        return False
    headings = [*article.iter("h2", "h3", "h4", "h5")][:1]
    around = [link for heading in headings for link in (*heading.iter("a"), *heading.iterancestors("a"))]
    return not any(_leads_on(link, sites, url) for link in around)


def _own_article(tree: HtmlElement) -> HtmlElement | None:
    """The one outermost `article` with a headline and a paragraph, if there is such a one."""
    outermost = [one for one in tree.iter("article") if next(one.iterancestors("article"), None) is None]
    headed = [one for one in outermost if one.find(".//h1") is not None]
    return headed[0] if len(headed) == 1 and _has_paragraph(headed[0]) else None


def _has_paragraph(article: HtmlElement) -> bool:
    return any(_is_paragraph(one) for one in article.iter("p"))


def _leads_on(link: HtmlElement, sites: frozenset[str], url: str) -> bool:
    """Whether it leads to another page of the site: not to this one, nor to one below it."""
    target, path = link.get("href", ""), urlsplit(url).path.rstrip("/")
    if is_opaque(target) or not is_inside(LoneLink("", target, sites)):
        return False
    return not path or not urlsplit(join(url, target)).path.startswith(path)


def _is_in(link: HtmlElement, article: HtmlElement) -> bool:
    return any(around is article for around in link.iterancestors("article"))


def _drop(cards: set[HtmlElement]) -> None:
    for card in cards:
        if card.getparent() is not None:
            card.drop_tree()


def _in_rows(links: Sequence[HtmlElement]) -> set[HtmlElement]:
    """The cards that these links are in, of those that stand in a row."""
    rows: dict[tuple[HtmlElement, str, str], list[HtmlElement]] = defaultdict(list)
    for link in links:
        card = _card(link)
        parent = card.getparent()
        if parent is not None and card.find(".//h1") is None and len(card.text_content()) <= MAX_CARD:
            rows[parent, str(card.tag), card.get("class", "")].append(card)
    return {card for row in rows.values() if len(row) >= FEWEST for card in row}


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
        _is_paragraph(paragraph)
        for paragraph in tree.iter("p", "blockquote", "li")
        if cards.isdisjoint(paragraph.iterancestors()) and paragraph.find(".//a") is None
    )


def _is_paragraph(element: HtmlElement) -> bool:
    text = element.text_content()
    return len(text) >= PROSE // (1 if text.isascii() else 3)
