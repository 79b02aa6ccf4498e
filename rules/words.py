"""When a word of a text is the word of a rule: spelling, case, accents and inflection.

A text word and a rule word are compared by keys: stems (Snowball) and, for irregular forms, the stems of their base
form, from `irregular/<language>.txt`. Nothing here depends on rules; results are kept per spelling, since a newspaper
uses the same few ten thousand over and over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from types import MappingProxyType

import snowballstemmer  # type: ignore[import-untyped]

from rules.tokens import APOSTROPHES, JOINERS

_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "nb": "norwegian",
    "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
# Korean writes its particles onto the noun
_WRITTEN_ON = """
은 는 이 가 을 를 의 에 와 과 도 로 만 에서 에게 까지 부터 으로 처럼 보다 라고 하고 이나 께서 한테 마저 조차
에선 에겐 에는 에도 에의 와의 과의 와는 과는 와도 과도 로의 로는 로도 로서 로써 라는 라며 이며 이라고 이라는
이라며 에서는 에서도 에서의 에서만 에게서 에게는 에게도 까지는 까지도 까지의 부터는 부터의 부터도 으로는 으로도
으로의 으로서 으로써
"""
_KOREAN_PARTICLES = tuple(_WRITTEN_ON.split())
# Arabic writes "and", "in" and "to" onto the word behind them, the last with the article of it
_ARABIC_CLITICS = (("وب", ""), ("ول", ""), ("ولل", "ال"), ("و", ""), ("ب", ""), ("لل", "ال"), ("ل", ""))
_LEAST_ARABIC = 3  # letters that are left of a word without them
# regular German verbs: warnt, warnte, warnten, gewarnt, and ankündigen's angekündigt and angekündigten
_GERMAN_ENDS = (re.compile("(.{4,})t(?:e|en)?"), re.compile("(.{2,}(?:[dt]|[^aeiouäöülr][nm]))et(?:e|en)?"))
_PARTICIPLE = re.compile(
    "(ab|an|auf|aus|bei|ein|fest|frei|her|hin|los|mit|nach|um|vor|weg|wieder|zu|zurück|zusammen|)"
    "ge(.{3,}t)(?:e[mnrs]?)?"
)
# its, of Turkish words that end in a vowel, with the case behind it: bankası, anlaşmasını
_TURKISH_ITS = re.compile(r"(..+[aeıioöuü])s[ıiuü](?:n[ıiuü]n?|n[ae]|nd[ae]n?|yl[ae])?")
# plurals of Portuguese, and the past of Spanish verbs in -iar (anunció): the stemmer takes them for other words
_ENDS = {"pt": {"ais": "al", "éis": "el", "eis": "il", "óis": "ol"}, "es": {"ió": "iar"}}
_UNMARKED = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})
# the same letter, however it is typed: on a Persian or an Arabic keyboard, with the ligature or without
_SAME = str.maketrans({"ی": "ي", "ک": "ك", "œ": "oe"})
_HAMZAS = str.maketrans("أإآٱئؤ", "اااايو")  # what stands on these letters is left out as often as not
_LETTERS_OF_THEIR_OWN = frozenset("йўї")  # their marks are not accents
# Latin, Greek, Cyrillic; Hebrew; Arabic; the dot of Hindi's borrowed sounds
_ACCENTS = (range(0x300, 0x370), range(0x591, 0x5C8), range(0x64B, 0x660), range(0x93C, 0x93D))
_OF_INDIA = re.compile(r"[\u0900-\u0dff]+")  # its vowel signs are part of a word, and no letters to Python
_DECADE = re.compile(r"\d*0s")
_DROPPED = str.maketrans("", "", JOINERS)
_DOTTED = "i\u0307"  # what small letters of the Turkish capital İ are
_DOTLESS = frozenset({"az", "tr"})  # languages in which I is the capital of ı
_OF_STRESS = frozenset({"ca", "el", "es", "pt"})  # languages whose accents go in other forms of a word
_MOVING = frozenset({"el"})  # and in which they move
_STRESSES = frozenset("\u0300\u0301\u0302")  # not the marks of ç, ñ and ã, which make other letters
_PORTUGUESE = {"õ": "ã", "ês": "es"}  # ends of stems: of eleições, and of inglês, which is ingleses
_KEPT_SPELLINGS = 200_000


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word in the three forms it is compared in."""

    exact: str  # one Unicode form, without possessive and final dot
    folded: str  # and without case
    bare: str  # and without accents

    @property
    def accented(self) -> bool:
        """Whether the word has accents that count."""
        return self.folded != self.bare and self.folded.translate(_HAMZAS) != self.bare


