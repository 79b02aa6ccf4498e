"""Which rules can never match in a language they are tried on: a warning, since such a rule is not wrong."""

from __future__ import annotations

from core.errors import Problem
from core.text import one_line
from rules.document import primary
from rules.tree import And, AnyOf, Expr, Near, NotNear, Or, Term, Unless, Within, children, written
from rules.watch import Rule, Watch
from rules.yamltext import parse

_MAX_SHOWN = 80  # characters of a clause


def check_languages(watch: Watch) -> tuple[Problem, ...]:
    """A Problem for each rule and language of its `languages` in which a needed clause has no term that can match."""
    found = [(rule, language, clause) for rule in watch.rules for language, clause in _gaps(rule)]
    if not found:
        return ()
    tree = parse(watch.text)
    return tuple(
        Problem(
            f"no term of {one_line(written(clause), _MAX_SHOWN)} can match an article in {language}",
            *tree.place(tree.nearest(("rules", rule.id, "match"))),
            hint=f"add terms for {language}, or take it out of languages",
            item=f"rules.{rule.id}.match",
        )
        for rule, language, clause in found
    )


def _gaps(rule: Rule) -> list[tuple[str, Expr]]:
    return [(language, _missing(rule.expr, language)) for language in rule.languages if not _can(rule.expr, language)]


def _can(expr: Expr, language: str) -> bool:
    """May the expression match in an article of this language?"""
    if isinstance(expr, Term):
        return not expr.lang or primary(expr.lang) == language
    if isinstance(expr, Or | AnyOf):
        possible = sum(_can(part, language) for part in expr.parts)
        return possible >= (expr.k if isinstance(expr, AnyOf) else 1)
    return all(_can(part, language) for part in _needed(expr))


def _needed(expr: Expr) -> tuple[Expr, ...]:
    """The parts without which the expression cannot match."""
    if isinstance(expr, And | Near | Within):
        return expr.parts
    return (expr.part,) if isinstance(expr, NotNear | Unless) else children(expr)


def _missing(expr: Expr, language: str) -> Expr:
    """The first needed clause that cannot match; a name stands for itself."""
    if isinstance(expr, And | Near | Within | NotNear | Unless):
        return next(_missing(part, language) for part in _needed(expr) if not _can(part, language))
    return expr
