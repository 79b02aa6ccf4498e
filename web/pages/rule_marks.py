"""A rule's text as the editor marks it: operators and names of the language, and what is wrong, at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError, Problem
from rules.yamltext import Scalar, line_starts, parse

_QUOTED = r'["“”„«»][^"“”„«»\n]*["“”„«»]'
_WORDS = re.compile(
    rf"(?P<quoted>{_QUOTED})"
    r"|(?P<name>[@#$][\w.-]*\w)"
    r"|(?P<operator>(?<![\w*/])(?:OR|AND|NOT|UNLESS|NEAR/\d+|THEN/\d+|"
    r"(?:sentence|paragraph|(?:near|seq|atleast|any|first)/\d+)(?=\s*\()|"
    r"(?:title|lead|body|author|source|url|lang|section):)(?![\w*]|(?<=[a-z])\w))"
)
_KEY = re.compile(r"^[ -]*([a-z_]+:)(?=\s|$)", re.MULTILINE)
_COMMENT = re.compile(r"(?:^|[ \t])(#[^\n]*)", re.MULTILINE)
_WORD = re.compile(r"\S+?(?=[\s,()]|$)")
_SHOWN = 120  # characters of a line in the list of problems


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem as the list below the editor shows it; `caret` is a line with a sign below the place."""

    message: str
    hint: str
    line: int
    column: int
    source: str
    caret: str


def faults(written: str, problems: Sequence[Problem]) -> tuple[Fault, ...]:
    """The problems with the line that each is in."""
    return tuple(_fault(written.split("\n"), one) for one in problems)


def _fault(lines: Sequence[str], one: Problem) -> Fault:
    if not 0 < one.line <= len(lines):
        return Fault(one.message, one.hint, 0, 0, "", "")
    line = lines[one.line - 1]
    at = min(max(one.column, 1) - 1, len(line))
    start = max(0, at - _SHOWN // 2)
    source = line[start : start + _SHOWN].replace("\t", " ")
    return Fault(one.message, one.hint, one.line, one.column, source, " " * (at - start) + "^")


def tooltips(problems: Sequence[Problem]) -> dict[int, str]:
    """Line → what is wrong there, for the editor to say when the line is pointed at."""
    said: dict[int, str] = {}
    for one in problems:
        if one.line:
            text = f"{one.message} — {one.hint}" if one.hint else one.message
            said[one.line] = f"{said[one.line]}\n{text}" if one.line in said else text
    return said


def decorations(written: str, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> list[dict[str, Any]]:
    """The editor's marks: of the language, and of each problem its line and the word it is at."""
    marks = [*_yaml(written), *_language(written)]
    for kind, found in (("wrong", problems), ("doubtful", warnings)):
        for one in found:
            marks += _at(written, one, kind)
    return marks


def _at(written: str, one: Problem, kind: str) -> Iterator[dict[str, Any]]:
    starts = line_starts(written)
    if not 0 < one.line <= len(starts):
        return
    start = starts[one.line - 1]
    end = written.find("\n", start)
    end = len(written) if end < 0 else end
    yield {"kind": "line", "line": one.line, "class": f"{kind}-line"}
    at = min(start + max(one.column, 1) - 1, end)
    word = _WORD.match(written, at, end)
    to = word.end() if word else min(at + 1, end)
    if to <= at:  # behind the line's last character: that one bears the mark
        at, to = max(start, end - 1), end
    if at < to:
        yield {"kind": "mark", "from": at, "to": to, "class": kind}


def _yaml(written: str) -> Iterator[dict[str, Any]]:
    """Keys and comments, as far as a line tells: a line of a text that looks like one is marked too."""
    for found in _KEY.finditer(written):
        yield {"kind": "mark", "from": found.start(1), "to": found.end(1), "class": "rule-key"}
    for found in _COMMENT.finditer(written):
        yield {"kind": "mark", "from": found.start(1), "to": found.end(1), "class": "rule-comment"}


def _language(written: str) -> Iterator[dict[str, Any]]:
    """Operators and names in what stands behind `match:`."""
    try:
        node = parse(written).at(("match",))
    except ConfigError:
        return
    if not isinstance(node, Scalar):
        return
    for found in _WORDS.finditer(written, node.start, node.end):
        if found.lastgroup != "quoted":
            yield {"kind": "mark", "from": found.start(), "to": found.end(), "class": f"rule-{found.lastgroup}"}
