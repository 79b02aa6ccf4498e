"""The algebra of places: matches as windows of words with the leaf words inside them.

A place is (first word, last word, leaves); a leaf is (first word, last word, clause). Lists of places are sorted.
`join` gives every combination that a rule asks for, since an outer operator may need a wider one; `join_minimal` gives
only those whose window holds no other: enough to know that there is one, and what to show. Both count what they do
through `spend`, so that a rule's cost does not depend on the machine.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

Leaf = tuple[int, int, str]
Place = tuple[int, int, tuple[Leaf, ...]]
Spend = Callable[[int], None]
Unit = TypeVar("Unit", bound=Hashable)


def shares(left: Place, right: Place) -> bool:
    """Whether two places have a leaf word in common."""
    if left[0] > right[1] or right[0] > left[1]:
        return False
    return any(a[0] <= b[1] and b[0] <= a[1] for a in left[2] for b in right[2])


def uncovered(places: Sequence[Place]) -> int:
    """How many words of the covering window lie in no place's window."""
    gaps, reach = 0, -1
    for start, end, _ in sorted(places):
        if reach >= 0 and start > reach + 1:
            gaps += start - reach - 1
        reach = max(reach, end)
    return gaps


def gap(left: Place, right: Place) -> int:
    """Words between two windows; 0 when they overlap or touch."""
    return max(0, right[0] - left[1] - 1, left[0] - right[1] - 1)


def union(lists: Iterable[Iterable[Place]]) -> list[Place]:
    """All places in order, those with the same words once."""
    unique = {tuple((start, end) for start, end, _ in place[2]): place for places in lists for place in places}
    return sorted(unique.values())


def combined(places: Sequence[Place]) -> Place:
    """One place of several: their leaves and the window that covers them."""
    leaves = tuple(sorted({leaf for place in places for leaf in place[2]}))
    return min(place[0] for place in places), max(place[1] for place in places), leaves


def minimal(places: Iterable[Place]) -> list[Place]:
    """The places whose window holds no other window; of equal windows the first. Sorted by start and by end."""
    kept = Minimal()
    for place in places:
        kept.add(place)
    return kept.places


def separate(places: Iterable[Place]) -> list[Place]:
    """Leftmost first, those that do not overlap."""
    kept: list[Place] = []
    for place in sorted(places):
        if not kept or place[0] > kept[-1][1]:
            kept.append(place)
    return kept


def by_unit(places: Iterable[Place], unit: Callable[[int], Unit]) -> dict[Unit, list[Place]]:
    """The places that lie in one unit (sentence, paragraph, field), by unit."""
    units: dict[Unit, list[Place]] = {}
    for place in places:
        first = unit(place[0])
        if first == unit(place[1]):
            units.setdefault(first, []).append(place)
    return units


class Minimal:
    """A growing set of places none of whose windows holds another."""

    def __init__(self) -> None:
        self.places: list[Place] = []  # sorted by start, and so by end

    def inside(self, start: int, end: int) -> bool:
        """Whether a window of the set lies in this one."""
        at = bisect_left(self.places, (start,))
        return at < len(self.places) and self.places[at][1] <= end

    def add(self, place: Place) -> None:
        """Take the place in, unless its window holds one of the set; what it makes superfluous goes."""
        start, end, _ = place
        if not self.places or (start > self.places[-1][0] and end > self.places[-1][1]):
            self.places.append(place)
            return
        if self.inside(start, end):
            return
        last = bisect_right(self.places, start, key=lambda kept: kept[0])
        first = last
        while first and self.places[first - 1][1] >= end:
            first -= 1
        del self.places[first:last]
        insort(self.places, place)


