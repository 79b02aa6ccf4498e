"""Articles against rules: preselect by the index, verify exactly, and say where."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.reasons import Reason
from rules.document import FIELD_STRIDE, Document, Field, primary
from rules.evaluate import BUDGET, Evaluation, Named, TooCostly
from rules.index import Index
from rules.program import Node, Program
from rules.tree import VALUE_FIELDS, Expr
from rules.windows import Place, combined, separate

MAX_SPANS = 20  # shown for one rule
DEFAULT_LANGUAGE = "en"  # of the inflection when neither article, feed nor rule says one
_TOKEN_FIELDS = 3  # title, text, author: the fields that have words


class FeedFilter(Protocol):
    """Which feeds' articles a rule is tried on. Empty `any` and `tags` = all; `none` takes away."""

    @property
    def any(self) -> Sequence[str]:
        """Names or tags of feeds, one of which must fit."""

    @property
    def none(self) -> Sequence[str]:
        """Names or tags of feeds, none of which may fit."""

    @property
    def tags(self) -> Sequence[str]:
        """Tags, one of which the feed must have."""


class Compiled(Protocol):
    """What the matcher needs of a rule."""

    @property
    def id(self) -> str:
        """The rule's identity."""

    @property
    def expr(self) -> Expr:
        """What `parse` made of it."""

    @property
    def enabled(self) -> bool:
        """Whether it is tried."""

    @property
    def languages(self) -> Sequence[str]:
        """Languages of the articles it is tried on; empty = all."""

    @property
    def feeds(self) -> FeedFilter | None:
        """Feeds whose articles it is tried on; None = all."""


@dataclass(frozen=True, slots=True)
class FeedTag:
    """The feed an article came by."""

    name: str
    tags: frozenset[str] = frozenset()


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


@dataclass(frozen=True, slots=True)
class Trouble:
    """A rule that gave no answer, and why."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one article. `skipped` says why the others did not match, when that was asked for."""

    matches: tuple[Match, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    skipped: Mapping[str, Reason] = field(default_factory=dict)


class Matcher:
    """Rules ready to be tried on articles. Rules that are switched off are left out."""

    def __init__(self, rules: Iterable[Compiled]) -> None:
        self._program = Program()
        self._index = Index(self._program)
        self._rules: list[tuple[Compiled, Node]] = []
        self._disabled: list[str] = []
        for rule in rules:
            if rule.enabled:
                self._add(rule)
            else:
                self._disabled.append(rule.id)

    def _add(self, rule: Compiled) -> None:
        self._index.add(len(self._rules), rule.expr)
        self._rules.append((rule, self._program.node(rule.expr)))

    def match(
        self,
        document: Document,
        *,
        feed: FeedTag | None = None,
        only: Collection[str] | None = None,
        budget: int = BUDGET,
        why: bool = False,
    ) -> Verdict:
        """What the rules (or `only` those) say of the article, in the order of the rules.

        `feed` None: no feed filter applies. `budget`: span operations a rule may take. `why`: fill `skipped`.
        """
        matches: dict[int, Match] = {}
        troubles: dict[int, Trouble] = {}
        for language in self._languages(document):
            evaluation = Evaluation(document, hits(self._program, document, language), budget)
            for number in self._index.candidates(evaluation.hits.keys(), document):
                rule, node = self._rules[number]
                if (only is not None and rule.id not in only) or inflection(document, rule.languages) != language:
                    continue
                if refused(rule, document, feed):
                    continue
                try:
                    match = verify(rule.id, node, evaluation)
                except TooCostly:
                    troubles[number] = Trouble(rule.id, Reason.TOO_COSTLY)
                else:
                    if match:
                        matches[number] = match
        found = Verdict(tuple(matches[at] for at in sorted(matches)), tuple(troubles[at] for at in sorted(troubles)))
        return self._explained(found, document, feed) if why else found

    def _languages(self, document: Document) -> list[str]:
        """The languages in which the article has to be read: one, unless it leaves the choice to the rules."""
        if document.language:
            return [document.language]
        return sorted({inflection(document, rule.languages) for rule, _ in self._rules})

    def _explained(self, verdict: Verdict, document: Document, feed: FeedTag | None) -> Verdict:
        answered = {match.rule for match in verdict.matches} | {trouble.rule for trouble in verdict.troubles}
        skipped = dict.fromkeys(self._disabled, Reason.RULE_DISABLED)
        for rule, _ in self._rules:
            if rule.id not in answered:
                skipped[rule.id] = refused(rule, document, feed) or Reason.NO_MATCH
        return Verdict(verdict.matches, verdict.troubles, skipped)


def hits(program: Program, document: Document, language: str) -> dict[int, list[int]]:
    """Where the article has the words that rules look for, by the words' numbers in the vocabulary."""
    spellings = program.vocabulary.spellings(language)
    found: dict[int, list[int]] = {}
    for number, part in enumerate(document.fields[:_TOKEN_FIELDS]):
        for at, words in enumerate(map(spellings.__getitem__, part.words()), number * FIELD_STRIDE):
            for word in words:
                found.setdefault(word, []).append(at)
    return found


def inflection(document: Document, languages: Sequence[str]) -> str:
    """The language whose inflection applies: the article's, else the rule's."""
    if document.language:
        return document.language
    known = [primary(language) for language in languages]
    if document.guess in known or not known:
        return document.guess or DEFAULT_LANGUAGE
    return known[0]


def refused(rule: Compiled, document: Document, feed: FeedTag | None) -> Reason | None:
    """Why the rule is not tried on this article at all; None when it is."""
    if rule.languages and document.language and document.language not in map(primary, rule.languages):
        return Reason.LANGUAGE
    if rule.feeds is None or feed is None:
        return None
    names = {feed.name, *feed.tags}
    wanted = bool(rule.feeds.any or rule.feeds.tags)
    fits = not names.isdisjoint(rule.feeds.any) or not feed.tags.isdisjoint(rule.feeds.tags)
    return Reason.FEED_FILTER if (wanted and not fits) or not names.isdisjoint(rule.feeds.none) else None


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
    merged = _merged([named for named in every if named[1][0] < FIELD_STRIDE * _TOKEN_FIELDS] or every)
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
