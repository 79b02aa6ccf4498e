"""A small, fast reader of the feeds that leave no doubt; `parse.py` gives all others to the lenient parser.

    read ── UTF-8, well-formed, no DOCTYPE ── rss | feed (Atom) | rdf ── entries, each element by its name ── Read

It gives of each entry what the lenient parser gives. Whatever that parser would have to interpret raises Doubt, and
`read` gives None: only speed is lost. An element that neither of the two has a use for is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import re2  # type: ignore[import-untyped]

from fetching import repair
from fetching.entries import MAX_ENTRIES
from fetching.strict_entry import (
    EntryReader,
    is_plain,
    language_of,
    may_be_undone,
    mended,
    once_encoded,
    plainly_named,
    text_of,
)
from fetching.strict_names import ATOM, OF_THE_FEED, PAGED, PERSON, PICTURE, RDF, RSS_1
from fetching.strict_tags import IN, LANG, Doubt, Names
from fetching.written import Written

_ROOTS = {"rss": "rss", f"{ATOM}{IN}feed": "atom", f"{RDF}{IN}RDF": "rdf"}
_RSS_1_BEFORE = "http://my.netscape.com/rdf/simple/0.9/"
_DECLARATION = re.compile(
    rb"<\?xml\s+version\s*=\s*[\"']1\.0[\"'](?:\s+encoding\s*=\s*[\"']utf-?8[\"'])?"
    rb"(?:\s+standalone\s*=\s*[\"'](?:yes|no)[\"'])?\s*\?>",
    re.IGNORECASE,
)
_UP_TO_ROOT = re.compile(
    rb"(?>\s+|<!--.*?(?:-->|\Z)|<\?(?!xml\s).*?(?:\?>|\Z))*+<(?:rss|feed|(?:[\w.-]{1,20}:)?(?:feed|RDF))(?=[\s>])",
    re.DOTALL,
)
_LONG_REFERENCE = re2.compile(rb"&#(?:\d{10}|x[0-9a-fA-F]{9})")


@dataclass(slots=True)
class Read:
    """A document: `feed` with the lenient parser's keys, and the entries. `dropped` as in ParsedFeed."""

    kind: str
    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[Written] = field(default_factory=list)
    dropped: int = 0


def read(body: bytes, charset: str) -> Read | None:
    """The feed in `body`, whose answer's headers said `charset`; None at the first doubt. Reads nothing else."""
    if charset not in ("", "utf-8", "utf8"):
        return None
    try:
        return _read(body.removeprefix(b"\xef\xbb\xbf"))
    except (Doubt, expat.ExpatError, RecursionError):  # the last by groups of media in groups in groups
        return None


def _read(body: bytes) -> Read:
    root_end = _checked(body)
    root, dropped = _tree(body), 0
    if max(len(root), len(root[0]) if len(root) else 0) > MAX_ENTRIES:
        shorter, dropped = repair.shortened(body.decode("utf-8", "replace"))
        body = shorter.encode() if dropped else body
        root = _tree(body) if dropped else root
    kind = _ROOTS.get(root.tag)
    names = Names.declared(body, root_end)
    if kind is None or (kind == "atom" and (RSS_1 in names.uris or _RSS_1_BEFORE in names.uris)):
        raise Doubt
    found = Read(kind, dropped=dropped)
    _Reader(names, found, read_text=text_of if may_be_undone(body) else once_encoded).document(root)
    if not found.entries:
        raise Doubt
    found.dropped += max(len(found.entries) - MAX_ENTRIES, 0)
    del found.entries[MAX_ENTRIES:]
    return found


def _checked(body: bytes) -> int:
    """Where the root element's tag ends. Before it there is a declaration of UTF-8 or none, and no DOCTYPE.

    Nowhere is there a reference that repair.py would read in another way than XML.
    """
    declaration = _DECLARATION.match(body)
    root = _UP_TO_ROOT.match(body, declaration.end() if declaration else 0)
    if not root or _LONG_REFERENCE.search(body):
        raise Doubt
    return body.find(b">", root.end())


