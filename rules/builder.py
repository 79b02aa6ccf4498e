"""From lark's tree to ours: terms read, names looked up, numbers and fields checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, TypeVar

import re2  # type: ignore[import-untyped]
from lark import Token, Tree

from rules import countries, tokens
from rules.grammar import IN_WORDS, MAX_DEPTH, MAX_DISTANCE, MAX_PARTS, MAX_PATTERN, MIN_PREFIX, OPERATORS
from rules.names import Names, RuleSyntaxError
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
    Regex,
    Term,
    Unless,
    Value,
    Within,
    fields,
    in_language,
    walk,
)

Of = TypeVar("Of")
Read = Callable[[str, Names, tuple[str, ...]], Expr]
_QUOTES = '"“”„«»'
_AS_OPERATORS = ("NEAR", "THEN")
_REGEX_MEMORY = 1 << 20  # bytes of a compiled pattern: its size is refused, not its cost in time, which is linear


class Builder:
    """Builds one rule's tree. `inside` names the $rules being read, to refuse circles; `read` parses a named text."""

    def __init__(self, names: Names, inside: tuple[str, ...], read: Read) -> None:
        self.names = names
        self.inside = inside
        self.read = read

    def build(self, node: Any) -> Expr:
        """The expression of a node of lark's tree. Raises RuleSyntaxError."""
        expr: Expr = getattr(self, "on_" + str(node.data))(*node.children)
        return expr

    def _parts(self, nodes: Iterable[Any]) -> tuple[Expr, ...]:
        return tuple(self.build(node) for node in nodes if isinstance(node, Tree))

    def on_any_of(self, *nodes: Any) -> Expr:  # noqa: D102 — named after the grammar's rules, as all below
        return Or(self._parts(nodes))

    def on_all_of(self, *nodes: Any) -> Expr:  # noqa: D102
        trees = [node for node in nodes if isinstance(node, Tree)]
        nots = tuple(self.build(node.children[1]) for node in trees if node.data == "negation")
        _check(nodes[1], len(trees) <= MAX_PARTS, f"AND joins at most {MAX_PARTS} parts")
        return And(self._parts(node for node in trees if node.data != "negation"), nots)

    def on_near(self, left: Any, operator: Token, right: Any) -> Expr:  # noqa: D102
        return _joined(operator, Near(_number(operator, 0), self._parts((left, right)), False, True))

    def on_then(self, left: Any, operator: Token, right: Any) -> Expr:  # noqa: D102
        return _joined(operator, Near(_number(operator, 0), self._parts((left, right)), True, True))

    def on_not_near(self, left: Any, _not: Token, operator: Token, right: Any) -> Expr:  # noqa: D102
        return NotNear(_number(operator, 0), self.build(left), self.build(right))

    def on_unless(self, left: Any, _operator: Token, right: Any) -> Expr:  # noqa: D102
        return Unless(self.build(left), self.build(right))

    def on_function(self, token: Token, *nodes: Any) -> Expr:  # noqa: D102
        name = str(token).partition("/")[0]
        parts = self._parts(nodes)
        _check(token, len(parts) <= MAX_PARTS, f"{token}(…) takes at most {MAX_PARTS} parts")
        if name in ("near", "seq"):
            _check(token, len(parts) >= 2, f"{token}(…) needs at least two parts")
            return _joined(token, Near(_number(token, 0), parts, name == "seq"))
        if name in ("sentence", "paragraph"):
            return _joined(token, Within(name, parts))
        if name == "any":
            _check(token, _number(token, 1) <= len(parts), f"{token}(…) has only {len(parts)} parts")
            return _joined(token, AnyOf(_number(token, 1), parts))
        _check(token, len(parts) == 1, f"{token}(…) takes one part")
        kind = AtLeast if name == "atleast" else First
        return kind(_number(token, 1), parts[0])

    def on_in_field(self, token: Token, node: Any) -> Expr:  # noqa: D102
        field = _field(token)
        part = self.build(node)
        inner = next((below for below in walk(part) if isinstance(below, InField | Value)), None)
        if inner is not None:
            raise at(token, f"{inner.field}: cannot stand inside {field}:", "join fields with AND or OR")
        return InField(field, part)

    def on_in_value(self, token: Token, node: Any) -> Expr:  # noqa: D102
        leaves = node.scan_values(lambda _: True) if isinstance(node, Tree) else [node]
        return either(_value(_field(token), leaf) for leaf in leaves if leaf.type != "OR")

    def on_term(self, token: Token) -> Expr:  # noqa: D102
        if token.type == "NAME":
            return self._named(token)
        if token.type == "REGEX":
            return _regex(token)
        if token.type in ("WORD", "EXACT", "PREFIX"):
            _refuse_odd(token)
        return _placed(token, str(token))

    def _named(self, token: Token) -> Expr:
        resolved = self.names.resolved
        if token not in resolved:
            find = {"@": self._entity, "#": self._concept, "$": self._rule}[token[0]]
            resolved[str(token)] = Named(token[0], token[1:], find(token, token[1:]))
        return resolved[str(token)]

    def _entity(self, token: Token, name: str) -> Expr:
        entity = _known(token, self.names.entities, "entity", name)
        if entity.country and not countries.known(entity.country):
            message = f"in @{name}: no country has the code “{entity.country}”"
            raise at(token, message, "two letters of ISO 3166: VN, US, GB")
        terms: list[Expr] = [_placed(token, item, f"in @{name}: ") for item in entity.items]
        for lang, items in entity.lang.items():
            terms += [countries.in_its_language(_placed(token, item, f"in @{name}: "), lang) for item in items]
        if entity.country:
            terms.append(countries.names(entity.country, metonyms=entity.metonyms))
        _check(token, bool(terms), f"@{name} has no items")
        return either(terms)

    def _concept(self, token: Token, name: str) -> Expr:
        texts = _known(token, self.names.concepts, "concept", name)
        terms = [in_language(self._nested(token, text, f"#{name}"), lang) for lang in texts for text in texts[lang]]
        _check(token, bool(terms), f"#{name} has no terms")
        return either(terms)

    def _rule(self, token: Token, name: str) -> Expr:
        return self._nested(token, _known(token, self.names.rules, "rule", name), f"${name}")

    def _nested(self, token: Token, text: str, name: str) -> Expr:
        if name in self.inside:
            circle = " → ".join((*self.inside[self.inside.index(name) :], name))
            raise _Circle(f"these refer to each other in a circle: {circle}", token.line or 1, token.column or 1)
        _check(token, len(self.inside) < MAX_DEPTH, f"names refer to one another more than {MAX_DEPTH} deep")
        try:
            return self.read(text, self.names, (*self.inside, name))
        except _Circle as error:
            raise _Circle(error.message, token.line or 1, token.column or 1) from None
        except RuleSyntaxError as error:
            raise at(token, f"in {name}: {error.message}", error.hint) from None


