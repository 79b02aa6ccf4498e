"""What must be in an article before a rule can match: the rule's cheapest required group of terms.

The index looks for these only. A wrong guess of what is cheap costs time; a group that is not required would lose
matches, so `anchor` answers None when nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.tokens import is_alone
from rules.tree import And, AnyOf, Expr, Named, Near, NotNear, Or, Regex, Term, Unless, Value, Within

# how often a value of a field is met: the whole share of articles, guessed
_VALUE_COST = {"lang": 1.0, "section": 0.2, "source": 0.05, "url": 0.01}

Leaf = Term | Value


def anchor(expr: Expr) -> tuple[Leaf, ...] | None:
    """Leaves of which at least one is in every article that matches; None when there is no such set."""
    match expr:
        case Term() | Value():
            return (expr,)
        case Regex():
            return None
        case Or(parts):
            return _union(parts)
        case And(parts, _) | Near(_, parts) | Within(_, parts):
            return _cheapest(parts)
        case AnyOf(k, parts):
            known = sorted(filter(None, map(anchor, parts)), key=cost)
            needed = len(parts) - k + 1  # without all of these, fewer than k are left
            return None if len(known) < needed else _leaves(known[:needed])
        case NotNear(_, part, _) | Unless(part, _):
            return anchor(part)
    return anchor(expr.part)


def impossible_in(expr: Expr, language: str) -> Expr | None:
    """The first clause the rule needs that no term of can match in a language; None when all can.

    Only terms that are limited to languages (of entities, countries and concepts) are known to fail in another.
    """
    match expr:
        case Term(lang=lang):
            return None if lang in ("", language) else expr
        case Regex() | Value():
            return None
        case Or(parts):
            return expr if all(impossible_in(part, language) for part in parts) else None
        case AnyOf(k, parts):
            possible = sum(impossible_in(part, language) is None for part in parts)
            return expr if possible < k else None
        case And(parts, _) | Near(_, parts) | Within(_, parts):
            return next((found for part in parts if (found := impossible_in(part, language))), None)
        case Named(sign, _, part) if sign != "$":
            return expr if impossible_in(part, language) else None
    return impossible_in(expr.part, language)


def cost(leaves: tuple[Leaf, ...]) -> float:
    """A guess of the share of articles that hold one of the leaves; longer words are rarer."""
    return sum(map(_leaf_cost, leaves))


def rarest_word(term: Term) -> int:
    """Which word of a phrase to look for first."""
    return max(range(len(term.words)), key=lambda at: len(term.words[at]))


def _union(parts: tuple[Expr, ...]) -> tuple[Leaf, ...] | None:
    groups = [anchor(part) for part in parts]
    if any(group is None for group in groups):
        return None
    return _leaves(group for group in groups if group)


def _leaves(groups: Iterable[tuple[Leaf, ...]]) -> tuple[Leaf, ...]:
    return tuple(dict.fromkeys(leaf for group in groups for leaf in group))


def _cheapest(parts: tuple[Expr, ...]) -> tuple[Leaf, ...] | None:
    return min(filter(None, map(anchor, parts)), key=cost, default=None)


def _leaf_cost(leaf: Leaf) -> float:
    if isinstance(leaf, Value):
        return _VALUE_COST[leaf.field]
    if is_alone(leaf.words[0]):
        return 0.3 ** len(leaf.words)
    letters = max(map(len, leaf.words)) + (len(leaf.words) - 1) + leaf.exact - leaf.prefix
    return float(0.7 ** max(letters, 1))
