"""What the children of a feed and of its entries have in common, and what their texts and attributes say.

Nearly all hold text and nothing else: leaves. They are told by text and attributes, so that no element need be made.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from xml.etree.ElementTree import Element

from fetching.strict_tags import LANG, Doubt, Names

Attributes = dict[str, str]
Take = Callable[[Any, str, Attributes], None]  # a method of the reader that takes a leaf: its text and attributes

_USUAL = frozenset({"height", "hreflang", "length", "medium", "rel", "title", "type", "width"})
OF_LINKS = _USUAL | {"href"}
OF_MEDIA = _USUAL | {"url"}
_ELSEWHERE = frozenset({"base", "href", "lang", "uri", "url"})

_IS_PLAIN = {"text": True, "plain": True, "text/plain": True, "html": False, "text/html": False}
_TOO_MANY_SLASHES = re.compile(r"^([A-Za-z][A-Za-z0-9+-.]*://)(/*)")
_HIGH_CONTROLS = re.compile("[\x80-\x9f]")
_WINDOWS = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}


class Children(ABC):
    """Takes the children of an element one after another."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.takes: dict[str, Take | None] = {}  # by tag; functions, as bound methods would make a ring with this one

    @abstractmethod
    def leaf(self, name: str) -> Take | None:
        """What takes leaves of this name; None where they mean nothing."""

    @abstractmethod
    def branch(self, name: str, element: Element) -> None:
        """Takes a child that has children."""

    def end(self) -> None:  # noqa: B027 - not all have something to do then
        """There are no more."""


def undone(text: str) -> str:
    """Text with the usual double encodings undone as the lenient parser does."""
    # Either needs a character from U+0080 to U+00BF, which begin with one byte; far faster than looking in the text.
    if text.isascii() or b"\xc2" not in text.encode():
        return text
    with suppress(UnicodeError):
        text = text.encode("iso-8859-1").decode()
    return text.translate(_WINDOWS) if _HIGH_CONTROLS.search(text) else text


def mended(text: str) -> str:
    """An address with the slashes that the lenient parser leaves of it."""
    return _TOO_MANY_SLASHES.sub(r"\1", text) if "///" in text else text


def plainly_named(attributes: Attributes, usual: frozenset[str]) -> None:
    """Attributes in lower case, in no namespace; none but the usual says a language or an address."""
    if usual.issuperset(attributes):
        return
    for name in attributes.keys() - usual:
        if name != name.lower() or "}" in name or name in _ELSEWHERE:
            raise Doubt


def is_plain(attributes: Attributes, default: bool) -> bool:
    """Whether they say that there is plain text, not HTML; anything else is a doubt."""
    if not attributes:
        return default
    for name in attributes:
        if name != "type" and name != LANG:
            raise Doubt
    kind = attributes.get("type")
    plain = default if kind is None else _IS_PLAIN.get(kind.lower())
    if plain is None:
        raise Doubt
    return plain


def language_of(attributes: Attributes, inherited: str) -> str:
    """What xml:lang says; taking a language back is a doubt."""
    lang = attributes.get(LANG)
    if lang == "":
        raise Doubt
    return lang or inherited
