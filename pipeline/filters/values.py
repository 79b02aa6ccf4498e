"""What filters take and give."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from core.jsontext import line_of
from core.reasons import Reason


@dataclass(frozen=True, slots=True)
class Line:
    """One line of output, a JSON object in UTF-8, and what went wrong with its item, if anything."""

    written: bytes
    trouble: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any], trouble: str = "") -> Self:
        """The line of these values: made where they are, so that many processes share the work of writing JSON."""
        return cls(line_of(values), trouble)


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
    reason: Reason = Reason.BAD_URL


def content_of(path: str, most: int) -> bytes:
    """At most so many bytes of a file. Raises OSError, for a path that no file can have, too."""
    try:
        with Path(path).open("rb") as file:
            return file.read(most)
    except ValueError as error:  # NUL, or a lone surrogate
        raise OSError(errno.EINVAL, f"no path: {error}") from None


class BadLine(Exception):
    """A line of input that cannot be used. `id` is its own, or else its number in words."""

    def __init__(self, given: Given, why: str, values: Mapping[str, Any] | None = None) -> None:
        place = f"line {given.number}"
        super().__init__(f"{place}: {why}")
        self.id: object = (values or {}).get("id", place)


def object_of(given: Given, *needed: str) -> dict[str, Any]:
    """The line's JSON object, which has these keys as strings. Raises BadLine."""
    try:
        values = json.loads(given.content)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "not UTF-8, or nested too deep"
        raise BadLine(given, f"not JSON: {why}") from None
    if not isinstance(values, dict):
        raise BadLine(given, "not a JSON object")
    for key in needed:
        if not isinstance(values.get(key), str):
            raise BadLine(given, f"`{key}` is {'no string' if key in values else 'missing'}", values)
    return values


def text_in(values: Mapping[str, Any], key: str) -> str:
    """A value as text; "" when there is none."""
    value = values.get(key)
    return value if isinstance(value, str) else "" if value is None else str(value)
