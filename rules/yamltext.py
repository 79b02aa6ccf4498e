"""YAML text in, a tree of nodes with places out: stricter than YAML, so that it has no surprises.

Every scalar stays the text that was written (`no`, `22:30`, `1.10`, `012` too): the model decides what a value is, not
YAML. Aliases, anchors, tags and second documents are refused; size and depth are capped; a key stands once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ruamel.yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from core.errors import ConfigError, Problem
from rules import yamlfaults

MAX_CHARACTERS = 32_000_000  # 30,000 rules and 30,000 feeds need about 13 million
MAX_DEPTH = 16  # the schema itself needs 7
_UNREADABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_EMPTY = frozenset({"", "~", "null", "Null", "NULL"})
_SHOWN = re.compile(r"\S")
_SHOWN_SINGLE = re.compile(r"''|\S")
_SHOWN_DOUBLE = re.compile(r"\\(?:x(..)|u(....)|U(........)|(.))|\S", re.DOTALL)
_WHITE_ESCAPES = frozenset("tnvfr N_LP\t\n")  # escapes that stand for white space, or for nothing

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Scalar:
    """One text. `start` and `end` are offsets in the file's text; `style` is "", a quote, "|" or ">"."""

    text: str
    start: int
    end: int
    style: str = ""

    @property
    def empty(self) -> bool:
        """Nothing was written (or YAML's word for it)."""
        return not self.style and self.text in _EMPTY


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys and values in the written order."""

    items: Mapping[str, tuple[Scalar, Node]]
    start: int
    end: int
    flow: bool


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """Values in the written order."""

    items: tuple[Node, ...]
    start: int
    end: int
    flow: bool


Node = Scalar | MappingNode | SequenceNode


@dataclass(frozen=True)
class YamlText:
    """The text (line ends unified, no byte order mark), its tree, and what was wrong without making it unreadable."""

    text: str
    root: Node
    problems: tuple[Problem, ...] = field(default=())

    @cached_property
    def _line_starts(self) -> list[int]:
        return line_starts(self.text)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        return place(self._line_starts, offset)

    def at(self, path: Path) -> Node | None:
        """The node at a path of keys and indexes, or None."""
        node: Node | None = self.root
        for part in path:
            node = _step(node, part)
        return node

    def key_at(self, path: Path) -> Scalar | None:
        """The key whose value stands at `path`, or None (a list's item has none)."""
        holder = self.at(path[:-1]) if path else None
        found = holder.items.get(str(path[-1])) if isinstance(holder, MappingNode) else None
        return found[0] if found else None

    def nearest(self, path: Path, *, key: bool = False) -> int:
        """Offset of the value at `path` (of its key when `key`), or of the nearest thing above it that was written."""
        for length in range(len(path), 0, -1):
            node = self.at(path[:length])
            name = self.key_at(path[:length])
            if node is None:
                continue
            return name.start if name and (key or length < len(path) or _blank(node)) else node.start
        return 0


def _blank(node: Node) -> bool:
    return isinstance(node, Scalar) and node.start == node.end


def _step(node: Node | None, part: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        found = node.items.get(str(part))
        return found[1] if found else None
    if isinstance(node, SequenceNode) and isinstance(part, int) and 0 <= part < len(node.items):
        return node.items[part]
    return None


def line_starts(text: str) -> list[int]:
    """Offsets at which lines begin."""
    return [0, *(match.end() for match in re.finditer("\n", text))]


def place(starts: list[int], offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset in a text whose lines begin at `starts`."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def values(node: Node) -> Any:
    """The tree as dicts, lists and texts; None where nothing was written."""
    if isinstance(node, MappingNode):
        return {key: values(value) for key, (_, value) in node.items.items()}
    if isinstance(node, SequenceNode):
        return [values(item) for item in node.items]
    return None if node.empty else node.text


def parse(text: str, file: str = "watch.yaml") -> YamlText:
    """The tree of `text`; `problems` holds what is wrong but can be read past (a key twice, an alias, a tag).

    Raises ConfigError when nothing can be read: too big, too deep, not YAML.
    """
    text = unified(text)
    fault = _unfit(text)
    if fault:
        raise ConfigError(file, [fault])
    try:
        return _quickly(text, file) or _Builder(text, file, pure=True).document()
    except MarkedYAMLError as error:
        raise ConfigError(file, [yamlfaults.explain(text, *_where(error))]) from None
    except (YAMLError, ValueError, OverflowError) as error:  # an escape beyond Unicode: ruamel raises bare ones
        raise ConfigError(file, [Problem(f"this is not YAML: {yamlfaults.first_line(error)}")]) from None


def _quickly(text: str, file: str) -> YamlText | None:
    """Read by libyaml, where it is installed: 20 times as fast. It knows YAML 1.1 only: its refusals are not final."""
    if not ruamel.yaml.__with_libyaml__:
        return None
    try:
        return _Builder(text, file, pure=False).document()
    except (YAMLError, ValueError):
        return None


def unified(text: str) -> str:
    """`text` without a byte order mark and with one kind of line end."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _unfit(text: str) -> Problem | None:
    if len(text) > MAX_CHARACTERS:
        return Problem(f"the file has {len(text):,} characters; the limit is {MAX_CHARACTERS:,}")
    found = _UNREADABLE.search(text)
    if not found:
        return None
    line, column = place(line_starts(text), found.start())
    message = f"a character that does not belong in a text file: U+{ord(found[0]):04X}"
    return Problem(message, line, column, hint="delete it, and type the place again by hand")


def _where(error: MarkedYAMLError) -> tuple[str, int, int | None]:
    mark, context = error.problem_mark, error.context_mark
    offset = mark.index if mark else 0
    return str(error.problem or ""), offset, context.index if context else None


class _Builder:
    """Turns events into nodes, and collects what is wrong on the way."""

    def __init__(self, text: str, file: str, *, pure: bool) -> None:
        self._text = text
        self._file = file
        self.problems: list[Problem] = []
        self._starts = line_starts(text)
        self._events: Iterator[Event] = YAML(typ="safe", pure=pure).parse(text)

    def document(self) -> YamlText:
        """The first document, and what was wrong on the way."""
        root: Node = Scalar("", 0, 0)
        documents = 0
        for event in self._events:
            if not isinstance(event, DocumentStartEvent):
                continue
            documents += 1
            node = self._node(next(self._events), 1)
            if documents == 1:
                root = node
            elif documents == 2:
                self._problem(event, "a second document begins here; only one is read", "delete this line")
        return YamlText(self._text, root, tuple(self.problems))

    def _problem(self, event: Event, message: str, hint: str = "") -> None:
        self.problems.append(Problem(message, *place(self._starts, event.start_mark.index), hint=hint))

    def _node(self, event: Event, depth: int) -> Node:
        self._refuse_extras(event)
        if depth > MAX_DEPTH:
            where = place(self._starts, event.start_mark.index)
            raise ConfigError(self._file, [Problem(f"nested deeper than {MAX_DEPTH} levels", *where)])
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, depth)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, depth)
        text = event.value if isinstance(event, ScalarEvent) else ""  # an alias counts as nothing
        style = (getattr(event, "style", "") or "") if isinstance(event, ScalarEvent) else ""
        return Scalar(text, event.start_mark.index, event.end_mark.index, style)

    def _refuse_extras(self, event: Event) -> None:
        if isinstance(event, AliasEvent):
            self._problem(event, f"aliases (*{event.anchor}) are not used here", "write the value out, or quote it")
            return
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if anchor:
            self._problem(event, f"anchors (&{anchor}) are not used here", "delete it, or quote the value")
        if tag:
            self._problem(event, f"tags ({tag}) are not used here", "delete it, or quote the value")

    def _mapping(self, start: MappingStartEvent, depth: int) -> MappingNode:
        items: dict[str, tuple[Scalar, Node]] = {}
        for event in self._events:
            if isinstance(event, MappingEndEvent):
                return MappingNode(items, start.start_mark.index, event.end_mark.index, bool(start.flow_style))
            key = self._node(event, depth + 1)
            value = self._node(next(self._events), depth + 1)
            if not isinstance(key, Scalar) or not (key.text or key.style):
                self._problem(event, "a key has to be a plain text", "put a value that begins with { or [ in quotes")
            elif key.text in items:
                line, _ = place(self._starts, items[key.text][0].start)
                self._problem(event, f"the key {key.text} stands here twice; the first is on line {line}")
            else:
                items[key.text] = (key, value)
        raise AssertionError("the parser ends what it began")  # pragma: no cover

    def _sequence(self, start: SequenceStartEvent, depth: int) -> SequenceNode:
        items: list[Node] = []
        for event in self._events:
            if isinstance(event, SequenceEndEvent):
                return SequenceNode(tuple(items), start.start_mark.index, event.end_mark.index, bool(start.flow_style))
            items.append(self._node(event, depth + 1))
        raise AssertionError("the parser ends what it began")  # pragma: no cover


def offset_within(source: str, scalar: Scalar, offset: int) -> int:
    """Where in the file the character at `offset` of a scalar's text was written.

    Exact for every style: the characters that are not white space stand in the file in the same order, so they are
    paired one by one. Falls back to the scalar's beginning if they cannot be.
    """
    written = list(_written(source, scalar))
    shown = [index for index, char in enumerate(scalar.text) if not char.isspace()]
    if len(written) != len(shown):
        return scalar.start
    before = bisect_right(shown, offset)
    if not before:
        return written[0] if written else scalar.start
    passed = offset - shown[before - 1]
    return written[before - 1] + (passed if "\n" not in scalar.text[shown[before - 1] : offset] else 1)


def _written(source: str, scalar: Scalar) -> Iterator[int]:
    """Offsets in the file of those of the scalar's characters that are not white space."""
    if scalar.style == "'":
        return (match.start() for match in _SHOWN_SINGLE.finditer(source, scalar.start + 1, scalar.end - 1))
    if scalar.style == '"':
        found = _SHOWN_DOUBLE.finditer(source, scalar.start + 1, scalar.end - 1)
        return (match.start() for match in found if _visible(match))
    header = source.find("\n", scalar.start, scalar.end) + 1 if scalar.style else scalar.start
    return (match.start() for match in _SHOWN.finditer(source, header, scalar.end))


def _visible(match: re.Match[str]) -> bool:
    """Does this piece of a double-quoted text stand for something that is not white space?"""
    number = match[1] or match[2] or match[3]
    return not chr(int(number, 16)).isspace() if number else match[4] not in _WHITE_ESCAPES
