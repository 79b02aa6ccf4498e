"""Changes to a watch file's text: everything else in it stays as it was written, comments, order and spacing too.

The text is cut at the places the parser gives, and what comes out is read again: it holds the old values with the one
change, or InputError is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from core.errors import ConfigError, InputError, Missing
from rules.problems import item, value_at
from rules.yamltext import MappingNode, Node, Path, Scalar, SequenceNode, YamlText, parse, values
from rules.yamlwrite import after_key, as_text, entry, flow

_COLON = re.compile(r"\s*:")
_LINE_START = re.compile(r"[ ]*(?:-[ ]+)*")
_ADDRESSES = ("url", "sitemap", "page")
_FEEDS = ("feeds",)


def add_feed(text: str, feed: Mapping[str, Any], *, file: str = "watch.yaml") -> str:
    """`text` with one more feed at the end of `feeds:`; its keys are those of the watch file."""
    return add_feeds(text, [feed], file=file)


def add_feeds(text: str, feeds: Iterable[Mapping[str, Any]], *, file: str = "watch.yaml") -> str:
    """`text` with these feeds at the end of `feeds:`, one a line. Does not look whether they are there already."""
    feeds = list(feeds)
    if not feeds:
        return text
    tree, wanted = _read(text, file)
    wanted["feeds"] = [*(wanted.get("feeds") or []), *as_text(feeds)]
    node = tree.at(_FEEDS)
    if not isinstance(node, SequenceNode) or not node.items:
        return _proved(_set(tree, _FEEDS, feeds), wanted, file)
    end = _end(tree, node.items[-1])
    if node.flow:
        added = "".join(f", {flow(feed)}" for feed in feeds)
        return _proved(tree.text[:end] + added + tree.text[end:], wanted, file)
    indent = " " * (tree.place(node.start)[1] - 1)
    return _proved(_insert_lines(tree, end, "\n".join(f"{indent}- {flow(feed)}" for feed in feeds)), wanted, file)


def remove_feed(text: str, address: str, *, file: str = "watch.yaml") -> str:
    """`text` without the feed whose url, sitemap or page is written so. Raises Missing when there is none."""
    tree, wanted = _read(text, file)
    for index, feed in enumerate(wanted.get("feeds") or ()):
        if isinstance(feed, dict) and address in (str(feed.get(key, "")).strip() for key in _ADDRESSES):
            del wanted["feeds"][index]
            return _proved(_without_feed(tree, index), wanted, file)
    raise Missing(f"there is no feed {address} in {file}")


def set_value(text: str, path: Path, value: Any, *, file: str = "watch.yaml") -> str:
    """`text` with `value` (texts, numbers, true/false, lists, mappings) at a path of keys; what is missing is made.

    Items of lists can be replaced by their index, not added. Raises InputError when something else stands in the way.
    """
    tree, wanted = _read(text, file)
    _put(wanted, path, as_text(value))
    return _proved(_set(tree, path, value), wanted, file)


def remove_value(text: str, path: Path, *, file: str = "watch.yaml") -> str:
    """`text` without the key at `path`. Raises Missing when it is not there."""
    tree, wanted = _read(text, file)
    holder = tree.at(path[:-1])
    if tree.key_at(path) is None or not isinstance(holder, MappingNode):
        raise Missing(f"there is no {item(path)} in {file}")
    del value_at(wanted, path[:-1])[path[-1]]
    if len(holder.items) == 1 and len(path) > 1:
        return _proved(_set(tree, path[:-1], {}), wanted, file)
    spans = [(key.start, _end(tree, node, key)) for key, node in holder.items.values()]
    return _proved(_cut(tree, spans, list(holder.items).index(str(path[-1])), holder.flow), wanted, file)


def _read(text: str, file: str) -> tuple[YamlText, dict[str, Any]]:
    """The tree of the text, and its values to make the change in."""
    tree = parse(text, file)
    root = values(tree.root)
    if tree.problems:
        raise ConfigError(file, tree.problems)
    if root is not None and not isinstance(root, dict):
        raise InputError(f"{file} holds no keys")
    return tree, root or {}


def _proved(text: str, wanted: Mapping[str, Any], file: str) -> str:
    """`text`, if it reads as `wanted`."""
    try:
        found = parse(text, file)
    except ConfigError:
        found = None
    if found is None or found.problems or (values(found.root) or {}) != wanted:
        raise InputError(f"{file} is written in a way that cannot be changed here", hint="change it in an editor")
    return text


def _put(root: Any, path: Path, value: Any) -> None:
    """The change, made in plain values; missing mappings are made."""
    holder = root
    try:
        for part in path[:-1]:
            inside = holder.get(part) if isinstance(holder, dict) else holder[part]
            if inside is None:
                inside = holder[part] = {}
            holder = inside
        holder[path[-1]] = value
    except (IndexError, TypeError):
        raise InputError(f"{item(path)} cannot be set: something else stands there") from None


def _set(tree: YamlText, path: Path, value: Any) -> str:
    """The text with the value put at the path."""
    node, holder = tree.at(path), tree.at(path[:-1])
    if node is not None:
        return _replace(tree, node, tree.key_at(path), value)
    if isinstance(holder, MappingNode):
        return _add_key(tree, holder, str(path[-1]), value)
    if len(path) == 1:  # a file without any key
        return _insert_lines(tree, len(tree.text), entry(str(path[0]), value, 0))
    return _set(tree, path[:-1], {path[-1]: value})


def _replace(tree: YamlText, node: Node, key: Scalar | None, value: Any) -> str:
    """The node's text exchanged; below a key in block style the new value may take several lines."""
    text, end = tree.text, _end(tree, node, key)
    start = _after_colon(tree, key) if key else node.start
    if key is None:
        return text[:start] + flow(value) + text[end:]
    if _in_braces(tree, key):
        return text[:start] + (" " if text[start - 1] == ":" else ": ") + flow(value) + text[end:]
    head, several, lines = after_key(value, tree.place(key.start)[1] - 1).partition("\n")
    if text[start:end].endswith("\n"):  # what was written there took its line end with it
        return text[:start] + head + several + lines + "\n" + text[end:]
    rest = text[end:].partition("\n")[0] if several else ""  # a comment, which stays beside the key
    return text[:start] + head + rest + several + lines + text[end + len(rest) :]


