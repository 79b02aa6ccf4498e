"""What is said when the grammar stops: what is wrong at that place, and what to write instead."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import NamedTuple

from lark import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from core.text import one_line
from rules.grammar import MIN_PREFIX, OPERATORS
from rules.tree import TEXT_FIELDS, VALUE_FIELDS

_FIELDS = (*TEXT_FIELDS, *VALUE_FIELDS)
_FUNCTIONS = {"near": "near/10", "seq": "seq/10", "atleast": "atleast/3", "any": "any/2", "first": "first/50"}
_PROXIMITY = ("NEAR", "THEN", "UNLESS", "NOT")
_LAST_PIECE = re.compile(r'("[^"]*"|[^\s()",]+|[(),"])\s*$')
_WORD_END = re.compile(r"[\w.'’-]+$")
_TO_A_BLANK = re.compile(r"[^\s()\",]+")
_IN_SINGLE_QUOTES = re.compile(r"(?:[a-z]+:)?['‘]((?:[^'’\"()]|['’](?=\w))+)['’](?!\w)")
_NO_COMMENTS = ("a rule's text holds no comments", "write them as lines above match:, each behind a #")
_WORD_BEFORE = re.compile(r"([\w/-]+)\s*$")
_FOREIGN_FIELDS = {
    "headline": "title", "ingress": "lead", "text": "body", "site": "source", "language": "lang", "byline": "author",
}  # fmt: skip


class Refusal(NamedTuple):
    """What is wrong, where, and what to do."""

    message: str
    line: int
    column: int
    hint: str = ""


def refusal(text: str, error: UnexpectedInput) -> Refusal:
    """Why the grammar stopped, in the words of somebody who has never seen a grammar."""
    if isinstance(error, UnexpectedCharacters):
        message, hint = _character(text, error.pos_in_stream or 0)
        return Refusal(message, error.line, error.column, hint)
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        at = error.token.start_pos or 0
        plain = error.token.type != "VALUE"  # anything at all can be a VALUE: here it is a character of no other use
        message, hint = _token(text, at, error.token.type, str(error.token)) if plain else _character(text, at)
        return Refusal(message, error.token.line or 1, error.token.column or 1, hint)
    return _end(text)


def _before(text: str, at: int) -> str:
    """The last thing before a place: a word, a quoted phrase, a bracket; "" at the start."""
    found = _LAST_PIECE.search(text[:at])
    return found[1] if found else ""


def _position(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def _end(text: str) -> Refusal:
    if not text.strip():
        return Refusal("the rule is empty", 1, 1, 'for example: "strategic partnership" NEAR/20 Vietnam')
    opened: list[int] = []
    for found in re.finditer(r'"[^"]*"|[()]', text):
        if found[0] == "(":
            opened.append(found.start())
        elif found[0] == ")" and opened:
            opened.pop()
    last = _before(text, len(text))
    if opened and not _is_operator(last):
        return Refusal("this bracket is never closed", *_position(text, opened[-1]), "add a )")
    end = len(text.rstrip())
    return Refusal(f"something is missing after “{last}”", *_position(text, end), _example(last))


def _is_operator(piece: str) -> bool:
    return re.fullmatch(r"OR|AND|NOT|UNLESS|(NEAR|THEN)/\d+", piece) is not None


def _example(operator: str) -> str:
    known = OPERATORS.get(operator.partition("/")[0])
    return f"for example: {known.example}" if known else ""


def _token(text: str, at: int, kind: str, token: str) -> tuple[str, str]:
    last = _before(text, at)
    starts = not last or last in ("(", ",") or _is_operator(last) or last.endswith(":")
    if kind == "NOT" and starts:
        return _misplaced_not(last)
    if kind in ("OR", "AND", *_PROXIMITY) and starts:
        return f"{token} needs something before it", _example(token)
    if kind in ("OR", "AND"):
        return "AND and OR cannot be mixed without brackets", f"for example: {_bracketed(text, at)}"
    if kind in _PROXIMITY:
        return _chained(token)
    if kind == "RPAR":
        return ("there is nothing in these brackets", "") if last == "(" else _closing(last)
    if kind == "COMMA" and (field := re.match(r"(source|url|lang|section)\s*:", last)):
        return "a value with a comma is written in quotes", f'for example: {field[1]}:"a,b"'
    if kind == "COMMA":
        return "a comma only separates the parts of near/n(…), any/k(…) and the like", "elsewhere write OR or AND"
    if kind == "LPAR":
        return _unknown_function(last)
    return _side_by_side(text, at, last, token)


def _misplaced_not(last: str) -> tuple[str, str]:
    if last.startswith(("NEAR", "THEN")):
        return f"NOT cannot follow {last}", f"for example: {OPERATORS['NOT NEAR'].example}"
    if last == "OR":
        return "OR NOT would match nearly every article", f"for example: {OPERATORS['AND NOT'].example}"
    return "NOT only takes away: it needs something positive before it", f"for example: {OPERATORS['AND NOT'].example}"


def _chained(token: str) -> tuple[str, str]:
    operator = token.partition("/")[0]
    if operator in ("NEAR", "THEN"):
        function = f"{'near' if operator == 'NEAR' else 'seq'}/{token.partition('/')[2]}"
        return f"{operator} cannot be chained without brackets", f"for example: {function}(ferry, sank, Manila)"
    return f"{operator} cannot follow here without brackets", f"for example: (ferry NEAR/5 sank) {operator} museum"


def _closing(last: str) -> tuple[str, str]:
    if _is_operator(last) or last == ",":
        return f"something is missing after “{last}”", _example(last)
    return "this bracket closes nothing", "take it away, or open one before it"


def _unknown_function(last: str) -> tuple[str, str]:
    name = last.partition("/")[0].lower()
    if last in ("sentence", "paragraph") or name in _FUNCTIONS:
        return f"{name} needs a number", f"for example: {OPERATORS[name].example}"
    if not re.fullmatch(r"\w+(/\d+)?", last):
        return f"an operator is missing between “{last}” and the bracket", "write OR, AND, NEAR/10, …"
    close = get_close_matches(name, [*_FUNCTIONS, "sentence", "paragraph"], 1)
    if close:
        return f"there is no function {last}(…)", f"did you mean {_FUNCTIONS.get(close[0], close[0])}(…)?"
    return f"an operator is missing between “{last}” and the bracket", "write OR, AND, NEAR/10, …"


def _side_by_side(text: str, at: int, last: str, token: str) -> tuple[str, str]:
    for word in (token, last):
        if word.lower() in ("and", "or", "not", "unless", "near", "then"):
            example = OPERATORS.get(word.upper()) or OPERATORS["AND NOT"]
            return _half_an_operator(word), f"for example: {example.example}"
    quoted = _IN_SINGLE_QUOTES.match(text, text.rindex(last, 0, at))
    if quoted and quoted.end() > at:
        return "a phrase is written in double quotes", f'write "{one_line(quoted[1])}"'
    hint = f'write "{last} {token}" for a phrase, or put OR, AND or NEAR/10 between' if _plain(last + token) else ""
    return f"an operator is missing between “{last}” and “{token}”", hint or "put OR, AND or NEAR/10 between"


def _half_an_operator(word: str) -> str:
    if not word.isupper():
        return f"“{word}” as an operator is written in capitals"
    return "NOT stands behind AND, or before NEAR" if word == "NOT" else f"{word} needs a number, without blanks"


def _plain(text: str) -> bool:
    return re.fullmatch(r"[\w.'’-]+", text) is not None


def _character(text: str, at: int) -> tuple[str, str]:
    character, last = text[at], _before(text, at)
    if character == ":":
        return _unknown_field(last)
    if character in '"“”„«»':
        return "this quote is never closed", "add a quote after the phrase"
    if character == "*":
        return f"a * can only end a word of at least {MIN_PREFIX} letters", "for example: sanction*"
    if character == "#" and not text[at - 1 : at].strip() and not text[at + 1 : at + 2].strip():
        return _NO_COMMENTS
    if character in "@#$":
        return f"a name must follow {character}", "for example: @Vietnam, #visit or $other-rule"
    if character == "=":
        return "a word or a phrase must follow =", 'for example: =Trong or ="Joe Biden"'
    if character == "/":
        return _NO_COMMENTS if text[at + 1 : at + 2] == "/" else _slash(text, at, last)
    return f"“{character}” has no meaning here", "a phrase is written in quotes"


def _slash(text: str, at: int, last: str) -> tuple[str, str]:
    name = last.lower()
    if name in ("near", "then", "w", "pre", "not"):
        return f"“{last}/” needs a number in digits, and operators are capitals", "for example: ferry NEAR/5 sank"
    if name in _FUNCTIONS:
        return f"{name}/ needs a number and brackets", f"for example: {OPERATORS[name].example}"
    if at and text[at - 1].isalnum():
        word = _WORD_END.findall(text[:at])[0] + _TO_A_BLANK.findall(text[at:])[0]
        return f"a slash has no meaning in {word}", f'put it in quotes: "{word}"'
    return "this /regex/ is never closed", "a regex stands between two slashes; a slash in it is written \\/"


def _unknown_field(last: str) -> tuple[str, str]:
    found = _WORD_BEFORE.search(last)
    name = found[1] if found else last
    close = _FOREIGN_FIELDS.get(name.lower()) or next(iter(get_close_matches(name.lower(), _FIELDS, 1)), "")
    others = f"the fields are {', '.join(_FIELDS)}; quote a term that holds a colon"
    return f"there is no field “{name}”", f"did you mean {close}:?" if close else others


def _bracketed(text: str, at: int) -> str:
    """The operands around a place, as far as their bracket or comma, the OR groups put into brackets."""
    start, end = _reach(text, at, -1), _reach(text, at, 1)
    return " AND ".join(_grouped(piece.strip()) for piece in _split(text[start + 1 : end], "AND"))


def _grouped(piece: str) -> str:
    negation = "NOT " if piece.startswith("NOT ") else ""
    rest = piece.removeprefix(negation)
    return f"{negation}({rest})" if len(_split(rest, "OR")) > 1 else piece


def _reach(text: str, at: int, step: int) -> int:
    """The place of the bracket or comma that ends the operands around `at`, in one direction."""
    outer, inner = ("(", ")") if step < 0 else (")", "(")
    level = 0
    while 0 <= at < len(text):
        if level == 0 and text[at] in (outer, ","):
            break
        level += (text[at] == inner) - (text[at] == outer)
        at += step
    return at


def _split(text: str, operator: str) -> list[str]:
    """The pieces between an operator, outside quotes and brackets."""
    pieces, level, begin = [], 0, 0
    for found in re.finditer(rf'"[^"]*"|[()]|\b{operator}\b', text):
        level += (found[0] == "(") - (found[0] == ")")
        if found[0] == operator and level == 0:
            pieces.append(text[begin : found.start()])
            begin = found.end()
    return [*pieces, text[begin:]]
