"""One article against the nodes of a program: the exact answer, within a budget that is counted, not timed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations
from unicodedata import normalize

from rules.document import FIELD_STRIDE, Document, base
from rules.program import Node
from rules.tree import And, AnyOf, AtLeast, First, Near, NotNear, Or, Regex, Term, Unless, Value, Within
from rules.windows import (
    Leaf,
    Place,
    by_unit,
    gap,
    join,
    join_minimal,
    minimal,
    repeated,
    repeated_minimal,
    shares,
    union,
)

BUDGET = 50_000  # span operations for one rule on one article
_REGEX_CHARACTERS = 100  # characters a regex reads for the price of one span operation
Named = tuple[str, Place]
_Join = Callable[..., list[Place]]


class TooCostly(Exception):
    """The rule's budget for this article is used up."""


class Evaluation:
    """The answers for one article, kept by node, so that what rules share is worked out once.

    A kept answer is charged again at its full price: what a rule costs never depends on the other rules.
    """

    def __init__(self, document: Document, hits: dict[int, list[int]], budget: int = BUDGET) -> None:
        self.document = document
        self.hits = hits  # number of a word → its places
        self.budget = budget
        self.spent = 0
        self._places: dict[int, tuple[list[Place], int]] = {}
        self._minimal: dict[int, tuple[list[Place], int]] = {}
        self._make = {
            Term: self._term,
            Regex: self._regex,
            Value: self._value,
            Or: self._or,
            And: self._and,
            Near: self._near,
            NotNear: self._not_near,
            Unless: self._unless,
            Within: self._within,
            AtLeast: self._at_least,
            AnyOf: self._any_of,
            First: self._first,
        }

    def begin(self) -> None:
        """Start counting for the next rule."""
        self.spent = 0

    def spend(self, operations: int) -> None:
        """Count operations. Raises TooCostly beyond the budget."""
        self.spent += operations
        if self.spent > self.budget:
            raise TooCostly

    def holds(self, node: Node) -> bool:
        """Whether the article matches. Here, and only here, AND may join words of different fields."""
        if node.kind is And:
            return all(map(self.holds, node.parts)) and not any(map(self.holds, node.nots))
        if node.kind is Or:
            return any(map(self.holds, self._present(node)))
        return bool(self.minimal(node))

    def clauses(self, node: Node) -> list[list[Named]]:
        """What to show of an article that matches: for each clause that AND joins, its minimal places by name."""
        if node.kind is And:
            return [clause for part in node.parts for clause in self.clauses(part)]
        if node.kind is Or and any(_joins_articles(part) for part in node.others):
            return [clause for part in self._present(node) if self.holds(part) for clause in self.clauses(part)]
        names = {place: part.name for part in self._present(node) for place in self.minimal(part)}
        return [[(names.get(place, node.name), place) for place in self.minimal(node)]]

    def places(self, node: Node) -> list[Place]:
        """Every match of the node, sorted."""
        if node.number in self._places:
            places, price = self._places[node.number]
            self.spend(price)
            return places
        before = self.spent
        places = self._make[node.kind](node)
        self._places[node.number] = (places, self.spent - before)
        return places

    def minimal(self, node: Node) -> list[Place]:
        """The matches whose window holds no other match's: none exactly when `places` has none."""
        if node.number in self._minimal:
            places, price = self._minimal[node.number]
            self.spend(price)
            return places
        before = self.spent
        places = self._make_minimal(node)
        self._minimal[node.number] = (places, self.spent - before)
        return places

    def _make_minimal(self, node: Node) -> list[Place]:
        if node.kind is Term:  # as wide as one another, none holds another
            return self.places(node)
        if node.kind is Near:
            return join_minimal(self._groups(node.parts), node.n, self.spend, ordered=node.flag)
        if node.kind is Within:
            return self._within(node, join_minimal)
        if node.kind is AnyOf:
            return minimal(self._any_of(node, join_minimal))
        if node.kind is AtLeast:
            fields = by_unit(self.minimal(node.parts[0]), self._field).values()
            return [place for places in fields for place in repeated_minimal(places, node.n, self.spend)]
        if node.kind is Or:
            return minimal(place for part in self._present(node) for place in self.minimal(part))
        if node.kind is First:
            return self._first_of(node, self.minimal(node.parts[0]))
        return minimal(self.places(node))

    def _present(self, node: Node) -> list[Node]:
        """The parts of an OR that may match: a term whose word is nowhere in the article cannot. Else none."""
        there = self.hits.keys() & node.known
        return [*(part for word, part in node.terms if word in there), *node.others] if there else list(node.others)

    def _groups(self, parts: Iterable[Node]) -> list[list[Place]]:
        """The matches of each part; stops at the first that has none, since nothing can be joined then."""
        groups: list[list[Place]] = []
        for part in parts:
            groups.append(self.places(part))
            if not groups[-1]:
                return [[]]
        return groups

    # -- leaves

    def _term(self, node: Node) -> list[Place]:
        low, high = self.document.range_of(node.scope)
        found = phrase(node.words, self.hits) if len(node.words) > 1 else self.hits.get(node.words[0], ())
        more, name = len(node.words) - 1, node.name
        places: list[Place] = [
            (at, at + more, ((at, at + more, name),)) for at in found if low <= at < high - more
        ]  # fmt: skip
        self.spend(1 + len(places))
        return places

    def _regex(self, node: Node) -> list[Place]:
        low, high = self.document.range_of(node.scope)
        places: set[Place] = set()
        for number, field in enumerate(self.document.fields[:3]):
            start = number * FIELD_STRIDE
            if not low <= start < high:
                continue
            self.spend(1 + len(field.text) // _REGEX_CHARACTERS)
            for found in node.pattern.finditer(field.text):
                last = max(bisect_left(field.starts, found.end()) - 1, 0)
                # a match that touches no word, such as a question mark, stands with the word before it
                first = min(bisect_left(field.ends, found.start() + 1), last)
                if field.starts and start + last < high:
                    places.add((start + first, start + last, ((start + first, start + last, node.name),)))
        return sorted(places)

    def _value(self, node: Node) -> list[Place]:
        wanted = node.value
        field = next(field for field in self.document.fields if wanted is not None and field.name == wanted.field)
        at = base(field.name)
        leaf: Leaf = (at, at, node.name)
        return [(at, at, (leaf,))] if wanted is not None and value_matches(wanted, field.text) else []

    # -- operators

    def _or(self, node: Node) -> list[Place]:
        found = [places for part in self._present(node) if (places := self.places(part))]
        return found[0] if len(found) == 1 else union(found)

    def _and(self, node: Node) -> list[Place]:
        """Beside other operators a match of AND is one match of each part in one field."""
        if any(map(self.holds, node.nots)):
            return []
        return self._in_units(self._groups(node.parts), self._field, join, apart=False)

    def _near(self, node: Node) -> list[Place]:
        return join(self._groups(node.parts), node.n, self.spend, ordered=node.flag)

    def _not_near(self, node: Node) -> list[Place]:
        places = self.places(node.parts[0])
        others = self.places(node.parts[1]) if places else []
        self.spend(len(places) * len(others))
        return [
            place
            for place in places
            if not any(gap(place, other) <= node.n and not shares(place, other) for other in others)
        ]

    def _unless(self, node: Node) -> list[Place]:
        places = self.places(node.parts[0])
        masks = self.places(node.parts[1]) if places else []
        self.spend(len(places) * len(masks))
        return [place for place in places if not any(mask[0] <= place[0] and place[1] <= mask[1] for mask in masks)]

    def _within(self, node: Node, joined: _Join = join) -> list[Place]:
        unit = self.document.sentence_of if node.unit == "sentence" else self.document.paragraph_of
        return self._in_units(self._groups(node.parts), unit, joined)

    def _any_of(self, node: Node, joined: _Join = join) -> list[Place]:
        groups = [group for group in map(self.places, node.parts) if group]
        found = []
        for chosen in combinations(groups, node.n):
            self.spend(1)
            found.append(self._in_units(chosen, self._field, joined))
        return union(found)

    def _at_least(self, node: Node) -> list[Place]:
        fields = by_unit(self.places(node.parts[0]), self._field).values()
        return union(repeated(places, node.n, self.spend) for places in fields)

    def _first(self, node: Node) -> list[Place]:
        return self._first_of(node, self.places(node.parts[0]))

    def _first_of(self, node: Node, places: list[Place]) -> list[Place]:
        return [place for place in places if place[1] % FIELD_STRIDE < node.n]

    def _in_units(
        self, groups: Iterable[list[Place]], unit: Callable[[int], int], joined: _Join, *, apart: bool = True
    ) -> list[Place]:
        """The combinations that lie in one unit, unit by unit."""
        first, *rest = [by_unit(group, unit) for group in groups]
        shared = [one for one in first if all(one in units for units in rest)]
        return [
            place
            for one in sorted(shared)
            for place in joined([first[one], *(units[one] for units in rest)], None, self.spend, apart=apart)
        ]

    @staticmethod
    def _field(at: int) -> int:
        return at // FIELD_STRIDE


def phrase(words: Iterable[int], hits: Mapping[int, Sequence[int]]) -> list[int]:
    """Where words stand one after the other, in order; `hits` gives the places of each."""
    begins: set[int] | None = None
    for offset, word in enumerate(words):
        places = hits.get(word)
        if not places:
            return []
        if begins is None:
            begins = set(places)
        else:
            begins.intersection_update([at - offset for at in places])
            if not begins:
                return []
    return sorted(begins or ())


def plain_value(field: str, text: str) -> str:
    """A whole value as it is compared: without case, blanks as one; en_GB is en-GB."""
    folded = " ".join(normalize("NFKC", text).casefold().split())
    return folded.replace("_", "-") if field == "lang" else folded


def value_matches(wanted: Value, value: str) -> bool:
    """Whether a whole value is the one wanted, ignoring case; `lang:en` is also en-GB."""
    ours, theirs = plain_value(wanted.field, wanted.text), plain_value(wanted.field, value)
    if wanted.prefix:
        return theirs.startswith(ours)
    if wanted.field == "lang":
        return theirs == ours or theirs.startswith(f"{ours}-")
    return bool(theirs) and theirs == ours


def _joins_articles(node: Node) -> bool:
    return node.kind is And or (node.kind is Or and any(map(_joins_articles, node.others)))
