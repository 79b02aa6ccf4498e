"""One entry of a feed that leaves no doubt: each element adds what the lenient parser would have kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lxml import etree

from fetching.dates import parse_date

Element = etree._Element

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
LONGEST_PERSON = 500  # characters in which an e-mail address is looked for

_TYPES = dict.fromkeys(("text", "plain", "text/plain"), "text/plain") | dict.fromkeys(
    ("html", "text/html"), "text/html"
)
_TOO_MANY_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)(/*)")
_NAMED_AMPERSAND = re.compile(r"&([A-Za-z0-9_]+);")
_HIGH_CONTROL_LEAD = b"\xc2"
_HIGH_CONTROLS = re.compile("[\x80-\x9f]")
_WINDOWS = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}
_EMAIL = re.compile(
    r"(([a-zA-Z0-9\_\-\.\+]+)@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.)|(([a-zA-Z0-9\-]+\.)+))"
    r"([a-zA-Z]{2,63}|[0-9]{1,3})(\]?))(\?subject=\S+)?"
)


class Doubt(Exception):
    """Something that this reader does not read."""


def text_of(element: Element) -> str:
    """Its text, stripped, with the usual double encodings undone as the lenient parser does; elements are a doubt."""
    if len(element):
        raise Doubt
    text = element.text
    if text is None:
        return ""
    text = text.strip()
    return text if text.isascii() else _undone(text)


def _undone(text: str) -> str:
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode("utf-8")
    if _HIGH_CONTROL_LEAD not in text.encode("utf-8", "surrogatepass"):  # far faster than looking in the text
        return text
    return text.translate(_WINDOWS) if _HIGH_CONTROLS.search(text) else text


def mended(text: str) -> str:
    """An address with the slashes that the lenient parser leaves of it."""
    return _TOO_MANY_SLASHES.sub(r"\1", text) if "///" in text else text


def plainly_named(element: Element, *refused: str) -> None:
    """Attributes in lower case, in no namespace, and none of those refused."""
    for name in element.attrib:
        if name != name.lower() or name[0] == "{" or name in refused or name in ("base", "lang"):
            raise Doubt


def kind_of(element: Element, default: str) -> str:
    """Whether it holds plain text or HTML, as a media type; anything else is a doubt."""
    attributes = element.attrib
    if not attributes:
        return _TYPES[default]
    for name in attributes:
        if name != "type" and name != LANG:
            raise Doubt
    kind = _TYPES.get(attributes.get("type", default).lower())
    if kind is None:
        raise Doubt
    return kind


def language_of(element: Element, inherited: str) -> str:
    """What xml:lang says; taking a language back is a doubt."""
    lang = element.get(LANG)
    if lang == "":
        raise Doubt
    return lang or inherited


def person_of(text: str) -> str:
    """A name without the e-mail address beside it, cut out in the lenient parser's way, but for long domains."""
    if "@" not in text:
        return text
    if len(text) > LONGEST_PERSON:
        raise Doubt
    found = _EMAIL.search(text)
    if found:
        for part in (found[0], "()", "<>", "&lt;&gt;"):
            text = text.replace(part, "")
        text = text.strip().removeprefix("(").removesuffix(")").strip()
    return text


