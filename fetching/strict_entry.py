"""The entries of a feed that leaves no doubt: each element adds what the lenient parser would have kept of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import MethodType
from xml.etree.ElementTree import Element

import re2  # type: ignore[import-untyped]

from fetching.dates import parse_date, usual
from fetching.strict_names import PERSON, RDF
from fetching.strict_tags import IN, LANG, Doubt, Names
from fetching.written import MOST, Written

_ABOUT = f"{RDF}{IN}about"
LONGEST_PERSON = 500  # characters in which an e-mail address is looked for

_ONLY_PERMALINK = ["isPermaLink"]
_ONLY_TYPE, _TYPE_AND_LANG = ["type"], frozenset({"type", LANG})
_IS_PLAIN = {"text": True, "plain": True, "text/plain": True, "html": False, "text/html": False}
_PAGES = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_TOO_MANY_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)(/*)")
_NAMED_AMPERSAND = re.compile(r"&([A-Za-z0-9_]+);")
_HIGH_CONTROLS = re.compile("[\x80-\x9f]")
_REFERENCE_TO_C2 = re2.compile(rb"&#(?:0*(?:12[89]|1[3-8]\d|19[01])|[xX]0*[89abAB][0-9a-fA-F]);")
_WINDOWS = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}
_EMAIL = re.compile(
    r"(([a-zA-Z0-9\_\-\.\+]+)@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.)|(([a-zA-Z0-9\-]+\.)+))"
    r"([a-zA-Z]{2,63}|[0-9]{1,3})(\]?))(\?subject=\S+)?"
)

Take = Callable[[Element], None]


def text_of(element: Element) -> str:
    """Its text, stripped, with the usual double encodings undone as the lenient parser does; elements are a doubt."""
    text = once_encoded(element)
    return text if text.isascii() else _undone(text)


def once_encoded(element: Element) -> str:
    """The same where nothing in the document is encoded twice (`may_be_undone`)."""
    if len(element):
        raise Doubt
    text = element.text
    return "" if text is None else text.strip()


def may_be_undone(document: bytes) -> bool:
    """Whether any text of it could be encoded twice: that needs a character from U+0080 to U+00BF."""
    return b"\xc2" in document or bool(_REFERENCE_TO_C2.search(document))


def _undone(text: str) -> str:
    if b"\xc2" not in text.encode():  # far faster than looking in the text
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode()
    return text.translate(_WINDOWS) if _HIGH_CONTROLS.search(text) else text


def mended(text: str) -> str:
    """An address with the slashes that the lenient parser leaves of it."""
    return _TOO_MANY_SLASHES.sub(r"\1", text)


def plainly_named(element: Element, *refused: str) -> None:
    """Attributes in lower case, in no namespace, and none of those refused."""
    for name, _ in element.items():
        if name != name.lower() or IN in name or name in refused or name in ("base", "lang"):
            raise Doubt


def is_plain(element: Element, default: bool) -> bool:
    """Whether it says that it holds plain text, not HTML; anything else is a doubt."""
    names = element.keys()
    if not names:
        return default
    if names != _ONLY_TYPE and not _TYPE_AND_LANG.issuperset(names):
        raise Doubt
    kind = element.get("type")
    plain = default if kind is None else _IS_PLAIN.get(kind.lower())
    if plain is None:
        raise Doubt
    return plain


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


class EntryReader:
    """Reads the entries of a document one after another; each method takes one kind of element."""

    def __init__(self, names: Names, read_text: Callable[[Element], str], *, is_atom: bool) -> None:
        self.content_came = (
            False  # the lenient parser's notion; a feed's second description leaves it to its first entry
        )
        self._names = names
        self._text_of = read_text
        self._is_atom = is_atom
        self._takes: dict[str, Take | None] = {}
        self._plain: set[tuple[object, ...]] = set()  # attributes that were looked at
        self._wrote = Written()
        self._lang = ""
        self._title_is_open = False  # whether another title counts although there is one
        self._author_as_text = False

    def read(self, element: Element, lang: str) -> Written:
        """One entry of a feed in the language `lang`."""
        self._wrote = wrote = Written()
        self._lang = self._attributes(element, lang) if element.keys() else lang
        self._title_is_open = self._author_as_text = False
        takes = self._takes
        for child in element:
            try:
                take = takes[child.tag]
            except KeyError:
                take = takes[child.tag] = self._take(self._names[child.tag])
            if take:
                take(child)
            elif len(child):
                self._names.pass_children(child)
        if not wrote.link and not wrote.id:
            raise Doubt
        self.content_came = False
        return wrote

    def _attributes(self, element: Element, lang: str) -> str:
        """Takes RSS 1.0's name of the entry, and returns its language."""
        if not {_ABOUT, LANG}.issuperset(element.keys()):
            raise Doubt
        self._wrote.id = element.get(_ABOUT, "")
        return language_of(element, lang)

    def _take(self, name: str) -> Take | None:
        """What elements of this name do to an entry; None for nothing, whatever is in them."""
        if name in _TAKE:
            return MethodType(_TAKE[name], self)
        if name in ("contributor", "dc_contributor"):
            return lambda element: self._names.pass_over(element, PERSON)
        passed = self._names.passed(name)
        return None if passed == self._names.pass_children else passed

    def _plainly_named(self, element: Element, *refused: str) -> None:
        named = (refused, *element.keys())
        if named not in self._plain:
            plainly_named(element, *refused)
            self._plain.add(named)

    def _title(self, element: Element) -> None:
        text, plain, lang = self._text_of(element), True, self._lang
        if element.keys():
            plain, lang = is_plain(element, True), language_of(element, lang)
        wrote = self._wrote
        if wrote.title and not self._title_is_open:
            return
        wrote.title = text
        wrote.title_is_plain = plain and self._is_atom
        wrote.title_language = lang
        self._title_is_open = False

    def _media_title(self, element: Element) -> None:
        if not self._wrote.title or self._title_is_open:
            raise Doubt
        self._title(element)

    def _link(self, element: Element) -> None:
        if element.keys():
            self._link_by_attributes(element)
            return
        text = self._text_of(element)
        if "///" in text:
            text = mended(text)
        if ";" in text and "&" in text:
            text = _NAMED_AMPERSAND.sub(r"&\g<1>", text.replace("&amp;", "&"))
        self._wrote.link = text

    def _link_by_attributes(self, element: Element) -> None:
        href = element.get("href")
        if not href or len(element):
            raise Doubt
        self._plainly_named(element, "url", "uri")
        rel = element.get("rel", "alternate").lower()
        if "///" in href:
            href = mended(href)
        if rel == "enclosure":
            self._enclose(href)
        elif rel == "alternate" and element.get("type", "text/html").lower() in _PAGES:
            self._wrote.link = href

    def _guid(self, element: Element) -> None:
        wrote, text, names = self._wrote, self._text_of(element), element.keys()
        if not names or (element.get("isPermaLink") == "true" if names == _ONLY_PERMALINK else _is_link(element)):
            if "///" in text:
                text = mended(text)
            if wrote.link is None:
                wrote.link = text
        wrote.id = text

    def _description(self, element: Element) -> None:
        self._summarise(element, False)

    def _described(self, element: Element) -> None:
        self._summarise(element, True)

    def _summarise(self, element: Element, plain: bool) -> None:
        wrote = self._wrote
        if wrote.summary is not None and not self.content_came:
            self._content(element)
            return
        wrote.summary = self._text_of(element)
        wrote.summary_is_plain = is_plain(element, plain) and self._is_atom

    def _content(self, element: Element, plain: bool = True) -> None:
        self.content_came = True
        text, plain = self._text_of(element), is_plain(element, plain)
        wrote = self._wrote
        if len(text) > len(wrote.content):
            wrote.content = text
            wrote.content_is_plain = plain and self._is_atom

    def _content_encoded(self, element: Element) -> None:
        self._content(element, False)

    def _published(self, element: Element) -> None:
        text = self._text_of(element)
        self._wrote.published = usual(text) or _date_of(text)

    def _updated(self, element: Element) -> None:
        text = self._text_of(element)
        self._wrote.updated = usual(text) or _date_of(text)

    def _created(self, element: Element) -> None:
        text = self._text_of(element)
        self._wrote.created = usual(text) or _date_of(text)

    def _language(self, element: Element) -> None:
        self._wrote.language = self._text_of(element)

    def _original_link(self, element: Element) -> None:
        if element.keys():
            raise Doubt
        self._wrote.original_link = self._text_of(element)

    def _source(self, element: Element) -> None:
        """Where the entry is from; behind it the lenient parser takes another title."""
        if len(element):
            raise Doubt
        self._title_is_open = True

    def _author(self, element: Element) -> None:
        wrote = self._wrote
        if len(element):
            name = self._named(element)
        else:
            self._author_as_text = True
            name = person_of(self._text_of(element))
        if len(wrote.authors) < MOST:
            wrote.authors = (*wrote.authors, name)

    def _named(self, author: Element) -> str:
        # behind an author that is text, the lenient parser writes the names of this one over that one's
        if self._author_as_text or (author.text or "").strip():
            raise Doubt
        found = None
        for child in author:
            name = self._names[child.tag]
            if name not in PERSON or len(child) or (child.tail or "").strip():
                raise Doubt
            if name == "name":
                found = (child.text or "").strip()
        if found is None and self._wrote.authors:  # it would get the name of the one before
            raise Doubt
        return found or ""

    def _enclosure(self, element: Element) -> None:
        self._plainly_named(element, "uri", "href")
        if len(element):
            raise Doubt
        self._enclose(element.get("url"))

    def _enclose(self, href: str | None) -> None:
        wrote = self._wrote
        if href and len(wrote.enclosed) < MOST:
            wrote.enclosed = (*wrote.enclosed, href)

    def _media(self, element: Element) -> None:
        """Media RSS: groups and contents hold titles, descriptions and pictures that count as the entry's."""
        self._plainly_named(element)
        for child in element:
            name = self._names[child.tag]
            take = _MEDIA.get(name)
            if take:
                take(self, child)
            else:
                self._names.passed(name)(child)

    def _media_content(self, element: Element) -> None:
        wrote, href = self._wrote, element.get("url")
        if href and len(wrote.shown) < MOST:
            wrote.shown = (*wrote.shown, href)
        self._media(element)

    def _thumbnail(self, element: Element) -> None:
        self._plainly_named(element)
        href = element.get("url")
        if href is None or len(element):
            raise Doubt
        wrote = self._wrote
        if href and len(wrote.thumbnails) < MOST:
            wrote.thumbnails = (*wrote.thumbnails, href)


