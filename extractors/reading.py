"""The text of an element as a browser shows it: words that blocks, line breaks and cells part stay apart. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

_BLOCK_TAGS = """
    p ul ol li dl dd dt h1 h2 h3 h4 h5 h6 blockquote pre div section article aside header footer main nav table tr
    caption figure figcaption address details summary form fieldset legend button label select option textarea hr br
    center
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "svg", "template", "noscript"})


def lines_of(element: HtmlElement) -> Iterator[str]:
    """Its lines that are not blank, with single blanks; newlines in the source are blanks."""
    text = "".join(_pieces(element))
    return (line for line in (" ".join(line.split()) for line in text.split("\n")) if line)


def text_of(element: HtmlElement) -> str:
    """The same on one line."""
    return " ".join(lines_of(element))


def _pieces(element: HtmlElement) -> Iterator[str]:
    edge = "\n" if element.tag in _BLOCKS else " " if element.tag in _CELLS else ""
    yield edge + " ".join((element.text or "").splitlines())
    before: HtmlElement | None = None
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SILENT:
            if before is not None and not before.tail and _are_apart(before, child):
                yield " "
            yield from _pieces(child)
        yield " ".join((child.tail or "").splitlines())
        before = child
    yield edge


def _are_apart(one: HtmlElement, other: HtmlElement) -> bool:
    """Whether inline elements without a blank between them are words of their own, which styles part: a kicker and a
    headline; a capital that begins a word is not.
    """
    first, second = one.text_content().strip(), other.text_content().strip()
    return min(len(first), len(second)) > 1 and second[0].isalpha() and not second[0].islower()
