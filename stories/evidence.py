"""What speaks for and against a telling's being of a story's event. Pure.

Kinds of evidence are added up, each with its weight: the same place, day, names, numbers and things, or others; a title
that has a party of its own; another day, and whether the story's day is spoken of beside it; words (stories/event.py)
where both are in one language; the time between them; a title that takes the news as known, and whether the story has
several texts to be like. A name, place or thing that many open stories have says less.
The weights are those of a logistic regression over the topics in tests/gates/events/tune and the first half of the
pairs in tests/gates/stories (tools/weigh.py). Kinds were kept when they helped topics that were left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from stories.event import Features, likeness
from stories.facts import Facts, Names
from stories.numbers import LONG
from stories.sounds import plain
from stories.words import CAPLESS

WEIGHTS = {
    "any": -0.44,
    "one language": -0.39,
    "no capitals": -0.3,
    "words": 0.37,
    "like words": 0.4,
    "names": 0.29,
    "key names": 0.74,
    "other names": -0.62,
    "another in the title": -0.99,
    "numbers": 1.3,
    "other measures": -0.19,
    "places": 1.33,
    "several places": 0.69,
    "elsewhere": -0.71,
    "another place each": -0.73,
    "only place and day": -1.05,
    "things": 0.81,
    "other things": -0.68,
    "another one": -0.51,
    "not another one": -0.11,
    "day": 1.77,
    "day perhaps": 0.48,
    "no day": 0.69,
    "day before": -0.31,
    "next day": -0.58,
    "later day": -0.48,
    "earlier day": -0.75,
    "told then": -0.29,
    "time": -1.7,
    "time, its day": 0.04,
    "time, its day mentioned": -1.04,
    "time, another day": -1.91,
    "time, no day": -0.35,
    "title apart": 1.69,
    "several texts": -0.66,
}
NEEDED = 1.0  # weight from which a telling belongs to a story
NEEDED_LIKE = 0.6  # where the words are alike
NOTHING = -1.0  # the most that a telling weighs that shares neither name, number, place nor words with a story
MOST_WORDS = 0.3  # of likeness above or below what is needed
MOST_NAMES, MOST_NUMBERS = 4, 2.0  # that count
HALF_APART = 0.5  # share of a title from which it takes the news as known rather than telling it
TWO_BEST_FROM = 3  # texts from which a story must be met by two, in words: a long chain of likenesses drifts
ANOTHER_DAY = frozenset({"day before", "next day", "later day", "earlier day", "time, its day mentioned"})
ANOTHER = ANOTHER_DAY | {"another one"}
HALF_A_DAY, A_DAY = timedelta(hours=12), timedelta(days=1)  # within half a day, time says nothing

SHOWN = 5  # names and numbers shared that people are shown
_FOR = {
    "places": "the place",
    "several places": "several places",
    "day": "the day",
    "day perhaps": "the day, it seems",
    "words": "words",
    "things": "what it is about",
    "title apart": "a title that takes it as known",
}
_AGAINST = {
    "only place and day": "no name or number is shared",
    "other names": "each names others",
    "another in the title": "each title has a name of its own",
    "other measures": "each has other measures",
    "other things": "each is about something else",
    "elsewhere": "it is elsewhere",
    "another place each": "each has a place of its own",
    "another one": "it tells of another, or a second one",
    "day before": "its day was the day before",
    "next day": "it tells of the next day",
    "later day": "it tells of a later day",
    "earlier day": "it tells of an earlier day",
    "time": "time has passed",
    "time, its day": "time has passed",
    "time, its day mentioned": "time has passed",
    "time, another day": "time has passed",
    "time, no day": "time has passed",
    "words": "the words are others",
    "title apart": "its title tells it as new",
    "several texts": "a story of several texts is easily like others",
}

_WORDS = re.compile(r"[^\W_]+")

Told = tuple[Features, Facts]
Spread = Mapping[str, int]  # what a telling says (`Facts.finding`) → how many open stories say it, too
ALONE: Spread = {}  # no other story is open


@dataclass(frozen=True, slots=True)
class Weighed:
    """What was found, by kind, and how much it weighs in all."""

    found: dict[str, float]
    total: float

    @property
    def needed(self) -> float:
        """The weight from which it is one event: less where the words are alike, and nothing tells of another."""
        alike = "like words" in self.found and not ANOTHER & self.found.keys()
        return NEEDED_LIKE if alike else NEEDED

    @property
    def margin(self) -> float:
        """By how much it weighs enough (or, negative, too little)."""
        return self.total - self.needed

    @property
    def score(self) -> float:
        """The weight as a chance, 0 to 1."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.total))))


