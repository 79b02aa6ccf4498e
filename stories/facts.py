"""What a telling says that another telling of the event would say too, in whatever language: places, days, names,
numbers, and whether it speaks of something new or of what came of it. Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stories.cldr import months
from stories.common import ANY_STOP, STOP, WEAK, WEEKDAYS
from stories.cues import tells_of_another, tells_of_day_before
from stories.days import dates
from stories.event import Features, is_title_case
from stories.numbers import is_number, numbers
from stories.places import HOME, in_phrases, place_of, places
from stories.sounds import plain, sound
from stories.things import things
from stories.words import CAPLESS, Token, is_name, tokens

A_DAY = timedelta(days=1)
EVENING = 15  # hour in UTC from which it is tomorrow in the east
_RUN = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu)['’]", re.IGNORECASE)
_ARTICLE = re.compile("^(?:وال|بال|فال|لل|ال|و|ب|ل)(?=.{3})")

Names = Mapping[str, str]  # a name in plain letters → its sound, "" when that says too little


@dataclass(frozen=True, slots=True)
class Facts:
    """`focus` and `key`, `title`: countries and names of title and matched sentences, and of the title; `places` and
    `names`: of the lead, too. `day`: the day it tells of; `days`: all it names, `title_days`: its title does;
    `day_before`: and the one before it was told, when it speaks of that. `words`, `sounds`: all that a name of another
    text is looked for in.
    """

    at: datetime
    language: str
    focus: frozenset[str]
    places: frozenset[str]
    title_places: frozenset[str]
    names: Names
    key: Names
    title: Names
    words: frozenset[str]
    sounds: frozenset[str]
    day: date | None
    said: bool
    days: frozenset[date]
    title_days: frozenset[date]
    day_before: date | None
    numbers: Mapping[str, float]
    measures: frozenset[str]
    another: bool
    key_things: frozenset[str]
    things: frozenset[str]
    finding: frozenset[str]


def facts_of(title: str, lead: str, sentences: tuple[str, ...], at: datetime, features: Features) -> Facts:
    """The facts of a telling; without matched sentences its first paragraph stands for them."""
    language, told = features.language, at.date()
    matched = "\n".join(sentences) or lead.split("\n")[0]
    key, whole = f"{title}\n{matched}", f"{title}\n{lead}\n{matched}"
    focus, named_places = places(key, language), places(whole, language)
    if not named_places and language in HOME:  # who writes at home does not say where
        named_places = frozenset({HOME[language]})
    in_key, in_lead = dates(matched, language, told), dates(f"{title}\n{lead}", language, told)
    day = _latest(in_key, at) or _latest(in_lead, at)
    names = _names(whole, language)
    in_title = frozenset(_plain_words(title))
    key_words = in_title.union(_plain_words(matched))
    words = key_words.union(_plain_words(lead), names)
    said_numbers = numbers(whole, language)
    folded = whole.casefold()
    sounds = frozenset(filter(None, names.values()))
    capless = language in CAPLESS
    spoken_of = things(whole, _plain_words(whole))
    return Facts(
        at=at,
        language=language,
        focus=focus or named_places,
        places=named_places,
        title_places=places(title, language),
        names=names,
        key=_names(key, language) if capless else {name: heard for name, heard in names.items() if name in key_words},
        title={} if capless else {name: heard for name, heard in names.items() if name in in_title},
        words=words,
        sounds=sounds,
        day=day,
        said=_latest(in_key, at) is not None,
        days=frozenset(in_key + in_lead),
        title_days=frozenset(dates(title, language, told)),
        day_before=told - A_DAY if tells_of_day_before(folded, language) else None,
        numbers=said_numbers,
        measures=frozenset(number for number in numbers(key, language) if "." in number),
        another=tells_of_another(folded, language),
        key_things=things(key, _plain_words(key)),
        things=spoken_of,
        finding=features.finding
        | {f"of {what}" for what in spoken_of}
        | {f"in {code}" for code in named_places}
        | ({f"on {day or told}"})
        | {f"~{heard or name}" for name, heard in names.items()}
        | {f"#{number}" for number in said_numbers},
    )


def of_other_days(a: Facts, b: Facts) -> bool:
    """Whether both titles name days, and none is named by both; or both texts tell of a day, and none is."""
    if a.title_days and b.title_days:
        return not a.title_days & b.title_days
    return a.said and b.said and not a.days & b.days


def _latest(days: list[date], at: datetime) -> date | None:
    """The day of what is told: the latest that is named and is not still to come, even where clocks are ahead."""
    ahead = A_DAY if at.hour >= EVENING else timedelta(0)
    past = [day for day in days if day <= at.date() + ahead]
    return max(past or days, default=None)


def _plain_words(text: str) -> Iterator[str]:
    for word in _RUN.findall(unicodedata.normalize("NFKC", text)):
        yield plain(_bare(word))
        if "-" in word:
            yield from (plain(part) for part in word.split("-"))


def _names(text: str, language: str) -> dict[str, str]:
    """The names of persons, towns, firms …, but for countries and months, which are compared by themselves."""
    found: dict[str, str] = {}
    besides = in_phrases(text, language).union(word for word in _RUN.findall(text) if word[0].islower())
    for line in text.split("\n"):
        if language not in CAPLESS and is_title_case(line):
            continue
        read = list(tokens(line))
        for number, token in enumerate(read):
            if _may_be_name(read, number, language):
                for form in _forms(token, language):
                    if form.casefold() not in besides and not place_of(form, language):
                        found[plain(form)] = sound(form, language)
    return {name: heard for name, heard in found.items() if name not in months() and not is_number(name, language)}


def _may_be_name(read: list[Token], number: int, language: str) -> bool:
    token = read[number]
    if token.kind != "word" or language in CAPLESS:
        return token.kind == "katakana" or (
            token.kind == "word" and (token.text[0] > "\u0590" or token.text[0].isupper())
        )
    before = read[number - 1] if number else None
    after = read[number + 1] if number + 1 < len(read) else None
    return is_name(token, before, after, language)


def _forms(token: Token, language: str) -> Iterator[str]:
    """The words of a name, without what grammar adds."""
    for part in token.text.split("-"):
        word = _bare(part)
        low = word.casefold()
        if len(low) > 1 and low not in STOP.get(language, ANY_STOP) and low not in WEAK and low not in WEEKDAYS:
            yield word
            if language in ("ar", "fa"):
                yield _ARTICLE.sub("", word)


def _bare(word: str) -> str:
    if word.isalpha():
        return word
    return _ELISION.sub("", _POSSESSIVE.sub("", word))
