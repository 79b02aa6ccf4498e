"""Texts as weighted words, for comparing two tellings in one language, whatever it is.

Stems are Snowball's where it knows the language; elsewhere long words are cut. Scripts written without spaces are
taken as pairs of signs.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice, tee, zip_longest
from typing import NamedTuple, Protocol

import snowballstemmer  # type: ignore[import-untyped]

from stories.common import ANY_STOP, COUNTRY_WORDS, JOINED_NAMES, STOP, WEAK, WEEKDAYS

NAME, NUMBER, WORD, PAIR, COMMON = 1.7, 1.5, 1.0, 0.6, 0.3  # weights; COMMON: words of any news text
LIKELY = "en"  # the language of a text whose language is not known
CUT = 6  # letters kept of a long word where no stemmer knows the language

SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "pl": "polish", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
NOUNS_CAPITAL = frozenset({"de"})  # languages in which a capital letter alone tells no name
PLACES_AFTER = frozenset(
    {"in", "aus", "nach"}
)  # in them: "in Sachsen" is a place, "Olaf Scholz" somebody, "CDU" a name
CAPLESS = frozenset({"ar", "fa", "he", "hi", "ja", "ko", "th", "zh"})  # scripts in which no letter tells a name

# Han, kana, Hangul, Thai, Lao, Khmer, Burmese: one sign is one token
_SIGN = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_TOKEN = re.compile(
    rf"(?P<katakana>[\u30a1-\u30ff]{{2,}})|(?P<sign>[{_SIGN}])|(?P<number>\d+(?:[.,:]\d+)*)"
    rf"|(?P<short>(?:[^\W\d_]\.){{2,}})|(?P<word>(?:(?![{_SIGN}])[^\W_])+(?:['’-](?:(?![{_SIGN}])[^\W_])+)*)"
)
# the same tokens where no sign is in the text, without looking at each letter for one; first a short cut for most words
_ANY_SIGN = re.compile(f"[{_SIGN}]")
_SPACED = re.compile(r"[a-z]++(?=[ ,;\n])|\d+(?:[.,:]\d+)*|(?:[^\W\d_]\.){2,}|[^\W_]++(?:['’-][^\W_]++)*")
_POSSESSIVE = re.compile(r"['’]s?$")
_ELISION = re.compile(r"^(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)
_NEW_SENTENCE = re.compile(r"(?:^|[.!?:。！？\n\"“„«'‘(|–—-])\s*$")
_G7 = re.compile(r"(?<=[A-Z])-(?=\d)")
_JOINED = re.compile("|".join(map(re.escape, JOINED_NAMES)))
_ANY_WEEKDAY = re.compile("|".join(map(re.escape, WEEKDAYS)))
_HIRAGANA = re.compile("[\u3041-\u309f]")


class Token(NamedTuple):
    """A word, number or sign; `kind` is the name of its pattern, `first` whether it begins a sentence."""

    text: str
    kind: str
    first: bool


class Term(NamedTuple):
    """What two texts can share: a key, how much it counts, and whether it stands here as a name."""

    key: str
    weight: float
    name: bool


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str: ...  # noqa: N802 -- the library's name


def tokens(text: str) -> Iterator[Token]:
    """The words, numbers and signs of a text, in its order."""
    text = unicodedata.normalize("NFKC", text)
    end = 0
    for found in _TOKEN.finditer(text):
        first = bool(_NEW_SENTENCE.search(text, max(0, end - 1), found.start()))
        yield Token(found.group(), found.lastgroup or "", first)
        end = found.end()


def written(text: str) -> list[str]:
    """The text of each of `tokens`, casefolded: all that hashing needs, in a tenth of the time."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    if _ANY_SIGN.search(plain):
        return [found.group() for found in _TOKEN.finditer(plain)]
    found: list[str] = _SPACED.findall(plain)
    return found


