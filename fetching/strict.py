"""A small, fast reader of the feeds that leave no doubt; `parse.py` gives all others to the lenient parser.

    read ── UTF-8, well-formed, no DOCTYPE ── rss | feed (Atom) | rdf ── entries, each element by its name ── Read

It gives of each entry what the lenient parser gives, under the same names, as far as `parse.py` reads them. Whatever
that parser would have to interpret raises Doubt, and `read` gives None: only speed is lost. An element that neither
of the two has a use for is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from fetching import repair
from fetching.entries import MAX_ENTRIES
from fetching.strict_entry import (
    LANG,
    TAKE,
    TAKE_MEDIA,
    Doubt,
    Element,
    Item,
    kind_of,
    language_of,
    mended,
    person_of,
    plainly_named,
    text_of,
)
from fetching.strict_names import (
    ATOM,
    HANDLED,
    KEPT,
    KNOWN,
    OF_THE_FEED,
    PAGED,
    PASSED_OVER,
    PASSED_OVER_AS_TEXT,
    PERSON,
    PICTURE,
    RDF,
    RESERVED,
    RSS_1,
    XLINK,
)

_ROOTS = {"rss": "rss", f"{{{ATOM}}}feed": "atom", f"{{{RDF}}}RDF": "rdf"}
_DECLARATION = re.compile(
    rb"<\?xml\s+version\s*=\s*[\"']1\.0[\"'](?:\s+encoding\s*=\s*[\"']utf-?8[\"'])?"
    rb"(?:\s+standalone\s*=\s*[\"'](?:yes|no)[\"'])?\s*\?>",
    re.IGNORECASE,
)
_UP_TO_ROOT = re.compile(
    rb"(?>\s+|<!--.*?(?:-->|\Z)|<\?(?!xml\s).*?(?:\?>|\Z))*+<(?:rss|feed|(?:[\w.-]{1,20}:)?(?:feed|RDF))[\s>]",
    re.DOTALL,
)
_APART = re.compile(rb"<!--.*?(?:-->|\Z)|<!\[CDATA\[.*?(?:\]\]>|\Z)|<\?.*?(?:\?>|\Z)", re.DOTALL)
_NAMESPACE = re.compile(rb"xmlns(?::([^\s=:]+))?\s*=\s*(\"[^\"<]*\"|'[^'<]*')")
_ASIDE = (etree.Comment, etree.PI)
_LONG_REFERENCE = re.compile(rb"&#(?:\d{10}|x[0-9a-fA-F]{9})")


_ABOUT = f"{{{RDF}}}about"

Take = Callable[[Item, Element], None]


@dataclass(slots=True)
class Read:
    """A document: feed and entries with the lenient parser's keys, dates as times. `dropped` as in ParsedFeed."""

    kind: str
    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[dict[str, Any]] = field(default_factory=list)
    dropped: int = 0


def read(body: bytes, charset: str) -> Read | None:
    """The feed in `body`, whose answer's headers said `charset`; None at the first doubt. Reads nothing else."""
    if charset not in ("", "utf-8", "utf8"):
        return None
    try:
        return _Reader().document(body.removeprefix(b"\xef\xbb\xbf"))
    except (Doubt, etree.XMLSyntaxError):
        return None


def _tree(body: bytes) -> Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    root = etree.fromstring(body, parser)
    if len(parser.error_log) or root.getroottree().docinfo.internalDTD is not None:
        raise Doubt
    if root.getprevious() is not None or root.getnext() is not None or next(root.iter(*_ASIDE), None) is not None:
        _check_asides(body)
        etree.strip_tags(root, *_ASIDE)
    return root


def _check_markup(body: bytes) -> None:
    """A declaration of UTF-8 or none, no DOCTYPE, no reference that repair.py would read in another way than XML."""
    declaration = _DECLARATION.match(body)
    start = declaration.end() if declaration else 0
    if not _UP_TO_ROOT.match(body, start) or _LONG_REFERENCE.search(body):
        raise Doubt


def _check_asides(body: bytes) -> None:
    """No comment and no instruction holds what repair.py would take for markup."""
    declaration = _DECLARATION.match(body)
    for found in _APART.finditer(body, declaration.end() if declaration else 0):
        if found[0][1:3] != b"![" and (b"&" in found[0] or b"<" in found[0][1:]):
            raise Doubt


