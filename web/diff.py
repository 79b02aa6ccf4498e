"""What changed between two texts, word by word: for people to read, in bounded time whatever the texts are. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

LONGEST = 400  # paragraphs of a text, words of a paragraph: what is longer is compared as a whole
WORDS = 5_000  # compared one by one in all; some 0.2 s at worst
SHOWN = 20_000  # characters


class Kind(StrEnum):
    """What became of a piece."""

    SAME = "same"
    GONE = "gone"
    NEW = "new"
    CUT = "cut"  # the rest, or paragraphs that stayed: its text says so


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words, and what became of them. `paragraph`: it begins one."""

    kind: Kind
    text: str
    paragraph: bool = False


def changes(old: str, new: str) -> list[Piece]:
    """The changed paragraphs with what is gone and what is new in them; those that stayed are counted."""
    before, after = ([line for line in text.split("\n") if line.strip()] for text in (old, new))
    found: list[Piece] = []
    budget = WORDS
    for kind, one, other in _blocks(before, after):
        if kind == "equal":
            found.append(Piece(Kind.CUT, f"… {len(one)} unchanged …", paragraph=True))
            continue
        words = _words(one), _words(other)
        budget -= sum(map(len, words))
        found += _block(*words) if budget >= 0 else _whole(*words)
    return _shown(found)


def _words(lines: Sequence[str]) -> list[str]:
    return [word for line in lines for word in line.split()]


def _block(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    """One run of paragraphs that changed."""
    begins = True
    for kind, one, other in _blocks(old, new):
        parts = ((Kind.SAME, one),) if kind == "equal" else ((Kind.GONE, one), (Kind.NEW, other))
        for became, words in parts:
            if words:
                yield Piece(became, " ".join(words), paragraph=begins)
                begins = False


def _whole(old: Sequence[str], new: Sequence[str]) -> list[Piece]:
    pieces = [Piece(Kind.GONE, " ".join(old), paragraph=True), Piece(Kind.NEW, " ".join(new), paragraph=True)]
    return [one for one in pieces if one.text]


def _blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, Sequence[str], Sequence[str]]]:
    """Runs that are equal, and runs that replaced each other; what both begin and end with is not compared."""
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    middle = old[start : len(old) - end], new[start : len(new) - end]
    if start:
        yield "equal", old[:start], new[:start]
    if max(map(len, middle)) > LONGEST:
        yield "replace", *middle
    else:
        for kind, a, b, c, d in SequenceMatcher(None, *middle).get_opcodes():
            yield kind, middle[0][a:b], middle[1][c:d]
    if end:
        yield "equal", old[len(old) - end :], new[len(new) - end :]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """How many items both begin with."""
    number = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        number += 1
    return number


def _shown(pieces: Sequence[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    room = SHOWN
    for piece in pieces:
        if len(piece.text) > room:
            return [*kept, Piece(piece.kind, piece.text[:room], piece.paragraph), Piece(Kind.CUT, "… cut here …", True)]
        room -= len(piece.text)
        kept.append(piece)
    return kept
