"""A rule in plain English, for people who check what they wrote."""

from __future__ import annotations

from rules import tree
from rules.anchors import anchor

_FIELDS = {"lead": "title or the first two paragraphs", "body": "text", "title": "title", "author": "author"}


def presearch_terms(expr: tree.Expr) -> tuple[str, ...]:
    """The terms by which the rule is looked up: an article with none of them is not read any further for it."""
    return tuple(dict.fromkeys(map(tree.written, anchor(expr) or ())))


def counted(number: int, noun: str) -> str:
    """`1 word`, `2 words`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_words(expr: tree.Expr) -> str:
    """What the rule asks for, as a sentence fragment."""
    match expr:
        case tree.Term():
            return _term(expr)
        case tree.Regex(pattern):
            return f"text that fits /{pattern}/"
        case tree.Value(field, text, prefix):
            return f"{field} {'begins with' if prefix else 'is'} “{text}”"
        case tree.Named(sign, name, _):
            return f"{sign}{name}"
        case tree.InField(field, part):
            return f"{_inner(part)} in the {_FIELDS[field]}"
        case tree.Or(parts):
            return " or ".join(map(_inner, parts))
        case tree.And(parts, nots):
            wanted = " and also ".join(map(_inner, parts))
            return wanted + "".join(f", but not in articles with {_inner(part)}" for part in nots)
        case tree.NotNear(n, part, other):
            return f"places of {_inner(part)} with no {_inner(other)} within {counted(n, 'word')}"
        case tree.Unless(part, other):
            return f"places of {_inner(part)} that are not inside {_inner(other)}"
        case tree.AtLeast(n, part):
            return f"{_inner(part)} in at least {counted(n, 'separate place')}"
        case tree.First(n, part):
            return f"{_inner(part)} within the first {counted(n, 'word')}"
    return _joined(expr)


def _joined(expr: tree.Near | tree.Within | tree.AnyOf) -> str:
    together = ", ".join(map(_inner, expr.parts[:-1])) + " and " + _inner(expr.parts[-1])
    match expr:
        case tree.Near(n, (_, _), ordered, _):
            order = "in this order" if ordered else "in any order"
            return f"{together} with at most {counted(n, 'word')} between them, {order}"
        case tree.Near(n, _, ordered, _):
            order = "in this order" if ordered else "in any order"
            return f"{together} with at most {counted(n, 'other word')} among them, {order}"
        case tree.AnyOf(k, parts):
            return f"at least {k} of these in one field: {', '.join(map(_inner, parts))}"
    return f"{together.removeprefix(' and ')} in one {expr.unit}"


def _term(term: tree.Term) -> str:
    text = " ".join(term.words)
    if term.prefix:
        return f"words that begin with “{text}”"
    return f"exactly “{text}”" if term.exact else f"“{text}” in any form"


def _inner(expr: tree.Expr) -> str:
    """A part of a larger expression: plain terms short, everything else in brackets."""
    if isinstance(expr, tree.Term) and not expr.exact and not expr.prefix:
        return f"“{' '.join(expr.words)}”"
    return in_words(expr) if isinstance(expr, tree.Term | tree.Named | tree.Regex) else f"({in_words(expr)})"
