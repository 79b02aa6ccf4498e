"""Turns layouts into paragraphs of one text: tables that only place things, text cut by line breaks, entries of a live
report, of which trafilatura would take the first for the whole.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import cast

from lxml.etree import XPath
from lxml.html import HtmlElement, fragment_fromstring

from extractors.wrapped import is_wrapped, paragraphs

CELL_OF_TEXT = 400  # characters in one cell: the table holds an article, not figures
FEWEST_BREAKS = 3  # in one element, beside text of its own
FEWEST_ENTRIES = 3  # in a row, with paragraphs in each
FULL_LINE = 50  # characters of a line of text that was wrapped
SHARE_OF_PROSE = 0.8  # of the lines
LOOKED_AT = 20  # characters before a mark

_PROSE = re.compile(r"(?:\S+(?: {1,2}|$))+")
_NOTE = re.compile(r"\[?\(?(?:\d{1,3}|[*†‡§]{1,3})\)?\]?")
_AFTER_A_WORD = re.compile(r"[^\W\d_]{3}[.,;:!?\"'”’»)]*$")
_ENTRIES = cast(
    "Callable[[HtmlElement], list[HtmlElement]]",
    XPath(
        "body//*[.//p][contains(concat(' ', @class, ' '), ' post ') or contains(concat(' ', @class, ' '), ' entry ')]"
        "[not(contains(@class, 'comment'))]"
    ),
)
_CONTAINERS = ("div", "td", "section", "article", "main", "body", "center", "font")
_LINES = frozenset({"li", "td", "th", "dd", "dt", "p", "h2", "h3", "h4", "h5", "h6", "span", "a", "b", "strong"})
_TABLE_PARTS = ("table", "tbody", "tr", "td", "th")
_INLINE = frozenset(
    {"a", "b", "strong", "i", "em", "u", "span", "font", "small", "abbr", "time", "sup", "sub", "mark", "q"}
)


def straighten(tree: HtmlElement) -> None:
    """Change the tree where it is laid out so."""
    for table in list(tree.iter("table")):
        if any(len(cell.text_content()) > CELL_OF_TEXT for cell in table.iter("td")):
            for part in list(table.iter(*_TABLE_PARTS)):
                part.tag = "div"
    _unname_entries(tree)
    _part(tree)
    for block in list(tree.iter("pre")):
        _unwrap(block)
    for sign in list(tree.iter("sup")):
        if _is_note(sign):
            sign.drop_tree()
    if next(tree.iter("br"), None) is None:
        return
    for container in {br.getparent() for br in tree.iter("br")}:
        if container is not None and container.tag in _CONTAINERS and _is_broken_text(container):
            _wrap(container)


def row_of(entry: HtmlElement) -> HtmlElement | None:
    """What an entry stands in beside others, seen from the item that it may be in."""
    parent = entry.getparent()
    return parent.getparent() if parent is not None and parent.tag == "li" else parent


def _unname_entries(tree: HtmlElement) -> None:
    """Take the name `post` or `entry` from elements that stand in a row: it says that each is the page's one text."""
    rows: dict[HtmlElement, list[HtmlElement]] = defaultdict(list)
    for entry in _ENTRIES(tree):
        if (row := row_of(entry)) is not None and entry.find(".//h1") is None:
            rows[row].append(entry)
    for row in rows.values():
        if len(row) >= FEWEST_ENTRIES:
            for entry in row:
                del entry.attrib["class"]


def _unwrap(block: HtmlElement) -> None:
    """Make paragraphs of text that was wrapped by hand, as agencies and offices send it; code and tables stay."""
    lines = [line.strip() for line in block.text_content().split("\n")]
    if not is_wrapped(lines) or not _is_prose(lines):
        return
    for child in list(block):
        child.drop_tag()
    block.tag, block.text = "div", None
    for line in paragraphs(lines):
        block.append(_new(line))


def _is_prose(lines: list[str]) -> bool:
    """Whether most lines are words with single blanks between them, and some are full."""
    said = [line for line in lines if line]
    plain = [line for line in said if _PROSE.fullmatch(line)]
    return len(plain) > SHARE_OF_PROSE * len(said) and max(map(len, said)) >= FULL_LINE


def _is_note(sign: HtmlElement) -> bool:
    """Whether it is the mark of a footnote: behind a word, which it would be joined to; units end in two letters."""
    if not _NOTE.fullmatch("".join(sign.text_content().split())):
        return False
    before, around = sign.getprevious(), sign.getparent()
    if before is not None:
        text = before.tail or before.text_content()
    else:
        text = (around.text if around is not None else "") or ""
    return _AFTER_A_WORD.search(text[-LOOKED_AT:]) is not None


def _part(tree: HtmlElement) -> None:
    """Put a blank between a block and the words around it in an item, a cell or a line: readers would join them."""
    for block in tree.iter("div", "p", "ul", "ol", "section"):
        around = block.getparent()
        if around is None or around.tag not in _LINES:
            continue
        before = block.getprevious()
        if before is None:
            around.text = _with_blank(around.text)
        elif before.tail or before.tag in _INLINE:
            before.tail = _with_blank(before.tail or " ")
        if block.tail:
            block.tail = f" {block.tail}"


def _with_blank(text: str | None) -> str | None:
    return f"{text} " if text and not text[-1].isspace() else text


def _is_broken_text(container: HtmlElement) -> bool:
    breaks = [child for child in container if child.tag == "br"]
    own = sum(len((text or "").strip()) for text in (container.text, *(child.tail for child in container)))
    return len(breaks) >= FEWEST_BREAKS and own > CELL_OF_TEXT / 2


def _wrap(container: HtmlElement) -> None:
    """Gather what stands between breaks and blocks into paragraphs."""
    children, paragraph = list(container), _new(container.text)
    container.text = None
    for child in children:
        container.remove(child)
    for child in children:
        tail, child.tail = child.tail, None
        if child.tag in _INLINE:
            child.tail = tail
            paragraph.append(child)
            continue
        _finish(paragraph, container)
        if child.tag != "br":
            container.append(child)
        paragraph = _new(tail)
    _finish(paragraph, container)


def _new(text: str | None) -> HtmlElement:
    paragraph = fragment_fromstring("<p></p>")
    paragraph.text = text
    return paragraph


def _finish(paragraph: HtmlElement, container: HtmlElement) -> None:
    if paragraph.text_content().strip() or len(paragraph):
        container.append(paragraph)
