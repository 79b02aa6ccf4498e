"""A rule's text made to find a little more: a word beside a clause that was not there, or a limit that was too narrow.

Only what changes is rewritten: the analyst's line ends and spacing stay. A clause is named as explanations write it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput

from core.errors import InputError
from rules import tokens
from rules.builder import Builder
from rules.grammar import GRAMMAR, MAX_DISTANCE
from rules.names import Names, RuleSyntaxError
from rules.parse import parse
from rules.tree import Expr, written

_PARSER = Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False, propagate_positions=True)
_PLAIN = re.compile(r"[^\W_][\w'’-]*")
_RESERVED = re.compile(r"(?i)and|or|not|unless|near|then")
_LIMIT = re.compile(r"(?<=/)\d+")
_WITH_LIMIT = ("NEAR", "THEN", "FUNCTION")
_ALTERNATIVES = frozenset({"any_of", "term"})  # what a word can stand beside: names and groups of words, no fields


def with_word(text: str, clause: str, word: str, names: Names) -> str:
    """The rule's text in which `word` does as well as the clause. Raises InputError when the clause is not in it."""
    node = _found(text, clause, names)
    if node.data not in _ALTERNATIVES:
        raise InputError(f"{clause}: no word can stand beside it")
    start, end = node.meta.start_pos, node.meta.end_pos
    inside = f"{text[start:end]} OR {_term(word)}"
    return _read(text[:start] + (inside if node.data == "any_of" else f"({inside})") + text[end:], names)


def with_limit(text: str, clause: str, limit: int, names: Names) -> str:
    """The rule's text in which the clause has another limit: of words between its parts, or of first words."""
    node = _found(text, clause, names)
    sign = next((one for one in node.children if isinstance(one, Token) and one.type in _WITH_LIMIT), None)
    found = _LIMIT.search(sign) if sign is not None else None
    if sign is None or sign.start_pos is None or found is None or not 0 < limit <= MAX_DISTANCE:
        raise InputError(f"{clause}: it has no limit that can be {limit}")
    start = sign.start_pos
    return _read(text[: start + found.start()] + str(limit) + text[start + found.end() :], names)


def can_take_word(text: str, clause: str, names: Names) -> bool:
    """Whether a word can be put beside the clause: it stands in this rule's own text, and not in a field's."""
    try:
        return _found(text, clause, names).data in _ALTERNATIVES
    except InputError:
        return False


def _found(text: str, clause: str, names: Names) -> Tree[Any]:
    """The node of lark's tree that explanations write so."""
    try:
        root = _PARSER.parse(text)
    except UnexpectedInput:
        raise InputError("the rule cannot be read") from None
    builder = Builder(names, (), lambda other, known, _inside: parse(other, known))
    for node, in_field in _nodes(root.children[0], in_field=False):
        if not in_field and (expr := _built(builder, node)) is not None and written(expr) == clause:
            return node
    raise InputError(f"{clause} is not in this rule's own text")


def _nodes(node: Any, *, in_field: bool) -> Iterator[tuple[Tree[Any], bool]]:
    """The nodes that are expressions, the outer ones first."""
    if not isinstance(node, Tree):
        return
    yield node, in_field
    for part in node.children:
        yield from _nodes(part, in_field=in_field or node.data in ("in_field", "in_value", "negation"))


def _built(builder: Builder, node: Tree[Any]) -> Expr | None:
    if not hasattr(builder, f"on_{node.data}"):
        return None
    try:
        return builder.build(node)
    except RuleSyntaxError:
        return None


def _term(word: str) -> str:
    plain = _PLAIN.fullmatch(word) and not _RESERVED.fullmatch(word) and len(tokens.words(word)) == 1
    return word if plain else '"' + re.sub('["“”„«»]', " ", word) + '"'


def _read(text: str, names: Names) -> str:
    parse(text, names)
    return text
