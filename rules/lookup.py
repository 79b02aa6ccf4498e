"""Which stored articles a rule could match: an article's words as keys of an index, a rule as a question to it.

The keys are those that words are compared by (rules/words.py), without accents: so words that are the same to the
matcher share a key, whatever the database thinks of stems. A character of a script without blanks is a key, and so are
two that stand side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from itertools import pairwise

from core.lookup import Query, Word, every, some
from rules import tokens, tree
from rules.document import ANALYSER_VERSION, SHORT, ArticleText, primary
from rules.words import bare_keys, inflected_languages, keys, rule_keys, spelling, spellings

_VERSION = "2"  # of what this file makes of a text
LONGEST = 40  # characters of a key: what is longer is looked up by its beginning
_KEPT_SPELLINGS = 100_000  # a language
# databases cut words at ASCII signs (NFKC makes some of other signs), and never at this one
_WHOLE = str.maketrans({chr(code): "·" for code in range(128) if not chr(code).isalnum()})


@lru_cache(1)
def version() -> str:
    """Names what keys depend on beside the text; of another version, they have to be made anew."""
    parts = [_VERSION, ANALYSER_VERSION]
    for file in sorted((resources.files("rules") / "irregular").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".txt"):
            parts += [file.name, file.read_text("utf-8")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def keys_of(article: ArticleText) -> frozenset[str] | None:
    """What an article is found by. None when nobody knows its language, so that any rule may choose how to read it."""
    short = len(article.title) + len(article.text) < SHORT
    feed = primary(article.fallback_language)
    language = feed if short else primary(article.language) or feed
    if not language:
        return None
    known, found = _known(language), set[str]()
    for text in (article.title, article.text, article.author):
        words = tokens.words(text)
        for word in set(words):
            found.update(known[word])
        if not text.isascii():
            found.update(_side_by_side(words))
    found.discard("")
    return frozenset(found)


def query(expr: tree.Expr) -> Query | None:
    """What an article must have for a rule to match it; None when nothing can be said."""
    match expr:
        case tree.Term():
            return _term(expr)
        case tree.Regex() | tree.Value():
            return None
        case tree.Or(parts):
            return some(*map(query, parts))
        case tree.And(parts, _) | tree.Near(_, parts) | tree.Within(_, parts):
            return every(*map(query, parts))
        case tree.AnyOf(k, parts):
            asked = [one for one in map(query, parts) if one]
            return some(*asked) if k > len(parts) - len(asked) else None
        case tree.NotNear(_, part, _) | tree.Unless(part, _):
            return query(part)
    return query(expr.part)


def nearly(expr: tree.Expr) -> Query | None:
    """What an article must have to satisfy all of a rule's clauses but one; None when nothing can be said."""
    if isinstance(expr, tree.Or):
        return some(*map(nearly, expr.parts))
    if isinstance(expr, tree.InField | tree.AtLeast | tree.First) or (
        isinstance(expr, tree.Named) and expr.sign == "$"
    ):
        return nearly(expr.part)
    clauses = list(_clauses(expr))
    if len(clauses) < 2:
        return query(expr)
    asked = list(map(query, clauses))
    return some(*(every(*asked[:at], *asked[at + 1 :]) for at in range(len(asked))))


def _clauses(expr: tree.Expr) -> Iterator[tree.Expr]:
    """What stands side by side in an expression."""
    match expr:
        case tree.And(parts, _) | tree.Near(_, parts) | tree.Within(_, parts):
            for part in parts:
                yield from _clauses(part)
        case tree.Named("$", _, part) | tree.InField(_, part) | tree.NotNear(_, part, _) | tree.Unless(part, _):
            yield from _clauses(part)
        case _:
            yield expr


def _term(term: tree.Term) -> Query | None:
    asked = [_word(word, term) for word in term.words]
    if not term.prefix:
        asked += [Word((key,)) for key in _side_by_side(term.words)]
    return every(*asked)


def _word(word: str, term: tree.Term) -> Query | None:
    form = spelling(word)
    if term.exact or term.prefix:
        found = {_key(form.bare)}
    else:
        languages = {term.lang, primary(term.lang)} if term.lang else ("", *inflected_languages())
        found = {_key(_bare(key)) for language in languages for key in rule_keys(form.folded, language)}
    return None if "" in found else Word(tuple(sorted(found)), term.prefix)


class _Known(dict[str, tuple[str, ...]]):
    """Word → its keys in one language; forgets all when it grows too large."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def __missing__(self, word: str) -> tuple[str, ...]:
        if len(self) >= _KEPT_SPELLINGS:
            self.clear()
        found = {_key(spelling(word).bare)}
        for form in spellings(word, self._language):
            both = keys(form.folded, self._language) | bare_keys(form, self._language)
            found.update(_key(_bare(key)) for key in both)
        self[word] = tuple(found)
        return self[word]


_known = lru_cache(100)(_Known)  # languages


def _bare(key: str) -> str:
    return spelling(key).bare


def _key(text: str) -> str:
    return text[:LONGEST].translate(_WHOLE)


def _side_by_side(words: Iterable[str]) -> set[str]:
    """Characters of scripts without blanks that follow one another, by twos."""
    return {
        _key(spelling(first).bare + spelling(second).bare)
        for first, second in pairwise(words)
        if tokens.is_alone(first) and tokens.is_alone(second)
    }
