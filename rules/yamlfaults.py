"""What is wrong with a text that is not YAML, in words that say what to write instead.

The parser only says which character it could not go on at; the line it stands on tells which of the usual slips it is.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from core.errors import Problem
from core.text import one_line

_KEY = r"(?P<indent>[ ]*(?:-[ ]+)*)(?P<key>[A-Za-z_][\w.-]*)[ ]*:"
_LINE = re.compile(_KEY + r"(?:[ ]+(?P<value>.*?))?[ ]*$")
_QUOTED_ITEM = re.compile(r"[ ]*(?:-[ ]+)+(?P<value>[\"'].*)")
_CANNOT_BEGIN = "@`%"
_BLOCK = "|>"
_KEY_BEFORE = re.compile(r"([\w.-]+)[ ]*:[ ]*[*&]?$")
_REPEATED = frozenset({"match", "title", "name", "owner", "body"})  # other values may be secrets: never said again
_WORD = re.compile(r"[^,\[\]{}\n]*")


@dataclass(frozen=True, slots=True)
class _Slip:
    """Where the parser stopped, cut up."""

    problem: str
    offset: int
    context: int | None  # where the thing began that could not be finished
    line: str
    before: str  # the part of the line before the offset
    char: str
    above: str  # the nearest line above that is not blank


def explain(text: str, problem: str, offset: int, context: int | None) -> Problem:
    """The parser's `problem` at `offset` (begun at `context`), as a Problem a person can act on."""
    offset = min(offset, len(text))
    slip = _cut(text, problem, offset, context)
    for look in (_tab, _indicator, _unclosed, _quoted_beginning, _block_header, _deeper, _colon, _mixed):
        found = look(text, slip)
        if found:
            return found
    return _problem(text, offset, f"this is not YAML: {one_line(problem, 200)}", "")


def first_line(error: Exception) -> str:
    """The first line of a parser's own message."""
    return one_line(str(error).split("\n", 1)[0], 200)


def quoted(value: str) -> str:
    """`value` in the quotes that YAML and JSON share."""
    return json.dumps(value, ensure_ascii=False)


def below(indent: str, key: str, value: str) -> str:
    """The lines that put `value` below its key, where YAML reads nothing into it."""
    spaces = " " * len(indent)
    return f"write\n{indent}{key}: |\n{spaces}  {value}"


def _cut(text: str, problem: str, offset: int, context: int | None) -> _Slip:
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : end if end >= 0 else len(text)]
    lines_above = [earlier for earlier in text[:start].splitlines() if earlier.strip() and earlier.lstrip()[0] != "#"]
    above = lines_above[-1] if lines_above else ""
    return _Slip(problem, offset, context, line, text[start:offset], text[offset : offset + 1], above)


def _problem(text: str, offset: int, message: str, hint: str) -> Problem:
    line = text.count("\n", 0, offset) + 1
    return Problem(message, line, offset - (text.rfind("\n", 0, offset) + 1) + 1, hint=hint)


def _tab(text: str, slip: _Slip) -> Problem | None:
    leading = slip.line[: len(slip.line) - len(slip.line.lstrip())]
    if "\t" not in leading and slip.char != "\t":
        return None
    start = slip.offset - len(slip.before)
    where = start + leading.index("\t") if "\t" in leading else slip.offset
    return _problem(text, where, "a tab; YAML is indented with spaces", "put spaces (two a level) in its place")


def _indicator(text: str, slip: _Slip) -> Problem | None:
    """A value that begins with a character YAML keeps for itself."""
    offset = slip.offset - 1 if slip.before[-1:] in ("*", "&") and slip.char not in _CANNOT_BEGIN else slip.offset
    char = text[offset : offset + 1]
    if char in ("]", "}"):
        return _problem(text, offset, f"this {char} closes nothing", "delete it, or put the value in quotes")
    if not char or char not in _CANNOT_BEGIN + "*&":
        return None
    found = _LINE.match(slip.line)
    begins = found and found["value"] and slip.offset - len(slip.before) + found.start("value") == offset
    hint = _rewritten(found, found["value"]) if found and begins else _in_quotes(text, offset, slip.before)
    return _problem(text, offset, f"in YAML a value cannot begin with {char}", hint)


def _in_quotes(text: str, offset: int, before: str) -> str:
    """Inside brackets: the one value in quotes."""
    key = _KEY_BEFORE.search(before)
    word = _WORD.match(text, offset)
    if word is None or (key and key[1] not in _REPEATED):
        return "put the value in quotes"
    return f"put it in quotes: {quoted(word[0].strip())}"