class Item:
    """One entry on its way: what the elements so far said. Each method takes one kind of element."""

    __slots__ = ("author_as_text", "has_content", "lang", "raw", "titled")

    def __init__(self, lang: str, has_content: bool) -> None:
        self.raw: dict[str, Any] = {}
        self.lang = lang
        self.has_content = has_content
        self.titled = False
        self.author_as_text = False

    def _title(self, element: Element) -> None:
        text, kind = text_of(element), kind_of(element, "text")
        if self.titled:
            return
        raw = self.raw
        raw["title"] = text
        raw["title_detail"] = {
            "type": kind,
            "language": language_of(element, self.lang) if element.attrib else self.lang,
        }
        self.titled = bool(text)

    def _media_title(self, element: Element) -> None:
        if not self.titled:
            raise Doubt
        self._title(element)

    def _link(self, element: Element) -> None:
        href = element.get("href") if element.attrib else None
        if href:
            plainly_named(element, "url", "uri")
            rel = element.get("rel", "alternate").lower()
            href = mended(href)
            self.raw.setdefault("links", []).append({"rel": rel, "href": href})
            kind = element.get("type", "application/atom+xml" if rel == "self" else "text/html").lower()
            if rel == "alternate" and kind in ("html", "text/html", "xhtml", "application/xhtml+xml"):
                self.raw["link"] = href
            if len(element):
                raise Doubt
            return
        if element.attrib:
            raise Doubt
        text = mended(text_of(element))
        if "&" in text:
            text = _NAMED_AMPERSAND.sub(r"&\g<1>", text.replace("&amp;", "&"))
        self.raw["link"] = text

    def _guid(self, element: Element) -> None:
        text = text_of(element)
        is_link = True
        for name, value in element.attrib.items():
            if name.lower() != "ispermalink" or len(element.attrib) > 1:
                raise Doubt
            is_link = value == "true"
        if is_link:
            text = mended(text)
            self.raw.setdefault("link", text)
        self.raw["id"] = text

    def _description(self, element: Element) -> None:
        self._summary(element, "html")

    def _described(self, element: Element) -> None:
        self._summary(element, "text")

    def _summary(self, element: Element, default: str) -> None:
        if "summary" in self.raw and not self.has_content:
            self._content(element)
            return
        self.raw["summary"] = text = text_of(element)
        self.raw["summary_detail"] = {"value": text, "type": kind_of(element, default)}

    def _content(self, element: Element, default: str = "text") -> None:
        self.has_content = True
        text = text_of(element)
        self.raw.setdefault("content", []).append({"value": text, "type": kind_of(element, default)})
        self.raw.setdefault("summary", text)

    def _content_encoded(self, element: Element) -> None:
        self._content(element, "html")

    def _published(self, element: Element) -> None:
        self.raw["published"] = _date_of(element)

    def _updated(self, element: Element) -> None:
        self.raw["updated"] = _date_of(element)

    def _created(self, element: Element) -> None:
        self.raw["created"] = _date_of(element)

    def _language(self, element: Element) -> None:
        self.raw["language"] = text_of(element)

    def _original_link(self, element: Element) -> None:
        if element.attrib:
            raise Doubt
        self.raw["feedburner_origlink"] = text_of(element)

    def _enclosure(self, element: Element) -> None:
        plainly_named(element, "uri", "href")
        self.raw.setdefault("links", []).append({"rel": "enclosure", "href": element.get("url")})
        if len(element):
            raise Doubt

    def _thumbnail(self, element: Element) -> None:
        plainly_named(element)
        if "url" not in element.attrib or len(element):
            raise Doubt
        self.raw.setdefault("media_thumbnail", []).append({"url": element.get("url")})

    def _source(self, element: Element) -> None:
        """Where the entry is from; behind it the lenient parser takes another title."""
        if len(element):
            raise Doubt
        self.titled = False


def _date_of(element: Element) -> Any:
    text = text_of(element)
    read = parse_date(text)
    if text and read is None:
        raise Doubt
    return read


TAKE: dict[str, Callable[[Item, Element], None]] = {
    "title": Item._title,
    "dc_title": Item._title,
    "link": Item._link,
    "guid": Item._guid,
    "id": Item._guid,
    "description": Item._description,
    "dc_description": Item._description,
    "summary": Item._described,
    "itunes_summary": Item._described,
    "content": Item._content,
    "content_encoded": Item._content_encoded,
    "enclosure": Item._enclosure,
    "source": Item._source,
    "image": Item._source,
    "feedburner_origlink": Item._original_link,
    **dict.fromkeys(("pubdate", "published", "issued", "dcterms_issued"), Item._published),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), Item._updated),
    **dict.fromkeys(("created", "dcterms_created"), Item._created),
    **dict.fromkeys(("language", "dc_language"), Item._language),
}
TAKE_MEDIA = {
    "media_title": Item._media_title,
    "media_description": Item._description,
    "media_thumbnail": Item._thumbnail,
}
