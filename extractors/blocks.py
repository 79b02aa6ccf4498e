"""The article's part of a page as the sequence of its smallest blocks, and what the links in each of them are to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml.html import HtmlElement

from extractors.related import MAX_LABEL_WORDS, MAX_TAIL_WORDS

PROSE = 80  # bytes of text outside links that make a block a paragraph (so that Chinese needs fewer characters)

_LEAVES = ("p", "li", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "blockquote", "div", "section", "article", "td", "a")
_BLOCK_TAGS = """
    p ul ol li dl dd dt h1 h2 h3 h4 h5 h6 blockquote pre div section article aside header footer main nav form
    table tr td th figure hr
"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_PICTURES = frozenset({"img", "picture", *_BLOCKS})
_HEADINGS = frozenset({"h2", "h3", "h4", "h5", "h6"})
_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """The words in lower case."""
    return _WORD.findall(text.lower())


class Block(NamedTuple):
    """One block. `linked` is the text inside its links, `label` and `tail` what is before and after them.

    `prose` counts the bytes of text outside links. `items` is the list that the block is an item of, or None.
    """

    element: HtmlElement
    text: str
    prose: int
    linked: str = ""
    label: str = ""
    tail: str = ""
    target: str = ""
    is_card: bool = False
    items: HtmlElement | None = None

    @property
    def is_lone(self) -> bool:
        """Whether there is nothing to it but a link, with a few words around."""
        if not self.linked or (2 * len(self.linked) < len(self.text) and not self.label.endswith((":", "："))):
            return False
        around = [len(words_of(text)) for text in (self.label, self.tail)]
        between = len(words_of(self.text)) - len(words_of(self.linked)) - sum(around)
        return around[0] <= MAX_LABEL_WORDS and around[1] <= MAX_TAIL_WORDS and between <= 0

    @property
    def is_heading(self) -> bool:
        """Whether it heads what follows."""
        return self.element.tag in _HEADINGS

    def unlink(self) -> None:
        """Make plain text of its links."""
        for link in [*self.element.iter("a"), *self.element.iterancestors("a")]:
            link.drop_tag()

    def drop(self) -> None:
        """Take it out of its tree."""
        if self.element.getparent() is not None:
            self.element.drop_tree()


def blocks(body: HtmlElement) -> list[Block]:
    """The blocks with text that hold no other block: those between the first and the last paragraph of prose, and
    those beside one, which share a parent or its parent.
    """
    leaves = [(element, element.text_content()) for element in body.iter(*_LEAVES) if _is_leaf(element)]
    prose = [n for n, (leaf, text) in enumerate(leaves) if _is_prose(leaf, text)]
    if not prose:
        return []
    beside = {around for n in prose for around in _around(leaves[n][0])}
    near = (
        (leaf, text)
        for n, (leaf, text) in enumerate(leaves)
        if prose[0] <= n <= prose[-1] or not beside.isdisjoint(_around(leaf))
    )
    return [_block(leaf, trimmed(text)) for leaf, text in near if text and not text.isspace()]


def _is_leaf(element: HtmlElement) -> bool:
    if element.tag == "a":
        return _stands_alone(element)
    return element.tag == "p" or not any(inner.tag in _BLOCKS for inner in element.iterdescendants())


def _stands_alone(link: HtmlElement) -> bool:
    """Whether a link is a block of its own: beside blocks or between line breaks, with no text next to it."""
    parent, before, after = link.getparent(), link.getprevious(), link.getnext()
    if parent is None or parent.tag in ("p", "li", "a") or (link.tail or "").strip():
        return False
    if ((parent.text if before is None else before.tail) or "").strip():
        return False
    beside = [sibling.tag for sibling in (before, after) if sibling is not None]
    return bool(beside) and all(tag == "br" or tag in _BLOCKS for tag in beside)


def _is_prose(leaf: HtmlElement, text: str) -> bool:
    if 3 * len(text) < PROSE:
        return False
    if next(leaf.iterancestors("a"), None) is not None:
        return False
    linked = sum(len(link.text_content().encode()) for link in leaf.iter("a"))
    return len(trimmed(text).encode()) - linked >= PROSE


def _around(leaf: HtmlElement) -> Iterator[HtmlElement]:
    """Its parent and the parent's parent, seen from the item or link that it may be in."""
    parent = leaf.getparent()
    while parent is not None and parent.tag in ("a", "li"):
        parent = parent.getparent()
    if parent is not None:
        yield parent
        if (above := parent.getparent()) is not None:
            yield above


def _block(leaf: HtmlElement, text: str) -> Block:
    links = list(leaf.iter("a")) or list(leaf.iterancestors("a"))[:1]
    said = [words for link in links if (words := trimmed(link.text_content()))]
    linked = " ".join(said)
    prose = len(text.encode()) - len(linked.encode())
    if not linked or prose >= PROSE:
        return Block(leaf, text, prose)
    return Block(
        element=leaf,
        text=text,
        prose=prose,
        linked=linked,
        label=text.partition(said[0])[0].strip(),
        tail=text.rpartition(said[-1])[2].strip(),
        target=links[0].get("href", ""),
        is_card=any(inner.tag in _PICTURES and inner is not leaf for link in links for inner in link.iterdescendants()),
        items=next(leaf.iterancestors("ul", "ol"), None) if _is_item(leaf) else None,
    )


def _is_item(leaf: HtmlElement) -> bool:
    parent = leaf.getparent()
    return leaf.tag == "li" or (parent is not None and parent.tag == "li")


def trimmed(text: str) -> str:
    """The text with single blanks and none around it."""
    return " ".join(text.split())
