"""What a publisher writes under or beside every article, known by its being there again and again. Pure.

A host's memory is a few kilobytes: for each of the short lines seen last, four bytes of its hash and one that counts on
how many pages it stood. A line of its third page and of every later one leaves the text. Long lines never do, nor the
first paragraph; and a page most of which would go is another page's copy and stays whole.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from xxhash import xxh32_intdigest

PAGES = 3  # on which a line stands before it is the publisher's
LONGEST = 240  # bytes of a line that may leave; sentences of one's own are mostly longer, and bytes suit every script
KEPT = 400  # lines in a host's memory (2 KB): those of some 40 pages
MOST = 0.4  # of a text that may leave; above it, the pages are versions of one article

ENTRY = 5  # bytes a line takes: first all hashes, then all counts


@dataclass(frozen=True, slots=True)
class Seen:
    """A text without the publisher's own lines, and the memory with this page in it."""

    text: str
    memory: bytes


def drop(text: str, memory: bytes, before: str = "") -> Seen:
    """The text as it should be kept, and what to remember of its host; `memory` is empty for a host never seen.

    `before` is what was kept of this page when it was read before: its lines stay, or it would seem to have changed.
    """
    known, own = _opened(memory), set(before.split("\n"))
    lines = text.split("\n")
    marks = [_mark(line) if place and line not in own else None for place, line in enumerate(lines)]
    left = [line for line, mark in zip(lines, marks, strict=True) if mark is None or known.get(mark, 0) < PAGES - 1]
    shorter = "\n".join(left)
    if len(shorter) < (1 - MOST) * len(text):
        return Seen(text, memory)
    for mark in dict.fromkeys(mark for mark in marks if mark is not None):
        known[mark] = min(known.pop(mark, 0) + 1, 255)  # the newest stand last
    return Seen(shorter, _packed(known))


def _mark(line: str) -> int | None:
    written = line.encode()
    return xxh32_intdigest(written) if len(written) <= LONGEST else None


def _opened(memory: bytes) -> dict[int, int]:
    count = len(memory) // ENTRY
    return dict(zip(struct.unpack(f"<{count}I", memory[: 4 * count]), memory[4 * count :], strict=True))


def _packed(known: dict[int, int]) -> bytes:
    """As many as may be kept, those seen last; what repeats has half the room, so that new lines have a chance."""
    if len(known) > KEPT:
        repeated = [mark for mark, count in known.items() if count > 1][-KEPT // 2 :]
        once = [mark for mark, count in known.items() if count == 1][-(KEPT - len(repeated)) :]
        kept = {*repeated, *once}
        known = {mark: count for mark, count in known.items() if mark in kept}
    return struct.pack(f"<{len(known)}I", *known) + bytes(known.values())
