"""Tags of a feed that leaves no doubt: what the lenient parser calls them, and which of them mean nothing."""

from __future__ import annotations

from functools import lru_cache
from xml.etree.ElementTree import Element

from fetching.strict_names import HANDLED, KEPT, KNOWN, PASSED_OVER, PASSED_OVER_AS_TEXT, RESERVED, XLINK

LANG = "http://www.w3.org/XML/1998/namespace}lang"
LONGEST_TAG = 120  # characters of a name that is remembered from feed to feed
_MEANT = (HANDLED | KEPT) - PASSED_OVER - PASSED_OVER_AS_TEXT


class Doubt(Exception):
    """Something that this reader does not read."""


class Names(dict[str, str]):
    """The lenient parser's name of each tag: prefix and local name in lower case, with an underscore between.

    Tags are as expat gives them: `uri}local`, or `local` alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.root_is_open = False
        self.inner_xlink = False  # declared below the root: there the lenient parser takes it for an attribute
        self._prefixes: dict[str, str] = {}  # by URI in lower case
        self._meant: dict[str, str] = {}

    @property
    def uris(self) -> set[str]:
        """All that were declared by now, in lower case."""
        return set(self._prefixes)

    def declare(self, prefix: str | None, uri: str | None) -> None:
        """Each prefix means one thing, and the lenient parser's own names only what it means by them."""
        prefix, uri = prefix or "", (uri or "").lower()
        if uri != uri.strip() or "backend.userland.com/rss" in uri:
            raise Doubt
        if prefix and self._meant.setdefault(prefix, uri) != uri:
            raise Doubt
        if prefix.lower() in RESERVED and KNOWN.get(uri) != prefix:
            raise Doubt
        if uri == XLINK and uri not in self._prefixes:
            self.inner_xlink = self.root_is_open
        if self._prefixes.setdefault(uri, prefix) != prefix and uri not in KNOWN:
            raise Doubt

    def __missing__(self, tag: str) -> str:
        name = _known_name(tag) if len(tag) <= LONGEST_TAG else _known_name.__wrapped__(tag)
        if name is None:
            uri, _, local = tag.rpartition("}")
            prefix = self._prefixes[uri.lower()]
            name = f"{prefix}_{local}".lower() if prefix else local.lower()
            if not prefix and (name in HANDLED or name in KEPT):
                raise Doubt
        self[tag] = name
        return name

    def pass_over(self, name: str, element: Element) -> None:
        """Passes over an element with others in it if none of them means anything to either parser."""
        without_meaning(name)
        if name in PASSED_OVER_AS_TEXT:
            raise Doubt
        self.pass_over_those_in(element)

    def pass_over_those_in(self, element: Element, also: frozenset[str] = frozenset()) -> None:
        """Passes over the elements in this one; those named in `also` if they hold text."""
        for child in element:
            name = self[child.tag]
            if len(child):
                if name in also:
                    raise Doubt
                self.pass_over(name, child)
            elif name not in also:
                without_meaning(name)


def without_meaning(name: str) -> None:
    """Doubts an element that the lenient parser has a use for."""
    if name in _MEANT:
        raise Doubt


@lru_cache(maxsize=1_000)
def _known_name(tag: str) -> str | None:
    """The name of a tag in a namespace that the lenient parser knows, or in none."""
    uri, _, local = tag.rpartition("}")
    prefix = KNOWN.get(uri.lower())
    return f"{prefix}_{local}".lower() if prefix else local.lower() if prefix == "" else None
