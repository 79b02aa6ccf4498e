"""What the model finds wrong, as Problems with a place, in words that say what to write.

No value that may be a secret is ever repeated.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from core.errors import Problem
from core.text import one_line
from rules.secrets import holds_secrets
from rules.watchfile import WatchFile
from rules.yamlfaults import quoted
from rules.yamltext import Path, YamlText
from rules.yamlwrite import flow

_FEW, _MANY = 12, 1000  # names: all of them are listed; only some are compared
_KIND = {str: "a text", list: "a list", dict: "keys with values", type(None): "nothing"}
_LIST_TYPES = ("tuple_type", "list_type", "frozen_set_type")
_MAPPING_TYPES = ("dict_type", "model_type", "model_attributes_type")
_LIMITS = {
    "greater_than_equal": ("at least", "ge"),
    "less_than_equal": ("at most", "le"),
}


def item(path: Path) -> str:
    """A path in words: `rules.us-vietnam-upgrade.match`, `feeds[2].url`; items of lists count from 1, as lines do."""
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def near(word: str, known: Collection[str]) -> str:
    """The one of `known` that `word` was probably meant to be, or ""; of very many, not all are compared."""
    compared: Iterable[str] = known
    if len(known) > _MANY:
        compared = islice((name for name in known if name[:1].lower() == word[:1].lower()), _MANY)
    folded = {name.lower(): name for name in compared}
    found = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def did_you_mean(word: str, known: Collection[str], sign: str = "") -> str:
    """A hint that names the nearest of `known`, or else all of them when they are few."""
    guess = near(word, known)
    if guess:
        return f"did you mean {sign}{guess}?"
    return f"there are {', '.join(sign + name for name in sorted(known))}" if 0 < len(known) <= _FEW else ""


def from_model(error: ValidationError, tree: YamlText, values: Mapping[str, Any]) -> list[Problem]:
    """One Problem for each thing that the model refuses."""
    return [_problem(found, tree, values) for found in error.errors(include_url=False, include_input=False)]


def _problem(found: ErrorDetails, tree: YamlText, values: Mapping[str, Any]) -> Problem:
    path = tuple(part for part in found["loc"] if part != "[key]")
    on_key = found["loc"][-1:] == ("[key]",) or found["type"] == "extra_forbidden"
    line, column = tree.place(tree.nearest(path, key=on_key))
    message, hint = _words(found, path, value_at(values, path), on_key)
    shown = path[:-1] if found["type"] in ("missing", "extra_forbidden") else path
    return Problem(message, line, column, hint, item(shown))


def value_at(values: Any, path: Path) -> Any:
    """What stands at a path of keys and indexes; None when nothing does."""
    for part in path:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return None
    return values


def _words(found: ErrorDetails, path: Path, value: Any, on_key: bool) -> tuple[str, str]:
    """Message and hint."""
    kind, context = found["type"], found.get("ctx", {})
    if kind == "missing":
        return f"{path[-1]} is missing", _example(path)
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind == "written":
        hidden = on_key or not isinstance(value, str) or holds_secrets(path)
        shown = "" if hidden else f"{quoted(one_line(value, 60))}: "
        return shown + str(context["message"]), str(context["hint"])
    if value is None:
        return "is empty", "write a value, or delete the line"
    if kind == "literal_error":
        return _not_one_of(path, value)
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        limit = context[key]
        return f"{words} {limit if isinstance(limit, str) else f'{limit:,}'} is expected", ""
    return _wrong_kind(kind, path, value)


def _unknown_key(path: Path) -> tuple[str, str]:
    keys = keys_of(model_at(path[:-1]))
    hint = did_you_mean(str(path[-1]), keys) or f"the keys there are {', '.join(keys)}"
    where = "" if len(path) > 1 else " at the top of the file"
    return f"there is no key {one_line(str(path[-1]), 60)}{where}", hint


def _not_one_of(path: Path, value: Any) -> tuple[str, str]:
    allowed = [str(word) for word in get_args(_bare(annotation_at(path)))]
    guess = near(value, allowed) if isinstance(value, str) else ""
    return f"one of {', '.join(allowed)} is expected", f"did you mean {guess}?" if guess else ""


def _wrong_kind(kind: str, path: Path, value: Any) -> tuple[str, str]:
    given = _KIND.get(type(value), "this")
    if kind in _LIST_TYPES:
        shown = quoted(one_line(value, 60)) if isinstance(value, str) and not holds_secrets(path) else "…"
        return f"a list is expected, not {given}", f"write {path[-1]}: [{shown}]"
    if kind in _MAPPING_TYPES:
        return f"keys with values are expected, not {given}", _example(path)
    hint = f"write {path[-1]}: | and the text below it" if path[-1] == "match" else ""
    if isinstance(path[-1], int) and isinstance(value, dict) and value:  # - Manila: a ferry sinks
        hint = "a colon and a blank make a key of what stands before them: put the whole text in quotes"
    return f"one value is expected, not {given}", hint


def _example(path: Path) -> str:
    """What the line could look like."""
    if path == ("version",):
        return "write version: 1"
    if len(path) == 2 and path[0] == "feeds":
        return 'e.g. - {url: "https://example.org/rss"}'
    holder = model_at(path[:-1])
    field = _field(holder, str(path[-1])) if holder else None
    if not field or not field.examples:
        keys = keys_of(model_at(path))
        return f"the keys there are {', '.join(keys)}" if keys else ""
    return f"e.g. {path[-1]}: {flow(field.examples[0])}"


def keys_of(model: type[BaseModel] | None) -> list[str]:
    """The keys that a part of the file may have, as they are written."""
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _field(model: type[BaseModel], key: str) -> Any:
    return next((field for name, field in model.model_fields.items() if (field.alias or name) == key), None)


def annotation_at(path: Sequence[str | int]) -> Any:
    """The type of what stands at `path` in the file, or None when nothing can."""
    annotation: Any = WatchFile
    for part in path:
        annotation = _bare(annotation)
        arguments = [argument for argument in get_args(annotation) if argument is not Ellipsis]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            field = _field(annotation, str(part))
            annotation = field.annotation if field else None
        else:
            annotation = arguments[-1] if arguments and get_origin(annotation) in (dict, tuple) else None
    return annotation


def model_at(path: Sequence[str | int]) -> type[BaseModel] | None:
    """The model of what stands at `path`, if it has keys of its own."""
    annotation = _bare(annotation_at(path))
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _bare(annotation: Any) -> Any:
    """The type without Annotated and without `| None`."""
    while get_origin(annotation) in (Annotated, Union, types.UnionType):
        annotation = next(argument for argument in get_args(annotation) if argument is not type(None))
    return annotation