def terms(text: str, language: str, *, capitals: bool = True) -> list[Term]:
    """The terms of a text in `language` (a primary tag, "" when unknown), stop words and weekdays left out.

    `capitals` False: a capital letter says nothing here, as in a headline that writes Most Words So.
    """
    found: list[Term] = []
    before: Token | None = None
    for token, after in _with_next(tokens(_joined(text))):
        if token.kind == "sign":
            found += _pair(token.text, after)
        else:
            name = token.kind == "katakana" or (capitals and is_name(token, before, after, language))
            found += [term for part in _parts(token) if (term := _term(part, token.kind, language, name=name))]
        before = token
    return found


def spellings(text: str, language: str) -> dict[str, str]:
    """The key of each word in a text → the word as it is first written there."""
    found: dict[str, str] = {}
    for token in tokens(_joined(text)):
        for part in _parts(token):
            if term := _term(part, token.kind, language, name=False):
                found.setdefault(term.key, part)
    return found


def weekdays(text: str) -> frozenset[int]:
    """The weekdays a text names (0 = Monday)."""
    if not _ANY_WEEKDAY.search(unicodedata.normalize("NFKC", text).casefold()):
        return frozenset()
    words = (part.casefold() for token in tokens(text) for part in _parts(token))
    return frozenset(WEEKDAYS[word] for word in words if word in WEEKDAYS)


def _joined(text: str) -> str:
    """The text with names of several words as one."""
    return _JOINED.sub(lambda found: JOINED_NAMES[found.group()], _G7.sub("", text))


def _with_next(read: Iterable[Token]) -> Iterator[tuple[Token, Token | None]]:
    first, second = tee(read)
    return zip_longest(first, islice(second, 1, None))


def is_name(token: Token, before: Token | None, after: Token | None, language: str) -> bool:
    """Whether a word's capital letter says that it is a name where it stands."""
    if not token.text[0].isupper():
        return False
    followed = _follows(after)
    if language not in NOUNS_CAPITAL:
        return followed or not token.first
    preceded = before is not None and not token.first and _may_begin_a_name(before, language)
    return followed or preceded or token.text[1:] != token.text[1:].lower() or _after_place_word(before)


def _follows(after: Token | None) -> bool:
    return after is not None and after.text[0].isupper() and not after.first


def _may_begin_a_name(before: Token, language: str) -> bool:
    return before.text[0].isupper() and before.text.casefold() not in STOP[language]


def _after_place_word(before: Token | None) -> bool:
    return before is not None and before.text.lower() in PLACES_AFTER


def _parts(token: Token) -> list[str]:
    """The words that hyphens join, without possessive and elision; `segunda-feira` stays one."""
    if token.kind != "word" or token.text.casefold() in WEEKDAYS:
        return [token.text]
    return [_POSSESSIVE.sub("", _ELISION.sub("", part)) for part in token.text.split("-")]


def _term(word: str, kind: str, language: str, *, name: bool) -> Term | None:
    lower = word.casefold()
    if kind == "number":
        return Term(lower.replace(",", "."), NUMBER if len(lower) > 1 else COMMON, False)
    if word in ("US", "EU", "UK", "UN"):
        return Term("usa" if word == "US" else lower, WORD, True)
    if country := COUNTRY_WORDS.get(lower):
        return Term(country, WORD, True)
    if len(lower) < 2 or lower in WEEKDAYS or lower in STOP.get(language, ANY_STOP):
        return None
    return Term(stem(lower, language or LIKELY), COMMON if lower in WEAK else WORD, name and lower not in WEAK)


def _pair(sign: str, following: Token | None) -> list[Term]:
    """A sign and the next as one term; hiragana is grammar."""
    if following is None or following.kind != "sign" or _HIRAGANA.search(sign + following.text):
        return []
    return [Term(sign + following.text, PAIR, False)]


_local = threading.local()  # a Snowball stemmer keeps state while it works


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """The part of a lower-case `word` that its inflections share."""
    algorithm = SNOWBALL.get(language)
    if algorithm is None:
        return word[:CUT]
    stemmers: dict[str, _Stemmer] = _local.__dict__.setdefault("stemmers", {})
    if algorithm not in stemmers:
        stemmers[algorithm] = snowballstemmer.stemmer(algorithm)
    return stemmers[algorithm].stemWord(word) or word  # of όταν, for one, it leaves nothing