class _Circle(RuleSyntaxError):
    """Says the whole circle already, so that it is not wrapped at each step of it."""


def at(token: Token, message: str, hint: str = "") -> RuleSyntaxError:
    """The error, at the place of a token."""
    return RuleSyntaxError(message, token.line or 1, token.column or 1, hint)


def either(parts: Iterable[Expr]) -> Expr:
    """The parts joined by OR: inner ORs are opened, repeated parts go."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Or(unique)


@lru_cache(50_000)
def term_of(item: str) -> Term:
    """An entity's item as a term: `Joe Biden`, `=Biden`, `Viet*`. Raises RuleSyntaxError."""
    text = item.strip()
    exact = text.startswith("=")
    text = text.removeprefix("=").strip()
    if len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1]
    return _term(text.removesuffix("*"), exact, text.endswith("*"))


def _term(text: str, exact: bool, prefix: bool) -> Term:
    words = tokens.words(text)
    if "*" in text:
        raise RuleSyntaxError(f"“{text}”: a * can only end a single word", hint="write the forms with OR")
    if not words:
        raise RuleSyntaxError(f"“{text}” has no letter or digit to look for")
    if prefix and exact:
        raise RuleSyntaxError(f"“={text}*”: = asks for this very spelling, so no * can follow")
    if prefix and len(words) > 1:
        raise RuleSyntaxError(f"“{text}*”: a prefix is one word", hint="a phrase is written in quotes, without *")
    if prefix and len(words[0]) < MIN_PREFIX:
        raise RuleSyntaxError(f"“{text}*”: a prefix needs at least {MIN_PREFIX} letters")
    return Term(words, exact, prefix)