def _tree(body: bytes) -> Element:
    """The root element; names in a namespace are its URI, IN, and the local name. Texts come in pieces of 8 KB, and
    not one for each line and each reference, as the standard library's own parser hands them to its builder.
    """
    builder = TreeBuilder(pi_factory=_instruction, insert_pis=True)
    parser = expat.ParserCreate("utf-8", IN)
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.CommentHandler = _aside
    parser.ProcessingInstructionHandler = builder.pi
    parser.Parse(body, True)
    return builder.close()


def _aside(*texts: str) -> None:
    """A comment or an instruction: nothing to read. What repair.py would take for markup in it is a doubt."""
    if any("&" in text or "<" in text for text in texts):
        raise Doubt


def _instruction(target: str, text: str | None) -> Element:
    """Its place in the tree, where a text has an instruction in it."""
    _aside(target, text or "")
    return Element("?")


class _Reader:
    """Reads one document into `found`."""

    def __init__(self, names: Names, found: Read, *, read_text: Callable[[Element], str]) -> None:
        self.names = names
        self.found = found
        self.entries = EntryReader(names, read_text, is_atom=found.kind == "atom")
        self.has_summary = False

    def document(self, root: Element) -> None:
        found = self.found
        lang = _structure(root, "")
        if lang and found.kind != "rdf":
            found.feed["language"] = lang.replace("_", "-")
        if found.kind == "atom":
            self._feed(root, lang)
        else:
            self._channel_and_items(root, lang)

    def _channel_and_items(self, root: Element, lang: str) -> None:
        """RSS has one channel with all in it; RSS 1.0 has the items, and a picture, behind the channel."""
        channel, *others = list(root) or [root]
        if self.names[channel.tag] != "channel" or (others and self.found.kind == "rss"):
            raise Doubt
        self._feed(channel, _structure(channel, lang))
        for element in others:
            name = self.names[element.tag]
            if name == "item":
                self.found.entries.append(self.entries.read(element, lang))
            elif name == "image":
                self.names.pass_over(element, PICTURE)
            else:
                raise Doubt

    def _feed(self, parent: Element, lang: str) -> None:
        item = "entry" if self.found.kind == "atom" else "item"
        for element in parent:
            name = self.names[element.tag]
            if name == item:
                self.found.entries.append(self.entries.read(element, lang))
            else:
                self._of_the_feed(element, name)

    def _of_the_feed(self, element: Element, name: str) -> None:
        feed = self.found.feed
        if name == "title":
            if "title" in feed:
                raise Doubt
            is_plain(element, True)
            feed["title"] = text_of(element)
        elif name in ("language", "dc_language"):
            feed["language"] = text_of(element)
        elif name in ("ttl", "sy_updateperiod", "sy_updatefrequency"):
            if element.keys() or self.names.inner_xlink:
                raise Doubt
            feed[name] = text_of(element)
        elif name in ("description", "itunes_summary"):
            self._described(element, name)
        elif name == "image":
            self.names.pass_over(element, PICTURE)
        elif name == "link" and element.get("rel", "").lower() in PAGED:
            plainly_named(element, "url", "uri")
            link = {"rel": element.get("rel", "").lower(), "href": mended(element.get("href", ""))}
            feed.setdefault("links", []).append(link)
        elif name in OF_THE_FEED or name in ("contributor", "itunes_owner"):
            self.names.pass_over(element, PERSON)
        else:
            self.names.passed(name)(element)

    def _described(self, element: Element, name: str) -> None:
        is_plain(element, True)
        text_of(element)
        if self.has_summary and not self.entries.content_came:
            self.entries.content_came = True
        elif name == "itunes_summary":
            self.has_summary = True


def _structure(element: Element, lang: str) -> str:
    """The language inside `element`, whose attributes must mean nothing else."""
    for name, _ in element.items():
        local = name.rpartition(IN)[2].lower()
        if name != LANG and local in ("base", "lang", "href", "lastmod"):
            raise Doubt
    return language_of(element, lang)
