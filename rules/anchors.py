"""What must be in an article before a rule can match: groups of terms, of each of which one has to be there.

The index looks for these only. A wrong guess of what is rare costs time; a group that is not required would lose
matches, so `required` gives no group where nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from rules.document import primary
from rules.tokens import is_alone
from rules.tree import And, AnyOf, Expr, InField, Named, Near, NotNear, Or, Regex, Term, Unless, Value, Within

MOST_GROUPS = 4  # of one rule, the rarest: more of them rule out hardly an article more
# how often a value of a field is met: the whole share of articles, guessed
_VALUE_COST = {"lang": 1.0, "section": 0.2, "source": 0.05, "url": 0.01}
_HALF_RANK = 120  # in 5 KB of English the commonest 120 words are each in half of the articles or more
_FIELD_SHARE = {"title": 0.03, "lead": 0.2, "author": 0.01}  # of a word's places in title and body

Leaf = Term | Value
Need = tuple[Leaf, str]  # with the field it is looked for in; "" is title and body


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Terms of which one has to be there, and a guess of the share of articles that have one."""

    needs: tuple[Need, ...]
    cost: float

    @classmethod
    def of(cls, needs: Iterable[Need]) -> Group:
        """The group of these terms, each once."""
        unique = tuple(dict.fromkeys(needs))
        return cls(unique, sum(_need_cost(leaf, scope) for leaf, scope in unique))


def required(expr: Expr, scope: str = "") -> tuple[Group, ...]:
    """Groups of which every article that matches holds at least one term each: rarest first, at most MOST_GROUPS."""
    match expr:
        case Term() | Value():
            return (Group.of([(expr, scope)]),)
        case Regex():
            return ()
        case Or(parts):
            return _either([required(part, scope) for part in parts])
        case And(parts, _) | Near(_, parts) | Within(_, parts):
            return _rarest(group for part in parts for group in required(part, scope))
        case AnyOf(k, parts) if k < len(parts):
            known = sorted((groups[0] for part in parts if (groups := required(part, scope))), key=_cost)
            needed = len(parts) - k + 1  # without all of these, fewer than k are left
            return () if len(known) < needed else (_joined(known[:needed]),)
        case AnyOf(_, parts):
            return _rarest(group for part in parts for group in required(part, scope))
        case InField(field, part):
            return required(part, field)
        case NotNear(_, part, _) | Unless(part, _):
            return required(part, scope)
        case Named(_, _, part):
            key = f"required {scope}"
            if key not in expr.facts:
                expr.facts[key] = required(part, scope)
            found: tuple[Group, ...] = expr.facts[key]
            return found
    return required(expr.part, scope)


def anchor(expr: Expr) -> tuple[Leaf, ...] | None:
    """The leaves that a rule is looked up by: its rarest group; None when there is no such set."""
    groups = required(expr)
    return tuple(dict.fromkeys(leaf for leaf, _ in groups[0].needs)) if groups else None


def anchored(expr: Expr) -> bool:
    """Whether the expression has a required group at all."""
    match expr:
        case Term() | Value():
            return True
        case Regex():
            return False
        case Or(parts):
            return all(map(anchored, parts))
        case And(parts, _) | Near(_, parts) | Within(_, parts):
            return any(map(anchored, parts))
        case AnyOf(k, parts):
            return sum(map(anchored, parts)) > len(parts) - k
    return bool(required(expr)) if isinstance(expr, Named) else anchored(expr.part)


def _either(branches: Sequence[tuple[Group, ...]]) -> tuple[Group, ...]:
    """Of OR: the rarest groups of all branches joined, then their second ones, as far as any branch has more."""
    if not all(branches):
        return ()
    longest = min(max(map(len, branches)), MOST_GROUPS)
    return _rarest(_joined([groups[min(at, len(groups) - 1)] for groups in branches]) for at in range(longest))


def _cost(group: Group) -> float:
    return group.cost


def _joined(groups: Sequence[Group]) -> Group:
    return groups[0] if len(groups) == 1 else Group.of(need for group in groups for need in group.needs)


def _rarest(groups: Iterable[Group]) -> tuple[Group, ...]:
    return tuple(sorted(groups, key=_cost)[:MOST_GROUPS])


@lru_cache(100_000)
def _need_cost(leaf: Leaf, scope: str) -> float:
    if isinstance(leaf, Value):
        return _VALUE_COST[leaf.field]
    shares = sorted(share(word, leaf.lang) for word in leaf.words)
    found = 0.3 ** len(shares) if is_alone(leaf.words[0]) else shares[0] * 0.2 ** (len(shares) - 1)
    found *= 0.7 if leaf.exact else 3.0 if leaf.prefix else 1.0
    return found * (0.1 if leaf.lang else 1.0) * _FIELD_SHARE.get(scope, 1.0)


@lru_cache(200_000)
def share(word: str, language: str = "") -> float:
    """A guess of the share of articles of 5 KB that hold a word, in one of its languages. 0.0 to 1.0."""
    folded = word.casefold()
    ranks = _frequent()
    rank = ranks.get((primary(language) or "en", folded))
    if rank is None and not language:
        rank = ranks.get(("", folded))
    if rank is not None:
        return 1 / (1 + rank / _HALF_RANK)
    return 0.3 if is_alone(word) else float(0.08 * 0.75 ** max(len(folded) - 3, 0))


@lru_cache(maxsize=1)
def _frequent() -> dict[tuple[str, str], int]:
    """(language, word) → its rank; for ("", word) a fourth of its share in the language where it is commonest."""
    ranks: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    for line in (resources.files("rules") / "frequent.txt").read_text("utf-8").splitlines():
        language, colon, words = line.partition(":")
        if not colon or line.startswith("#"):
            continue
        for word in words.split():
            rank = counts[language] = counts.get(language, -1) + 1
            ranks[language, word] = rank
            ranks["", word] = min(ranks.get(("", word), 4 * rank + 3 * _HALF_RANK), 4 * rank + 3 * _HALF_RANK)
    return ranks
