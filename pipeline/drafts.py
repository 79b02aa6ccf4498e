"""A rule while it is written: what is wrong with it, what it finds among the stored articles, what it nearly finds.

Nothing of it is stored. `in_worker.py` has these run in processes that can be killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from statistics import median
from time import perf_counter
from typing import Any

from core.errors import ConfigError, InputError, Problem
from extractors.language import language_of
from pipeline.costly import decided
from pipeline.match import article_text, feed_tag
from pipeline.near import near_misses
from pipeline.preview import Found, found
from pipeline.search import loaded
from pipeline.story import sentences
from pipeline.trying import Explained, explained
from rules import lookup, reach, widen
from rules.config import Rule, Watch, load
from rules.document import Document, analyse
from rules.examples import check_examples
from rules.explain import NearMiss
from rules.match import Matcher
from rules.parts import Put, put, set_text
from rules.problems import item
from rules.slim import slim
from rules.spans import Span
from rules.tokens import words
from rules.yamltext import parse, values
from storage import articles
from storage import lookup as stored
from storage.engine import Database
from stories.common import ANY_STOP, WEAK

FILE = "the rule"  # what messages call the part
MATCHES, MISSES = 20, 10  # shown
MOST, MOST_NEAR = 1_500, 300  # articles looked at: some milliseconds each
MEASURED = 20  # articles that a rule's cost is measured on
WORDS = 3  # offered for one near miss
SHORTEST = 4  # letters of a word that is offered, in scripts that need several


@dataclass(frozen=True, slots=True)
class Example:
    """One of the rule's examples: whether it is one to match, and, when it is not as it should be, why."""

    text: str
    wanted: bool
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of a draft. `problems` and `warnings` have places in it; `elsewhere` lies in other rules.

    `text`: a watch file with all that it needs, "" when it could not be put there. `good`: it could be saved.
    """

    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    elsewhere: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    explained: Explained | None = None
    text: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.problems or self.elsewhere)

    @property
    def runs(self) -> bool:
        """Whether the rule can be tried: nothing is wrong but perhaps its examples."""
        return self.explained is not None


def checked(text: str, rule_id: str, written: str) -> Checked:
    """What `wirewatch check` would say of the watch file with this rule, as far as the rule is concerned."""
    try:
        made = put(slim(text, rule_id, written), ("rules", rule_id), written, file=FILE)
    except ConfigError as error:
        return Checked(problems=error.problems)
    except InputError as error:
        return Checked(problems=(Problem(error.message, 1, 1, error.hint),))
    try:
        watch = load(made.text, file=FILE, env=None)
    except ConfigError as error:
        own, elsewhere = _sorted(made, error.problems)
        return Checked(problems=own, elsewhere=elsewhere, text=made.text)
    rule = watch.rule(rule_id)
    if rule is None:
        raise AssertionError(f"{rule_id} was put into the file and is not in it")
    alone = replace(watch, rules=(rule,))
    own, _ = _sorted(made, check_examples(alone, language_of))
    warnings, _ = _sorted(made, reach.warnings(alone))
    return Checked(own, warnings, (), _examples(rule, own), explained(replace(rule, enabled=True)), made.text)


def _sorted(made: Put, problems: Sequence[Problem]) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    own = [(made.own(one), one) for one in problems]
    return tuple(mine for mine, _ in own if mine), tuple(_elsewhere(one) for mine, one in own if not mine)


def _elsewhere(one: Problem) -> str:
    """A problem of another part: by name, since the lines are those of a file that was perhaps cut."""
    where = f"{one.item}: " if one.item else ""
    return f"{where}{one.message}" + (f"\n    {one.hint}" if one.hint else "")


def _examples(rule: Rule, problems: Sequence[Problem]) -> tuple[Example, ...]:
    wrong = {one.item: one.hint or one.message for one in problems}
    kinds = (("match", rule.examples.match), ("ignore", rule.examples.ignore))
    return tuple(
        Example(text, kind == "match", wrong.get(item(("rules", rule.id, "examples", kind, index)), ""))
        for kind, texts in kinds
        for index, text in enumerate(texts)
    )


@dataclass(frozen=True, slots=True)
class Shown:
    """A stored article that the draft matches, with its sentences as a hit keeps them."""

    article: Found
    language: str
    passages: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a draft matches, newest first. `micros`: of matching alone, a usual article; 0 when none was looked at.

    Of `articles` there are since then, `offered` could match, and `looked_at` were tried: all, unless enough was found.
    `too_costly`: tried articles that need more work than the rule's budget allows, or on which it fails.
    """

    articles: int
    offered: int
    looked_at: int
    shown: tuple[Shown, ...]
    micros: float
    too_costly: int = 0