@dataclass(frozen=True, slots=True)
class _All:
    """What the texts of a story say together."""

    words: frozenset[str]
    sounds: frozenset[str]
    focus: frozenset[str]
    places: frozenset[str]
    things: frozenset[str]


def worded(weighed: Weighed, *, against: bool = False) -> list[str]:
    """The reasons in words, heaviest first: what speaks for one event beside names and numbers, or against it."""
    names, sign = (_AGAINST, -1) if against else (_FOR, 1)
    weights = {kind: sign * WEIGHTS[kind] * weighed.found.get(kind, 0.0) for kind in names}
    reasons = [names[kind] for kind, weight in sorted(weights.items(), key=lambda one: -one[1]) if weight > 0]
    return list(dict.fromkeys(reasons))


def measured(weighed: Weighed) -> str:
    """The weight, and what is needed, for people."""
    return f"({weighed.total:+.1f}, needed {weighed.needed:+.1f})"


def shared(mine: Facts, told: Sequence[Facts], text: str) -> list[str]:
    """The names, as `text` writes them, and the numbers that a telling shares with a story: a few."""
    words, sounds = _any(facts.words for facts in told), _any(facts.sounds for facts in told)
    spelt = {plain(word): word for word in reversed(_WORDS.findall(text))}
    names = _known(mine.names, words, sounds)
    numbers = (number for number in mine.numbers if any(number in facts.numbers for facts in told))
    return [*sorted(spelt.get(name, name) for name in names)[:SHOWN], *sorted(numbers)[:SHOWN]]


def weigh(telling: Told, story: Sequence[Told], spread: Spread = ALONE) -> Weighed:
    """The evidence for `telling` being of the event that the texts of `story` tell (the earliest first)."""
    if telling[1].at < story[0][1].at:
        telling, story = story[0], [telling]
    found = evidence(telling, story, spread)
    total = sum(WEIGHTS[kind] * much for kind, much in found.items())
    return Weighed(found, total if _in_common(found) else min(total, NOTHING))


def _in_common(found: Mapping[str, float]) -> bool:
    """Whether they share anything of their own: that one day has two events of a rule says nothing."""
    if found.get("numbers", 0.0) >= LONG / MOST_NUMBERS:
        return True
    return any(found.get(kind, 0.0) > 0 for kind in ("names", "places", "words"))


def evidence(telling: Told, story: Sequence[Told], spread: Spread = ALONE) -> dict[str, float]:
    """How much there is of each kind of evidence, mostly 0 to 1."""
    mine = telling[1]
    told = [facts for _, facts in story]
    every = _All(
        words=_any(facts.words for facts in told),
        sounds=_any(facts.sounds for facts in told),
        focus=_any(facts.focus for facts in told),
        places=_any(facts.places for facts in told),
        things=_any(facts.things for facts in told),
    )
    found = {
        "any": 1.0,
        "title apart": telling[0].apart - HALF_APART,
        "several texts": float(len(told) > 1),
        "no capitals": float(mine.language in CAPLESS or all(facts.language in CAPLESS for facts in told)),
        "time": _days_past(told[-1], mine),
        **_of_words(telling, story),
        **_of_names(mine, told, every, spread),
        **_of_numbers(mine, told, spread),
        **_of_places(mine, told, every, spread),
        **_of_things(mine, told, every, spread),
        **_of_days(mine, told),
    }
    if found.get("words", -1.0) >= 0:
        found["like words"] = 1.0
        found.pop("another in the title", None)  # weighed among the words already, and time, too
        if not ANOTHER_DAY & found.keys():
            found = {kind: much for kind, much in found.items() if not kind.startswith("time")}
    elif not found["names"] and not found["numbers"]:
        found["only place and day"] = 1.0
    return found


def _any(sets: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*sets)


def _days_past(first: Facts, then: Facts) -> float:
    """The time between two tellings in days, but for the first half of one; at most 1."""
    return min(1.0, max(0.0, (then.at - first.at - HALF_A_DAY) / A_DAY))


def _rare(key: str, spread: Spread) -> float:
    """What sharing something is worth that so many open stories have: 1 where it is one's alone."""
    return 1 / max(1, spread.get(key, 1))


def _enough(worth: float) -> float:
    """0 to 1: the first thing shared counts most."""
    return 1 - math.exp(-worth)


def _of_words(telling: Told, story: Sequence[Told]) -> dict[str, float]:
    features, mine = telling
    margins = (
        likeness(features, other, mine.at - facts.at).margin
        for other, facts in story
        if mine.language == facts.language or not mine.language or not facts.language
    )
    if not (alike := sorted(margins, reverse=True)[:2]):
        return {}
    best = sum(alike) / 2 if len(story) >= TWO_BEST_FROM and len(alike) > 1 else alike[0]
    return {"one language": 1.0, "words": max(-MOST_WORDS, min(MOST_WORDS, best))}


