"""Rules' trees and the index's arrays as bytes: what a compiled index file is made of.

A tree is nested tuples in marshal's form, taken apart a hundred times faster than its text is parsed, and only when
somebody asks. Names that rules share (@US has hundreds of terms) stand in a table of their own. A file is a frame
around named sections: magic, checksum, length, contents.
"""

from __future__ import annotations

import json
import marshal
import struct
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rules.tree import (
    And,
    AnyOf,
    AtLeast,
    Expr,
    First,
    InField,
    Named,
    Near,
    NotNear,
    Or,
    Regex,
    Term,
    Unless,
    Value,
    Within,
)

MAGIC = b"wirewatch index 1\n"
_FRAME = struct.Struct("<IQI")  # checksum of the rest; length of the whole; length of the table of contents
_ALIGNED = 8
_KINDS: tuple[type, ...] = (
    Term, Regex, Value, InField, Or, And, Near, NotNear, Unless, Within, AtLeast, AnyOf, First,
)  # fmt: skip
_CODES = {kind: code for code, kind in enumerate(_KINDS)}
_NAMED = len(_KINDS)
Packed = tuple[Any, ...]
Ints = np.ndarray[Any, np.dtype[np.int32]]


class Broken(Exception):
    """Bytes that are not what `framed` made."""


class Packer:
    """Packs trees; the names they share come once, in the order of `named`. `seen` is told of every term."""

    def __init__(self, seen: Callable[[Term], object]) -> None:
        self._seen = seen
        self.named: list[bytes] = []
        self._numbers: dict[int, tuple[Named, int]] = {}  # by id; the name is kept so that its id stays its own

    def pack(self, expr: Expr) -> bytes:
        """The tree as bytes."""
        return marshal.dumps(self._packed(expr))

    def _packed(self, expr: Expr) -> Packed:
        if isinstance(expr, Named):
            return (_NAMED, self._number(expr))
        code = _CODES[type(expr)]
        match expr:
            case Term(words, exact, prefix, lang):
                self._seen(expr)
                return (code, words, exact, prefix, lang)
            case Regex(pattern):
                return (code, pattern)
            case Value(field, text, prefix):
                return (code, field, text, prefix)
            case InField(field, part):
                return (code, field, self._packed(part))
            case Or(parts):
                return (code, self._all(parts))
            case And(parts, nots):
                return (code, self._all(parts), self._all(nots))
            case Near(n, parts, ordered, infix):
                return (code, n, self._all(parts), ordered, infix)
            case NotNear(n, part, other):
                return (code, n, self._packed(part), self._packed(other))
            case Unless(part, other):
                return (code, self._packed(part), self._packed(other))
            case Within(unit, parts):
                return (code, unit, self._all(parts))
            case AnyOf(k, parts):
                return (code, k, self._all(parts))
        return (code, expr.n, self._packed(expr.part))

    def _all(self, parts: Iterable[Expr]) -> tuple[Packed, ...]:
        return tuple(map(self._packed, parts))

    def _number(self, expr: Named) -> int:
        known = self._numbers.get(id(expr))
        if known is None:
            part = self._packed(expr.part)  # first, so that a name stands behind those it is made of
            known = self._numbers[id(expr)] = (expr, len(self.named))
            self.named.append(marshal.dumps((expr.sign, expr.name, part)))
        return known[1]


class Unpacker:
    """Takes packed trees apart. A name is one object however often it is used."""

    def __init__(self, named: Sequence[bytes]) -> None:
        self._packed_names = named
        self._names: dict[int, Named] = {}

    def unpack(self, packed: bytes | memoryview) -> Expr:
        """The tree that was packed."""
        return self._expr(marshal.loads(packed))  # noqa: S302 — our own file, whose checksum was compared

    def _expr(self, packed: Packed) -> Expr:
        code, *values = packed
        if code == _NAMED:
            return self._named(values[0])
        made: Expr = _KINDS[code](*map(self._value, values))
        return made

    def _value(self, value: Any) -> Any:
        """A packed part begins with a number; tuples of parts and of words do not."""
        if not isinstance(value, tuple) or not value:
            return value
        if isinstance(value[0], int):
            return self._expr(value)
        return tuple(map(self._expr, value)) if isinstance(value[0], tuple) else value

    def _named(self, number: int) -> Named:
        if number not in self._names:
            sign, name, part = marshal.loads(self._packed_names[number])  # noqa: S302
            self._names[number] = Named(sign, name, self._expr(part))
        return self._names[number]


def framed(sections: Mapping[str, bytes | Ints]) -> bytes:
    """Sections as one file."""
    contents: dict[str, tuple[str, int, int]] = {}
    body = bytearray()
    for name, section in sections.items():
        body.extend(bytes(-len(body) % _ALIGNED))
        written = section if isinstance(section, bytes) else section.astype("<i4").tobytes()
        contents[name] = ("bytes" if isinstance(section, bytes) else "ints", len(body), len(written))
        body.extend(written)
    table = json.dumps(contents).encode()
    table += b" " * (-(len(MAGIC) + _FRAME.size + len(table)) % _ALIGNED)
    length = len(MAGIC) + _FRAME.size + len(table) + len(body)
    checksum = zlib.crc32(body, zlib.crc32(table))
    return b"".join((MAGIC, _FRAME.pack(checksum, length, len(table)), table, body))


class Sections:
    """The sections of a file, without copying them. Raises Broken when the file is not whole."""

    def __init__(self, file: memoryview) -> None:
        start = len(MAGIC) + _FRAME.size
        if len(file) < start or bytes(file[: len(MAGIC)]) != MAGIC:
            raise Broken("this is no compiled index of this version")
        checksum, length, table_length = _FRAME.unpack(file[len(MAGIC) : start])
        if length != len(file) or zlib.crc32(file[start:]) != checksum:
            raise Broken("the compiled index is cut short or changed")
        self._contents = json.loads(bytes(file[start : start + table_length]))
        self._body = file[start + table_length :]

    def bytes(self, name: str) -> memoryview:
        """A section as it is."""
        _, at, size = self._contents[name]
        return self._body[at : at + size]

    def ints(self, name: str) -> Ints:
        """A section of numbers."""
        return np.frombuffer(self.bytes(name), "<i4")

    def values(self, name: str) -> Any:
        """A section of marshal's."""
        return marshal.loads(self.bytes(name))  # noqa: S302 — of a file whose checksum was compared
