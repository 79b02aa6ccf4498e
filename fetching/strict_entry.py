"""The entries of a feed that leaves no doubt: each element adds what the lenient parser would have kept of it."""

from __future__ import annotations

import re
from datetime import datetime
from xml.etree.ElementTree import Element

from fetching.dates import parse_date
from fetching.strict_children import (
    OF_LINKS,
    OF_MEDIA,
    Attributes,
    Children,
    Take,
    is_plain,
    language_of,
    mended,
    plainly_named,
    undone,
)
from fetching.strict_names import PERSON, RDF
from fetching.strict_tags import LANG, Doubt, Names, without_meaning
from fetching.written import MOST, Written

_OF_ENTRIES = frozenset({f"{RDF}}}about", LANG})
_ABOUT = f"{RDF}}}about"
LONGEST_PERSON = 500  # characters in which an e-mail address is looked for

_PAGES = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_NAMED_AMPERSAND = re.compile(r"&([A-Za-z0-9_]+);")
_EMAIL = re.compile(
    r"(([a-zA-Z0-9\_\-\.\+]+)@((\[[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.)|(([a-zA-Z0-9\-]+\.)+))"
    r"([a-zA-Z]{2,63}|[0-9]{1,3})(\]?))(\?subject=\S+)?"
)


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


class EntryReader(Children):
    """Reads the entries of a document, one after another, into `entries`; each method takes one kind of element."""

    def __init__(self, names: Names, *, is_atom: bool) -> None:
        super().__init__(names)
        self.entries: list[Written] = []
        self.content_came = (
            False  # the lenient parser's notion; a feed's second description leaves it to its first entry
        )
        self._is_atom = is_atom
        self._wrote = Written()
        self._lang = ""
        self._title_is_open = False  # whether another title counts although there is one
        self._author_as_text = False

    def begin(self, attributes: Attributes, lang: str) -> None:
        """An entry with these attributes in a feed in the language `lang`; its children follow, then its end."""
        self._wrote = wrote = Written()
        self._lang = lang
        self._title_is_open = self._author_as_text = False
        if attributes:
            if not _OF_ENTRIES.issuperset(attributes):
                raise Doubt
            wrote.id = attributes.get(_ABOUT, "")
            self._lang = language_of(attributes, lang)

    def end(self) -> None:
        """The entry, if it has a name."""
        wrote = self._wrote
        if not wrote.link and not wrote.id:
            raise Doubt
        self.content_came = False
        self.entries.append(wrote)

    def leaf(self, name: str) -> Take | None:
        """See Children."""
        if name in _TAKE:
            return _TAKE[name]
        if name not in _CONTRIBUTORS:
            without_meaning(name)
        return None

    def branch(self, name: str, element: Element) -> None:
        """See Children."""
        if name in _AUTHORS:
            self._add_author(self._name_in(element))
        elif name in _SHOWS:
            self._shows(name, element)
        elif name in _CONTRIBUTORS:
            self.names.pass_over_those_in(element, PERSON)
        elif name in _TAKE:
            raise Doubt
        else:
            self.names.pass_over(name, element)

    def _title(self, text: str, attributes: Attributes) -> None:
        plain, lang = True, self._lang
        if attributes:
            plain, lang = is_plain(attributes, True), language_of(attributes, lang)
        wrote = self._wrote
        if wrote.title and not self._title_is_open:
            return
        wrote.title = text
        wrote.title_is_plain = plain and self._is_atom
        wrote.title_language = lang
        self._title_is_open = False

    def _media_title(self, text: str, attributes: Attributes) -> None:
        if not self._wrote.title or self._title_is_open:
            raise Doubt
        self._title(text, attributes)

    def _link(self, text: str, attributes: Attributes) -> None:
        if attributes:
            self._link_by_attributes(attributes)
            return
        text = mended(text)
        if ";" in text and "&" in text:
            text = _NAMED_AMPERSAND.sub(r"&\g<1>", text.replace("&amp;", "&"))
        self._wrote.link = text

    def _link_by_attributes(self, attributes: Attributes) -> None:
        href = attributes.get("href")
        if not href:
            raise Doubt
        plainly_named(attributes, OF_LINKS)
        rel = attributes.get("rel", "alternate").lower()
        href = mended(href)
        if rel == "enclosure":
            self._enclose(href)
        elif rel == "alternate" and attributes.get("type", "text/html").lower() in _PAGES:
            self._wrote.link = href

    def _guid(self, text: str, attributes: Attributes) -> None:
        wrote = self._wrote
        if not attributes or _is_link(attributes):
            text = mended(text)
            if wrote.link is None:
                wrote.link = text
        wrote.id = text

    def _description(self, text: str, attributes: Attributes) -> None:
        self._summarise(text, attributes, False)

    def _described(self, text: str, attributes: Attributes) -> None:
        self._summarise(text, attributes, True)

    def _summarise(self, text: str, attributes: Attributes, default: bool) -> None:
        wrote = self._wrote
        if wrote.summary is not None and not self.content_came:
            self._content(text, attributes)
            return
        wrote.summary = text
        wrote.summary_is_plain = is_plain(attributes, default) and self._is_atom

    def _content(self, text: str, attributes: Attributes) -> None:
        self._add_content(text, is_plain(attributes, True))

    def _content_encoded(self, text: str, attributes: Attributes) -> None:
        self._add_content(text, is_plain(attributes, False))

    def _add_content(self, text: str, plain: bool) -> None:
        self.content_came = True
        wrote = self._wrote
        if len(text) > len(wrote.content):
            wrote.content = text
            wrote.content_is_plain = plain and self._is_atom

    def _published(self, text: str, _: Attributes) -> None:
        self._wrote.published = _date(text)

    def _updated(self, text: str, _: Attributes) -> None:
        self._wrote.updated = _date(text)

    def _created(self, text: str, _: Attributes) -> None:
        self._wrote.created = _date(text)

    def _language(self, text: str, _: Attributes) -> None:
        self._wrote.language = text

    def _original_link(self, text: str, attributes: Attributes) -> None:
        if attributes:
            raise Doubt
        self._wrote.original_link = text

    def _source(self, _: str, __: Attributes) -> None:
        """Where the entry is from; behind it the lenient parser takes another title."""
        self._title_is_open = True

    def _author(self, text: str, _: Attributes) -> None:
        self._author_as_text = True
        self._add_author(person_of(text))

    def _add_author(self, name: str) -> None:
        wrote = self._wrote
        if len(wrote.authors) < MOST:
            wrote.authors = (*wrote.authors, name)

    def _name_in(self, author: Element) -> str:
        # behind an author that is text, the lenient parser writes the names of this one over that one's
        if self._author_as_text or (author.text or "").strip():
            raise Doubt
        found = None
        for child in author:
            name = self.names[child.tag]
            if name not in PERSON or len(child) or (child.tail or "").strip():
                raise Doubt
            if name == "name":
                found = (child.text or "").strip()
        if found is None and self._wrote.authors:  # it would get the name of the one before
            raise Doubt
        return found or ""

    def _enclosure(self, _: str, attributes: Attributes) -> None:
        plainly_named(attributes, OF_MEDIA)
        self._enclose(attributes.get("url"))

    def _enclose(self, href: str | None) -> None:
        wrote = self._wrote
        if href and len(wrote.enclosed) < MOST:
            wrote.enclosed = (*wrote.enclosed, href)

    def _shows(self, name: str, media: Element) -> None:
        """Media RSS: groups and contents hold titles, descriptions and pictures that count as the entry's."""
        _SHOWS[name](self, "", media.attrib)
        for child in media:
            name = self.names[child.tag]
            if len(child) and name in _SHOWS:
                self._shows(name, child)
            elif len(child):
                self.names.pass_over(name, child)
            elif name in _MEDIA:
                _MEDIA[name](self, undone((child.text or "").strip()), child.attrib)
            else:
                without_meaning(name)

    def _media_group(self, _: str, attributes: Attributes) -> None:
        plainly_named(attributes, OF_MEDIA)

    def _media_content(self, _: str, attributes: Attributes) -> None:
        plainly_named(attributes, OF_MEDIA)
        wrote, href = self._wrote, attributes.get("url")
        if href and len(wrote.shown) < MOST:
            wrote.shown = (*wrote.shown, href)

    def _thumbnail(self, _: str, attributes: Attributes) -> None:
        plainly_named(attributes, OF_MEDIA)
        href = attributes.get("url")
        if href is None:
            raise Doubt
        wrote = self._wrote
        if href and len(wrote.thumbnails) < MOST:
            wrote.thumbnails = (*wrote.thumbnails, href)


