"""The common, plainly written rule read by hand, some five times as fast as by the grammar.

Nothing is refused here: at the first thing that is not plainly right `quick` gives up, and the grammar reads the rule
and says what is wrong. A test holds the two equal.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rules.builder import term_of
from rules.grammar import MAX_DISTANCE, MAX_PARTS
from rules.names import Names, RuleSyntaxError
from rules.tree import And, AnyOf, AtLeast, Expr, First, InField, Near, NotNear, Or, Unless, Value, Within, fields, walk

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<open>\()|(?P<close>\))|(?P<comma>,)
    |(?P<joint>(?:OR|AND|NOT|UNLESS)(?=[\s(]))
    |(?P<infix>(?:NEAR|THEN)/[0-9]{1,3}(?=[\s(]))
    |(?P<function>(?:sentence|paragraph|(?:near|seq|atleast|any|first)/[0-9]{1,3})(?=\())
    |(?P<field>(?:title|lead|body|author):)
    |(?P<term>="[^"“”„«»]*"|"[^"“”„«»]*"|[^\W\d_]{3,}\*(?=[\s),]|\Z)|=?[^\W_]+(?:['’.-][^\W_]+)*(?=[\s),]|\Z))
    |(?P<name>[@#$]\w+(?:[.-]\w+)*(?=[\s),]|\Z))
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_OPERATORS = frozenset({"OR", "AND", "NOT", "UNLESS", "NEAR", "THEN"})


class _Doubt(Exception):
    """Something is not plainly right."""


def quick(text: str, names: Names) -> Expr | None:
    """The tree of a rule, or None when the grammar has to say."""
    try:
        return _Reader(text, names).whole()
    except (_Doubt, RuleSyntaxError):
        return None


class _Reader:
    """Goes through the tokens of one rule; `kind` and `text` are the next one."""

    def __init__(self, text: str, names: Names) -> None:
        self._names = names
        self._rule = text
        self._at = 0
        self._step()

    def _step(self) -> None:
        found = _TOKEN.match(self._rule, self._at)
        if found is None:
            raise _Doubt
        self._at = found.end()
        self.kind = found.lastgroup or ""
        self.text = found[self.kind]

    def _take(self, kind: str) -> str:
        if self.kind != kind:
            raise _Doubt
        text = self.text
        self._step()
        return text

    def whole(self) -> Expr:
        expr = self._expr()
        self._take("end")
        return expr

    def _expr(self) -> Expr:
        first = self._prox()
        if self.kind != "joint":
            return first
        if self.text == "OR":
            parts = [first]
            while self.kind == "joint":
                self._joint("OR")
                parts.append(self._prox())
            return Or(tuple(parts))
        positive, nots = [first], []
        while self.kind == "joint":
            self._joint("AND")
            if self.kind == "joint" and self.text == "NOT":
                self._step()
                nots.append(self._prox())
            else:
                positive.append(self._prox())
        if len(positive) + len(nots) > MAX_PARTS:
            raise _Doubt
        return And(tuple(positive), tuple(nots))

    def _joint(self, wanted: str) -> None:
        if self.text != wanted:
            raise _Doubt
        self._step()

    def _prox(self) -> Expr:
        left = self._atom()
        if self.kind == "infix":
            name, n = self._numbered(self._take("infix"), 0)
            return _possible(Near(n, (left, self._atom()), name == "THEN", True))
        if self.kind == "joint" and self.text == "UNLESS":
            self._step()
            return Unless(left, self._atom())
        if self.kind == "joint" and self.text == "NOT":
            self._step()
            name, n = self._numbered(self._take("infix"), 0)
            if name != "NEAR":
                raise _Doubt
            return NotNear(n, left, self._atom())
        return left

    def _atom(self) -> Expr:
        kind, text = self.kind, self.text
        self._step()
        if kind == "term":
            return _term(text)
        if kind == "name":
            return self._known(text)
        if kind == "open":
            inner = self._expr()
            self._take("close")
            return inner
        if kind == "function":
            return self._function(text)
        if kind != "field":
            raise _Doubt
        part = self._atom()
        if any(isinstance(below, InField | Value) for below in walk(part)):
            raise _Doubt
        return InField(text[:-1], part)

    def _known(self, name: str) -> Expr:
        """What a name stands for, once the grammar has read it: here it might fail, and be read twice at each level."""
        known = self._names.resolved.get(name)
        if known is None:
            raise _Doubt
        return known

    def _function(self, text: str) -> Expr:
        self._take("open")
        listed = [self._expr()]
        while self.kind == "comma":
            self._step()
            listed.append(self._expr())
        self._take("close")
        parts = tuple(listed)
        if len(parts) > MAX_PARTS:
            raise _Doubt
        if text in ("sentence", "paragraph"):
            return _possible(Within(text, parts))
        name, n = self._numbered(text, 0 if text.startswith(("near", "seq")) else 1)
        if name in ("near", "seq") and len(parts) > 1:
            return _possible(Near(n, parts, name == "seq"))
        if name == "any" and n <= len(parts):
            return _possible(AnyOf(n, parts))
        if name in ("atleast", "first") and len(parts) == 1:
            return (AtLeast if name == "atleast" else First)(n, parts[0])
        raise _Doubt

    def _numbered(self, text: str, least: int) -> tuple[str, int]:
        name, _, digits = text.partition("/")
        if not least <= int(digits) <= MAX_DISTANCE:
            raise _Doubt
        return name, int(digits)


def _possible(expr: Near | Within | AnyOf) -> Expr:
    if not fields(expr):
        raise _Doubt
    return expr


@lru_cache(50_000)
def _term(text: str) -> Expr:
    if text.lstrip("=") in _OPERATORS:
        raise _Doubt
    return term_of(text)
