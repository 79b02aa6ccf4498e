"""Which rules can match an article at all: each rule is looked up by one group of words it cannot do without.

The index may offer a rule too many; it never leaves one out that matches.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.errors import InputError
from rules.anchors import anchor, rarest_word
from rules.document import Document
from rules.evaluate import value_matches
from rules.program import Program
from rules.tree import Expr, Value
from rules.vocabulary import Wanted


class Unanchored(InputError):
    """A rule that nothing can be looked up for. `parse` refuses such rules with a place."""


class Index:
    """Words and values → the rules (by number) anchored on them."""

    def __init__(self, program: Program) -> None:
        self._vocabulary = program.vocabulary
        self._by_word: dict[int, list[int]] = {}
        self._by_value: dict[Value, list[int]] = {}

    def add(self, rule: int, expr: Expr) -> None:
        """Enter a rule. Raises Unanchored."""
        leaves = anchor(expr)
        if leaves is None:
            raise Unanchored("nothing in this rule can be looked up")
        for leaf in leaves:
            if isinstance(leaf, Value):
                self._by_value.setdefault(leaf, []).append(rule)
                continue
            word = Wanted(leaf.words[rarest_word(leaf)], leaf.exact, leaf.prefix, leaf.lang)
            self._by_word.setdefault(self._vocabulary.number(word), []).append(rule)

    def candidates(self, words: Iterable[int], document: Document) -> list[int]:
        """The rules that may match an article with these words, in the order they were entered."""
        found = {rule for word in self._by_word.keys() & words for rule in self._by_word[word]}
        for value, rules in self._by_value.items():
            if any(field.name == value.field and value_matches(value, field.text) for field in document.fields):
                found.update(rules)
        return sorted(found)
