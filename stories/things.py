"""Things that news is about, in many languages: what a text speaks of, so that texts in two languages can be compared.

`things.txt` has everyday words of news, by which events of one kind differ (a market was hit, or a refinery). None
decides alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from stories.sounds import plain

SHORT = 4  # letters of a word up to which it may have an ending of two letters only
LONGEST = 14
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]+|[\uac00-\ud7a3]+|[\u0e00-\u0e7f]+")
_ARTICLE = re.compile("^(?:وال|بال|فال|لل|ال)(?=.{3})")
_BREAKS = re.compile("[-'’]")


@dataclass(frozen=True, slots=True)
class _Words:
    stems: Mapping[str, str]  # the beginning of a word → what it stands for
    phrases: Mapping[str, list[tuple[tuple[str, ...], str]]]  # a first word → the phrases that begin with it
    signs: Mapping[str, str]
    any_sign: re.Pattern[str]


def things(text: str, words: Iterable[str]) -> frozenset[str]:
    """What a text speaks of; `words` are its words in plain letters, in its order."""
    return frozenset(_found(text, list(words)))


def _found(text: str, words: list[str]) -> Iterator[str]:
    known = _read()
    for number, word in enumerate(words):
        if what := _of_word(word):
            yield what
        for phrase, what in known.phrases.get(word, ()):
            following = words[number : number + len(phrase)]
            if len(following) == len(phrase) and all(map(str.startswith, following, phrase)):
                yield what
    if _UNSPACED.search(text):
        yield from (known.signs[sign] for sign in known.any_sign.findall(text))


@lru_cache(maxsize=50_000)
def _of_word(word: str) -> str:
    stems = _read().stems
    bare = _ARTICLE.sub("", word)
    for length in range(min(len(bare), LONGEST), 1, -1):
        what = stems.get(bare[:length])
        if what and (length > SHORT or len(bare) - length <= (2 if length > 2 else 0)):
            return what
    return ""


@cache
def _read() -> _Words:
    stems: dict[str, str] = {}
    phrases: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    signs: dict[str, str] = {}
    for line in (resources.files("stories") / "things.txt").read_text("utf-8").splitlines():
        what, _, listed = line.partition(":")
        for form in (one.strip() for one in listed.split(",") if not line.startswith("#")):
            words = _BREAKS.sub(" ", plain(form)).split()
            if _UNSPACED.match(form):
                signs[form] = what
            elif len(words) > 1:
                phrases.setdefault(words[0], []).append((tuple(words), what))
            else:
                stems[words[0]] = what
    any_sign = re.compile("|".join(sorted(map(re.escape, signs), key=len, reverse=True)))
    return _Words(stems, phrases, signs, any_sign)
