"""The shipped concepts: expressions for what happens between people, countries and companies, one file each.

A file `meet-in-person.yaml` makes `#meet-in-person`:

    about: two or more people meet in one place
    terms: {en: [meet, "hold NEAR/4 talks"], fr: [rencontrer]}
    match: {en: ["The two leaders met in Hanoi."]}
    ignore: {en: ["The two leaders spoke by telephone."]}

Terms are expressions of the rule language; several plain words are a phrase. The texts are tried by a test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rules import yamltext

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

# the marks of Latin (decomposed), Hebrew, Arabic, Devanagari and Thai letters are no letters to a regex
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
_WORD = rf"[^\W_][\w{_MARKS}'’.-]*"
_WORDS = re.compile(rf"=?{_WORD}(?:\s+{_WORD})+")
_OPERATORS = frozenset({"AND", "OR", "NOT", "UNLESS"})
Texts = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept; terms and texts by language."""

    name: str
    about: str = ""
    terms: Texts = field(default_factory=dict)
    match: Texts = field(default_factory=dict)
    ignore: Texts = field(default_factory=dict)


class Shipped(Mapping[str, Texts]):
    """The terms of each shipped concept by name, by language. A file is read when its concept is first asked for:
    most rules need few of them, and reading all takes longer than loading a whole watch.
    """

    def __getitem__(self, name: str) -> Texts:
        return concept(name).terms

    def __contains__(self, name: object) -> bool:
        return name in _files()

    def __iter__(self) -> Iterator[str]:
        return iter(_files())

    def __len__(self) -> int:
        return len(_files())


@lru_cache(maxsize=1)
def _files() -> Mapping[str, Traversable]:
    found = {entry.name: entry for entry in resources.files(__name__).iterdir() if entry.name.endswith(".yaml")}
    return {name.removesuffix(".yaml"): found[name] for name in sorted(found)}


@cache
def concept(name: str) -> Concept:
    """One shipped concept. Raises KeyError when there is none of that name."""
    return read(name, _files()[name].read_text("utf-8"))


def catalogue() -> tuple[Concept, ...]:
    """All shipped concepts, by name."""
    return tuple(map(concept, _files()))


def shipped() -> Mapping[str, Texts]:
    """The terms of each shipped concept, by language."""
    return Shipped()


def expression(term: str) -> str:
    """The term as rule text: several words without an operator are a phrase, as in an entity."""
    if not _WORDS.fullmatch(term) or not _OPERATORS.isdisjoint(term.split()):
        return term
    return f'="{term[1:]}"' if term.startswith("=") else f'"{term}"'


def read(name: str, text: str) -> Concept:
    """One concept's file. Raises ConfigError when it is not YAML."""
    values = yamltext.values(yamltext.parse(text, f"{name}.yaml").root)
    return Concept(
        name, str(values.get("about", "")), _texts(values, "terms"), _texts(values, "match"), _texts(values, "ignore")
    )


def _texts(values: Mapping[str, Any], key: str) -> Texts:
    return {language: tuple(texts) for language, texts in values.get(key, {}).items()}
