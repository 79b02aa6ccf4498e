"""A small, fast reader of the feeds that leave no doubt; `parse.py` gives all others to the lenient parser.

    read ── UTF-8, no DOCTYPE ── expat ── rss | feed (Atom) | rdf ┬ strict_feed.py   what stands beside the entries
                                                                  └ strict_entry.py  entries, each element by its name

It gives of each entry what the lenient parser gives. Whatever that parser would have to interpret raises Doubt, and
`read` gives None: only speed is lost. An element that neither of the two has a use for is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from fetching.entries import MAX_ENTRIES
from fetching.strict_children import Attributes, Children, Take, language_of, undone
from fetching.strict_entry import EntryReader
from fetching.strict_feed import FeedReader
from fetching.strict_names import ATOM, PICTURE, RDF, RSS_1
from fetching.strict_tags import LANG, Doubt, Names
from fetching.written import Written

_ROOTS = {"rss": "rss", f"{ATOM}}}feed": "atom", f"{RDF}}}RDF": "rdf"}
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
# References that repair.py would read in another way than XML, and those to a character from U+0080 to U+00BF.
_LONG = rb"\d{10}|x[0-9a-fA-F]{9}"
_LONG_REFERENCE = re.compile(rb"&#(?:%b)" % _LONG)
_ODD_REFERENCE = re.compile(rb"&#(?:%b|0*1[2-9]\d;|x0*[89abAB][0-9a-fA-F];)" % _LONG)
_INSTRUCTION = "?"  # the tag that stands for one

_Begin = Callable[[str, Attributes], None]


@dataclass(slots=True)
class Read:
    """A document: `feed` with the lenient parser's keys, and the entries. `dropped` as in ParsedFeed."""

    kind: str
    feed: dict[str, Any] = field(default_factory=dict)
    entries: list[Written] = field(default_factory=list)
    dropped: int = 0


def read(body: bytes, charset: str) -> Read | None:
    """The feed in `body`, whose answer's headers said `charset`; None at the first doubt. Reads nothing else.

    More than MAX_ENTRIES entries are a doubt: the lenient way shortens a document by its text.
    """
    if charset not in ("", "utf-8", "utf8"):
        return None
    body = body.removeprefix(b"\xef\xbb\xbf")
    odd = _ODD_REFERENCE.search(body)
    if not _is_open(body) or (odd and _LONG_REFERENCE.search(body, odd.start())):
        return None
    try:
        return _Document(encoded_twice=bool(odd) or b"\xc2" in body).read(body)
    except (Doubt, ExpatError, RecursionError):  # the last by groups of media in groups in groups
        return None


def _is_open(body: bytes) -> bool:
    """Whether there is a declaration of UTF-8 or none before the root element, and no DOCTYPE."""
    declaration = _DECLARATION.match(body)
    return bool(_UP_TO_ROOT.match(body, declaration.end() if declaration else 0))


