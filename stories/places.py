"""Which countries a text names, in many languages. Pure.

A country is also meant by its people, its capital and its larger towns: what is compared is where something happens and
who takes part, not how it is spelt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from stories import cldr
from stories.days import UNSPACED

# where a text is written that names no place, in languages of one country
HOME = {
    "cs": "CZ", "da": "DK", "el": "GR", "fi": "FI", "he": "IL", "hi": "IN", "hu": "HU", "id": "ID", "it": "IT",
    "ja": "JP", "ko": "KR", "nb": "NO", "pl": "PL", "ro": "RO", "sv": "SE", "th": "TH", "tr": "TR", "uk": "UA",
    "vi": "VN",
}  # fmt: skip
STEM, STEM_ELSEWHERE = (
    5,
    4,
)  # letters of a name that an ending leaves, in Latin letters and others: türkisch-en, Росси-и
LONG = 6  # letters of a name from which two may be its ending
LAND = re.compile("(?<=.{4})(?:istán|istão|istan|истан|ستان)$")  # after a people's name
PEOPLE = ("an", "en", "ia", "ie", "is")  # after a name of four letters: Peru-ana, iran-isch
ENDING = 6  # letters that a longer form may have more
SHORT = 3  # letters of a name up to which its capitals count: US
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_])*")
_ARTICLE = re.compile("^(?:وال|بال|فال|كال|لل|ال|و|ب|ل|ف)(?=.{3})")
_CAPITALS = {"EU": "EU", "UE": "EU", "ЕС": "EU", "US": "US", "U.S": "US", "USA": "US", "UK": "GB", "UAE": "AE"}
# signs that stand for countries in Chinese, side by side or before "side" and "army"
_SIGNS = {
    "中": "CN", "美": "US", "俄": "RU", "乌": "UA", "日": "JP", "韩": "KR", "朝": "KP", "英": "GB",
    "法": "FR", "德": "DE", "印": "IN", "以": "IL", "伊": "IR", "土": "TR", "越": "VN", "欧": "EU",
}  # fmt: skip
_ANY_SIGN = "".join(_SIGNS)
_PAIR = re.compile(f"(?=([{_ANY_SIGN}])([{_ANY_SIGN}]))|([{_ANY_SIGN}])(?=方|军|軍)")
# what CLDR has no country for, and names with a town in them that say nothing of where
_MORE_LISTS = {
    "EU": "european, brussels, européen, europé, bruxelles, europä, brüssel, europeo, europea, bruselas,"
    " europeia, europeu, bruxelas, europe, european union, евросоюз, 欧盟, 欧洲",
    "PS": "gaza, غزة, 加沙",
    "": "shanghai cooperation, wall street, new york times, paris agreement, geneva convention",
}
# small letters: what only begins like a country (liberar, reunión, camera, court, heavy)
_NO_PLACES = ("liber", "reuni", "réuni", "bahía", "baía", "schwer", "камер", "газ", "суд", "cezay")
_MORE = {name.strip(): code for code, listed in _MORE_LISTS.items() for name in listed.split(",")}


@dataclass(frozen=True, slots=True)
class _Names:
    whole: Mapping[str, str]  # a name of one word → its code
    stems: Mapping[str, str]  # its beginning → its code
    phrases: Mapping[str, list[tuple[str, str]]]  # first word → the names, longest first, that begin with it
    signs: re.Pattern[str]


def places(text: str, language: str) -> frozenset[str]:
    """The codes (ISO 3166) of the countries that a text names."""
    text = unicodedata.normalize("NFC", text)
    found = _in_signs(text, language) if language in UNSPACED else _in_words(text, language)
    return frozenset(code for code in found if code)


def _in_signs(text: str, language: str) -> Iterator[str]:
    named = _named(language)
    yield from (named.whole[found.group()] for found in named.signs.finditer(text.casefold()))
    if language == "zh":
        yield from (_SIGNS[sign] for found in _PAIR.finditer(text) for sign in found.groups() if sign)


def in_phrases(text: str, language: str) -> frozenset[str]:
    """The words (casefolded) that are part of a country's name of several words: Korea of South Korea."""
    if language in UNSPACED:
        return frozenset()
    named = _named(language)
    folded = [word.casefold() for word in _WORD.findall(unicodedata.normalize("NFC", text))]
    return frozenset(
        word
        for number, low in enumerate(folded)
        if low in named.phrases and (phrase := _phrase(folded[number : number + 4], named))
        for word in phrase[0].split()
    )


def _in_words(text: str, language: str) -> Iterator[str]:
    named = _named(language)
    words = _WORD.findall(text)
    folded = [word.casefold() for word in words]
    skip = 0
    for number, (word, low) in enumerate(zip(words, folded, strict=True)):
        if number < skip:
            continue
        if phrase := _phrase(folded[number : number + 4], named) if low in named.phrases else None:
            skip = number + phrase[0].count(" ") + 1
            yield phrase[1]
        else:
            yield place_of(word, language)


def _phrase(words: list[str], named: _Names) -> tuple[str, str] | None:
    rest = " ".join(words) + " "
    return next((found for found in named.phrases[words[0]] if rest.startswith(found[0] + " ")), None)


@lru_cache(maxsize=50_000)
def place_of(word: str, language: str) -> str:
    """The code of the country that a word names, "" when it names none."""
    low = word.casefold()
    named = _named(language)
    if word == low and low.startswith(_NO_PLACES):
        return ""
    if len(low) <= SHORT:
        return _CAPITALS.get(word, "") or (named.whole.get(low, "") if word[0].isupper() and not low.isascii() else "")
    for form in {low, _ARTICLE.sub("", low)} if low > "\u0600" else (low,):
        if code := named.whole.get(form):
            return code
        for length in range(len(form), max(STEM_ELSEWHERE, len(form) - ENDING) - 1, -1):
            if code := named.stems.get(form[:length]):
                return code
    return ""


@cache
def _named(language: str) -> _Names:
    every = {**cldr.names(language).places, **_MORE}
    whole = {name: code for name, code in every.items() if " " not in name and code}
    phrases: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(every, key=len, reverse=True):
        if words := _WORD.findall(name) if " " in name else []:
            phrases.setdefault(words[0], []).append((" ".join(words), every[name]))
    signs = re.compile("|".join(sorted(map(re.escape, whole), key=len, reverse=True)))
    return _Names(whole, dict(_stems(whole, language)), phrases, signs)


def _stems(whole: Mapping[str, str], language: str) -> Iterator[tuple[str, str]]:
    """What is left of names when they are inflected; in English that is only an s after people."""
    for name, code in reversed(list(whole.items())):
        if language in ("", cldr.LIKELY):
            yield from [(f"{name}s", code)] if name[-1] in "ni" else []
            continue
        bare = _ARTICLE.sub("", name) if name > "\u0600" else name
        stem = bare[:-2] if len(bare) > LONG else bare[:-1] if len(bare) >= LONG - 1 else bare
        if LAND.search(bare):
            yield LAND.sub("", bare), code
        if len(bare) == STEM_ELSEWHERE and bare.isascii():
            yield from ((bare + ending, code) for ending in PEOPLE)
        if len(stem) >= (STEM if stem.isascii() else STEM_ELSEWHERE) and stem not in whole:
            yield stem, code