class _Join:
    """One search for combinations: one place of each group, leaf words apart, within the limit."""

    def __init__(self, groups: Sequence[list[Place]], n: int | None, ordered: bool, apart: bool, spend: Spend) -> None:
        self.groups = groups if ordered else sorted(groups, key=len)
        self.n = n
        self.ordered = ordered
        self.apart = apart
        self.spend = spend
        longest = [max((end - start + 1 for start, end, _ in group), default=0) for group in self.groups]
        self.rest = [sum(longest[at:]) for at in range(len(longest) + 1)]  # words the groups from `at` on can cover

    def fits(self, chosen: list[Place], place: Place) -> bool:
        """Whether the place may stand beside those chosen."""
        return not self.apart or not any(shares(place, other) for other in chosen)

    def complete(self, chosen: list[Place]) -> bool:
        """Whether the limit of words outside holds."""
        return self.n is None or uncovered(chosen) <= self.n

    def widest(self, chosen: list[Place]) -> int | None:
        """The widest window (words) that can still come out within the limit; None = any."""
        if self.n is None:
            return None
        return self.n + sum(end - start + 1 for start, end, _ in chosen) + self.rest[len(chosen)]

    def all(self, chosen: list[Place], start: int, end: int) -> Iterator[tuple[Place, ...]]:
        """Every way to complete what is chosen, whose window is start to end."""
        if len(chosen) == len(self.groups):
            if self.complete(chosen):
                yield tuple(chosen)
            return
        group, widest = self.groups[len(chosen)], self.widest(chosen)
        lowest = end + 1 if self.ordered else 0 if widest is None else end - widest + 1
        for place in group[bisect_left(group, (lowest,)) :]:
            if widest is not None and place[0] - start >= widest:
                return
            self.spend(1)
            if self.fits(chosen, place):
                yield from self.all([*chosen, place], min(start, place[0]), max(end, place[1]))

    def minimal(self, found: Minimal, chosen: list[Place], start: int, end: int) -> None:
        """Add to `found` the completions of what is chosen whose window holds none found so far."""
        if len(chosen) == len(self.groups):
            if self.complete(chosen):
                found.add(combined(chosen))
            return
        for place in self.nearest(found, chosen, start, end):
            wider, longer = min(start, place[0]), max(end, place[1])
            if not found.inside(wider, longer) and self.fits(chosen, place):
                self.minimal(found, [*chosen, place], wider, longer)

    def nearest(self, found: Minimal, chosen: list[Place], start: int, end: int) -> Iterator[Place]:
        """The next group's places, outwards from the window, as long as a new minimal window can come of them."""
        group, widest = self.groups[len(chosen)], self.widest(chosen)
        middle = bisect_left(group, (end + 1 if self.ordered else start,))
        for place in group[middle:]:
            if found.inside(start, max(end, place[0])) or (widest is not None and place[0] - start >= widest):
                break
            self.spend(1)
            yield place
        if self.ordered:
            return
        for place in reversed(group[:middle]):
            if found.inside(place[0], end) or (widest is not None and end - place[0] >= widest):
                return
            self.spend(1)
            yield place


def join(
    groups: Sequence[list[Place]], n: int | None, spend: Spend, *, ordered: bool = False, apart: bool = True
) -> list[Place]:
    """Every combination of one place of each group with at most `n` (None: any number of) words outside of them all.

    `ordered`: each ends before the next begins. `apart`: no leaf word serves two.
    """
    search = _Join(groups, n, ordered, apart, spend)
    starts = ([place] for place in search.groups[0])
    found = (tuple(chosen) for first in starts for chosen in search.all(first, first[0][0], first[0][1]))
    return union([map(combined, found)])


def join_minimal(
    groups: Sequence[list[Place]], n: int | None, spend: Spend, *, ordered: bool = False, apart: bool = True
) -> list[Place]:
    """The combinations of `join` whose window holds no other one's."""
    search = _Join(groups, n, ordered, apart, spend)
    found = Minimal()
    for place in search.groups[0]:
        spend(1)
        if not found.inside(place[0], place[1]):
            search.minimal(found, [place], place[0], place[1])
    return found.places


def repeated(places: Sequence[Place], n: int, spend: Spend) -> list[Place]:
    """Every choice of `n` places that do not overlap, each as one place."""
    found: list[Place] = []
    open_choices: list[tuple[int, tuple[Place, ...]]] = [(0, ())]  # (where to go on, chosen)
    while open_choices:
        begin, chosen = open_choices.pop()
        if len(chosen) == n:
            found.append(combined(chosen))
            continue
        for at in range(begin, len(places)):
            spend(1)
            if not chosen or places[at][0] > chosen[-1][1]:
                open_choices.append((at + 1, (*chosen, places[at])))
    return union([found])


def repeated_minimal(places: Sequence[Place], n: int, spend: Spend) -> list[Place]:
    """The choices of `repeated` whose window holds no other one's; `places` are minimal already."""
    found = Minimal()
    for first in range(len(places)):
        chosen = [places[first]]
        for place in places[first + 1 :]:
            if len(chosen) == n:
                break
            spend(1)
            if place[0] > chosen[-1][1]:
                chosen.append(place)
        if len(chosen) == n:
            found.add(combined(chosen))
    return found.places
