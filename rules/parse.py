"""Rule text in, tree out. What is not plainly defined is refused, with the place and what to write instead."""

from __future__ import annotations

from lark import Lark, UnexpectedInput

from rules.anchors import anchored
from rules.builder import Builder, term_of
from rules.grammar import GRAMMAR, MAX_CHARACTERS, MAX_DEPTH, translated
from rules.names import Entity, Names, RuleSyntaxError
from rules.quick import quick
from rules.refusals import refusal
from rules.tree import Expr, Term, depth

__all__ = ["Entity", "Names", "RuleSyntaxError", "parse", "parse_item"]

_PARSER = Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False)
_NO_NAMES = Names()


def parse(text: str, names: Names = _NO_NAMES) -> Expr:
    """The tree of a rule's text, with its names filled in. Raises RuleSyntaxError at the first thing that is wrong."""
    try:
        return _read(text, names, ())
    except RuleSyntaxError as error:
        hint = _translation(text, names) or error.hint
        raise RuleSyntaxError(error.message, error.line, error.column, hint) from None


def parse_item(item: str) -> Term:
    """One item of an entity, as the term it stands for: `Joe Biden`, `=Biden`, `Viet*`. Raises RuleSyntaxError."""
    return term_of(item)


def _read(text: str, names: Names, inside: tuple[str, ...]) -> Expr:
    if len(text) > MAX_CHARACTERS:
        raise RuleSyntaxError(f"the rule has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}")
    _refuse_deep_brackets(text)
    try:
        expr = quick(text, names) or _tree(text, names, inside)
    except UnexpectedInput as error:
        found = refusal(text, error)
        raise RuleSyntaxError(found.message, found.line, found.column, found.hint) from None
    if depth(expr) > MAX_DEPTH:
        raise RuleSyntaxError(f"the rule is nested more than {MAX_DEPTH} deep, counting the names it uses")
    if not anchored(expr):
        raise RuleSyntaxError(
            "nothing in this rule can be looked up: a /regex/ needs a term beside it, in every branch of an OR",
            hint="for example: sanctions AND /[Rr]ound [0-9]+/",
        )
    return expr


def _tree(text: str, names: Names, inside: tuple[str, ...]) -> Expr:
    return Builder(names, inside, _read).build(_PARSER.parse(text).children[0])


def _refuse_deep_brackets(text: str) -> None:
    """Before parsing, so that a wall of brackets costs nothing."""
    if text.count("(") <= MAX_DEPTH:
        return
    level = 0
    for at, character in enumerate(text):
        level += (character == "(") - (character == ")")
        if level > MAX_DEPTH:
            line = text.count("\n", 0, at) + 1
            raise RuleSyntaxError(f"brackets are nested more than {MAX_DEPTH} deep", line, at - text.rfind("\n", 0, at))


def _translation(text: str, names: Names) -> str:
    """The whole rule in our operators, when that is all it takes to be right; else ""."""
    ours = translated(text)
    if ours == text:
        return ""
    try:
        _tree(ours, names, ())
    except (UnexpectedInput, RuleSyntaxError):
        return ""
    return f"write: {' '.join(ours.split())}"
