"""Articles against rules: preselect by the index, verify exactly, and say where."""

from __future__ import annotations

import marshal
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol

import numpy as np

from core.reasons import Reason
from rules.document import FIELD_STRIDE, TOKEN_FIELDS, Document, primary
from rules.evaluate import BUDGET, Evaluation, TooCostly
from rules.index import Segment, compiled
from rules.packed import Broken, Sections, framed
from rules.program import Node, Program
from rules.spans import Match, verify
from rules.tree import Expr
from rules.vocabulary import Vocabulary

DEFAULT_LANGUAGE = "en"  # of the inflection when neither article, feed nor rule says one
_SMALL_SEGMENT = 128  # rules: while the newest segment is smaller, it is built anew when one more comes
_KEPT_NODES = 20_000  # rules of one segment whose nodes are kept: some 4 KB each


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
    """The feed an article came by, and the others that list it."""

    name: str
    tags: frozenset[str] = frozenset()
    also: tuple[FeedTag, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """What kept a rule from giving an answer."""

    rule: str
    reason: Reason
    error: str = ""  # what was raised, for RULE_FAILED


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one article. `skipped` says why the others did not match, when that was asked for.

    `troubles` is what went wrong on the way; of the rules in it, those in `answered` gave an answer in the end.
    """

    matches: tuple[Match, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    answered: frozenset[str] = frozenset()
    skipped: Mapping[str, Reason] = field(default_factory=dict)

    @property
    def undecided(self) -> tuple[Trouble, ...]:
        """The troubles of rules that gave no answer."""
        return tuple(one for one in self.troubles if one.rule not in self.answered)


@dataclass(frozen=True, slots=True)
class Presearch:
    """What the index says of an article read in one language: its evaluation at hand, and the rules to try."""

    language: str
    evaluation: Evaluation
    candidates: tuple[int, ...]  # numbers of rules, in order


class Matcher:
    """Rules ready to be tried on articles. Rules that are switched off are left out.

    A matcher does not change: `with_rules` gives another one, which shares all that stayed the same.
    """

    def __init__(self, rules: Iterable[Compiled]) -> None:
        rules = tuple(rules)
        self._disabled = tuple(rule.id for rule in rules if not rule.enabled)
        self._rules: list[Compiled | None] = [rule for rule in rules if rule.enabled]
        vocabulary = Vocabulary()
        self._program = Program(vocabulary)
        self._segments = [(0, compiled((rule.expr for rule in rules if rule.enabled), vocabulary))]
        self._languages = _ways_to_say(self._rules)

    def dump(self, languages: Iterable[str] = (), more: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
        """A compiled index of these rules, ready for texts in `languages`, for `load`. Not of one that was changed.

        `more` are sections that the caller wants in the file.
        """
        ((_, segment),) = self._segments
        ids = [rule.id for rule in self._rules if rule]
        rules = {"ids": marshal.dumps(ids), "vocabulary": self._program.vocabulary.dump(languages)}
        return framed({**rules, **segment.sections(), **more})

    @classmethod
    def load(cls, rules: Iterable[Compiled], file: memoryview) -> Matcher:
        """The matcher of these rules from their compiled index, without looking at their trees. Raises Broken.

        `file` has to stay as it is while the matcher is used. That it was made of these very rules is the caller's
        promise; only their ids are compared.
        """
        sections = Sections(file)
        made = cls(())
        made._rules = [rule for rule in rules if rule.enabled]
        made._disabled = tuple(rule.id for rule in rules if not rule.enabled)
        if sections.values("ids") != [rule.id for rule in made._rules if rule]:
            raise Broken("the compiled index is of other rules")
        made._program = Program(Vocabulary.load(sections.bytes("vocabulary")))
        made._segments = [(0, Segment.load(sections))]
        made._languages = _ways_to_say(made._rules)
        return made

    def with_rules(self, put: Iterable[Compiled] = (), gone: Collection[str] = ()) -> Matcher:
        """The matcher with these rules new or changed, and without those that are gone. A changed rule stands last."""
        put = tuple(put)
        out = {rule.id for rule in put} | set(gone)
        made = copy(self)
        kept = [rule if rule is None or rule.id not in out else None for rule in self._rules]
        made._segments = list(self._segments)
        if len(made._segments) > 1 and len(made._segments[-1][1]) < _SMALL_SEGMENT:
            begin, _ = made._segments.pop()
            put = (*(rule for rule in kept[begin:] if rule), *put)
            kept = kept[:begin]
        new = [rule for rule in put if rule.enabled]
        if new:
            made._segments.append((len(kept), compiled((rule.expr for rule in new), self._program.vocabulary)))
        made._rules = [*kept, *new]
        off = [rule.id for rule in put if not rule.enabled]
        made._disabled = (*(rule for rule in self._disabled if rule not in out), *off)
        made._languages = _ways_to_say(new) | self._languages
        return made

    @property
    def segments(self) -> int:
        """How many parts the index has: each costs every article some 50 µs."""
        return len(self._segments)

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
        for found in self.presearch(document, budget):
            for number in found.candidates:
                rule = self._rules[number]
                if rule is None or (only is not None and rule.id not in only) or refused(rule, document, feed):
                    continue
                if not document.language and inflection(document, rule.languages) != found.language:
                    continue
                try:
                    match = verify(rule.id, self.node(number), found.evaluation)
                except TooCostly:
                    troubles[number] = Trouble(rule.id, Reason.TOO_COSTLY)
                except Exception as error:
                    # a fault of ours that one rule lays open must not silence the others
                    troubles[number] = Trouble(rule.id, Reason.RULE_FAILED, f"{type(error).__name__}: {error}")
                else:
                    if match:
                        matches[number] = match
        verdict = Verdict(tuple(matches[at] for at in sorted(matches)), tuple(troubles[at] for at in sorted(troubles)))
        return self._explained(verdict, document, feed) if why else verdict

    def presearch(self, document: Document, budget: int = BUDGET) -> list[Presearch]:
        """The rules that may match the article, by the language it is read in: one, unless it leaves that to them."""
        languages = {inflection(document, one) for one in self._languages} if not document.language else None
        made = []
        for language in sorted(languages) if languages is not None else [document.language]:
            evaluation = Evaluation(document, hits(self._program, document, language), budget)
            present = np.fromiter(evaluation.hits, np.int32, len(evaluation.hits))
            numbers: list[int] = []
            for begin, segment in self._segments:
                numbers += (segment.candidates(present, evaluation.hits, document) + begin).tolist()
            made.append(Presearch(language, evaluation, tuple(numbers)))
        return made

    def node(self, number: int) -> Node:
        """The root of a rule, made of its packed tree when it is first asked for."""
        begin, segment = self._segments[bisect_right(self._segments, number, key=lambda one: one[0]) - 1]
        node = segment.nodes.get(number - begin)
        if node is None:
            if len(segment.nodes) >= _KEPT_NODES:
                segment.nodes.clear()
                self._program.forget()
            node = segment.nodes[number - begin] = self._program.node(segment.expr(number - begin))
        return node

    def _explained(self, verdict: Verdict, document: Document, feed: FeedTag | None) -> Verdict:
        answered = {match.rule for match in verdict.matches} | {trouble.rule for trouble in verdict.troubles}
        skipped = dict.fromkeys(self._disabled, Reason.RULE_DISABLED)
        for rule in self._rules:
            if rule is not None and rule.id not in answered:
                skipped[rule.id] = refused(rule, document, feed) or Reason.NO_MATCH
        return replace(verdict, skipped=skipped)


def _ways_to_say(rules: Iterable[Compiled | None]) -> frozenset[tuple[str, ...]]:
    """The sets of languages that rules name: few, however many rules there are."""
    return frozenset(tuple(rule.languages) for rule in rules if rule is not None)


def hits(program: Program, document: Document, language: str) -> dict[int, list[int]]:
    """Where the article has the words that rules look for, by the words' numbers in the vocabulary."""
    spellings = program.vocabulary.spellings(language)
    found: dict[int, list[int]] = {}
    for number, part in enumerate(document.fields[:TOKEN_FIELDS]):
        for at, words in enumerate([spellings[word] for word in part.words()], number * FIELD_STRIDE):
            for word in words:
                if word in found:
                    found[word].append(at)
                else:
                    found[word] = [at]
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
    if feed is None or any(takes_feed(rule.feeds, one.name, one.tags) for one in (feed, *feed.also)):
        return None
    return Reason.FEED_FILTER


def takes_feed(chosen: FeedFilter | None, name: str, tags: frozenset[str]) -> bool:
    """Whether a rule with these `feeds:` is tried on articles of such a feed."""
    if chosen is None:
        return True
    names = {name, *tags}
    wanted = bool(chosen.any or chosen.tags)
    fits = not names.isdisjoint(chosen.any) or not tags.isdisjoint(chosen.tags)
    return (fits or not wanted) and names.isdisjoint(chosen.none)
