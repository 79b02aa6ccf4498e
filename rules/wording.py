"""A rule in plain English, for people who check what they wrote."""

from __future__ import annotations

from rules.anchors import anchor
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

_FIELDS = {"lead": "title or the first two paragraphs", "body": "text", "title": "title", "author": "author"}


def presearch_terms(expr: Expr) -> tuple[str, ...]:
    """The terms by which the rule is looked up: an article with none of them is not read any further for it."""
    return tuple(dict.fromkeys(map(written, anchor(expr) or ())))


def counted(number: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(expr: Expr) -> str:
    """What the rule asks for, as a sentence fragment."""
    match expr:
        case Term():
            return _term(expr)
        case Regex(pattern):
            return f"text that fits /{pattern}/"
        case Value(field, text, prefix):
            return f"{field} {'begins with' if prefix else 'is'} “{text}”"
        case Named(sign, name, _):
            return f"{sign}{name}"
        case InField(field, part):
            return f"{_inner(part)} in the {_FIELDS[field]}"
        case Or(parts):
            return " or ".join(map(_inner, parts))
        case And(parts, nots):
            wanted = " and also ".join(map(_inner, parts))
            return wanted + "".join(f", but not in articles with {_inner(part)}" for part in nots)
        case NotNear(n, part, other):
            return f"places of {_inner(part)} with no {_inner(other)} within {counted(n, 'word')}"
        case Unless(part, other):
            return f"places of {_inner(part)} that are not inside {_inner(other)}"
        case AtLeast(n, part):
            return f"{_inner(part)} in at least {counted(n, 'separate place')}"
        case First(n, part):
            return f"{_inner(part)} within the first {counted(n, 'word')}"
    return _joined(expr)


def _joined(expr: Near | Within | AnyOf) -> str:
    together = ", ".join(map(_inner, expr.parts[:-1])) + " and " + _inner(expr.parts[-1])
    match expr:
        case Near(n, (_, _), ordered, _):
            order = "in this order" if ordered else "in any order"
            return f"{together} with at most {counted(n, 'word')} between them, {order}"
        case Near(n, _, ordered, _):
            order = "in this order" if ordered else "in any order"
            return f"{together} with at most {counted(n, 'other word')} among them, {order}"
        case AnyOf(k, parts):
            return f"at least {k} of these in one field: {', '.join(map(_inner, parts))}"
    return f"{together.removeprefix(' and ')} in one {expr.unit}"


def _term(term: Term) -> str:
    text = " ".join(term.words)
    if term.prefix:
        return f"words that begin with “{text}”"
    return f"exactly “{text}”" if term.exact else f"“{text}” in any form"


def _inner(expr: Expr) -> str:
    """A part of a larger expression: plain terms short, everything else in brackets."""
    if isinstance(expr, Term) and not expr.exact and not expr.prefix:
        return f"“{' '.join(expr.words)}”"
    return in_words(expr) if isinstance(expr, Term | Named | Regex) else f"({in_words(expr)})"
