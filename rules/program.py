"""Rules made ready to run: their trees as nodes, where equal groups of any two rules are one node, decided once."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import re2  # type: ignore[import-untyped]

from rules.tree import (
    And,
    AnyOf,
    AtLeast,
    Expr,
    First,
    InField,
    Named,
    Near,
    NotNear,
    Or,
    Regex,
    Term,
    Unless,
    Value,
    Within,
    written,
)
from rules.vocabulary import Vocabulary, Wanted


@dataclass(slots=True, eq=False)  # not frozen: that would double the time it takes to make one
class Node:
    """One step of a rule. `scope` is the field its terms look in; "" is title and body. It does not change."""

    number: int
    kind: type
    name: str  # what people call it: the name it came from, else its text; "" when it is never shown
    scope: str
    parts: tuple[Node, ...] = ()
    nots: tuple[Node, ...] = ()
    n: int = 0
    flag: bool = False  # of Near: ordered
    words: tuple[int, ...] = ()  # of Term: numbers in the vocabulary
    value: Value | None = None
    unit: str = ""  # of Within
    pattern: Any = None  # of Regex, compiled
    terms: tuple[tuple[int, Node], ...] = ()  # of Or: its terms, each with one of its words
    others: tuple[Node, ...] = ()  # of Or: what is not a term
    known: frozenset[int] = frozenset()  # of Or: the words of `terms`


class Program:
    """All nodes of all rules, and the words they look for."""

    def __init__(self, vocabulary: Vocabulary | None = None) -> None:
        self.vocabulary = Vocabulary() if vocabulary is None else vocabulary
        self._count = 0
        self._nodes: dict[Hashable, Node] = {}
        self._by_name: dict[
            tuple[int, str, str, bool], tuple[Named, Node]
        ] = {}  # the name is kept so that its id stays its own

    def forget(self) -> None:
        """Give up the memory of all nodes. Those that somebody still has stay good: numbers are not used again."""
        self._nodes.clear()
        self._by_name.clear()

    def node(self, expr: Expr, scope: str = "", label: str = "", *, shown: bool = True) -> Node:
        """The node of an expression. `label` names its leaves after the @entity or #concept they come from.

        `shown`: it can be a clause by itself, so it gets a name even when it is no leaf.
        """
        match expr:
            case Named():
                return self._named(expr, scope, label, shown)
            case InField(inner, part):
                return self.node(part, inner, label, shown=shown)
            case Term() | Regex() | Value():
                return self._leaf(expr, scope, label)
        name = label or (written(expr) if shown else "")
        clauses = shown and isinstance(expr, Or | And)
        parts = tuple(self.node(part, scope, label, shown=clauses) for part in _positive(expr))
        match expr:
            case Or():
                return self._or(parts, scope, name)
            case And(_, nots):
                excluded = tuple(self.node(part, scope, shown=False) for part in nots)
                return self._inner(expr, parts, scope, name, nots=excluded)
            case NotNear(_, _, other) | Unless(_, other):
                parts = (*parts, self.node(other, scope, shown=False))
        return self._joined(expr, parts, scope, name)

    def _named(self, expr: Named, scope: str, label: str, shown: bool) -> Node:
        key = (id(expr), scope, label, shown)  # a country has a hundred terms: rules that share the name share it
        if key not in self._by_name:
            inner = label or (f"{expr.sign}{expr.name}" if expr.sign != "$" else "")
            self._by_name[key] = (expr, self.node(expr.part, scope, inner, shown=shown))
        return self._by_name[key][1]

    def _joined(self, expr: Expr, parts: tuple[Node, ...], scope: str, name: str) -> Node:
        match expr:
            case Near(n, _, ordered, _):
                return self._inner(expr, parts, scope, name, n, flag=ordered)
            case AnyOf(n, _) | NotNear(n, _, _) | AtLeast(n, _) | First(n, _):
                return self._inner(expr, parts, scope, name, n)
            case Within(unit, _):
                return self._inner(expr, parts, scope, name, unit=unit)
        return self._inner(expr, parts, scope, name)

    def _leaf(self, expr: Term | Regex | Value, scope: str, label: str) -> Node:
        name = label or written(expr)
        match expr:
            case Term(words, exact, prefix, lang):
                numbers = tuple(self.vocabulary.number(Wanted(word, exact, prefix, lang)) for word in words)
                return self._add((Term, numbers, scope, name), kind=Term, name=name, scope=scope, words=numbers)
            case Regex(pattern):
                key, compiled = (Regex, pattern, scope, name), re2.compile(pattern)
                return self._add(key, kind=Regex, name=name, scope=scope, pattern=compiled)
        return self._add((expr, name), kind=Value, name=name, scope=expr.field, value=expr)

    def _or(self, parts: tuple[Node, ...], scope: str, name: str) -> Node:
        terms = tuple((part.words[-1], part) for part in parts if part.kind is Term)
        others = tuple(part for part in parts if part.kind is not Term)
        key = (Or, tuple(part.number for part in parts), name)
        known = frozenset(word for word, _ in terms)
        return self._add(
            key, kind=Or, name=name, scope=scope, parts=parts, terms=terms, others=others, known=known
        )  # fmt: skip

    def _inner(self, expr: Expr, parts: tuple[Node, ...], scope: str, name: str, n: int = 0, **more: Any) -> Node:
        below = tuple(part.number for part in (*parts, *more.get("nots", ())))
        key = (type(expr), below, len(parts), n, more.get("flag"), more.get("unit"), name)
        return self._add(key, kind=type(expr), name=name, scope=scope, parts=parts, n=n, **more)

    def _add(self, key: Hashable, **values: Any) -> Node:
        node = self._nodes.get(key)
        if node is None:
            node = self._nodes[key] = Node(self._count, **values)
            self._count += 1
        return node


def _positive(expr: Expr) -> tuple[Expr, ...]:
    """The parts of which the expression's matches are made."""
    match expr:
        case NotNear(_, part, _) | Unless(part, _) | AtLeast(_, part) | First(_, part):
            return (part,)
        case Or(parts) | And(parts) | Near(_, parts) | Within(_, parts) | AnyOf(_, parts):
            return parts
    raise TypeError(expr)
