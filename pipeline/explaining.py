"""An explanation in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from rules.explain import Clause, Explanation


def summary(explanation: Explanation) -> str:
    """One line: that the rule matches, or the first clause that failed and what it lacks."""
    if explanation.matched:
        return "matches"
    if not explanation.failed:
        return explanation.reason.sentence if explanation.reason else "does not match"
    return f"{explanation.failed}: {explanation.miss}" if explanation.miss else explanation.failed


def lines(explanation: Explanation) -> list[str]:
    """The tree of clauses, a line each: ✓ what is as the rule wants it, ✗ what is not, and the words found."""
    return list(_lines(explanation.tree, 0))


def _lines(clause: Clause, depth: int) -> Iterator[str]:
    found = ", ".join(f"“{place.text}”" for place in clause.places[:3] if not clause.parts)
    said = " · ".join(part for part in (found, clause.note) if part)
    yield f"{'  ' * depth}{'✓' if clause.satisfied else '✗'} {clause.text}" + (f"  ({said})" if said else "")
    for part in clause.parts:
        yield from _lines(part, depth + 1)


def nearness(explanation: Explanation) -> float:
    """How near a rule came, 0 to 1: the share of its clauses that are satisfied."""
    clauses = list(_all(explanation.tree))
    return sum(clause.satisfied for clause in clauses) / len(clauses)


def _all(clause: Clause) -> Iterator[Clause]:
    yield clause
    for part in clause.parts:
        yield from _all(part)
