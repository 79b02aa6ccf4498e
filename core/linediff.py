"""What leads from one long text to another, line by line, in bounded time. Pure.

Lines that stand once in both, in the same order, are held to be the same first (Bram Cohen's patience difference);
difflib compares what lies between them. Of a watch file of 30,000 rules difflib alone takes a quarter of a minute.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher

LONGEST = 1_000  # lines between two that are the same: more are taken for others, as a whole
CONTEXT = 3  # lines shown before and behind a change


def unified(old: str, new: str, names: tuple[str, str]) -> Iterator[str]:
    """A unified diff, line by line, without line ends; nothing when both are the same. `names` are what both are
    called in it.
    """
    before, after = old.splitlines(), new.splitlines()
    hunks = [] if before == after else _Patience(before, after).get_grouped_opcodes(CONTEXT)
    for number, hunk in enumerate(hunks):
        if number == 0:
            yield from (f"--- {names[0]}", f"+++ {names[1]}")
        (_, first, _, begin, _), (_, _, last, _, end) = hunk[0], hunk[-1]
        yield f"@@ -{_range(first, last)} +{_range(begin, end)} @@"
        for kind, a, b, c, d in hunk:
            if kind == "equal":
                yield from (f" {line}" for line in before[a:b])
                continue
            yield from (f"-{line}" for line in before[a:b])
            yield from (f"+{line}" for line in after[c:d])


def _range(begin: int, end: int) -> str:
    length = end - begin
    if length == 1:
        return str(begin + 1)
    return f"{begin + bool(length)},{length}"


class _Patience(SequenceMatcher[str]):
    """difflib's, which finds the lines that stand once in both by itself."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new)
        self._old, self._new = old, new

    def get_matching_blocks(self) -> list[Match]:
        """The runs of lines that are the same, in order; the last is empty and stands behind both."""
        found: list[Match] = []
        for a, b, size in self._same():
            if found and found[-1].a + found[-1].size == a and found[-1].b + found[-1].size == b:
                found[-1] = Match(found[-1].a, found[-1].b, found[-1].size + size)
            elif size:
                found.append(Match(a, b, size))
        return [*found, Match(len(self._old), len(self._new), 0)]

    def _same(self) -> Iterator[tuple[int, int, int]]:
        a = b = 0
        for next_a, next_b in [*_anchors(self._old, self._new), (len(self._old), len(self._new))]:
            old, new = self._old[a:next_a], self._new[b:next_b]
            if old and new and max(len(old), len(new)) <= LONGEST:
                for one in SequenceMatcher(None, old, new).get_matching_blocks():
                    yield a + one.a, b + one.b, one.size
            yield next_a, next_b, int(next_a < len(self._old))
            a, b = next_a + 1, next_b + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The most lines that stand once in both, in the same order in both: the places of each."""
    once, there = Counter(old), Counter(new)
    places = {line: place for place, line in enumerate(new) if there[line] == 1}
    ends: list[int] = []  # place in `new` that the best chain of each length ends with
    chain: list[tuple[int, int, int]] = []  # place in `old`, in `new`, and the link before, -1 for none
    last: list[int] = []  # link of each of `ends`
    for place, line in enumerate(old):
        if once[line] != 1 or (other := places.get(line)) is None:
            continue
        length = bisect_left(ends, other)
        if length == len(ends):
            ends.append(0)
            last.append(0)
        ends[length], last[length] = other, len(chain)
        chain.append((place, other, last[length - 1] if length else -1))
    found: list[tuple[int, int]] = []
    link = last[-1] if last else -1
    while link >= 0:
        place, other, link = chain[link]
        found.append((place, other))
    return found[::-1]