@lru_cache(_KEPT_SPELLINGS)
def spelling(word: str) -> Spelling:
    """The forms of one word as it stands in a text or rule."""
    exact = unicodedata.normalize("NFKC", word.translate(_DROPPED))
    if len(exact) > 2 and exact[-1] in "sS" and exact[-2] in APOSTROPHES:
        exact = exact[:-2]
    exact = exact.rstrip(".")
    folded = exact.casefold()
    if folded.isascii():
        return Spelling(exact, folded, folded)
    folded = folded.replace(_DOTTED, "i").translate(_SAME)
    return Spelling(exact, folded, "".join(map(_bare, folded)).translate(_UNMARKED))


def spellings(word: str, language: str) -> tuple[Spelling, ...]:
    """The forms of a word in a language: where I is the capital of ı, read so, too."""
    if language in _DOTLESS and "I" in word:
        return spelling(word), spelling(word.replace("I", "ı"))
    return (spelling(word),)


@lru_cache(10_000)
def _bare(character: str) -> str:
    if character in _LETTERS_OF_THEIR_OWN:
        return character
    parts = unicodedata.normalize("NFD", character)
    kept = "".join(part for part in parts if not any(ord(part) in marks for marks in _ACCENTS))
    return unicodedata.normalize("NFC", kept)


@lru_cache(None)
def irregular(language: str) -> Mapping[str, tuple[str, ...]]:
    """Irregular form → its base forms, for a language; empty when there is no file for it."""
    bases: dict[str, tuple[str, ...]] = {}
    for base, forms in _lines(language):
        for form in forms if not base.startswith("!") else ():
            bases[form] = (*bases.get(form, ()), base)
    return MappingProxyType(bases)


@lru_cache(None)
def _apart(language: str) -> Mapping[str, str]:
    """Form → base form of words that the stemmer takes for others ("important" for "import")."""
    lines = ((base[1:].strip(), forms) for base, forms in _lines(language) if base.startswith("!"))
    return MappingProxyType({form: base for base, forms in lines for form in (base, *forms)})


def _lines(language: str) -> list[tuple[str, list[str]]]:
    """Base form, and its forms, of each line of a language's file."""
    file = resources.files("rules") / "irregular" / f"{language}.txt"
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    parts = (line.partition("#")[0].casefold().partition(":") for line in lines)
    return [(base.strip(), forms.split()) for base, _, forms in parts if base.strip()]


@lru_cache(None)
def _stemmer(language: str) -> object | None:
    algorithm = _ALGORITHMS.get(language)
    return snowballstemmer.stemmer(algorithm) if algorithm else None


def _stems(word: str, language: str) -> frozenset[str]:
    if language == "ko":
        return frozenset({word, *(word.removesuffix(end) for end in _KOREAN_PARTICLES if len(word) > len(end) + 1)})
    if (base := _apart(language).get(word)) is not None:
        return frozenset({word, base})
    stemmer = _stemmer(language)
    if stemmer is None or not (word.isalpha() or _OF_INDIA.fullmatch(word)):
        return frozenset({word, *_singular(word, language)})
    # the word too: the stemmer takes more off some base forms (вьетнам) than off their inflections (вьетнама)
    # and of some (όταν, ları) it leaves nothing
    stem = str(stemmer.stemWord(word)) or word  # type: ignore[attr-defined]
    if language == "pt":
        stem = next((stem.removesuffix(end) + one for end, one in _PORTUGUESE.items() if stem.endswith(end)), stem)
    return frozenset({word, stem})


def _singular(word: str, language: str) -> tuple[str, ...]:
    """F-16 of F-16s, and 737 of 737s; the 1990s are not 1990."""
    plural = language == "en" and word[-1:] == "s" and word[-2:-1].isdigit() and not _DECADE.fullmatch(word)
    return (word[:-1],) if plural else ()


