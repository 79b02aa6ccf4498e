"""Rule text in, tree out. What is not plainly defined is refused, with the place and what to write instead."""

from __future__ import annotations

import re

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
    """One item of an entity, as the term it stands for: `Joe Biden`, `=Biden`, `Viet*`, `"to be looked for as it is"`.
    Raises RuleSyntaxError, also for what reads as an expression.
    """
    text = item.strip().removeprefix("=").strip()
    if not _QUOTED.fullmatch(text) and _EXPRESSION.search(text):
        message = f"“{item}” reads as an expression; an item is a word or a phrase"
        hint = (
            "write each name as an item of its own, and expressions in a rule; put a name that is written so in quotes"
        )
        raise RuleSyntaxError(message, hint=hint)
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
    except RecursionError:
        raise RuleSyntaxError(f"the rule is nested more than {MAX_DEPTH} deep") from None
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


_QUOTED = re.compile('["“”„«»][^"“”„«»]*["“”„«»]')  # brackets in it are words' neighbours
_EXPRESSION = re.compile(
    r"(?:\S\s+|^)(?:(?:OR|AND|NOT|UNLESS)|(?:NEAR|THEN)/\d+)\s+\S"  # Portland, OR is a name
    r"|(?:sentence|paragraph|(?:near|seq|atleast|any|first)/\d+)\s*\("
    r"|^(?:title|lead|body|author|source|url|lang|section)\s*:\s*\S"
    r"|^[@#$][^\W\d]|^/.+/$|^-\w"
)


def _refuse_deep_brackets(text: str) -> None:
    """Before parsing, so that a wall of brackets costs nothing."""
    if text.count("(") <= MAX_DEPTH:
        return
    level = 0
    for at, character in enumerate(_QUOTED.sub(lambda quoted: "x" * len(quoted[0]), text)):
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
