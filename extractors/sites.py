"""The body of a page whose site has selectors of its own in `sites:`."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.etree import XPathError
from lxml.html import HtmlElement

from core.errors import InputError
from extractors.base import SiteHand
from extractors.reading import lines_of


class Site:
    """Takes the text of what the selector finds, block by block, and nothing else of the page."""

    name = "site"

    def __init__(self, hand: SiteHand) -> None:
        self._css = hand.body

    def body(self, tree: HtmlElement, url: str) -> str:
        """The paragraphs, one a line; empty when nothing is selected."""
        found = select(tree, self._css)
        outermost = [element for element in found if not set(found) & set(element.iterancestors())]
        return "\n".join(line for element in outermost for line in lines_of(element))


def check(hand: SiteHand) -> None:
    """Raise InputError for the first selector that is not CSS."""
    for css in filter(None, (hand.body, *hand.remove)):
        _compiled(css)


def select(tree: HtmlElement, css: str) -> list[HtmlElement]:
    """The elements that a selector finds; raises InputError for one that is not CSS."""
    return cast("list[HtmlElement]", _compiled(css)(tree))


@lru_cache(maxsize=1_024)
def _compiled(css: str) -> CSSSelector:
    try:
        return CSSSelector(css, translator="html")
    except (SelectorError, XPathError) as error:
        raise InputError(f"not a CSS selector: {css}", hint=str(error)) from error


def remove(tree: HtmlElement, hand: SiteHand) -> None:
    """Take out of the tree what the site's `remove` selectors find."""
    for element in (element for css in hand.remove for element in select(tree, css)):
        if element.getparent() is not None:
            element.drop_tree()
