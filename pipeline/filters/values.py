"""What filters take and give."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, and what went wrong with its item, if anything."""

    values: Mapping[str, Any]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """One line of input and its number, counted from 1 over all lines, blank ones too."""

    number: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """A file's path or an address's answer, or why there is neither."""

    name: str
    url: str
    path: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str = ""


class BadLine(Exception):
    """A line of input that cannot be used."""


def object_of(given: Given, *needed: str) -> dict[str, Any]:
    """The line's JSON object, which has these keys as strings. Raises BadLine."""
    try:
        values = json.loads(given.content)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "not UTF-8, or nested too deep"
        raise BadLine(f"line {given.number}: not JSON: {why}") from None
    if not isinstance(values, dict):
        raise BadLine(f"line {given.number}: not a JSON object")
    for key in needed:
        if not isinstance(values.get(key), str):
            raise BadLine(f"line {given.number}: `{key}` is {'no string' if key in values else 'missing'}")
    return values


def text_in(values: Mapping[str, Any], key: str) -> str:
    """A value as text; "" when there is none."""
    value = values.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)
