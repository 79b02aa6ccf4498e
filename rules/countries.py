"""Countries as sets of terms: their names in many languages, adjectives, usual short forms, and capitals on request.

Names are CLDR's, taken from Babel into `territories/cldr.json` (loading Babel's locales would take longer than matching
a thousand articles); what CLDR lacks stands in `territories/more.txt`. A name in Latin letters counts only in articles
in its language ("Island" is Iceland in German, not in English); in other scripts it counts everywhere, unless a larger
language has the same letters.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from rules import tokens
from rules.document import primary
from rules.tokens import is_alone
from rules.tree import Expr, Or, Term, Unless
from rules.words import spelling

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

LANGUAGES = (
    *("af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi"),
    *(
        "fil",
        "fr",
        "ga",
        "gl",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "hy",
        "id",
        "is",
        "it",
        "ja",
        "ka",
        "kk",
        "km",
        "kn",
        "ko",
    ),
    *("ky", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl", "pa", "pl", "ps", "pt", "ro"),
    *("ru", "si", "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "te", "tg", "th", "tr", "uk", "ur", "uz", "vi", "zh"),
    "zh_Hant",
)
_KATAKANA = frozenset(map(chr, range(0x30A1, 0x30FD)))
_TOO_SHORT = 2  # a name of two katakana is found inside of longer words all the time: タイ in タイトル
_NO_COUNTRY = ("EU", "EZ", "QO", "UN", "XA", "XB", "ZZ")
_LONG_DASH = re.compile(r"\s+[-–]\s+")
_IN_BRACKETS = re.compile(r"\s*[(（]([^)）]*)[)）]")
_OF_OTHERS = ("HK", "MF", "MO", "SX", "UM", "VG", "VI")  # in brackets stands whose they are: Macao (China)
# written as a larger language is, whose stemmer makes other words of their names: Франц is France in Mongolian
_BESIDE_LARGER = ("be", "fa", "kk", "ky", "mk", "mn", "mr", "ne", "ps", "sr", "tg", "ur")
_ALSO_WRITTEN = {"nb": ("no", "nn")}  # codes that articles in the same language carry


@dataclass(slots=True)
class _More:
    """What `more.txt` says of one country in one language."""

    terms: list[str] = field(default_factory=list)
    capitals: list[str] = field(default_factory=list)
    masks: list[str] = field(default_factory=list)


def known(code: str) -> bool:
    """Whether there is a country or territory of this code (ISO 3166: VN)."""
    return code.upper() in _cldr()["en"]


@cache
def names(code: str, *, metonyms: bool = False) -> Expr:
    """The country's terms; with `metonyms` its capital too. What only sounds like it (South China Sea) is left out."""
    code = code.upper()
    terms = [term for language in LANGUAGES for term in _cldr_terms(code, language)]
    masks: list[Term] = []
    for language, more in _more().get(code, {}).items():
        items = [*more.terms, *(more.capitals if metonyms else ())]
        terms += [term for item in items for term in _terms(item, language)]
        masks += [term for item in more.masks for term in _terms(item, language)]
    terms, masks = _in_all_codes(terms), _in_all_codes(masks)
    country = Or(tuple(dict.fromkeys(terms)))
    return Unless(country, Or(tuple(dict.fromkeys(masks)))) if masks else country


def in_its_language(term: Term, language: str) -> Term:
    """The term limited to articles in a language; not limited when it is in letters that no other language can read."""
    latin = any(_is_latin(letter) for word in term.words for letter in word)
    return replace(term, lang=primary(language) if latin else "")


def _in_all_codes(terms: list[Term]) -> list[Term]:
    return terms + [replace(term, lang=code) for term in terms for code in _ALSO_WRITTEN.get(term.lang, ())]


def _in(term: Term, language: str) -> Term:
    return replace(term, lang=language) if language in _BESIDE_LARGER else in_its_language(term, language)


@lru_cache(10_000)
def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN")


def _cldr_terms(code: str, language: str) -> Iterator[Term]:
    exact = _exact(code)[""] | _exact(code).get(primary(language), frozenset())
    name = _cldr()[language].get(code, "")
    for part in (_IN_BRACKETS.sub("", name), *(_IN_BRACKETS.findall(name) if code not in _OF_OTHERS else ())):
        if len(part) > 1 and part.casefold() not in exact and not _LONG_DASH.search(part):
            yield from _terms(part, language)


@cache
def _exact(code: str) -> Mapping[str, frozenset[str]]:
    """Language → names that are found as they are written only; under "", in letters of several languages, for all."""
    found: dict[str, set[str]] = {"": set()}
    for language, more in _more().get(code, {}).items():
        names = {term.removeprefix("=").casefold() for term in more.terms if term.startswith("=")}
        found[language] = names
        if language not in _BESIDE_LARGER:
            found[""] |= {name for name in names if not _is_latin(name[0])}
    return {language: frozenset(names) for language, names in found.items()}


def _terms(item: str, language: str) -> Iterator[Term]:
    """A name as terms. Exact ones in capitals too; a first letter with an accent may have lost it, as capitals do.

    With a * each of its words stands for all that begin so.
    """
    text = item.removeprefix("=").replace("*", "")
    words = tokens.words(text)
    if "*" in item:
        yield _in(Term(words, prefix=True), language)
        return
    syllable = language == "vi" and len(words) == 1  # Anh is England, anh is "he"
    # Hebrew has no capitals and no stemmer: an exact term says the same, and is not stemmed for each language
    exact = item.startswith("=") or text.isupper() or syllable or language == "he"
    term = _in(Term(words, exact), language)
    if is_alone(words[0]) and len(words) <= _TOO_SHORT and all(word in _KATAKANA for word in words):
        return
    yield term
    if exact and text.upper() != text:
        yield replace(term, words=tuple(word.upper() for word in term.words))
    if not exact and spelling(text[0]).accented:
        yield replace(term, words=tuple(spelling(word).bare for word in term.words))


@cache
def _cldr() -> Mapping[str, Mapping[str, str]]:
    """Language → code → name."""
    names: Mapping[str, Mapping[str, str]] = json.loads((_folder() / "cldr.json").read_text("utf-8"))
    return names


@cache
def _more() -> Mapping[str, Mapping[str, _More]]:
    """Code → language → what CLDR lacks."""
    found: dict[str, dict[str, _More]] = {}
    for line in (_folder() / "more.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            key, _, rest = line.partition(":")
            code, language = key.split()
            columns = ([item.strip() for item in column.split(";") if item.strip()] for column in rest.split("|"))
            found.setdefault(code, {})[language] = _More(*columns)
    return found


def _folder() -> Traversable:
    return resources.files("rules") / "territories"


def from_babel() -> dict[str, dict[str, str]]:
    """What `territories/cldr.json` is made of; a test says when the file and Babel differ."""
    from babel import Locale  # only here: it is slow to load, and needed only to renew the file

    def of(language: str) -> dict[str, str]:
        named = Locale.parse(language).territories
        return {
            code: named[code] for code in sorted(named) if re.fullmatch("[A-Z]{2}", code) and code not in _NO_COUNTRY
        }

    return {language: of(language) for language in LANGUAGES}
