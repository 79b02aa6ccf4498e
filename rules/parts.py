"""One part of a watch file, such as a rule, as lines of its own: taken out for an editor, and put back in its place.

The part is the value's own text, indented as if it stood alone, its comments with it. Everything around it stays as it
was written; what comes out is read again and holds the old values with the one change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from core.errors import ConfigError, InputError, Missing, Problem
from rules.edit import set_value
from rules.problems import item
from rules.yamltext import MappingNode, Path, Scalar, SequenceNode, YamlText, parse, values
from rules.yamlwrite import entry

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_COLON = re.compile(r"\s*:")
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_BESIDE = re.compile(r"[ \t]*(#[^\n]*)?")
INDENT = 2  # of a part that is written anew, below its key


@dataclass(frozen=True, slots=True)
class Put:
    """A watch file with a part put in. `line`: where the part begins (from 1), 0 when its lines were rewritten."""

    text: str
    path: Path
    part: YamlText
    line: int = 0
    lines: int = 0
    indent: int = 0

    def own(self, problem: Problem) -> Problem | None:
        """A problem of the whole file as one of the part, with line and column there; None when it lies elsewhere."""
        if self.line and self.line <= problem.line < self.line + self.lines:
            line, column = problem.line - self.line + 1, max(1, problem.column - self.indent)
        elif problem.item == item(self.path) or problem.item.startswith(f"{item(self.path)}."):
            inside = _steps(problem.item.removeprefix(item(self.path)))
            line, column = self.part.place(self.part.nearest(inside))
        else:
            return None
        return Problem(problem.message, line, column, problem.hint, problem.item)


def part(text: str, path: Path, *, file: str = "watch.yaml") -> str:
    """The lines of the mapping at `path`. Raises Missing when there is none."""
    tree = parse(text, file)
    node = tree.at(path)
    if not isinstance(node, MappingNode):
        raise Missing(f"there is no {item(path)} in {file}")
    spot = _lines(tree, path)
    if spot is not None:
        start, end, indent = spot
        lines = (_outdented(line, indent) for line in _LINE.findall(tree.text[start:end]))
        found = "".join(lines)
        if values(parse(found, file).root) == values(node):
            return found
    return "".join(f"{entry(key, value, 0)}\n" for key, value in values(node).items())


def put(text: str, path: Path, written: str, *, file: str = "watch.yaml") -> Put:
    """`text` with these lines as the value at `path`, which is made when it is not there.

    Raises ConfigError with places in the part for a part that cannot be read, InputError when it cannot be put there.
    """
    inner = parse(written, file)
    value = values(inner.root)
    if inner.problems:
        raise ConfigError(file, inner.problems)
    if not isinstance(value, dict):
        raise ConfigError(
            file, [Problem("a rule has keys with values", 1, 1, "begin it with match: and what it seeks")]
        )
    tree = parse(text, file)
    if _is_empty(tree, path[:-1]):
        above = "".join([f"{entry(str(path[-1]), None, 0).split(':')[0]}:\n", *_indented(inner.text, INDENT)])
        made = put(
            text if tree.at(path[:-1]) else set_value(text, path[:-1], {}, file=file), path[:-1], above, file=file
        )
        line = made.line + 1 if made.line else 0
        return Put(made.text, path, inner, line, inner.text.count("\n") + 1, made.indent + INDENT)
    if tree.at(path) is None:
        text = set_value(text, path, {"match": "to be written"}, file=file)
        tree = parse(text, file)
    spot = _room(tree, path)
    if spot is None:
        return Put(set_value(text, path, value, file=file), path, inner)
    before, after, indent = spot
    block = "".join(_indented(inner.text, indent))
    changed = before + block + ("" if not block or block.endswith("\n") else "\n") + after
    _prove(tree, changed, path, value, file)
    return Put(changed, path, inner, before.count("\n") + 1, block.count("\n") + 1, indent)


def set_text(written: str, path: Path, text: str, *, file: str = "watch.yaml") -> str:
    """`written` with another text at a path; a block (`|`) stays one, with its indentation."""
    node = parse(written, file).at(path)
    if isinstance(node, Scalar) and node.style == "|":
        head, _, body = written[node.start : node.end].partition("\n")
        first = next((line for line in body.split("\n") if line.strip()), "")
        indent = len(first) - len(first.lstrip(" "))
        block = "".join(_indented(text, indent))
        changed = f"{written[: node.start]}{head}\n{block}{written[node.end :]}"
        if _reads(changed, file) == _with(values(parse(written, file).root), path, text):
            return changed
    return set_value(written, path, text, file=file)


def _with(wanted: Any, path: Path, value: Any) -> Any:
    """The values with one exchanged."""
    holder = wanted
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return wanted


def _reads(text: str, file: str) -> Any:
    try:
        return values(parse(text, file).root)
    except ConfigError:
        return None


def _prove(tree: YamlText, changed: str, path: Path, value: Any, file: str) -> None:
    if _reads(changed, file) != _with(values(tree.root), path, value):
        raise InputError(f"{file} is written in a way that cannot be changed here", hint="change it in an editor")


def _is_empty(tree: YamlText, path: Path) -> bool:
    """Is there nothing at the path, or a mapping without keys? Never so for the file itself."""
    if not path:
        return False
    node = tree.at(path)
    return (
        node is None or (isinstance(node, Scalar) and node.empty) or (isinstance(node, MappingNode) and not node.items)
    )


def _in_flow(tree: YamlText, path: Path) -> bool:
    holders = (tree.at(path[:length]) for length in range(len(path)))
    return any(isinstance(one, MappingNode | SequenceNode) and one.flow for one in holders)


def _lines(tree: YamlText, path: Path) -> tuple[int, int, int] | None:
    """From where to where the lines below a key go, and how far they are indented; None for a value beside its key."""
    key, node = tree.key_at(path), tree.at(path)
    if key is None or not isinstance(node, MappingNode) or node.flow or not node.items:
        return None
    start = tree.text.find("\n", key.end) + 1
    above = tree.place(key.start)[1] - 1
    end = start
    for line in _LINE.finditer(tree.text, start):
        if line[0].strip():
            if len(line[0]) - len(line[0].lstrip(" ")) <= above:
                break
            end = line.end()
    return start, end, tree.place(node.start)[1] - 1


def _room(tree: YamlText, path: Path) -> tuple[str, str, int] | None:
    """The text before and after the lines that stand, or could stand, below a key; None where it is in braces."""
    key, node = tree.key_at(path), tree.at(path)
    if key is None or node is None or _in_flow(tree, path):
        return None
    if (spot := _lines(tree, path)) is not None:
        return tree.text[: spot[0]], tree.text[spot[1] :], spot[2]
    colon = _COLON.match(tree.text, key.end)
    after = colon.end() if colon else key.end
    end = max(node.end, after)
    beside = _BESIDE.match(tree.text, end)
    comment = beside.group() if beside else ""
    rest = tree.text[end + len(comment) :]
    if rest and not rest.startswith("\n"):
        return None
    return tree.text[:after] + comment + "\n", rest[1:], tree.place(key.start)[1] - 1 + INDENT


def _indented(text: str, indent: int) -> list[str]:
    return [" " * indent + line if line.strip("\n") else line for line in _LINE.findall(text)]


def _outdented(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]


def _steps(item_path: str) -> list[str | int]:
    """`.alert.quiet[1].from` as a path."""
    return [int(number) - 1 if number else name for number, name in _STEP.findall(item_path)]
