"""Which rules can never match, in a language they are tried on or at all: a warning, since such a rule is not wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain

from core.errors import Problem
from core.text import one_line
from rules import languages
from rules.document import primary
from rules.evaluate import value_matches
from rules.problems import did_you_mean
from rules.tree import And, AnyOf, Expr, Named, Near, NotNear, Or, Term, Unless, Value, Within, children, written
from rules.watch import Rule, Watch
from rules.yamltext import parse

_MAX_SHOWN = 80  # characters of a clause
_ADDRESSES = ("http://", "https://")


def warnings(watch: Watch) -> tuple[Problem, ...]:
    """What `check` and the page warn of: a needed clause without a term that can match in one of the rule's languages;
    a clause that no article satisfies, whatever it says.
    """
    feeds = {feed.name for feed in watch.feeds}
    found = [
        (rule, *words)
        for rule in watch.rules
        for words in chain(_gaps(rule), *(_never(clause, feeds) for clause in _own(rule.expr)))
    ]
    if not found:
        return ()
    tree = parse(watch.text)
    return tuple(
        Problem(
            message,
            *tree.place(tree.nearest(("rules", rule.id, "match"))),
            hint=hint,
            item=f"rules.{rule.id}.match",
        )
        for rule, message, hint in found
    )


def _own(expr: Expr) -> Iterator[Expr]:
    """The expression and what is below it in the rule's own text."""
    yield expr
    for child in children(expr) if not isinstance(expr, Named) else ():
        yield from _own(child)


def _never(clause: Expr, feeds: Collection[str]) -> Iterator[tuple[str, str]]:
    """Message and hint where a language, feed or address is asked for that none has, or what is excluded at once."""
    match clause:
        case Value("lang", text, False) if not languages.spoken(text):
            meant = languages.meant(text)
            yield f"no article has the language {text}", f"write lang:{meant}" if meant else "e.g. lang:en"
        case Value("url", text, prefix) if not _is_address(text.casefold(), begins=prefix):
            yield f"no address begins with {text}", f"write url:https://{text}*"
        case Value("source", text, _) if feeds and not any(value_matches(clause, name) for name in feeds):
            yield f"no feed has the name {text}", did_you_mean(text, feeds)
        case And(parts, nots):
            for part in {*parts} & {*nots}:
                yield f"no article has {one_line(written(part), _MAX_SHOWN)} and has it not", ""


def _is_address(text: str, *, begins: bool) -> bool:
    return text.startswith(_ADDRESSES) or (begins and any(one.startswith(text) for one in _ADDRESSES))


def _gaps(rule: Rule) -> Iterator[tuple[str, str]]:
    """Message and hint for each language of a rule in which it cannot match."""
    for language in rule.languages:
        if not _can(rule.expr, language):
            clause = one_line(written(_missing(rule.expr, language)), _MAX_SHOWN)
            message = f"no term of {clause} can match an article in {language}"
            yield message, f"add terms for {language}, or take it out of languages"


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