def _is_link(attributes: Attributes) -> bool:
    """Whether `isPermaLink`, in any case, is all that a guid says of itself, and true."""
    if len(attributes) > 1:
        raise Doubt
    ((name, value),) = attributes.items()
    if name.lower() != "ispermalink":
        raise Doubt
    return value == "true"


def _date(text: str) -> datetime | None:
    if not text:
        return None
    read = parse_date(text)
    if read is None:
        raise Doubt
    return read


_AUTHORS = frozenset({"author", "dc_creator", "dc_author", "itunes_author"})
_CONTRIBUTORS = frozenset({"contributor", "dc_contributor"})
_SHOWS: dict[str, Take] = {"media_group": EntryReader._media_group, "media_content": EntryReader._media_content}
_MEDIA: dict[str, Take] = {
    **_SHOWS,
    "media_title": EntryReader._media_title,
    "media_description": EntryReader._description,
    "media_thumbnail": EntryReader._thumbnail,
}
_TAKE: dict[str, Take] = {
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
    **dict.fromkeys(_AUTHORS, EntryReader._author),
    **dict.fromkeys(("pubdate", "published", "issued", "dcterms_issued"), EntryReader._published),
    **dict.fromkeys(("updated", "modified", "lastbuilddate", "dc_date", "dcterms_modified"), EntryReader._updated),
    **dict.fromkeys(("created", "dcterms_created"), EntryReader._created),
    **dict.fromkeys(("language", "dc_language"), EntryReader._language),
}
