"""What are two texts to one another that share sentences: copies, one form filled in twice, or other news? Pure.

A copy or light rewrite has the other's sentences and its opening. What a house writes below all its texts makes no
copy, nor does a form that an agency fills in for each event: warnings for two rivers, recalls, daily reports.
"""

from __future__ import annotations

from dataclasses import dataclass

from stories.event import Features, covered
from stories.facts import of_other_days
from stories.fingerprint import COPY, FEWEST_SHARED, containment
from stories.numbers import identifiers
from stories.telling import Telling
from stories.words import CAPLESS, NOUNS_CAPITAL

COPY_SAME_SOURCE = 0.6  # a source reuses its own sentences: from it, only so much makes a copy
SAME_OPENING = 0.5  # of one in the other: releases of one house have .3 and less, copies .9 and more
ONE_FORM = 0.6  # share of each head in the other, but for what each title names, from which they are one form
ONE_TEXT = 0.9  # share of each head in the other from which two short texts are one, when their numbers agree


@dataclass(frozen=True, slots=True)
class Kinship:
    """What a text is to another that shares sentences with it.

    `copied` is the share of the shorter that is in the other, 0 where it is what stands `below` their openings; `copy`
    whether it is enough. `form`: they are one form, filled in for two events, whatever they share.
    """

    copied: float
    copy: bool
    below: bool
    form: bool


def share_sentences(a: Telling, b: Telling) -> bool:
    """Whether it is worth asking what they are to one another."""
    return not a.shingles.isdisjoint(b.shingles) and len(a.shingles & b.shingles) >= FEWEST_SHARED


def kinship(a: Telling, b: Telling) -> Kinship:
    """What `a` is to `b`."""
    share = containment(a.shingles, b.shingles)
    opened = share > 0 and _openings_meet(a.features, b.features)
    filled = _are_filled(a, b)
    enough = COPY_SAME_SOURCE if filled or (a.source and a.source == b.source) else COPY
    return Kinship(
        copied=share if opened else 0.0,
        copy=opened and share >= enough,
        below=not opened and share >= COPY,
        form=filled and _is_refilled(a, b),
    )


def is_copy(telling: Telling, other: Telling) -> bool:
    """Whether it says nothing that the other text of its story does not say."""
    share = containment(telling.shingles, other.shingles)
    copied = share >= COPY and _openings_meet(telling.features, other.features)
    return copied or same_words(telling.features, other.features)


def same_words(a: Features, b: Features) -> bool:
    """Whether two heads are one text but for a word: how copies too short for shingles are known."""
    return _numbers(a) == _numbers(b) and min(covered(a.head, b.head), covered(b.head, a.head)) >= ONE_TEXT


def _openings_meet(a: Features, b: Features) -> bool:
    """Whether much of one title and first paragraph is in the other text's head and matched sentences."""
    return max(covered(a.opening, b.body), covered(b.opening, a.body)) >= SAME_OPENING


def _are_filled(a: Telling, b: Telling) -> bool:
    """Whether each title has a name that its own text goes on with and the other's never mentions, or days or
    identifiers of its own. Numbers are corrected, and say nothing; a headline that was edited alone has no such name.
    """
    filled = _fillings(a.features, b.features) and _fillings(b.features, a.features)
    return bool(filled) or of_other_days(a.facts, b.facts) or _is_numbered_otherwise(a, b)


def _is_refilled(a: Telling, b: Telling) -> bool:
    """Whether their heads are one but for what each title names: who writes a head anew changes more."""
    one, other = a.features, b.features
    return min(_form(one, _fillings(one, other), other), _form(other, _fillings(other, one), one)) >= ONE_FORM


def _fillings(a: Features, b: Features) -> set[str]:
    """What the title of `a` names, where no capitals show names any words of it."""
    found = {key for key in (a.title.keys() & a.beside) - b.body.keys() if not key[:1].isdigit()}
    shown = a.language not in CAPLESS | NOUNS_CAPITAL and (a.names or b.names)
    return found & (a.names.keys() | b.names.keys()) if shown else found


def _form(a: Features, fillings: set[str], b: Features) -> float:
    """The share of a head, but for its fillings and numbers, that the other head has."""
    form = {key: a.head[key] for key in a.head.keys() - fillings if not key[:1].isdigit()}
    return covered(form, b.head)


def _is_numbered_otherwise(a: Telling, b: Telling) -> bool:
    """Whether each title has an identifier that the other text does not have."""
    mine, theirs = identifiers(a.title), identifiers(b.title)
    return bool(mine - identifiers(f"{b.title}\n{b.lead}") and theirs - identifiers(f"{a.title}\n{a.lead}"))


def _numbers(features: Features) -> set[str]:
    return {key for key in features.head if key[:1].isdigit()}