def _of_names(mine: Facts, told: list[Facts], every: _All, spread: Spread) -> dict[str, float]:
    keys = frozenset(name for facts in told for name in facts.key)
    heard = frozenset(sound for facts in told for sound in facts.key.values() if sound)
    found = {
        "names": _enough(_worth(mine, _known(mine.names, every.words, every.sounds), spread)),
        "key names": _enough(_worth(mine, _known(mine.key, keys, heard), spread)),
    }
    spelt = [facts for facts in told if facts.language not in CAPLESS]
    if mine.language in CAPLESS or not spelt:
        return found
    shared = len(_known(mine.key, every.words, every.sounds))
    theirs = min(_lacking(facts.key, mine.words, mine.sounds) for facts in spelt)
    both = min(len(mine.key) - shared, theirs, MOST_NAMES)
    found["other names"] = both / (both + shared + 1)
    if _lacking(mine.title, every.words, every.sounds) or (every.places and mine.title_places - every.places):
        alone = (
            _lacking(facts.title, mine.words, mine.sounds) or (mine.places and facts.title_places - mine.places)
            for facts in spelt
        )
        found["another in the title"] = float(all(alone))
    return found


def _worth(mine: Facts, names: list[str], spread: Spread) -> float:
    return sum(_rare(f"~{mine.names.get(name) or name}", spread) for name in names)


def _known(names: Names, words: frozenset[str], sounds: frozenset[str]) -> list[str]:
    """The names that are written or heard there."""
    return [name for name, heard in names.items() if name in words or (heard and heard in sounds)]


def _lacking(names: Names, words: frozenset[str], sounds: frozenset[str]) -> int:
    return len(names) - len(_known(names, words, sounds))


def _of_numbers(mine: Facts, told: list[Facts], spread: Spread) -> dict[str, float]:
    same = sum(
        much * _rare(f"#{number}", spread)
        for number, much in mine.numbers.items()
        if any(number in facts.numbers for facts in told)
    )
    measures = _any(facts.measures for facts in told)
    others = bool(mine.measures and measures and not mine.measures & measures)
    return {"numbers": min(same, MOST_NUMBERS) / MOST_NUMBERS, "other measures": float(others)}


def _of_places(mine: Facts, told: list[Facts], every: _All, spread: Spread) -> dict[str, float]:
    if not mine.focus or not every.focus:
        return {}
    worth = {code: _rare(f"in {code}", spread) for code in sorted(mine.focus & every.places)}
    return {
        "places": sum(worth.values()) / len(mine.focus),
        "several places": _enough(sum(sorted(worth[code] for code in mine.focus & every.focus)[:-1])),
        "elsewhere": float(not mine.places & every.places),
        "another place each": float(bool(mine.focus - every.places and told[0].focus - mine.places)),
    }


def _of_things(mine: Facts, told: list[Facts], every: _All, spread: Spread) -> dict[str, float]:
    worth = sum(_rare(f"of {what}", spread) for what in sorted(mine.things & every.things))
    lacking = min(len(mine.key_things - every.things), *(len(facts.key_things - mine.things) for facts in told))
    found = {
        "things": _enough(worth / 2),
        "other things": lacking / (lacking + len(mine.key_things & every.things) + 1),
    }
    if mine.another and not any(facts.another for facts in told):
        found["another one"] = 1.0
    elif not mine.another and told[0].another:
        found["not another one"] = 1.0
    return found


def _of_days(mine: Facts, told: list[Facts]) -> dict[str, float]:
    first = told[0]
    theirs: date = first.day or first.at.date()
    since = _days_past(first, mine)
    if mine.day is None:
        return {"no day": 1.0, "time, no day": since}
    later = (mine.day - theirs).days
    if later == 0 or (theirs in mine.days and not mine.said):
        return {"day" if mine.said and first.said else "day perhaps": 1.0, "time, its day": since}
    if later < 0:
        return {"earlier day": 1.0}
    then = float(any(facts.day == mine.day for facts in told))
    if theirs in mine.days:
        return {"told then": then, "time, its day mentioned": since}
    if theirs == mine.day_before:
        return {"day before": 1.0, "told then": then, "time, its day mentioned": since}
    if not (mine.said and first.said):
        return {"time, another day": since}
    return {"next day" if later == 1 else "later day": 1.0, "told then": then, "time, another day": since}
