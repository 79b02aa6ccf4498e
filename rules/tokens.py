"""Where the words of a text are: the one definition of a word, for articles and for rules alike.

A word is a maximal run of letters and digits. Dotted abbreviations (U.S.) and numbers (1,000) are one word, a
possessive 's belongs to its word, hyphens, dashes and, in Arabic letters, the zero-width non-joiner separate. Chinese,
Japanese, Thai, Lao and Khmer: one word a character.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby

_NON_JOINER = "\u200c"
JOINERS = "\u00ad\u200c\u200d\u2060"  # soft hyphen and joiners: inside a word, not part of its spelling
APOSTROPHES = "'’‘ʼʻ＇"
# one word a character: kana and Han (with the repeat and zero signs), half-width kana, Thai, Lao, Khmer
_ALONE = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9d"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff\u0e01-\u0eff\u1780-\u17ff"
)


_LAST_SCRIPT = 0x1E950  # no combining mark beyond it is part of a word


def _marks() -> str:
    """Combining marks of every script, joiners and half-width kana marks, as the inside of a character class."""
    codes = [code for code in range(0x300, _LAST_SCRIPT) if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")]
    runs = [[code for _, code in run] for _, run in groupby(enumerate(codes), lambda pair: pair[1] - pair[0])]
    return JOINERS + "\uff9e\uff9f" + "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


_MARKS = _marks()
# Persian parts the endings and beginnings of a word from it so: تحریم‌ها are sanctions, تحریم is one
_INSIDE = rf"(?:[{_MARKS.replace(_NON_JOINER, '')}]|(?<![\u0620-\u06ff]){_NON_JOINER})+"
_LETTER = rf"[^\W\d_ʻʼ{_ALONE}]"
_RUN = rf"[^\W_ʻʼ{_ALONE}]+"
_POSSESSIVE = rf"(?:[{APOSTROPHES}][sSｓＳ](?![^\W_]))?"
# the first line is a short cut for plain words before plain punctuation: four times as fast on English
_WORD = re.compile(
    r"[A-Za-z]{2,}+(?=[\x00-&(-/:-@\[-`{-\x7f]|\Z)"
    rf"|{_LETTER}(?:\.{_LETTER}(?![^\W_]|[{_MARKS}]))+\.?{_POSSESSIVE}"
    rf"|{_RUN}(?:{_INSIDE}(?:{_RUN})?)*(?:(?<=\d)[.,٫٬](?=\d){_RUN})*{_POSSESSIVE}"
    rf"|[{_ALONE}][{_MARKS}]*"
)
_ALONE_CHARACTER = re.compile(f"[{_ALONE}]")


def bounds(text: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where the words start, and where they end (characters), in order."""
    found = list(_WORD.finditer(text))
    return tuple(map(re.Match.start, found)), tuple(map(re.Match.end, found))


def words(text: str) -> tuple[str, ...]:
    """The words of `text` as they are written."""
    return tuple(_WORD.findall(text))


def between(text: str) -> str:
    """What of `text` is not part of a word."""
    return _WORD.sub("", text)


def is_alone(word: str) -> bool:
    """Whether the word is one character of a script written without spaces."""
    return _ALONE_CHARACTER.match(word) is not None
