"""A rule as a tree: what `parse` makes of a rule's text, and everything else works on.

The values are frozen and compare by content, so equal groups of different rules can share their work.
`written` turns a tree back into rule text; `parse(written(tree))` gives an equal tree when it holds no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

TEXT_FIELDS = ("title", "lead", "body", "author")  # a term finds words in these
VALUE_FIELDS = ("source", "url", "lang", "section")  # these are compared as a whole
_ALL_FIELDS = ("title", "text", "author", *VALUE_FIELDS)
_FIELDS_OF = {"lead": frozenset({"title", "text"}), "body": frozenset({"text"})}
_BARE = re.compile(r"(?!(?:OR|AND|NOT|UNLESS|NEAR|THEN)$)[\w.'’]+")  # a word that needs no quotes


@dataclass(frozen=True, slots=True)
class Term:
    """One word or one phrase; `lang` other than "" limits it to articles in that language."""

    words: tuple[str, ...]
    exact: bool = False
    prefix: bool = False
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Regex:
    """An RE2 pattern, found in the text as it is stored."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Value:
    """The whole value of one of VALUE_FIELDS, ignoring case; `prefix` when it was written with a `*` at its end."""

    field: str
    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """What a name stands for: `sign` is @ (entity), # (concept) or $ (another rule).

    A country has hundreds of terms and a thousand rules: what is known of it is worked out once, and kept in `facts`.
    """

    sign: str
    name: str
    part: Expr
    facts: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class InField:
    """The part is looked for in one of TEXT_FIELDS only."""

    field: str
    part: Expr


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the parts."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts (at least one), and none of `nots` anywhere in the article."""

    parts: tuple[Expr, ...]
    nots: tuple[Expr, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """One match of each part, at most `n` words of the covering window outside all of them.

    `ordered`: each part ends before the next begins. `infix`: it was written NEAR/n or THEN/n between two parts.
    """

    n: int
    parts: tuple[Expr, ...]
    ordered: bool = False
    infix: bool = False


@dataclass(frozen=True, slots=True)
class NotNear:
    """Matches of `part` that have no match of `other` within `n` words."""

    n: int
    part: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class Unless:
    """Matches of `part` that do not lie inside a match of `other`."""

    part: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class Within:
    """One match of each part, all in one sentence or in one paragraph (`unit`)."""

    unit: str
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`n` separate (not overlapping) matches of the part in one field."""

    n: int
    part: Expr


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One match each of `k` of the parts, in one field."""

    k: int
    parts: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class First:
    """Matches of the part that lie within the first `n` words of their field."""

    n: int
    part: Expr


Expr = Term | Regex | Value | Named | InField | Or | And | Near | NotNear | Unless | Within | AtLeast | AnyOf | First


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly below, in the written order."""
    match expr:
        case Term() | Regex() | Value():
            return ()
        case And(parts, nots):
            return parts + nots
        case NotNear(_, part, other) | Unless(part, other):
            return (part, other)
        case Named() | InField() | AtLeast() | First():
            return (expr.part,)
    return expr.parts


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and everything below it, parents first."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def depth(expr: Expr) -> int:
    """How many levels the tree has; a lone term has one."""
    if isinstance(expr, Named):
        if "depth" not in expr.facts:
            expr.facts["depth"] = 1 + depth(expr.part)
        return int(expr.facts["depth"])
    return 1 + max((depth(child) for child in children(expr)), default=0)


def written(expr: Expr) -> str:
    """The expression as rule text; names stay names."""
    match expr:
        case Term():
            return _term(expr)
        case Regex(pattern):
            return f"/{pattern.replace('/', chr(92) + '/')}/"
        case Value(field, text, prefix):
            return f'{field}:"{text}{"*" if prefix else ""}"'
        case Named(sign, name, _):
            return f"{sign}{name}"
        case InField(field, part):
            return f"{field}:{_atom(part)}"
        case Or(parts):
            return " OR ".join(map(_operand, parts))
        case And(parts, nots):
            return " AND ".join(map(_operand, parts)) + "".join(f" AND NOT {_operand(part)}" for part in nots)
        case NotNear(n, part, other):
            return f"{_atom(part)} NOT NEAR/{n} {_atom(other)}"
        case Unless(part, other):
            return f"{_atom(part)} UNLESS {_atom(other)}"
    return _function(expr)


def fields(expr: Expr) -> frozenset[str]:
    """The fields in which one match of the expression can lie; empty when its parts can never meet in one."""
    match expr:
        case Term() | Regex():
            return frozenset({"title", "text"})
        case Value(field, _, _):
            return frozenset({field})
        case InField(field, part):
            named = _FIELDS_OF.get(field, frozenset({field}))
            return named if fields(part) else frozenset()
        case Or(parts):
            return frozenset().union(*map(fields, parts))
        case NotNear(_, part, _) | Unless(part, _) | AtLeast(_, part) | First(_, part):
            return fields(part)
        case Named(_, _, part):
            if "fields" not in expr.facts:
                expr.facts["fields"] = fields(part)
            known: frozenset[str] = expr.facts["fields"]
            return known
        case AnyOf(k, parts):
            return frozenset(one for one in _ALL_FIELDS if sum(one in fields(part) for part in parts) >= k)
    return frozenset(_ALL_FIELDS).intersection(*map(fields, expr.parts))


def in_language(expr: Expr, lang: str) -> Expr:
    """The expression with its terms limited to articles in `lang`; "" leaves it as it is."""
    if not lang:
        return expr
    match expr:
        case Term():
            return replace(expr, lang=lang)
        case Regex() | Value():
            return expr
        case And(parts, nots):
            return And(_all_in(parts, lang), _all_in(nots, lang))
        case NotNear(_, part, other) | Unless(part, other):
            return replace(expr, part=in_language(part, lang), other=in_language(other, lang))
        case Named() | InField() | AtLeast() | First():
            return replace(expr, part=in_language(expr.part, lang))
    return replace(expr, parts=_all_in(expr.parts, lang))


def _all_in(parts: tuple[Expr, ...], lang: str) -> tuple[Expr, ...]:
    return tuple(in_language(part, lang) for part in parts)


def _term(term: Term) -> str:
    text = " ".join(term.words)
    if not term.prefix and (len(term.words) > 1 or not _BARE.fullmatch(text)):
        text = f'"{text}"'
    return f"{'=' if term.exact else ''}{text}{'*' if term.prefix else ''}"


def _function(expr: Near | Within | AtLeast | AnyOf | First) -> str:
    match expr:
        case Near(n, (left, right), ordered, True):
            return f"{_atom(left)} {'THEN' if ordered else 'NEAR'}/{n} {_atom(right)}"
        case Near(n, parts, ordered, _):
            return f"{'seq' if ordered else 'near'}/{n}({_list(parts)})"
        case Within(unit, parts):
            return f"{unit}({_list(parts)})"
        case AnyOf(k, parts):
            return f"any/{k}({_list(parts)})"
        case AtLeast(n, part):
            return f"atleast/{n}({written(part)})"
    return f"first/{expr.n}({written(expr.part)})"


def _list(parts: tuple[Expr, ...]) -> str:
    return ", ".join(map(written, parts))


def _is_infix(expr: Expr) -> bool:
    return isinstance(expr, NotNear | Unless) or (isinstance(expr, Near) and expr.infix)


def _operand(expr: Expr) -> str:
    """An operand of AND or OR: brackets around AND and OR only."""
    return f"({written(expr)})" if isinstance(expr, Or | And) else written(expr)


def _atom(expr: Expr) -> str:
    """An operand of an infix operator or of a field: brackets around everything that is not one thing."""
    return f"({written(expr)})" if isinstance(expr, Or | And) or _is_infix(expr) else written(expr)
