"""Paragraphs of text that was set in lines: of PDF files, and of plain text wrapped at some column. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import quantiles

SHORT = 0.75  # of a full line's length: a line that ends a sentence there ends a paragraph
WIDEST = 100  # characters of a line in wrapped text; where one is longer, lines are paragraphs

_ENDS = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*$")
_BULLET = re.compile(r"(?:[•▪◦‣*–—-]|\d{1,2}[.)])\s")


def is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines of plain text are parts of paragraphs rather than paragraphs."""
    return sum(bool(line) for line in lines) > 1 and max(map(len, lines)) <= WIDEST


def paragraphs(lines: Sequence[str]) -> list[str]:
    """The lines joined: a word that was parted is whole again, a paragraph ends where its sentence does in a short
    line, at an empty line, and before a bullet.
    """
    lengths = [len(line) for line in lines if line]
    full = quantiles(lengths, n=10)[-1] if len(lengths) > 1 else 0.0
    found: list[list[str]] = []  # in pieces: to join each line to a long text takes time by the square
    is_open = False
    for line in lines:
        if not line:
            is_open = False
            continue
        if is_open and not _BULLET.match(line):
            _join(found[-1], line)
        else:
            found.append([line])
        is_open = not (_ENDS.search(line) and len(line) < SHORT * full)
    return [" ".join(pieces) for pieces in found]


def _join(pieces: list[str], line: str) -> None:
    before = pieces[-1]
    if len(before) > 1 and before[-1] in "-\u00ad\u2010" and before[-2].isalpha() and line[:1].islower():
        pieces[-1] = before[:-1] + line
    else:
        pieces.append(line)
