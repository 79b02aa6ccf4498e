"""Which of the rules' words a word of a text is: decided once per spelling and language, then looked up."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rules.document import primary
from rules.grammar import MIN_PREFIX
from rules.words import Spelling, bare_keys, keys, rule_keys, same_accents, spelling, spellings

_KEPT_SPELLINGS = 200_000  # a year of a newspaper has fewer
Table = dict[str, tuple[int, ...]]


class Wanted(NamedTuple):
    """One word that some rule looks for; `lang` other than "" limits it to texts in that language."""

    word: str
    exact: bool = False
    prefix: bool = False
    lang: str = ""


class Vocabulary:
    """The words of all rules, numbered. Words can be added at any time; a number never changes."""

    def __init__(self) -> None:
        self._words: list[Wanted] = []
        self._numbers: dict[Wanted, int] = {}
        self._spellings: dict[str, Spellings] = {}
        self._tables: dict[str, bytes] = {}  # of a compiled index, by language: taken apart when first needed

    def __len__(self) -> int:
        return len(self._words)

    def number(self, wanted: Wanted) -> int:
        """The number of a word, which is new when the word is."""
        number = self._numbers.get(wanted)
        if number is None:
            number = len(self._words)
            self._words.append(wanted)
            self._numbers[wanted] = number
            for spellings in self._spellings.values():
                spellings.enter(wanted, number)
        return number

    def spellings(self, language: str) -> Spellings:
        """Spelling → numbers of the words it is, for texts in a language."""
        if language not in self._spellings:
            self._spellings[language] = self._made(language)
        return self._spellings[language]

    def _made(self, language: str) -> Spellings:
        made = Spellings(language, self._words)
        known = 0
        if language in self._tables:
            known, *tables = marshal.loads(self._tables[language])  # noqa: S302 — of a file with a checksum
            made.exact, made.bare, made.accented, made.prefixes = tables
        for number in range(known, len(self._words)):
            made.enter(self._words[number], number)
        return made

    def dump(self, languages: Iterable[str]) -> bytes:
        """The words, and what they are looked up by in these languages, for `load`."""
        tables = {}
        for language in languages:
            made = self.spellings(language)
            tables[language] = marshal.dumps((len(self._words), made.exact, made.bare, made.accented, made.prefixes))
        return marshal.dumps(([tuple(word) for word in self._words], tables))

    @classmethod
    def load(cls, packed: bytes | memoryview) -> Vocabulary:
        """The vocabulary that was dumped."""
        words, tables = marshal.loads(packed)  # noqa: S302
        made = cls()
        made._words = [Wanted(*word) for word in words]
        made._numbers = {word: number for number, word in enumerate(made._words)}
        made._tables = tables
        return made


class Spellings(dict[str, tuple[int, ...]]):
    """A dict that works out an unknown spelling when it is first asked for, and forgets all when it grows too large.

    Beside it: numbers of words by exact form, and by key for words written without accents, with them, or as prefixes.
    """

    def __init__(self, language: str, words: list[Wanted]) -> None:
        super().__init__()
        self._language = language
        self._words = words
        self.exact: Table = {}
        self.bare: Table = {}
        self.accented: Table = {}
        self.prefixes: Table = {}

    def enter(self, wanted: Wanted, number: int) -> None:
        """Take in one more word of a rule."""
        if wanted.lang not in ("", self._language) and primary(wanted.lang) != self._language:
            return
        if wanted.exact:
            _append(self.exact, spelling(wanted.word).exact, number)
        elif wanted.prefix:
            _append(self.prefixes, spelling(wanted.word).bare[:MIN_PREFIX], number)
        else:
            self._enter_inflected(wanted.word, number)
        self.clear()

    def _enter_inflected(self, word: str, number: int) -> None:
        for form in spellings(word, self._language):
            table = self.accented if form.accented else self.bare
            for key in rule_keys(form.folded, self._language):
                if number not in table.get(key, ()):
                    _append(table, key, number)

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _KEPT_SPELLINGS:
            self.clear()
        found = set(self.exact.get(spelling(word).exact, ()))
        for form in spellings(word, self._language):
            found.update(self._inflected(form), self._begun(form))
        self[word] = tuple(sorted(found))
        return self[word]

    def _inflected(self, form: Spelling) -> Iterator[int]:
        if self.bare:
            for key in bare_keys(form, self._language):
                yield from self.bare.get(key, ())
        if self.accented:
            for key in keys(form.folded, self._language):
                yield from (number for number in self.accented.get(key, ()) if self._accents_agree(number, form))

    def _accents_agree(self, number: int, form: Spelling) -> bool:
        ours = spellings(self._words[number].word, self._language)
        return any(same_accents(one, form, self._language) for one in ours)

    def _begun(self, form: Spelling) -> Iterator[int]:
        for number in self.prefixes.get(form.bare[:MIN_PREFIX], ()):
            prefix = spelling(self._words[number].word)
            begins = form.folded.startswith(prefix.folded) if prefix.accented else form.bare.startswith(prefix.bare)
            if begins:
                yield number


def _append(table: Table, key: str, number: int) -> None:
    table[key] = (*table.get(key, ()), number)
