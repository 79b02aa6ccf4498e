"""Values as YAML text: on one line (flow), or as lines below a key (block)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.text import clean

_PLAIN = re.compile(r"[^\W_](?:[\w .+/-]*[\w.+/-])?")
# what other readers of YAML would take for something else than a text
_ELSEWHERE = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|[0-9][0-9.,:_+e-]*|0x[0-9a-f]+|\.inf|\.nan")
_ODD = re.compile("[\u2028\u2029\ufffe\uffff]")  # what the reader refuses when it stands there bare
_WIDTH = 100  # characters; a longer list or mapping is written over several lines


def as_text(value: Any) -> Any:
    """The value as the loader gives it back: every scalar a cleaned text, nothing as None."""
    if isinstance(value, Mapping):
        return {str(key): as_text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(part) for part in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, str | int):
        return None if value is None else clean(str(value))
    raise TypeError(f"a watch file holds no {type(value).__name__}: write it as text")


def flow(value: Any) -> str:
    """The value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    if isinstance(value, str):
        return _scalar(value)
    return "null" if value is None else str(as_text(value))


def _scalar(text: str) -> str:
    text = clean(text)
    if _PLAIN.fullmatch(text) and not _ELSEWHERE.fullmatch(text):
        return text
    return _ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def after_key(value: Any, indent: int) -> str:
    """What stands after `key:`, from the blank on, for a key indented by `indent`; without the last line end."""
    if isinstance(value, str):
        return _literal(clean(value), indent + 2) or f" {_scalar(value)}"
    line = flow(value)
    if not value or not isinstance(value, Mapping | list | tuple) or _fits(value, line):
        return f" {line}"
    if isinstance(value, Mapping):
        return "\n" + "\n".join(entry(key, part, indent + 2) for key, part in value.items())
    return "\n" + "\n".join(f"{' ' * (indent + 2)}- {flow(part)}" for part in value)


def entry(key: str, value: Any, indent: int) -> str:
    """`key: value`, indented, over several lines where that reads better; without the last line end."""
    return f"{' ' * indent}{_scalar(str(key))}:{after_key(value, indent)}"


def _fits(value: Any, line: str) -> bool:
    """One line does for what is short, is no list of mappings, and holds no rule."""
    if isinstance(value, Mapping):
        return len(line) <= _WIDTH and "match" not in value
    return len(line) <= _WIDTH and not any(isinstance(part, Mapping) for part in value)


def _literal(text: str, indent: int) -> str:
    """The text as a block (`|`), or "" when one line does or a block cannot hold it."""
    if "\n" not in text.strip("\n") or text[0] in " \t\n" or _ODD.search(text):
        return ""
    body = text.rstrip("\n")
    keep = {0: "-", 1: ""}.get(len(text) - len(body), "+")
    lines = (f"{' ' * indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n"))
    return f" |{keep}\n" + "\n".join(lines)
