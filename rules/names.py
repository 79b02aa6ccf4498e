"""The names a rule may use, and the error a rule is refused with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import InputError
from rules.tree import Expr


class RuleSyntaxError(InputError):
    """A rule that cannot be read. Lines and columns count from 1 within the rule's text."""

    def __init__(self, message: str, line: int = 1, column: int = 1, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Entity:
    """What an @name stands for. Items are terms without quotes; `lang` gives more of them for one language each."""

    items: tuple[str, ...] = ()
    lang: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    country: str = ""  # ISO 3166 code
    metonyms: bool = False  # the country's capital too


@dataclass(frozen=True, slots=True)
class Names:
    """Entities, other rules' texts, and concepts (language, "" for every, → expressions), by name without sign."""

    entities: Mapping[str, Entity] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    concepts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    resolved: dict[str, Expr] = field(default_factory=dict, init=False, repr=False, compare=False)