class _Document:
    """Listens to expat and gives each child of the feed and of its entries to their readers, when it is whole.

    No tree is made: a thousand elements of a feed would set off Python's garbage collection. A child in which there is
    another element becomes one, made by the standard library's builder.
    """

    def __init__(self, *, encoded_twice: bool) -> None:
        """`encoded_twice`: whether there may be texts of that kind; to look at each costs more than at the whole."""
        self._encoded_twice = encoded_twice
        self._names = Names()
        self._texts: list[str] = []
        self._child: Attributes | None = None  # of the child that is open
        self._outer: list[tuple[_Begin, Children]] = []  # the elements around the one whose children are taken
        self._inside: Children = _Root(self._names)
        self._takes: dict[str, Take | None] = {}
        self._begin: _Begin = self._begin_root
        self._has_channel = False

    def read(self, body: bytes) -> Read:
        """What the document says."""
        self._expat = ParserCreate("utf-8", "}")
        self._expat.buffer_text = True
        self._expat.StartNamespaceDeclHandler = self._names.declare
        self._expat.CommentHandler = _without_markup
        self._expat.ProcessingInstructionHandler = self._instruct
        self._listen()
        try:
            self._expat.Parse(body, True)
        finally:
            del self._expat, self._begin, self._outer[:]  # these refer to this object: rings wait for a collection
        entries, feed = self._entries.entries, self._feed.feed
        if not entries or (self._kind == "atom" and self._names.uris & {RSS_1, _RSS_1_BEFORE}):
            raise Doubt
        return Read(self._kind, feed, entries)

    def _listen(self) -> None:
        self._expat.StartElementHandler = self._begin
        self._expat.CharacterDataHandler = self._texts.append
        self._expat.EndElementHandler = self._end

    # -- the elements whose children are taken

    def _enter(self, inside: Children, begin: _Begin) -> None:
        self._outer.append((self._begin, self._inside))
        self._inside, self._takes = inside, inside.takes
        self._begin = self._expat.StartElementHandler = begin

    def _leave(self) -> None:
        self._inside.end()
        self._begin, self._inside = self._outer.pop()
        self._takes = self._inside.takes
        self._expat.StartElementHandler = self._begin

    def _begin_root(self, tag: str, attributes: Attributes) -> None:
        kind = _ROOTS.get(tag)
        if kind is None:
            raise Doubt
        self._kind = kind
        self._names.root_is_open = True
        self._entries = EntryReader(self._names, is_atom=kind == "atom")
        self._feed = FeedReader(self._names, self._entries)
        self._item = "entry" if kind == "atom" else "item"
        self._lang = self._feed_lang = lang = _structure(attributes, "")
        if lang and kind != "rdf":
            self._feed.feed["language"] = lang.replace("_", "-")
        if kind == "atom":
            self._enter(self._feed, self._begin_in_feed)
        else:
            self._enter(self._inside, self._begin_in_root)

    def _begin_in_root(self, tag: str, attributes: Attributes) -> None:
        """RSS has one channel with all in it; RSS 1.0 has the items, and a picture, behind the channel."""
        if self._child is not None:
            self._begin_child(tag, attributes)
            return
        name = self._names[tag]
        if not self._has_channel and name == "channel":
            self._has_channel = True
            self._feed_lang = _structure(attributes, self._lang)
            self._enter(self._feed, self._begin_in_feed)
        elif not self._has_channel or self._kind == "rss":
            raise Doubt
        elif name == "item":
            self._begin_entry(attributes, self._lang)
        else:
            self._begin_child(tag, attributes)

    def _begin_in_feed(self, tag: str, attributes: Attributes) -> None:
        if self._child is None and self._names[tag] == self._item:
            self._begin_entry(attributes, self._feed_lang)
        else:
            self._begin_child(tag, attributes)

    def _begin_entry(self, attributes: Attributes, lang: str) -> None:
        if len(self._entries.entries) == MAX_ENTRIES:
            raise Doubt
        self._entries.begin(attributes, lang)
        self._enter(self._entries, self._begin_child)

    # -- their children

    def _begin_child(self, tag: str, attributes: Attributes) -> None:
        if self._child is None:
            self._child = attributes
            self._texts.clear()
        else:
            self._begin_branch(tag, attributes)

    def _end(self, tag: str) -> None:
        attributes = self._child
        if attributes is None:
            self._leave()
            return
        self._child = None
        try:
            take = self._takes[tag]
        except KeyError:
            take = self._takes[tag] = self._inside.leaf(self._names[tag])
        if take is not None:
            text = "".join(self._texts).strip()
            take(self._inside, undone(text) if self._encoded_twice else text, attributes)

    def _begin_branch(self, tag: str, attributes: Attributes) -> None:
        """The child that is open has a child: the builder takes over until it ends."""
        builder = TreeBuilder()
        branch = builder.start("", self._child or {})
        builder.data("".join(self._texts))
        builder.start(tag, attributes)

        def end(tag: str) -> None:
            if builder.end(tag) is branch:
                self._child = None
                self._listen()
                self._inside.branch(self._names[tag], branch)

        self._expat.StartElementHandler = builder.start
        self._expat.CharacterDataHandler = builder.data
        self._expat.EndElementHandler = end

    def _instruct(self, target: str, text: str) -> None:
        _without_markup(target, text)
        if self._outer:
            begin: Any = self._expat.StartElementHandler
            end: Any = self._expat.EndElementHandler
            begin(_INSTRUCTION, {})
            end(_INSTRUCTION)


class _Root(Children):
    """Beside the channel and the items of RSS 1.0 there may be a picture."""

    def leaf(self, name: str) -> Take | None:
        if name != "image":
            raise Doubt
        return None

    def branch(self, name: str, element: Element) -> None:
        if name != "image":
            raise Doubt
        self.names.pass_over_those_in(element, PICTURE)


def _without_markup(*texts: str) -> None:
    """What repair.py would take for markup in a comment or an instruction is a doubt."""
    if any("&" in text or "<" in text for text in texts):
        raise Doubt


def _structure(attributes: Attributes, lang: str) -> str:
    """The language inside an element whose attributes must mean nothing else."""
    for name in attributes:
        local = name.rpartition("}")[2].lower()
        if name != LANG and local in ("base", "lang", "href", "lastmod"):
            raise Doubt
    return language_of(attributes, lang)
