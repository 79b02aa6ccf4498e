"""Makes the XML of a feed well-formed where that can be done without guessing, so that the strict parser reads it.

The lenient parser is a bad substitute: it turns `AT&T R&D` into `AT&T; R&D;`, and a reference to a character that does
not exist makes it give up the whole feed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.entities import html5

from fetching.dates import ascend
from fetching.entries import MAX_ENTRIES

_BEFORE_ROOT = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"\s*<((?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*))")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)(?:(#\d{1,9}|#[xX][0-9a-fA-F]{1,8}|\w{1,40});)?")
_ITEM = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_DATE = re.compile(r"<(?:\w+:)?(?:pubDate|published|updated|date)(?:\s[^>]{0,80})?>([^<]{1,80})<", re.IGNORECASE)
_ITEM_END = re.compile(r"</(?:\w+:)?(?:item|entry)\s*>", re.IGNORECASE)
_LISTED_END = re.compile(r"</(?:\w+:)?(?:url|sitemap)\s*>", re.IGNORECASE)
_LISTED = re.compile(r"<(?:\w+:)?(?:url|sitemap)[\s>]", re.IGNORECASE)
_OF_ROOT = {
    **dict.fromkeys(("rss", "feed", "rdf"), (_ITEM, _ITEM_END)),
    **dict.fromkeys(("urlset", "sitemapindex"), (_LISTED, _LISTED_END)),
}
_NO_MORE = re.compile(r"\s*+(?:</[\w.:-]*+\s*+>?\s*+)*+")  # behind the last item of a feed that lacks but its end tags
_END_TAG = re.compile(r"</[\w.:-]+\s*>\s*\Z")


@dataclass(frozen=True, slots=True)
class Document:
    """XML from its root element on. `root` is that element's local name, in lower case; empty when there is none.

    `whole`: it has its end, as far as can be told; else `text` ends with the last item that has its own.
    """

    root: str
    text: str
    is_html: bool = False
    whole: bool = True


def opened(text: str) -> Document:
    """`text` without what stands before its root element: a declaration, comments, a DOCTYPE with its entities."""
    start = text.find("<")
    at = max(start, 0)
    is_html = False
    while before := _BEFORE_ROOT.match(text, at):
        is_html |= before[0].lstrip().lower().startswith("<!doctype html")
        at = before.end()
    root = _ROOT.match(text, at)
    if root is None:
        return Document("", text[at:], is_html)
    name = root[2].lower()
    end = _end(text, root[1])
    whole, document = end > 0, text[at : end or len(text)].lstrip()
    if not whole:
        document, whole = _cut_off(document, name)
    return Document(name, document, is_html or name in ("html", "head", "body"), whole)


def _end(text: str, root: str) -> int:
    """Where the document ends: what a server prints behind it is no part of it. 0 where its end is missing, or in a
    CDATA section that has none.
    """
    closing = text.rfind(f"</{root}")
    end = text.find(">", closing) if closing >= 0 else -1
    in_section = end >= 0 and text.rfind(_CDATA, 0, closing) > text.rfind(_CDATA_END, 0, closing)
    return end + 1 if end >= 0 and not in_section else 0


def _cut_off(text: str, root: str) -> tuple[str, bool]:
    """What stands whole of a document without its end, and whether that is all: some never write their last end tags.

    What was cut off inside an item would be stored as an item of half a text, or with half an address.
    """
    if root not in _OF_ROOT:
        return text, True
    begin, close = _OF_ROOT[root]
    section = text.rfind(_CDATA)
    upto = section if section > text.rfind(_CDATA_END) else len(text)
    ends = [found.end() for found in close.finditer(text, 0, upto)]
    if ends:
        return (text, True) if _NO_MORE.fullmatch(text, ends[-1]) else (text[: ends[-1]], False)
    begun = [found.start() for found in begin.finditer(text, 0, upto)]
    if not begun:
        return text, True
    if upto == len(text) and _END_TAG.search(text[-100:]):  # items may do without end tags; no text is cut in two
        return text, False
    return text[: begun[-1]], False


def mended(text: str) -> str:
    """Text with characters and references that XML does not know taken out or escaped.

    HTML's names (`&nbsp;`) become their characters. CDATA is left as it is.
    """
    before, *sections = _ILLEGAL.sub("", text).split(_CDATA)
    return _CDATA.join([_AMPERSAND.sub(_mend, before), *map(_mended_behind, sections)])


def _mended_behind(section: str) -> str:
    """What follows the beginning of a CDATA section; without an end all of it is in the section."""
    inside, end, behind = section.partition(_CDATA_END)
    return inside + end + _AMPERSAND.sub(_mend, behind)


def _mend(found: re.Match[str]) -> str:
    reference = found[1]
    if reference is None:
        return "&amp;"
    if reference.startswith("#"):
        return found[0] if _is_character(reference) else ""
    return escape(html5.get(f"{reference};", f"&{reference};"), quote=False)


def _is_character(reference: str) -> bool:
    """Whether a numeric reference names a character that XML may hold."""
    number = int(reference[2:], 16) if reference[1] in "xX" else int(reference[1:])
    return number in (9, 10, 13) or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0xFFFF < number < 0x110000


def shortened(text: str) -> tuple[str, int]:
    """Text with MAX_ENTRIES of its items, and how many were left out; what stands before and behind them stays. It is
    the first ones, or the last ones where they are newer.
    """
    ends = [found.end() for found in _ITEM_END.finditer(text)]
    surplus = len(ends) - MAX_ENTRIES
    if surplus <= 0:
        return text, 0
    begin = _ITEM.search(text, 0, ends[0])
    if begin and ascend(_date(text, begin.start(), ends[0]), _date(text, ends[-2], ends[-1])):
        return text[: begin.start()] + text[ends[surplus - 1] :], surplus
    return text[: ends[MAX_ENTRIES - 1]] + text[ends[-1] :], surplus


def _date(text: str, start: int, end: int) -> str:
    found = _DATE.search(text, start, end)
    return found[1] if found else ""
