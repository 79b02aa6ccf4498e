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


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One step of a rule. `scope` is the field its terms look in; "" is title and body."""

    number: int
    kind: type
    name: str  # what people call it: the name it came from, else its text
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


class Program:
    """All nodes of all rules, and the words they look for."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self._nodes: dict[Hashable, Node] = {}
        self._by_name: dict[
            tuple[int, str, str], tuple[Named, Node]
        ] = {}  # the name is kept so that its id stays its own

    def node(self, expr: Expr, scope: str = "", label: str = "") -> Node:
        """The node of an expression. `label` names its leaves after the @entity or #concept they come from."""
        match expr:
            case Named():
                return self._named(expr, scope, label)
            case InField(inner, part):
                return self.node(part, inner, label)
            case Term() | Regex() | Value():
                return self._leaf(expr, scope, label)
            case Or(parts):
                return self._or(expr, tuple(self.node(part, scope, label) for part in parts), scope, label)
            case And(parts, nots):
                positive = tuple(self.node(part, scope, label) for part in parts)
                return self._inner(expr, positive, scope, label, nots=tuple(self.node(part, scope) for part in nots))
            case NotNear(n, part, other):
                return self._inner(expr, (self.node(part, scope, label), self.node(other, scope)), scope, label, n)
            case Unless(part, other):
                return self._inner(expr, (self.node(part, scope, label), self.node(other, scope)), scope, label)
            case AtLeast(n, part) | First(n, part):
                return self._inner(expr, (self.node(part, scope, label),), scope, label, n)
        return self._joined(expr, tuple(self.node(part, scope, label) for part in expr.parts), scope, label)

    def _named(self, expr: Named, scope: str, label: str) -> Node:
        key = (id(expr), scope, label)  # a country has a hundred terms: rules that share the name share the object
        if key not in self._by_name:
            inner = label or (f"{expr.sign}{expr.name}" if expr.sign != "$" else "")
            self._by_name[key] = (expr, self.node(expr.part, scope, inner))
        return self._by_name[key][1]

    def _joined(self, expr: Near | Within | AnyOf, parts: tuple[Node, ...], scope: str, label: str) -> Node:
        match expr:
            case Near(n, _, ordered, _):
                return self._inner(expr, parts, scope, label, n, flag=ordered)
            case AnyOf(k, _):
                return self._inner(expr, parts, scope, label, k)
        return self._inner(expr, parts, scope, label, unit=expr.unit)

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

    def _or(self, expr: Or, parts: tuple[Node, ...], scope: str, label: str) -> Node:
        terms = tuple((part.words[-1], part) for part in parts if part.kind is Term)
        others = tuple(part for part in parts if part.kind is not Term)
        return self._inner(expr, parts, scope, label, terms=terms, others=others)

    def _inner(self, expr: Expr, parts: tuple[Node, ...], scope: str, label: str, n: int = 0, **more: Any) -> Node:
        name = label or written(expr)
        below = tuple(part.number for part in (*parts, *more.get("nots", ())))
        key = (type(expr), below, len(parts), n, more.get("flag"), more.get("unit"), name)
        return self._add(key, kind=type(expr), name=name, scope=scope, parts=parts, n=n, **more)

    def _add(self, key: Hashable, **values: Any) -> Node:
        if key not in self._nodes:
            self._nodes[key] = Node(len(self._nodes), **values)
        return self._nodes[key]
