"""When a word of a text is the word of a rule: spelling, case, accents and inflection.

A text word and a rule word are compared by keys: stems (Snowball) and, for irregular forms, the stems of their base
form, from `irregular/<language>.txt`. Nothing here depends on rules; results are kept per spelling, since a newspaper
uses the same few ten thousand over and over.
"""

from __future__ import annotations

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
# Korean writes its particles onto the noun; longest first
_KOREAN_PARTICLES = (
    *(
        "에서는",
        "에게서",
        "으로는",
        "으로서",
        "으로써",
        "이라고",
        "에서",
        "에게",
        "에는",
        "에도",
        "으로",
        "까지",
        "부터",
    ),
    *(
        "처럼",
        "보다",
        "라고",
        "하고",
        "이나",
        "은",
        "는",
        "이",
        "가",
        "을",
        "를",
        "의",
        "에",
        "와",
        "과",
        "도",
        "로",
        "만",
    ),
)
_UNMARKED = str.maketrans({"đ": "d", "ł": "l", "ø": "o", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"})
_LETTERS_OF_THEIR_OWN = frozenset("йўї")  # their marks are not accents
_ACCENTS = (range(0x300, 0x370), range(0x591, 0x5C8), range(0x64B, 0x660))  # Latin, Greek, Cyrillic; Hebrew; Arabic
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
        """Whether the word has accents."""
        return self.folded != self.bare


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
    folded = folded.replace(_DOTTED, "i")
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
    file = resources.files("rules") / "irregular" / f"{language}.txt"
    if not file.is_file():
        return MappingProxyType({})
    bases: dict[str, tuple[str, ...]] = {}
    for line in file.read_text("utf-8").splitlines():
        base, _, forms = line.partition("#")[0].casefold().partition(":")
        for form in forms.split():
            bases[form] = (*bases.get(form, ()), base.strip())
    return MappingProxyType(bases)


@lru_cache(None)
def _stemmer(language: str) -> object | None:
    algorithm = _ALGORITHMS.get(language)
    return snowballstemmer.stemmer(algorithm) if algorithm else None


def _stems(word: str, language: str) -> frozenset[str]:
    if language == "ko":
        return frozenset({word, *(word.removesuffix(end) for end in _KOREAN_PARTICLES if len(word) > len(end) + 1)})
    stemmer = _stemmer(language)
    if stemmer is None or not word.isalpha():
        return frozenset({word})
    # the word too: the stemmer takes more off some base forms (вьетнам) than off their inflections (вьетнама)
    # and of some (όταν, ları) it leaves nothing
    stem = str(stemmer.stemWord(word)) or word  # type: ignore[attr-defined]
    if language == "pt":
        stem = next((stem.removesuffix(end) + one for end, one in _PORTUGUESE.items() if stem.endswith(end)), stem)
    return frozenset({word, stem})


@lru_cache(_KEPT_SPELLINGS)
def keys(word: str, language: str) -> frozenset[str]:
    """What a folded word is compared by in a language: two words that share a key are inflections of one another."""
    bases = irregular(language).get(word, ())
    return _stems(word, language).union(*(_stems(base, language) for base in bases))


def bare_keys(form: Spelling, language: str) -> frozenset[str]:
    """The keys of a text's word for rule words written without accents."""
    if not form.accented:
        return keys(form.folded, language)
    return frozenset(spelling(key).bare for key in keys(form.folded, language)) | keys(form.bare, language)


def rule_keys(word: str, language: str) -> frozenset[str]:
    """The keys of a rule's folded word. A Korean noun is looked for as written: the particles are the text's."""
    return frozenset({word}) if language == "ko" else keys(word, language)


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