def _rewritten(found: re.Match[str], value: str) -> str:
    """A line's value below its key when it is a rule, in quotes otherwise; a comment after it is left out."""
    if found["key"] not in _REPEATED:
        return "put the value in quotes"
    value = re.sub(r"\s#(?:\s.*)?$", "", value).rstrip()
    if found["key"] == "match":
        return below(found["indent"], found["key"], value)
    return f"write\n{found['indent']}{found['key']}: {quoted(value)}"


def _unclosed(text: str, slip: _Slip) -> Problem | None:
    """A bracket or quote that is never closed: shown where it was opened."""
    if slip.context is None:
        return None
    opened = text[slip.context : slip.context + 1]
    if opened in ("'", '"') and "unexpected" in slip.problem:
        return _problem(text, slip.context, f"this quote ({opened}) is never closed", "")
    if opened in ("[", "{") and "expected ','" in slip.problem:
        closing = "]" if opened == "[" else "}"
        hint = f"close it with {closing}, put a comma between its parts, or put a part with a colon in it in quotes"
        return _problem(text, slip.context, f"this {opened} is not closed where it should be", hint)
    if opened == '"' and "escape" in slip.problem:
        hint = "write \\\\ for a backslash, or use single quotes"
        return _problem(text, slip.context, 'in "…" a backslash begins an escape, and this one is not known', hint)
    return None


def _quoted_beginning(text: str, slip: _Slip) -> Problem | None:
    """`match: "strategic partnership" AND x`: YAML takes the quoted part as the whole value."""
    found = _LINE.match(slip.line)
    value = (found["value"] or "") if found else ""
    message = "the value begins with a quote, so YAML takes only the quoted part for it"
    if (item := _QUOTED_ITEM.match(slip.line)) is not None:
        start = slip.offset - len(slip.before) + item.start("value")
        return _problem(text, start, message, "put the whole of it in single quotes, and write a ' in it as ''")
    if not found or value[:1] not in ("'", '"'):
        return None
    start = slip.offset - len(slip.before) + found.start("value")
    return _problem(text, start, message, _rewritten(found, value))


def _block_header(text: str, slip: _Slip) -> Problem | None:
    """`match: | text`: the text has to begin on the next line."""
    found = _LINE.match(slip.line)
    value = (found["value"] or "") if found else ""
    if not found or value[:1] not in _BLOCK or not value:
        return None
    rest = value.lstrip("|>+-0123456789 ")
    message = f"after {value[0]} the text begins on the next line"
    hint = below(found["indent"], found["key"], rest) if found["key"] in _REPEATED else "move it there, indented"
    return _problem(text, slip.offset, message, hint)


def _deeper(text: str, slip: _Slip) -> Problem | None:
    """A key indented below a key that already has a value on its line."""
    found, above = _LINE.match(slip.line), _LINE.match(slip.above)
    if not found or not above or not above["value"] or above["value"].startswith(("#", "|", ">")):
        return None
    if len(found["indent"]) <= len(above["indent"]):
        return None
    start = slip.offset - len(slip.before) + len(found["indent"])
    hint = f"indent it like {above['key']}, or delete what stands after {above['key']}:"
    return _problem(text, start, f"indented deeper than {above['key']}, which already has a value", hint)


def _colon(text: str, slip: _Slip) -> Problem | None:
    """`title: Ukraine: talks`: a colon and a space make a key of what stands before them."""
    if "mapping values" not in slip.problem:
        return None
    found = _LINE.match(slip.line)
    message = "a colon followed by a space makes a key of what stands before it"
    hint = _rewritten(found, found["value"]) if found and found["value"] else "put the whole value in quotes"
    return _problem(text, slip.offset, message, hint)


def _mixed(text: str, slip: _Slip) -> Problem | None:
    """List items and keys at one indentation, a line without a key, or a line that is out of step."""
    if "expected ':'" in slip.problem and slip.context is not None:
        return _problem(text, slip.context, "this line has no key", "write “key: value”, or indent it below its key")
    if "entries are not allowed" in slip.problem:
        return _problem(text, slip.offset, "a list cannot begin here", "begin it on the next line, or write [a, b]")
    if "expected" not in slip.problem:
        return None
    if slip.context is not None and text[slip.context : slip.context + 1] == "-":
        message, hint = "a list's items begin with “- ”; this line does not", "indent it, or begin it with “- ”"
    elif slip.line.lstrip().startswith("- "):
        message, hint = "a list's item where a key should stand", "indent it below the key it belongs to"
    else:
        message, hint = "no key, or the indentation is out of step", "keys of one level begin in the same column"
    return _problem(text, slip.offset, message, hint)