@lru_cache(_KEPT_SPELLINGS)
def keys(word: str, language: str) -> frozenset[str]:
    """What a folded word is compared by in a language: two words that share a key are inflections of one another."""
    inside = _inside(word, language) if word not in _apart(language) else ()
    bases = (*irregular(language).get(word, ()), *inside)
    found = _stems(word, language).union(*(_stems(base, language) for base in bases))
    return found | _of_verb(word) if language == "de" else found


def _inside(word: str, language: str) -> list[str]:
    """The words that a word may be with what its language writes onto it, where the stemmer leaves that."""
    if language == "ar":
        found = [put + word.removeprefix(clitic) for clitic, put in _ARABIC_CLITICS if word.startswith(clitic)]
        return [one for one in found if len(one) >= _LEAST_ARABIC]
    if language == "tr":
        return [its[1]] if (its := _TURKISH_ITS.fullmatch(word)) else []
    ends = {end: one for end, one in _ENDS.get(language, {}).items() if len(word) > len(end) + 1}  # mais is not of mal
    return [word.removesuffix(end) + one for end, one in ends.items() if word.endswith(end)]


def _of_verb(word: str) -> frozenset[str]:
    """The keys by which a German word is found as a form of a regular verb."""
    if word in _apart("de"):
        return frozenset()
    participle = _PARTICIPLE.fullmatch(word)
    forms = (word, participle[1] + participle[2]) if participle else (word,)
    return frozenset(f"+{found[1]}" for form in forms for end in _GERMAN_ENDS if (found := end.fullmatch(form)))


def bare_keys(form: Spelling, language: str) -> frozenset[str]:
    """The keys of a text's word for rule words written without accents."""
    if form.folded == form.bare:
        return keys(form.folded, language)
    written = keys(form.folded, language)
    return written.union((spelling(key).bare for key in written), keys(form.bare, language))


def rule_keys(word: str, language: str) -> frozenset[str]:
    """The keys of a rule's folded word. What Korean and Arabic write onto a word and ends of verbs are the text's."""
    if language == "ko":
        return frozenset({word})
    if language == "ar":
        return _stems(word, language) | _stems(word.translate(_HAMZAS), language)
    if language == "de":  # Macht is no form of machen, though it may be one in a text
        verb = word.removesuffix("n") if word.endswith(("ern", "eln")) else word.removesuffix("en")
        return (keys(word, language) - _of_verb(word)) | ({f"+{verb}"} if verb != word else frozenset())
    return keys(word, language)


def same_accents(rule_word: Spelling, text_word: Spelling, language: str = "") -> bool:
    """Whether the accents agree as far as the two words have the same letters: `marché` is not in "marches". In another
    form of a word they may be other ones (`libérer`, "libère"), or none where they mark the stress (`elección`).
    """
    ours, theirs = rule_word.folded, text_word.folded
    other_form = rule_word.bare != text_word.bare
    if other_form and language in _OF_STRESS:
        ours, theirs = _unstressed(ours, theirs, language)
    for one, other in zip(ours, theirs, strict=False):
        if one != other:
            bare = spelling(one).bare
            if bare != spelling(other).bare:
                return True
            if not other_form or bare in (one, other):
                return False
    return True


def _unstressed(one: str, other: str, language: str) -> tuple[str, str]:
    """Two words without what marks their stress: where one has none, or it moves."""
    parts = (unicodedata.normalize("NFD", one), unicodedata.normalize("NFD", other))
    if language not in _MOVING and all(not _STRESSES.isdisjoint(word) for word in parts):
        return one, other
    found = ["".join(part for part in word if part not in _STRESSES) for word in parts]
    return unicodedata.normalize("NFC", found[0]), unicodedata.normalize("NFC", found[1])


@lru_cache(1)
def inflected_languages() -> tuple[str, ...]:
    """The languages in which a word has other keys than itself."""
    files = (file.name for file in (resources.files("rules") / "irregular").iterdir())
    return tuple(sorted({"ko", *_ALGORITHMS, *(name.removesuffix(".txt") for name in files if name.endswith(".txt"))}))