def _is_link(guid: Element) -> bool:
    """Whether `isPermaLink`, in any case, is all that it says of itself, and true."""
    (name, value), *others = guid.items()
    if others or name.lower() != "ispermalink":
        raise Doubt
    return value == "true"


def _date_of(text: str) -> datetime | None:
    if not text:
        return None
    read = parse_date(text)
    if read is None:
        raise Doubt
    return read


_MEDIA: dict[str, Callable[[EntryReader, Element], None]] = {
    "media_title": EntryReader._media_title,
    "media_description": EntryReader._description,
    "media_thumbnail": EntryReader._thumbnail,
    "media_group": EntryReader._media,
    "media_content": EntryReader._media_content,
}
_TAKE: dict[str, Callable[[EntryReader, Element], None]] = {
    **_MEDIA,
    "title": EntryReader._title,
    "dc_title": EntryReader._title,
    "link": EntryReader._link,
    "guid": EntryReader._guid,
    "id": EntryReader._guid,
    "description": EntryReader._description,
    "dc_description": EntryReader._description,
    "summary": EntryReader._described,
    "itunes_summary": EntryReader._described,
    "content": EntryReader._content,
    "content_encoded": EntryReader._content_encoded,
    "enclosure": EntryReader._enclosure,
    "source": EntryReader._source,
    "image": EntryReader._source,
    "feedburner_origlink": EntryReader._original_link,
    **dict.fromkeys(("author", "dc_creator", "dc_author", "itunes_author"), EntryReader._author),
    **dict.fromkeys(("pubdate", "published", "issued", "dcterms_issued"), EntryReader._published),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), EntryReader._updated),
    **dict.fromkeys(("created", "dcterms_created"), EntryReader._created),
    **dict.fromkeys(("language", "dc_language"), EntryReader._language),
}
