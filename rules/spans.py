"""The places of a rule that holds: which are shown, in which sentence, and what they weigh."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from rules.document import FIELD_STRIDE, TOKEN_FIELDS, Document, Field
from rules.evaluate import Evaluation, Named
from rules.program import Node
from rules.tree import VALUE_FIELDS
from rules.windows import Place, combined, separate

MAX_SPANS = 20  # shown for one rule


@dataclass(frozen=True, slots=True)
class Leaf:
    """One word or phrase that a term matched. Offsets are characters in the stored text of the field."""

    field: str
    start: int
    end: int
    clause: str
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """One place that matched: its text, the sentence (or sentences) around it, and the leaves in it."""

    field: str
    start: int
    end: int
    text: str
    clause: str
    sentence: str
    sentence_start: int
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that matches. `score`, 0 to 1, grows with the places found; title counts double."""

    rule: str
    score: float
    spans: tuple[Span, ...]


def verify(rule: str, node: Node, evaluation: Evaluation) -> Match | None:
    """The rule's match in the article, or None. Raises TooCostly."""
    evaluation.begin()
    if not evaluation.holds(node):
        return None
    shown = _shown(evaluation.clauses(node))
    spans = tuple(span_of(evaluation.document, clause, place) for clause, place in shown)
    return Match(rule, _score(spans), spans)


def _shown(clauses: list[list[Named]]) -> list[Named]:
    """What is reported: at least one place of each clause, then leftmost first; overlapping places become one.

    Whole values (source:, lang: …) are shown only when there is nothing else to show.
    """
    by_clause = [_separate(places) for places in clauses]
    every = [named for places in by_clause for named in places]
    merged = _merged([named for named in every if named[1][0] < FIELD_STRIDE * TOKEN_FIELDS] or every)
    firsts = {places[0][1][0] for places in by_clause if places}
    needed = [named for named in merged if any(named[1][0] <= first <= named[1][1] for first in firsts)][:MAX_SPANS]
    spare = [named for named in merged if named not in needed][: MAX_SPANS - len(needed)]
    return sorted(needed + spare, key=lambda named: named[1][0])


def _separate(places: list[Named]) -> list[Named]:
    kept = set(separate(place for _, place in places))
    return [named for named in places if named[1] in kept]


def _merged(spans: list[Named]) -> list[Named]:
    """Overlapping places of several clauses as one, under the name of the widest."""
    groups: list[list[Named]] = []
    reach = -1
    for named in sorted(spans, key=lambda named: named[1]):
        if named[1][0] > reach:
            groups.append([])
        groups[-1].append(named)
        reach = max(reach, named[1][1])
    return [_one(group) for group in groups]


def _one(group: list[Named]) -> Named:
    widest, _ = max(group, key=lambda span: span[1][1] - span[1][0])
    return widest, combined([place for _, place in group])


def span_of(document: Document, clause: str, place: Place) -> Span:
    """A place of words as a place of characters, with its sentence."""
    part, first = document.place(place[0])
    last = document.place(place[1])[1]
    start, end = part.starts[first], part.ends[last]
    begin, finish = sentence_around(part, start, end)
    leaves = tuple(_leaf(document, *leaf) for leaf in place[2])
    return Span(part.name, start, end, part.text[start:end], clause, part.text[begin:finish], begin, leaves)


def _leaf(document: Document, first: int, last: int, clause: str) -> Leaf:
    part, word = document.place(first)
    start, end = part.starts[word], part.ends[word + last - first]
    return Leaf(part.name, start, end, clause, part.text[start:end])


def sentence_around(part: Field, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentence, or sentences, that hold a stretch of a field, without the blanks around."""
    if part.name in VALUE_FIELDS:
        return 0, len(part.text)
    begin = part.sentences[bisect_right(part.sentences, start) - 1]
    following = bisect_left(part.sentences, end)
    finish = part.sentences[following] if following < len(part.sentences) else len(part.text)
    while part.text[begin].isspace():
        begin += 1
    while part.text[finish - 1].isspace():
        finish -= 1
    return begin, finish


def _score(spans: Sequence[Span]) -> float:
    weight = sum(2.0 if span.field == "title" else 1.0 for span in spans)
    return round(1 - 1 / (1 + weight / 2), 3)