def _check_namespaces(body: bytes, root: Element) -> bool:
    """Each prefix means one thing, and the lenient parser's own names only what it means by them.

    Attributes in quoted markup are looked at as well: that costs a doubt now and then. Says whether xlink, which that
    parser takes for an attribute of the element that declares it, is declared below the root.
    """
    meant = {prefix: uri.lower() for prefix, uri in root.nsmap.items() if prefix}
    inner_xlink = False
    for prefix_bytes, quoted in set(_NAMESPACE.findall(body)):
        prefix, uri = prefix_bytes.decode(), quoted[1:-1].decode().strip().lower()
        if "&" in uri or "backend.userland.com/rss" in uri:
            raise Doubt
        if prefix:
            inner_xlink |= uri == XLINK and XLINK not in root.nsmap.values()
            if meant.setdefault(prefix, uri) != uri:
                raise Doubt
    unknown = [uri for uri in meant.values() if uri not in KNOWN]
    if len(unknown) != len(set(unknown)):
        raise Doubt
    for prefix, uri in meant.items():
        if prefix.lower() in RESERVED and KNOWN.get(uri) != prefix:
            raise Doubt
    return inner_xlink


class _Reader:
    """One document."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.takes: dict[str, Take] = {}
        self.inner_xlink = False
        # The lenient parser's notion that content came already outlives a feed's second description.
        self.has_summary = False
        self.has_content = False

    def document(self, body: bytes) -> Read:
        _check_markup(body)
        root, dropped = _tree(body), 0
        if max(len(root), len(root[0]) if len(root) else 0) > MAX_ENTRIES:
            shorter, dropped = repair.shortened(body.decode("utf-8", "replace"))
            body = shorter.encode() if dropped else body
            root = _tree(body) if dropped else root
        kind = _ROOTS.get(root.tag)
        uris = {uri.lower() for uri in root.nsmap.values()}
        if kind is None or (kind == "atom" and uris & {RSS_1, "http://my.netscape.com/rdf/simple/0.9/"}):
            raise Doubt
        self.inner_xlink = _check_namespaces(body, root)
        found = Read(kind)
        lang = self._structure(root, "")
        if lang and kind != "rdf":
            found.feed["language"] = lang.replace("_", "-")
        if kind == "atom":
            self._feed(root, found, lang)
        else:
            self._channel_and_items(root, found, lang)
        if not found.entries:
            raise Doubt
        found.dropped = dropped + max(len(found.entries) - MAX_ENTRIES, 0)
        del found.entries[MAX_ENTRIES:]
        return found

    def _channel_and_items(self, root: Element, found: Read, lang: str) -> None:
        """RSS has one channel with all in it; RSS 1.0 has the items, and a picture, behind the channel."""
        channel, *others = list(root) or [root]
        if self._name(channel) != "channel" or (others and found.kind == "rss"):
            raise Doubt
        self._feed(channel, found, self._structure(channel, lang))
        for element in others:
            name = self._name(element)
            if name == "item":
                self._entry(element, found, lang)
            elif name == "image":
                self._pass_over(element, PICTURE)
            else:
                raise Doubt

    def _feed(self, parent: Element, found: Read, lang: str) -> None:
        item = "entry" if found.kind == "atom" else "item"
        for element in parent:
            name = self._name(element)
            if name == item:
                self._entry(element, found, lang)
            elif name == "title":
                if "title" in found.feed:
                    raise Doubt
                kind_of(element, "text")
                found.feed["title"] = text_of(element)
            elif name in ("language", "dc_language"):
                found.feed["language"] = text_of(element)
            elif name in ("ttl", "sy_updateperiod", "sy_updatefrequency"):
                if element.attrib or self.inner_xlink:
                    raise Doubt
                found.feed[name] = text_of(element)
            elif name in ("description", "itunes_summary"):
                self._described(element, name)
            elif name == "image":
                self._pass_over(element, PICTURE)
            elif name == "link" and element.get("rel", "").lower() in PAGED:
                plainly_named(element, "url", "uri")
                links = found.feed.setdefault("links", [])
                links.append({"rel": element.get("rel", "").lower(), "href": mended(element.get("href", ""))})
            elif name in OF_THE_FEED or name in ("contributor", "itunes_owner"):
                self._pass_over(element, PERSON)
            else:
                self._unused(element, name)

    def _described(self, element: Element, name: str) -> None:
        kind_of(element, "text")
        text_of(element)
        if self.has_summary and not self.has_content:
            self.has_content = True
        elif name == "itunes_summary":
            self.has_summary = True

    def _entry(self, element: Element, found: Read, lang: str) -> None:
        about = ""
        for name in element.attrib:
            if name == _ABOUT:
                about = element.get(_ABOUT, "")
            elif name != LANG:
                raise Doubt
        item = Item(language_of(element, lang) if lang or len(element.attrib) else "", self.has_content)
        self.has_content = False
        if about:
            item.raw["id"] = about
        takes = self.takes
        for child in element:
            tag = child.tag
            take = takes.get(tag)
            if take is None:
                take = takes[tag] = self._take(child)
            take(item, child)
        if not item.raw.get("link") and not item.raw.get("id"):
            raise Doubt
        found.entries.append(item.raw)

    def _take(self, child: Element) -> Take:
        """What elements of this tag do to an entry."""
        name = self._name(child)
        take = TAKE.get(name)
        if take is not None:
            return take
        if name in ("author", "dc_creator", "dc_author", "itunes_author"):
            return self._author
        if name.startswith("media_"):
            return lambda item, element: self._media(element, name, item)
        if name == "contributor" or name == "dc_contributor":
            return lambda _, element: self._pass_over(element, PERSON)
        return lambda _, element: self._unused(element, name)

    def _author(self, item: Item, element: Element) -> None:
        person: dict[str, str] = {}
        if len(element):
            # behind an author that is text, the lenient parser writes the names of this one over that one's
            if item.author_as_text or (element.text or "").strip():
                raise Doubt
            for child in element:
                name = self._name(child)
                if name not in PERSON or len(child) or (child.tail or "").strip():
                    raise Doubt
                if name == "name":
                    person["name"] = (child.text or "").strip()
            if "name" not in person and "authors" in item.raw:  # it would get the name of the one before
                raise Doubt
        else:
            item.author_as_text = True
            person["name"] = person_of(text_of(element))
        item.raw.setdefault("authors", []).append(person)

    def _media(self, element: Element, name: str, item: Item) -> None:
        """Media RSS: groups and contents hold titles, descriptions and pictures that count as the entry's."""
        take = TAKE_MEDIA.get(name)
        if take is not None:
            take(item, element)
        elif name in ("media_group", "media_content"):
            plainly_named(element)
            if name == "media_content":
                item.raw.setdefault("media_content", []).append({"url": element.get("url")})
            for child in element:
                self._media(child, self._name(child), item)
        else:
            self._unused(element, name)

    def _unused(self, element: Element, name: str) -> None:
        """Passes over an element, and those in it, that mean nothing to either parser."""
        if name in PASSED_OVER_AS_TEXT:
            if len(element):
                raise Doubt
        elif (name in HANDLED or name in KEPT) and name not in PASSED_OVER:
            raise Doubt
        for child in element:
            self._unused(child, self._name(child))

    def _pass_over(self, element: Element, also: frozenset[str]) -> None:
        for child in element:
            if self._name(child) not in also:
                self._unused(child, self._name(child))
            elif len(child):
                raise Doubt

    def _structure(self, element: Element, lang: str) -> str:
        """The language inside `element`, whose attributes must mean nothing else."""
        for name in map(str, element.attrib):
            local = name.rpartition("}")[2].lower()
            if name != LANG and local in ("base", "lang", "href", "lastmod"):
                raise Doubt
        return language_of(element, lang)

    def _name(self, element: Element) -> str:
        """What the lenient parser calls it: prefix and local name in lower case, with an underscore between."""
        tag: str = element.tag
        name = self.names.get(tag)
        if name is None:
            uri, _, local = tag.rpartition("}")
            known = KNOWN.get(uri[1:].lower())
            prefix = (element.prefix or "") if known is None else known
            name = f"{prefix}_{local}".lower() if prefix else local.lower()
            if known is None and not prefix and (name in HANDLED or name in KEPT):
                raise Doubt
            self.names[tag] = name
        return name
