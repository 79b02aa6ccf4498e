"""Tags of a feed that leaves no doubt: what the lenient parser calls them, and which of them mean nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from xml.etree.ElementTree import Element

import re2  # type: ignore[import-untyped]

from fetching.strict_names import HANDLED, KEPT, KNOWN, PASSED_OVER, PASSED_OVER_AS_TEXT, RESERVED, XLINK

IN = "}"  # between a namespace's URI and a name in it
LANG = f"http://www.w3.org/XML/1998/namespace{IN}lang"
LONGEST_TAG = 120  # characters of a name that is remembered from feed to feed
LONGEST_HEAD = 2_000  # bytes of a beginning, up to the end of the root element's tag, whose declarations are
_DECLARES = re2.compile(rb"xmlns")  # bytes.find takes ten times as long
_NAMESPACE = re.compile(rb"xmlns(?::([^\s=:]+))?\s*=\s*(\"[^\"<]*\"|'[^'<]*')")


class Doubt(Exception):
    """Something that this reader does not read."""


class Names(dict[str, str]):
    """The lenient parser's name of each tag: prefix and local name in lower case, with an underscore between."""

    def __init__(self, prefixes: Mapping[str, str], *, inner_xlink: bool) -> None:
        """`prefixes` by URI in lower case. `inner_xlink`: xlink, which the lenient parser takes for an attribute of the
        element that declares it, is declared below the root.
        """
        super().__init__()
        self.inner_xlink = inner_xlink
        self.uris = prefixes.keys()
        self._prefixes = prefixes
        self._passes: dict[str, Callable[[Element], None]] = {}

    @classmethod
    def declared(cls, body: bytes, root_end: int) -> Names:
        """By the declarations in `body`, whose root element's tag ends at `root_end`.

        Each prefix means one thing, and the lenient parser's own names only what it means by them. Attributes in quoted
        markup are looked at as well: that costs a doubt now and then.
        """
        head = body[:root_end]
        if not _DECLARES.search(body, root_end):
            meant = _meant_by if len(head) <= LONGEST_HEAD else _meant_by.__wrapped__
            return cls(meant(head), inner_xlink=False)
        prefixes = _meant_by.__wrapped__(body)
        is_inner = XLINK in prefixes and all(uri != XLINK for _, uri in _declarations(head))
        return cls(prefixes, inner_xlink=is_inner)

    def __missing__(self, tag: str) -> str:
        name = _known_name(tag) if len(tag) <= LONGEST_TAG else _known_name.__wrapped__(tag)
        if name is None:
            uri, _, local = tag.rpartition(IN)
            prefix = self._prefixes.get(uri.lower())
            name = f"{prefix}_{local}".lower() if prefix else local.lower()
            if prefix is None or (not prefix and (name in HANDLED or name in KEPT)):
                raise Doubt
        self[tag] = name
        return name

    def passed(self, name: str) -> Callable[[Element], None]:
        """What passes over an element of this name, and those in it, if they mean nothing to either parser."""
        if name not in self._passes:
            self._passes[name] = self._pass(name)
        return self._passes[name]

    def _pass(self, name: str) -> Callable[[Element], None]:
        if name in PASSED_OVER_AS_TEXT:
            return _childless
        if (name in HANDLED or name in KEPT) and name not in PASSED_OVER:
            raise Doubt
        return self.pass_children

    def pass_children(self, element: Element) -> None:
        """Passes over an element that means nothing, and those in it."""
        if len(element):
            self.pass_over(element, frozenset())

    def pass_over(self, element: Element, also: frozenset[str]) -> None:
        """Passes over the elements in this one; those named in `also` if they hold text."""
        for child in element:
            name = self[child.tag]
            if name in also:
                _childless(child)
            else:
                self.passed(name)(child)


@lru_cache(maxsize=1_000)
def _known_name(tag: str) -> str | None:
    """The name of a tag in a namespace that the lenient parser knows, or in none."""
    uri, _, local = tag.rpartition(IN)
    prefix = KNOWN.get(uri.lower())
    return f"{prefix}_{local}".lower() if prefix else local.lower() if prefix == "" else None


@lru_cache(maxsize=500)
def _meant_by(markup: bytes) -> dict[str, str]:
    """The prefix of each URI, in lower case, that `markup` declares."""
    declared = _declarations(markup)
    meant: dict[str, str] = {}
    for prefix, uri in declared:
        if "&" in uri or "backend.userland.com/rss" in uri or (prefix and meant.setdefault(prefix, uri) != uri):
            raise Doubt
        if prefix.lower() in RESERVED and KNOWN.get(uri) != prefix:
            raise Doubt
    unknown = [uri for _, uri in declared if uri not in KNOWN]
    if len(unknown) != len(set(unknown)):
        raise Doubt
    return {uri: prefix for prefix, uri in declared}


def _declarations(markup: bytes) -> set[tuple[str, str]]:
    """Prefix and URI, in lower case, of each declaration; the prefix is empty where there is none."""
    found: Iterable[tuple[bytes, bytes]] = set(_NAMESPACE.findall(markup))
    return {(prefix.decode(), quoted[1:-1].decode().strip().lower()) for prefix, quoted in found}


def _childless(element: Element) -> None:
    if len(element):
        raise Doubt
