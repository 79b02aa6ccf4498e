"""A WARC file → its records, each apart from the others: what is broken in one costs that one.

fastwarc reads records well and quickly, and gives up a file at the first broken gzip member. So where records begin and
end is found here (a gzip member each, or by Content-Length where nothing is compressed), and fastwarc is given one at
a time. After a broken one the next beginning is looked for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError

CHUNK = 1 << 16
MAGIC = b"\x1f\x8b\x08"
LARGEST = 1 << 30  # bytes of one record; what unpacks into more is looked at no further
HEAD = 1 << 16  # bytes of a record's own head at most
_BEGIN = re.compile(rb"WARC/\d+\.\d+\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
BROKEN, TRUNCATED, NO_RECORD = "broken", "the file ends within the record", "no WARC record begins here"


@dataclass(frozen=True, slots=True)
class Record:
    """One record between two offsets of its file. `content` is what it holds, at most as much as was asked for, from
    its head on; `size` is how much it holds in all. `fault` says what is wrong with it; "" = nothing.
    """

    start: int
    end: int
    content: bytes = b""
    size: int = 0
    fault: str = ""


def records(path: Path, start: int = 0, end: int | None = None, *, keep: int = HEAD) -> Iterator[Record]:
    """The records that begin from `start` on and before `end`, in order; of each at most `keep` bytes are held.

    Every byte belongs to one record, broken or not. Raises OSError, and InputError for a file that was compressed in
    one piece: nobody can begin in its middle.
    """
    with path.open("rb") as file:
        length = file.seek(0, 2)
        stop = length if end is None else min(end, length)
        file.seek(start)
        compressed = file.read(2) == MAGIC[:2] if start < length else False
        one_at = _member if compressed else _plain
        while start < stop:
            record = one_at(file, start, length, keep)
            if not record.fault and _has_another(record):
                raise InputError(
                    f"{path}: compressed in one piece, not record by record",
                    hint=f"uncompress it (gunzip -k {path.name}) and name the result",
                )
            yield record
            start = record.end


def _has_another(record: Record) -> bool:
    """Whether a gzip member holds more than its record, with some room for blank lines."""
    whole = _whole(record.content)
    return whole is not None and record.size > whole + 64


def _whole(content: bytes) -> int | None:
    """How long the record is by its own head; None when the head says nothing sensible."""
    head = _HEAD_END.search(content, 0, HEAD)
    length = _LENGTH.search(content, 0, head.start() + 1) if head else None
    return head.end() + int(length[1]) if head and length else None


def _judged(start: int, end: int, content: bytes, size: int) -> Record:
    """A record whose bytes could be read."""
    if not _BEGIN.match(content):
        return Record(start, end, content, size, NO_RECORD)
    whole = _whole(content)
    if whole is None:
        return Record(start, end, content, size, f"{BROKEN}: its head has no end or no length")
    if size < whole:
        return Record(start, end, content, size, f"{BROKEN}: {size} bytes where its head promises {whole}")
    return Record(start, end, content, size)


# -- compressed, record by record


def _member(file: BinaryIO, start: int, length: int, keep: int) -> Record:
    unpacked = _unpacked(file, start, keep)
    if isinstance(unpacked, tuple):
        content, size, end = unpacked
        return _judged(start, end, content, size)
    end = _next_member(file, start + 1, length)
    return Record(start, end, fault=TRUNCATED if unpacked == TRUNCATED and end == length else f"{BROKEN}: {unpacked}")


def _unpacked(file: BinaryIO, start: int, keep: int) -> tuple[bytes, int, int] | str:
    """What the member that begins there holds, how much that is, and where it ends; or what is wrong with it."""
    file.seek(start)
    unzip = zlib.decompressobj(wbits=31)
    kept, size, at = bytearray(), 0, start
    while not unzip.eof:
        chunk = file.read(CHUNK)
        if not chunk:
            return TRUNCATED
        at += len(chunk)
        try:
            piece = unzip.decompress(chunk)
        except zlib.error as error:
            return str(error)
        size += len(piece)
        if size > LARGEST:
            return f"it unpacks into more than {LARGEST} bytes"
        if len(kept) < keep:
            kept += piece[: keep - len(kept)]
    return bytes(kept), size, at - len(unzip.unused_data)


def _next_member(file: BinaryIO, start: int, length: int) -> int:
    """Where the next member begins that holds a record; the file's end when there is none."""
    for at in _found(file, MAGIC, start):
        file.seek(at)
        try:
            if _BEGIN.match(zlib.decompressobj(wbits=31).decompress(file.read(CHUNK), 64)):
                return at
        except zlib.error:
            continue
    return length


# -- not compressed


def _plain(file: BinaryIO, start: int, length: int, keep: int) -> Record:
    file.seek(start)
    head = file.read(min(HEAD, length - start))
    whole = _whole(head) if _BEGIN.match(head) else None
    if whole is None or start + whole > length:
        end = _next_plain(file, start + 1, length)
        cut_off = whole is not None and end == length
        return Record(start, end, fault=TRUNCATED if cut_off else _judged(start, end, head, len(head)).fault or BROKEN)
    end = _after_blanks(file, start + whole, length)
    if end < length and not _begins(file, end):  # its length is a lie, or the next one is broken
        end = _next_plain(file, start + 1, length)
        if end < start + whole:
            return Record(start, end, fault=f"{BROKEN}: another record begins before its end")
        end = _after_blanks(file, start + whole, length)
    file.seek(start)
    return Record(start, end, file.read(min(whole, keep)), whole)


def _after_blanks(file: BinaryIO, at: int, length: int) -> int:
    file.seek(at)
    blanks = file.read(64)
    return min(length, at + len(blanks) - len(blanks.lstrip(b"\r\n")))


def _begins(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    return bool(_BEGIN.match(file.read(16)))


def _next_plain(file: BinaryIO, start: int, length: int) -> int:
    for at in _found(file, b"\nWARC/", start - 1):
        if _begins(file, at + 1):
            return at + 1
    return length


def _found(file: BinaryIO, sought: bytes, start: int) -> Iterator[int]:
    """Where these bytes stand from `start` on."""
    held, at = b"", start
    while True:
        file.seek(at + len(held))
        chunk = file.read(CHUNK)
        held += chunk
        place = held.find(sought)
        while place >= 0:
            yield at + place
            place = held.find(sought, place + 1)
        if not chunk:
            return
        rest = len(sought) - 1
        at, held = at + len(held) - rest, held[-rest:]