def _placed(token: Token, text: str, where: str = "") -> Term:
    """The term of a text, refused at the place of the token."""
    try:
        return term_of(text)
    except RuleSyntaxError as error:
        raise at(token, where + error.message, error.hint) from None


def _refuse_odd(token: Token) -> None:
    """A word without quotes holds letters, digits and a few signs: any other sign was meant to do something."""
    text = str(token).lstrip("=").rstrip("*")
    if text in _AS_OPERATORS and token.type != "PREFIX":
        raise at(token, f"{text} needs a number", f"for example: {OPERATORS[text].example}")
    if text[0] == "-":
        raise at(token, f"a minus does not exclude: {text}", f"for example: ferry AND NOT {text[1:]}")
    odd = next((character for character in tokens.between(text) if character not in IN_WORDS), "")
    if odd and not odd.isprintable():
        raise at(token, f"an unseen character (U+{ord(odd):04X}) stands in {text.replace(odd, '')}", "write it anew")
    if odd:
        raise at(token, f"“{odd}” has no meaning in {text}", "put the term in quotes, or write its forms with OR")


def _known(token: Token, names: Mapping[str, Of], kind: str, name: str) -> Of:
    """What a name stands for, or a refusal with the nearest name."""
    if name in names:
        return names[name]
    by_lower = {known.lower(): known for known in names}
    close = [by_lower[found] for found in get_close_matches(name.lower(), by_lower, 1)]
    hint = f"did you mean {token[0]}{close[0]}?" if close else _new_name(token[0], name, names)
    raise at(token, f"no {kind} of that name is known: {token}", hint)


def _new_name(sign: str, name: str, names: Iterable[str]) -> str:
    """What to do about a name that is like no other: an amount, a hashtag, an entity that is still to be written."""
    if sign == "$" and name[0].isdigit():
        return f'an amount is written in quotes: "${name}"'
    known = f"known: {_listed(sign, names)}" if names else ""
    if sign == "@":
        country = len(name) == 2 and countries.known(name)
        means = f"{{country: {name.upper()}}}" if country else f'{{any: ["{name}"]}}'
        return f"{known}; or " * bool(known) + f"add it under entities: {name}: {means}"
    return f"{known}; the word itself is written without #" if sign == "#" else known


def _listed(sign: str, names: Iterable[str]) -> str:
    known = sorted(names)
    return ", ".join(sign + name for name in known[:8]) + (", …" if len(known) > 8 else "")


def _check(token: Token, holds: bool, message: str) -> None:
    if not holds:
        raise at(token, message)


def _number(token: Token, least: int) -> int:
    digits = token.rpartition("/")[2]
    number = int(digits) if len(digits) < 10 else MAX_DISTANCE + 1
    _check(token, number >= least, f"{token}: the number must be at least {least}")
    _check(token, number <= MAX_DISTANCE, f"{token}: the number must be at most {MAX_DISTANCE}")
    return number


def _joined(token: Token, expr: Near | Within | AnyOf) -> Expr:
    """The expression, unless its parts can never stand in one field."""
    if fields(expr):
        return expr
    name = token.partition("/")[0]
    hint = "join fields with AND, for example: ferry AND lang:en"
    raise at(token, f"{name} cannot reach from one field into another", hint)


def _field(token: Token) -> str:
    return token.rstrip(": \t\r\n")


def _value(field: str, token: Token) -> Value:
    text = " ".join(token.strip(_QUOTES).split())
    prefix = text.endswith("*")
    whole = bool(text.rstrip("*")) and "*" not in text[:-1]
    _check(token, whole, f"{field}: “{text}” is not a value, or holds a * before its end")
    return Value(field, text.removesuffix("*"), prefix)


def _regex(token: Token) -> Regex:
    pattern = token[1:-1].replace("\\/", "/")
    _check(token, len(pattern) <= MAX_PATTERN, f"a /regex/ has at most {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY
    try:
        empty = re2.compile(pattern, options).search("")
    except re2.error as error:
        hint = "it is read by RE2: no look-around, no back references; \\w, \\d and \\b know ASCII letters only"
        raise at(token, f"this /regex/ cannot be used: {_said(error)}", hint) from None
    _check(token, not empty, "this /regex/ matches the empty text, so everything")
    return Regex(pattern)


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