def _in_braces(tree: YamlText, key: Scalar) -> bool:
    """Does the key stand in a mapping written with { }, or otherwise not alone at the beginning of its line?"""
    line = tree.text.rfind("\n", 0, key.start) + 1
    return _flow_holds(tree.root, key.start) or not _LINE_START.fullmatch(tree.text, line, key.start)


def _flow_holds(node: Node, offset: int) -> bool:
    if isinstance(node, Scalar) or not node.start <= offset < node.end:
        return False
    inner = [part for _, part in node.items.values()] if isinstance(node, MappingNode) else node.items
    return node.flow or any(_flow_holds(part, offset) for part in inner)


def _add_key(tree: YamlText, holder: MappingNode, key: str, value: Any) -> str:
    text = tree.text
    if not holder.items:
        return text[: holder.start] + flow({key: value}) + text[holder.end :]
    name, last = list(holder.items.values())[-1]
    end = _end(tree, last, name)
    if holder.flow:
        return text[:end] + ", " + flow({key: value})[1:-1] + text[end:]
    first = next(iter(holder.items.values()))[0]
    return _insert_lines(tree, end, entry(key, value, tree.place(first.start)[1] - 1))


def _insert_lines(tree: YamlText, end: int, lines: str) -> str:
    """The lines put in after the line on which what ends at `end` ends."""
    at = _line_end(tree, end)
    before = tree.text[:at]
    return before + ("\n" if before and not before.endswith("\n") else "") + lines + "\n" + tree.text[at:]


def _line_end(tree: YamlText, end: int) -> int:
    """Where the line after that of `end` begins; a block (`|`) ends with its own line end."""
    if tree.text[end - 1 : end] == "\n":
        return end
    found = tree.text.find("\n", end)
    return len(tree.text) if found < 0 else found + 1


def _end(tree: YamlText, node: Node, key: Scalar | None = None) -> int:
    """Where the last written character of a node ends; of its key when nothing was written."""
    if isinstance(node, Scalar):
        blank = node.start == node.end
        return _after_colon(tree, key) if blank and key else node.end
    if node.flow:
        return node.end
    if isinstance(node, MappingNode):
        name, last = list(node.items.values())[-1]
        return _end(tree, last, name)
    return _end(tree, node.items[-1])


def _after_colon(tree: YamlText, key: Scalar) -> int:
    colon = _COLON.match(tree.text, key.end)
    return colon.end() if colon else key.end


def _without_feed(tree: YamlText, index: int) -> str:
    node, key = tree.at(_FEEDS), tree.key_at(_FEEDS)
    spans = [(part.start, _end(tree, part)) for part in node.items] if isinstance(node, SequenceNode) else []
    text = _cut(tree, spans, index, isinstance(node, SequenceNode) and node.flow)
    if len(spans) > 1 or key is None or text[_after_colon(tree, key) :].lstrip().startswith("["):
        return text
    after = _after_colon(tree, key)
    return text[:after] + " []" + text[after:]


def _cut(tree: YamlText, spans: list[tuple[int, int]], index: int, in_brackets: bool) -> str:
    """The text without one of the parts at `spans`: its lines, or in brackets it and its comma."""
    start, end = spans[index]
    if in_brackets:
        start = spans[index - 1][1] if index else start
        end = spans[1][0] if not index and len(spans) > 1 else end
        return tree.text[:start] + tree.text[end:]
    line = tree.text.rfind("\n", 0, start) + 1
    if tree.text[line:start].strip() not in ("", "-"):
        raise InputError("what is to be removed shares its line with something else", hint="change it in an editor")
    return tree.text[:line] + tree.text[_line_end(tree, end) :]
