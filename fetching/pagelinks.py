"""A page's links as a feed, for sites that have none: `{page: URL, links: "main h3 a"}` of the watch file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from cssselect import SelectorError
from lxml import html
from lxml.cssselect import CSSSelector

from core import urls
from core.errors import ItemFailed
from core.reasons import Reason
from core.text import one_line
from fetching.discover import base_of, tree_of
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed
from fetching.headers import media_type

_LONGEST_TITLE = 500


def parse(page: bytes, *, url: str, headers: Mapping[str, str], selector: str) -> ParsedFeed:
    """An undated entry for each link that `selector` finds on the page, in their order, each address once.

    The selector may mean the link itself, something in it, or something around links. A page on which it finds no
    link is a failure, never "no news": raises ItemFailed with NO_LINKS, or with BAD_FEED for a selector nobody can
    read. Links back to the page itself are none.
    """
    try:
        found = CSSSelector(selector, translator="html")
    except SelectorError as fault:
        raise ItemFailed(url, Reason.BAD_FEED, f"links: {one_line(str(fault), 100)}") from fault
    tree = tree_of(page, media_type(headers)[1])
    if tree is None:
        raise ItemFailed(url, Reason.EMPTY_BODY if not page.strip() else Reason.NO_LINKS)
    base, itself = base_of(tree, url), urls.canonical(url)
    once: dict[str, ParsedEntry] = {}
    for element in cast("list[html.HtmlElement]", found(tree)):
        for link in _links(element):
            address = urls.join(base, link.get("href", "")).partition("#")[0]
            key = urls.canonical(address)
            if not address or key == itself:
                continue
            title = _title(link, element)
            if key not in once or not once[key].title:  # a picture's link often stands before the headline's
                once[key] = ParsedEntry(url=address, title=title)
    if not once:
        raise ItemFailed(url, Reason.NO_LINKS, f"links: {one_line(selector, 100)}")
    entries = tuple(once.values())
    return ParsedFeed(
        format="page",
        title=one_line(tree.findtext(".//title") or "", 200),
        language=one_line(tree.get("lang", ""), 35),
        entries=entries[:MAX_ENTRIES],
        dropped=max(len(entries) - MAX_ENTRIES, 0),
    )


def _links(element: html.HtmlElement) -> Iterator[html.HtmlElement]:
    if element.tag == "a":
        yield element
        return
    inside = list(element.iter("a"))
    yield from inside or next(([above] for above in element.iterancestors("a")), [])


def _title(link: html.HtmlElement, element: html.HtmlElement) -> str:
    """The link's text, else its own or its picture's description."""
    pictures = (picture.get("alt", "") for picture in link.iter("img"))
    candidates = (link.text_content(), link.get("title", ""), link.get("aria-label", ""), *pictures)
    within = element.text_content() if link in element.iterancestors("a") else ""
    return next(filter(None, (one_line(text, _LONGEST_TITLE) for text in (within, *candidates))), "")