def matches(db: Database, rule: Rule, *, since: datetime, limit: int = MATCHES, most: int = MOST) -> Matches:
    """The newest stored articles that a rule matches, switched on or not."""
    matcher = Matcher([replace(rule, enabled=True)])
    query, version = lookup.query(rule.expr), lookup.version()
    offered = db.read_now(lambda session: stored.ids(session, query, version, since=since, matched=True))
    shown: list[Shown] = []
    looked_at, too_costly, spent = 0, 0, list[float]()
    for article, feed, also in loaded(db, offered[::-1][:most]):
        document = analyse(article_text(article, feed))
        verdict = decided(matcher, document, feed_tag(feed, also))
        looked_at += 1
        too_costly += bool(verdict.troubles)
        if looked_at <= MEASURED:
            spent.append(_micros(matcher, document))
        for match in verdict.matches:
            shown.append(Shown(found(article), document.language, tuple(sentences(match.spans))))
        if len(shown) >= limit:
            break
    everything = db.read_now(lambda session: stored.count(session, since=since, matched=True))
    return Matches(everything, len(offered), looked_at, tuple(shown), median(spent or [0.0]), too_costly)


def costs(db: Database, rules: Sequence[Rule], *, most: int = MEASURED) -> dict[str, float]:
    """Rule id → microseconds of matching one article, over the newest ones; empty while there are none."""
    newest = db.read_now(lambda session: [one.id or 0 for one in articles.recent(session, limit=most)])
    documents = [analyse(article_text(article, feed)) for article, feed, _ in loaded(db, newest)]
    found: dict[str, float] = {}
    for rule in rules if documents else ():
        matcher = Matcher([replace(rule, enabled=True, languages=())])
        matcher.match(documents[0])  # what is made once is not what an article costs
        found[rule.id] = median(_micros(matcher, document) for document in documents)
    return found


def _micros(matcher: Matcher, document: Document) -> float:
    begun = perf_counter()
    matcher.match(document)
    return (perf_counter() - begun) * 1e6


@dataclass(frozen=True, slots=True)
class Miss:
    """A near miss, and what would make it a match: one of these words beside the clause, or a limit of so many."""

    article: Found
    failed: str
    miss: str
    words: tuple[str, ...] = ()
    limit: int = 0


def misses(db: Database, watch: Watch, rule: Rule, *, since: datetime, limit: int = MISSES) -> tuple[Miss, ...]:
    """The newest near misses of a rule."""
    near = near_misses(db, rule, since=since, limit=limit, most=MOST_NEAR).misses
    offers = offered_words([miss for _, miss in near])
    return tuple(
        Miss(
            article,
            miss.failed,
            miss.miss,
            offer if widen.can_take_word(rule.text, miss.failed, watch.names) else (),
            miss.needs,
        )
        for (article, miss), offer in zip(near, offers, strict=True)
    )


def offered_words(near: Sequence[NearMiss]) -> list[tuple[str, ...]]:
    """Words that could stand beside each clause that failed: those around the other clauses' words.

    First the ones that several near misses of the same clause have, then by how near they stand. None where a wider
    limit would do.
    """
    around = [[] if miss.needs else list(_around(miss.there)) for miss in near]
    shared = Counter((miss.failed, word) for miss, some in zip(near, around, strict=True) for word in set(some))
    offers = []
    for miss, near_by in zip(near, around, strict=True):
        order = {word: place for place, word in reversed(list(enumerate(near_by)))}
        best = sorted(order, key=lambda word: (-shared[miss.failed, word], order[word]))
        offers.append(tuple(best[:WORDS]))
    return offers


def _around(places: Sequence[Span]) -> Iterator[str]:
    """The words that mean something in the sentences of these places, those that stand nearest to one first."""
    known = {word.casefold() for place in places for word in words(place.text)}
    found: list[tuple[int, str]] = []
    for place in places:
        at = place.start - place.sentence_start
        before = words(place.sentence[:at])[::-1]
        after = words(place.sentence[at + len(place.text) :])
        found += [(distance, word) for side in (after, before) for distance, word in enumerate(side)]
    for _, word in sorted(found, key=lambda one: one[0]):
        plain = word.casefold()
        if plain not in known and plain not in ANY_STOP and plain not in WEAK and _says_something(plain):
            yield plain


def _says_something(word: str) -> bool:
    return word.isalpha() and (len(word) >= SHORTEST or not word.isascii())


def widened(text: str, rule_id: str, written: str, *, clause: str, word: str = "", limit: int = 0) -> str:
    """The draft with a word beside a clause, or with the clause's limit changed. Raises InputError."""
    watch = load(put(slim(text, rule_id, written), ("rules", rule_id), written, file=FILE).text, file=FILE, env=None)
    rule = values(parse(written, FILE).root)["match"]
    change = (
        widen.with_word(rule, clause, word, watch.names) if word else widen.with_limit(rule, clause, limit, watch.names)
    )
    return set_text(written, ("match",), change, file=FILE)


def starter(rule_ids: Collection[str]) -> tuple[str, str]:
    """An id that is free, and the lines of a first rule."""
    numbers = ("", *(f"-{number}" for number in range(2, len(rule_ids) + 3)))
    free = next(f"new-rule{number}" for number in numbers if f"new-rule{number}" not in rule_ids)
    return free, STARTER


STARTER = """\
title: What happens
match: |
  near/10(ferry OR boat, sink OR capsize)
examples:              # tried each time the rule is checked
  match:
    - A ferry with 40 people on board capsized off the coast on Friday.
  ignore:
    - The ferry was late on Friday.
# languages: [en]
# alert: {to: [desk-mail], first: 2}
"""
