"""The language of rules by brute force: every match of every expression, straight from its definition.

Written apart from the matcher and sharing nothing with it but the tree: words come from the generator that built the
text, not from the analyser. A match is its set of leaf words (field, number); its window is whatever covers them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations, pairwise, product

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
    Term,
    Unless,
    Value,
    Within,
)

Word = tuple[str, int]  # field, number
Match = frozenset[Word]
LEAD = 2


@dataclass(frozen=True)
class Text:
    """An article as it was put together: field → paragraphs → sentences → words; values of whole fields."""

    fields: dict[str, list[list[list[str]]]]
    values: dict[str, str]
    same: dict[str, str]  # inflected form → base form
    found: dict[tuple[Term, str], set[Match]] = field(default_factory=dict, compare=False, repr=False)  # terms, once

    def words(self, field: str) -> list[str]:
        return [word for paragraph in self.fields.get(field, []) for sentence in paragraph for word in sentence]

    def unit(self, kind: str, word: Word) -> tuple[str, int, int]:
        field, number = word
        at = 0
        for p, paragraph in enumerate(self.fields[field]):
            for s, sentence in enumerate(paragraph):
                at += len(sentence)
                if number < at:
                    return field, p, s if kind == "sentence" else 0
        raise IndexError(word)

    def in_scope(self, word: Word, scope: str) -> bool:
        field, number = word
        if scope == "lead":
            lead = sum(len(sentence) for paragraph in self.fields.get("text", [])[:LEAD] for sentence in paragraph)
            return field == "title" or (field == "text" and number < lead)
        return field in {"": ("title", "text"), "body": ("text",)}.get(scope, (scope,))


def holds(expr: Expr, text: Text, scope: str = "") -> bool:
    """Whether the article matches; here AND joins fields."""
    match expr:
        case And(parts, nots):
            return all(holds(p, text, scope) for p in parts) and not any(holds(p, text, scope) for p in nots)
        case Or(parts):
            return any(holds(part, text, scope) for part in parts)
        case Named(_, _, part):
            return holds(part, text, scope)
        case InField(field, part):
            return holds(part, text, field)
    return bool(matches(expr, text, scope))


def matches(expr: Expr, text: Text, scope: str = "") -> set[Match]:
    """Every match of the expression."""
    match expr:
        case Term():
            return _term(expr, text, scope)
        case Value(field, value, prefix):
            ours, theirs = value.lower(), text.values.get(field, "").lower()
            return {frozenset({(field, 0)})} if (theirs.startswith(ours) if prefix else theirs == ours) else set()
        case Named(_, _, part):
            return matches(part, text, scope)
        case InField(field, part):
            return matches(part, text, field)
        case Or(parts):
            return set().union(*(matches(part, text, scope) for part in parts))
        case And(parts, nots):
            if any(holds(part, text, scope) for part in nots):
                return set()
            return {union(c) for c in product(*(matches(p, text, scope) for p in parts)) if one_field(union(c))}
        case Near(n, parts, ordered, _):
            return {union(c) for c in _apart(parts, text, scope) if within(c, n) and (not ordered or in_order(c))}
        case Within(unit, parts):
            found = (union(c) for c in _apart(parts, text, scope))
            return {match for match in found if len({text.unit(unit, word) for word in match}) == 1}
        case NotNear(n, part, other):
            others = matches(other, text, scope)
            return {m for m in matches(part, text, scope) if not any(not m & o and within((m, o), n) for o in others)}
        case Unless(part, other):
            masks = matches(other, text, scope)
            return {m for m in matches(part, text, scope) if not any(window(m) <= window(mask) for mask in masks)}
        case AtLeast(n, part):
            places = combinations(matches(part, text, scope), n)
            return {union(c) for c in places if one_field(union(c)) and separate(c)}
        case AnyOf(k, parts):
            chosen = (c for some in combinations(parts, k) for c in _apart(some, text, scope))
            return {union(c) for c in chosen}
        case First(n, part):
            return {match for match in matches(part, text, scope) if max(number for _, number in match) < n}
    raise TypeError(expr)


def _term(term: Term, text: Text, scope: str) -> set[Match]:
    if (term, scope) not in text.found:
        text.found[term, scope] = _places(term, text, scope)
    return text.found[term, scope]


def _places(term: Term, text: Text, scope: str) -> set[Match]:
    found = set()
    for name in text.fields:
        words = text.words(name)
        for at in range(len(words) - len(term.words) + 1):
            if all(_is(ours, words[at + i], term, text) for i, ours in enumerate(term.words)):
                found.add(frozenset((name, at + i) for i in range(len(term.words))))
    return {match for match in found if all(text.in_scope(word, scope) for word in match)}


def _is(ours: str, theirs: str, term: Term, text: Text) -> bool:
    if term.exact:
        return ours == theirs
    if term.prefix:
        return theirs.lower().startswith(ours.lower())
    return text.same.get(ours.lower(), ours.lower()) == text.same.get(theirs.lower(), theirs.lower())


def _apart(parts: Iterable[Expr], text: Text, scope: str) -> Iterable[tuple[Match, ...]]:
    """One match of each part, in one field, no leaf word in two of them."""
    for chosen in product(*(matches(part, text, scope) for part in parts)):
        if one_field(union(chosen)) and sum(map(len, chosen)) == len(union(chosen)):
            yield chosen


def union(chosen: Iterable[Match]) -> Match:
    return frozenset().union(*chosen)


def one_field(match: Match) -> bool:
    return len({field for field, _ in match}) == 1


def window(match: Match) -> Match:
    """Every word from the first to the last leaf word."""
    ((field, first), (_, last)) = min(match), max(match)
    return frozenset((field, number) for number in range(first, last + 1))


def within(chosen: tuple[Match, ...], n: int) -> bool:
    """At most n words of the covering window in no operand's window, all in one field."""
    cover = union(chosen)
    return one_field(cover) and len(window(cover) - union(window(match) for match in chosen)) <= n


def in_order(chosen: tuple[Match, ...]) -> bool:
    return all(max(left) < min(right) for left, right in pairwise(chosen))


def separate(chosen: tuple[Match, ...]) -> bool:
    return all(not window(left) & window(right) for left, right in combinations(chosen, 2))


def reported(found: set[Match]) -> list[Match]:
    """The minimal covering windows, leftmost first, not overlapping."""
    windows = {window(match) for match in found}
    smallest = [one for one in windows if not any(other < one for other in windows)]
    kept: list[Match] = []
    for one in sorted(smallest, key=lambda match: (["title", "text", "author"].index(min(match)[0]), min(match)[1])):
        if not any(one & other for other in kept):
            kept.append(one)
    return kept
