"""Two cheap opinions of where a page's body is, made of other parsers and other ideas than trafilatura's.

resiliparse judges elements by their names and places; our own scorer looks for the element under which most prose
hangs. Neither is as good as trafilatura on most pages; but three readers that agree are right, two that agree against
the third are right more often than it is, and three that differ are a guess. The two together take a tenth of its time.
Both are quadratic in depth: only for trees that page.py has let pass.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile

from lxml.etree import tostring
from lxml.html import HtmlElement
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree
from selectolax.lexbor import LexborHTMLParser, LexborNode

NAME = "prose"  # of the scorer, as an extraction names what found its text
PROSE = 80  # bytes of text outside links that make a block count; bytes, so that Chinese needs fewer characters
SHARES = (1.0, 0.5)  # of a block's prose that counts for its parent, and for the one above
CLEAR = 0.8  # agreement of the two at which they are heard against the article's own reader
MARGIN = 0.15  # and by how much they agree less with it than with each other
DEEPEST = 12  # elements between a block and the one whose text it is part of
LINKED = 0.5  # share of a block's text in links: above it, it is not prose

_INLINE_TAGS = """
    a abbr b bdi bdo big cite code del dfn em font i ins kbd mark q s small span strong sub sup time tt u var
"""
_SILENT_TAGS = "script style noscript template head nav footer aside form button select svg"
_INLINE, _SILENT = frozenset(_INLINE_TAGS.split()), frozenset(_SILENT_TAGS.split(" "))
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"  # Thai, Lao, kana, Chinese characters: written without spaces
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Heard:
    """What each of the two takes for the body, a block a line; empty when it found none."""

    names: str = ""
    prose: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether trafilatura's text is left for the scorer's, and how far the chosen one agrees with the other two."""

    leave: bool
    confidence: float


def hear(tree: HtmlElement) -> Heard:
    """Ask both, and leave the tree as it was."""
    html = tostring(tree, encoding="utf-8", method="html")
    return Heard(_by_names(html), _by_prose(html))


def judge(text: str, said: Heard) -> Verdict:
    """Leave a text only when both witnesses agree with each other and both clearly not with it."""
    given, names, prose = map(words_of, (text, said.names, said.prose))
    with_names, with_prose, between = agreement(given, names), agreement(given, prose), agreement(names, prose)
    if between >= CLEAR and max(with_names, with_prose) <= between - MARGIN:
        return Verdict(True, (between + with_prose) / 2)
    return Verdict(False, (with_names + with_prose) / 2)


def words_of(text: str) -> Counter[str]:
    """How often each word stands in a text; a character where no blanks part words."""
    return Counter(_WORD.findall(text.lower()))


def agreement(one: Counter[str], other: Counter[str]) -> float:
    """From 0 for texts without a common word to 1 for the same words; 0 where either has none."""
    if not one or not other:
        return 0.0
    return 2 * (one & other).total() / (one.total() + other.total())


# -- by names


def _by_names(html: bytes) -> str:
    tree = HTMLTree.parse_from_bytes(html, "utf-8")
    return str(
        extract_plain_text(tree, preserve_formatting=True, main_content=True, list_bullets=False, alt_texts=False)
    )


# -- by prose


@dataclass(frozen=True, slots=True)
class _Block:
    element: LexborNode
    text: str
    size: int  # bytes
    linked: int  # of them

    @property
    def is_linked(self) -> bool:
        return self.linked > LINKED * self.size

    @property
    def is_prose(self) -> bool:
        return self.size >= PROSE and not self.is_linked


@dataclass(slots=True)
class _Pieces:
    element: LexborNode
    texts: list[str] = field(default_factory=list)
    linked: int = 0


def _by_prose(html: bytes) -> str:
    body = LexborHTMLParser(html).body
    if body is None:
        return ""
    found = _blocks(body)
    best = _fullest(found)
    if best is None:
        return ""
    inside = [block for block in found if any(above.mem_id == best.mem_id for above in _above(block.element, DEEPEST))]
    text = dropwhile(
        lambda block: not block.is_prose, (block for block in inside if not block.is_linked)
    )  # author, day
    lines = (line.strip() for block in text for line in block.text.split("\n"))
    return "\n".join(line for line in lines if line)


def _blocks(body: LexborNode) -> list[_Block]:
    """The elements that hold text of their own, in order; inline elements are part of what is around them."""
    found: dict[int, _Pieces] = {}
    for piece in body.traverse(include_text=True):
        if piece.tag not in ("-text", "br"):
            continue
        text = "\n" if piece.tag == "br" else " ".join((piece.text_content or "").split())
        element, linked = _holder(piece) if text else (None, False)
        if element is None:
            continue
        pieces = found.setdefault(element.mem_id, _Pieces(element))
        pieces.texts.append(text)
        pieces.linked += len(text.encode()) if linked else 0
    texts = ((one, " ".join(one.texts).strip()) for one in found.values())
    return [_Block(one.element, text, len(text.encode()), one.linked) for one, text in texts if text]


def _holder(piece: LexborNode) -> tuple[LexborNode | None, bool]:
    linked = False
    element = piece.parent
    while element is not None and element.tag in _INLINE:
        linked = linked or element.tag == "a"
        element = element.parent
    if element is None or element.tag in _SILENT:
        return None, False
    return element, linked


def _fullest(found: list[_Block]) -> LexborNode | None:
    scores: dict[int, float] = defaultdict(float)
    elements: dict[int, LexborNode] = {}
    for block in found:
        if not block.is_prose:
            continue
        for share, above in zip(SHARES, _above(block.element, len(SHARES)), strict=False):
            scores[above.mem_id] += share * block.size
            elements[above.mem_id] = above
    return elements[max(scores, key=scores.__getitem__)] if scores else None


def _above(element: LexborNode, steps: int) -> Iterator[LexborNode]:
    above = element.parent
    while above is not None and steps and above.tag != "html":
        yield above
        above, steps = above.parent, steps - 1
