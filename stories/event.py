"""Do two texts tell the same event in other words? The features of a telling, and how alike two are. Pure.

Titles of one event share little (Jaccard 0.12 to 0.50), so title and lead are looked for in the other's whole text, and
names, which paraphrases keep, weigh most. Against it speak names in both titles that the other text never mentions
(another guest, another country), weekdays without one in common, and time. The constants are set on one half of the
pairs in tests/gates/stories and judged on the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from stories.common import COUNTRY_WORDS
from stories.words import COMMON, NAME, NOUNS_CAPITAL, Term, terms, weekdays

TITLE, HEAD, NAMES = 0.25, 0.35, 0.40  # parts of the score, 1 in all
NAMELESS_TITLE, NAMELESS_HEAD = 0.40, 0.60  # where no names are seen: scripts without capitals
OTHER_NAMES = 0.35  # taken off when each title has a name the other text lacks, in proportion to the names not shared
ALIKE_BUT_NAMES = 0.3  # and as much more as the titles are alike but for those names: one phrase, two events
ONLY_NAMES = 0.10  # taken off when they share names and nothing else: the same people, not the same happening
OTHER_DAY = 0.12  # taken off when both name weekdays and share none
A_DAY_APART = 0.03  # taken off for each day between the two tellings
SAME_EVENT = 0.42  # from this score on: of the neighbours the nearest reaches .33, of the pairs the hardest .48
SAME_EVENT_NAMELESS = 0.48
COUNTRY = 0.5  # of a name: countries are shared by very many events
PRIOR = 1.0  # added to the names there are to share: one or two shared names prove little
FEWEST_TERMS = 6  # terms that title and lead must have: less says too little
TITLE_CASE = 0.6  # share of capitalised words from which a line's capitals say nothing

_COUNTRIES = frozenset(COUNTRY_WORDS.values())
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Features:
    """What a telling is compared by: weighted terms of its title, with its first paragraph (`opening`), with its lead
    (`head`), and of all its text; the names in its head with their weights, those in its title, the weekdays named, the
    language's primary tag.

    `finding` are the terms of the head by which it is worth looking at a story at all. `apart` is the share of its
    title that what matched beside it (else the first paragraph) does not say: little where the news itself is told,
    much where it is taken as known; 0 where the title stands alone. `beside` are the terms of all but the title.
    """

    title: Weights
    opening: Weights
    head: Weights
    body: Weights
    names: Weights
    title_names: frozenset[str]
    finding: frozenset[str]
    days: frozenset[int]
    language: str
    apart: float = 0.0
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two texts are (at most 1), and the score needed."""

    score: float
    needed: float

    @property
    def margin(self) -> float:
        """By how much it is enough (or, negative, too little) to call it the same event."""
        return self.score - self.needed


def features_of(title: str, lead: str, sentences: Iterable[str], language: str) -> Features:
    """The features of a telling: its title, its first paragraphs, and the sentences that matched."""
    language = primary(language)
    title_terms = _line_terms(title, language)
    first, *more = lead.split("\n")
    opening_terms = [*title_terms, *_line_terms(first, language)]
    head_terms = [*opening_terms, *(term for line in more for term in _line_terms(line, language))]
    matched_terms = [term for line in sentences if line != title for term in _line_terms(line, language)]
    body_terms = [*head_terms, *matched_terms]
    names = {term.key for term in body_terms if term.name}
    weights, head = _weights(title_terms, names), _weights(head_terms, names)
    beside = matched_terms or opening_terms[len(title_terms) :]
    said = {term.key: term.weight for term in beside or title_terms}  # alone, a title tells the news itself
    return Features(
        title=weights,
        opening=_weights(opening_terms, names),
        head=head,
        body=_weights(body_terms, names),
        names={key: COUNTRY if key in _COUNTRIES else 1.0 for key in head if key in names},
        title_names=frozenset(term.key for term in title_terms if term.key in names),
        finding=frozenset(key for key, weight in head.items() if weight > COMMON),
        days=weekdays("\n".join((title, lead, *sentences))),
        language=language,
        apart=1 - covered(weights, said),
        beside=frozenset(term.key for term in [*head_terms[len(title_terms) :], *matched_terms]),
    )


def likeness(a: Features, b: Features, apart: timedelta = timedelta(0)) -> Likeness:
    """How alike two tellings so far `apart` in time are; 0 when they are known to be in two languages, or too short."""
    if (a.language and b.language and a.language != b.language) or min(len(a.head), len(b.head)) < FEWEST_TERMS:
        return Likeness(0.0, SAME_EVENT)
    title = (covered(a.title, b.body) + covered(b.title, a.body)) / 2
    head = (covered(a.head, b.body) + covered(b.head, a.body)) / 2
    off = A_DAY_APART * (abs(apart) / timedelta(days=1))
    off += OTHER_DAY if a.days and b.days and not a.days & b.days else 0.0
    if not a.names or not b.names:
        return Likeness(NAMELESS_TITLE * title + NAMELESS_HEAD * head - off, SAME_EVENT_NAMELESS)
    names = max(covered(a.names, b.body, PRIOR), covered(b.names, a.body, PRIOR))
    if name_others(a, b):
        titles = (covered(a.title, b.title) + covered(b.title, a.title)) / 2
        off += OTHER_NAMES * (1 - names) + ALIKE_BUT_NAMES * titles
    if not (_words(a) & b.body.keys() or _words(b) & a.body.keys()):
        off += ONLY_NAMES
    return Likeness(TITLE * title + HEAD * head + NAMES * names - off, SAME_EVENT)


def name_others(a: Features, b: Features) -> bool:
    """Whether each title has a name that the other text never mentions: another guest, another river."""
    return bool(a.title_names - b.body.keys() and b.title_names - a.body.keys())


def shared_terms(a: Features, b: Features) -> list[str]:
    """What the head of `a` shares with the text of `b`, heaviest first: for people to see why."""
    return sorted(a.head.keys() & b.body.keys(), key=lambda key: (-a.head[key], key))


def _words(features: Features) -> frozenset[str]:
    """The terms of its head that are no names and no words of any news text."""
    return features.finding - features.names.keys()


def primary(language: str) -> str:
    """`en` of `en-GB` and `en_GB`."""
    return language.replace("_", "-").split("-")[0].lower()


def covered(part: Weights, whole: Weights, prior: float = 0.0) -> float:
    """The share of `part`, by weight, that `whole` has too."""
    total = sum(part.values()) + prior
    return sum(part[key] for key in part.keys() & whole.keys()) / total if total else 0.0


def _weights(found: Iterable[Term], names: set[str]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for term in found:
        weight = max(term.weight, NAME) if term.key in names else term.weight
        weights[term.key] = max(weight, weights.get(term.key, 0.0))
    return weights


def _line_terms(line: str, language: str) -> list[Term]:
    return terms(line, language, capitals=language in NOUNS_CAPITAL or not is_title_case(line))


def is_title_case(line: str) -> bool:
    """Whether a line is a headline That Is Written So: no full stop, most words of four letters capitalised."""
    if line.rstrip(" \"'”’)").endswith((".", "!", "。")):
        return False
    words = [word for word in line.split() if word[0].isalpha() and len(word) > 3]
    return sum(word[0].isupper() for word in words) > TITLE_CASE * len(words)
