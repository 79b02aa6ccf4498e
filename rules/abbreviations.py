"""Where a full stop, or the end of a quote, does not end a sentence, though it looks so to what cuts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_LONGEST = 14  # characters before a place that are looked at
_OPENING = "([«“„‘\"'¿¡"
_CLOSING = "»”“\"'」』"
_DASHES = "—–"
_REST = re.compile(r"-?[^\W\d_]{1,2}[.-]")  # of an abbreviation: OO. of JJ.OO., -à- of c.-à-d.
# languages that write "3rd" as "3."
_ORDINALS = frozenset(
    {"cs", "da", "de", "et", "fi", "hr", "hu", "is", "lt", "lv", "nb", "nn", "no", "sk", "sl", "sr", "tr"}
)
# in small letters, without the last full stop; of the languages in which the cutter knows few or none
_WRITTEN = {
    "ar": "أ د م أ.د ص.ب",
    "de": "ca rd mio mrd tsd bzw inkl",
    "en": "approx incl pct",
    "es": "aprox gral pdte",
    "fr": "m mm mme mmes mlle mr dr pr me mgr st ste av bd gal col cap lt cf env art",
    "hi": "डॉ श्री प्रो मो कु पं",
    "id": "jl h hj drs dra ir kh prof",
    "it": "sig sigg dott prof on avv ing gen",
    "nl": "mevr dhr mr drs ir ing mgr",
    "pl": "ul ok godz tzw gen płk św woj",
    "pt": "sr sra srs dr dra prof profa gen cel av",
    "ru": "г гг им ул пр тыс млн млрд руб долл см т.е т.н т.д ст",
    "tr": "sn av doç yrd cad sok",
    "uk": "р рр м ім вул тис млн млрд грн дол",
    "vi": "tp ts ths th.s pgs gs bs tx ths.bs pgs.ts gs.ts",
}  # fmt: skip
_ABBREVIATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {language: frozenset(words.split()) for language, words in _WRITTEN.items()}
)


def goes_on(text: str, at: int, language: str) -> bool:
    """Whether the sentence before `at`, where another seems to begin, goes on there."""
    last = text[max(at - _LONGEST, 0) : at].split()[-1:]
    if not last:
        return False
    if last[0][-1] == ".":
        joined = not text[at - 1].isspace() and _REST.match(text, at) is not None
        return text[at].islower() or _is_short(last[0][:-1].lstrip(_OPENING), language, joined=joined)
    return last[0][-1] in _CLOSING and _follows_quote(text, at, language)


def _is_short(word: str, language: str, *, joined: bool) -> bool:
    """Whether a word before a full stop is an initial, an abbreviation, the number of an order, or part of a longer one
    (`joined`: the rest of one stands right behind it).
    """
    part = word.rpartition("-")[2]
    if len(part) == 1 and part.isupper():
        return True
    if part.isdigit():
        return len(part) <= 2 and language in _ORDINALS
    return word.lower() in _ABBREVIATIONS.get(language, ()) or (joined and len(part) <= 2 and part.isalpha())


def _follows_quote(text: str, at: int, language: str) -> bool:
    """Whether what stands behind a quote names who said it: “…!” — he said; 「…。」と述べた; "…!"라고 말했다."""
    if text[at] in _DASHES:
        return True
    if language == "ja":
        return "ぁ" <= text[at] <= "ゖ"
    return language == "ko" and not text[at - 1].isspace() and "가" <= text[at] <= "힣"
