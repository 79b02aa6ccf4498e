"""Which of the rules' words a word of a text is: decided once per spelling and language, then looked up."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from rules.document import primary
from rules.grammar import MIN_PREFIX
from rules.words import Spelling, bare_keys, keys, rule_keys, same_accents, spelling

_KEPT_SPELLINGS = 200_000  # a year of a newspaper has fewer


class Wanted(NamedTuple):
    """One word that some rule looks for; `lang` other than "" limits it to texts in that language."""

    word: str
    exact: bool = False
    prefix: bool = False
    lang: str = ""


class Vocabulary:
    """The words of all rules, numbered. Words can be added at any time; a number never changes."""

    def __init__(self) -> None:
        self._numbers: dict[Wanted, int] = {}
        self._spellings: dict[str, Spellings] = {}

    def number(self, wanted: Wanted) -> int:
        """The number of a word, which is new when the word is."""
        if wanted not in self._numbers:
            self._numbers[wanted] = len(self._numbers)
            self._spellings.clear()
        return self._numbers[wanted]

    def spellings(self, language: str) -> Spellings:
        """Spelling → numbers of the words it is, for texts in a language."""
        if language not in self._spellings:
            self._spellings[language] = Spellings(language, self._numbers)
        return self._spellings[language]


class Spellings(dict[str, tuple[int, ...]]):
    """A dict that works out an unknown spelling when it is first asked for, and forgets all when it grows too large."""

    def __init__(self, language: str, numbers: dict[Wanted, int]) -> None:
        super().__init__()
        self._language = language
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._bare: dict[str, list[int]] = defaultdict(list)  # by key, for words written without accents
        self._accented: dict[str, list[tuple[Spelling, int]]] = defaultdict(list)
        self._prefixes: dict[str, list[tuple[Spelling, int]]] = defaultdict(list)
        for wanted, number in numbers.items():
            if wanted.lang in ("", language) or primary(wanted.lang) == language:
                self._enter(wanted, number)

    def _enter(self, wanted: Wanted, number: int) -> None:
        form = spelling(wanted.word)
        if wanted.exact:
            self._exact[form.exact].append(number)
        elif wanted.prefix:
            self._prefixes[form.bare[:MIN_PREFIX]].append((form, number))
        elif form.accented:
            for key in rule_keys(form.folded, self._language):
                self._accented[key].append((form, number))
        else:
            for key in rule_keys(form.folded, self._language):
                self._bare[key].append(number)

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _KEPT_SPELLINGS:
            self.clear()
        form = spelling(word)
        found = set(self._exact.get(form.exact, ()))
        if self._bare:
            for key in bare_keys(form, self._language):
                found.update(self._bare.get(key, ()))
        if self._accented:
            for key in keys(form.folded, self._language):
                found.update(number for ours, number in self._accented.get(key, ()) if same_accents(ours, form))
        for ours, number in self._prefixes.get(form.bare[:MIN_PREFIX], ()):
            begins = form.folded if ours.accented else form.bare
            if begins.startswith(ours.folded):
                found.add(number)
        self[word] = tuple(sorted(found))
        return self[word]
