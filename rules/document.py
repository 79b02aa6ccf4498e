"""An article analysed once, for any number of rules: its words with their places, sentences, paragraphs and fields.

Places of words are numbered through all fields: `FIELD_STRIDE * field + word`. The stride is far wider than any
distance a rule can ask for, so words of two fields are never near each other.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import sentencex  # type: ignore[import-untyped]

from rules import tokens
from rules.abbreviations import goes_on

FIELD_STRIDE = 1 << 24  # words; a text has fewer
FIELD_NAMES = ("title", "text", "author", "source", "url", "lang", "section")
TOKEN_FIELDS = 3  # title, text, author: the fields that have words
_NUMBER = {name: number for number, name in enumerate(FIELD_NAMES)}
LEAD_PARAGRAPHS = 2
LONGEST_LINE = 8_000  # characters whose sentences are looked for at once
SHORT = 300  # characters: below it a detected language is a guess, and the feed's or the rule's decides
ANALYSER_VERSION = f"2 sentencex-{version('sentencex')} snowball-{version('snowballstemmer')}"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_RARE_LINE_ENDS = "\r\x0b\x0c\x85\u2028\u2029"
_LINE_END = re.compile(f"[\n{_RARE_LINE_ENDS}]")


@dataclass(frozen=True, slots=True)
class ArticleText:
    """What is matched of an article. Only `text` is needed; languages are codes such as en or zh-Hant."""

    id: str
    title: str = ""
    text: str = ""
    url: str = ""
    author: str = ""
    language: str = ""
    source: str = ""
    section: str = ""
    fallback_language: str = ""  # the feed's


@dataclass(frozen=True, slots=True)
class Field:
    """One field's text with the places (characters) of its words, sentences and paragraphs."""

    name: str
    text: str
    starts: tuple[int, ...]  # of words
    ends: tuple[int, ...]
    sentences: tuple[int, ...]  # where each begins
    paragraphs: tuple[int, ...]

    def words(self) -> list[str]:
        """The words as they stand in the text."""
        text = self.text
        return [text[start:end] for start, end in zip(self.starts, self.ends, strict=True)]


@dataclass(frozen=True, slots=True)
class Document:
    """An analysed article. `language` is "" when the text is too short to tell and no feed says it."""

    id: str
    language: str
    guess: str  # the language the article claims, for when `language` is ""
    fields: tuple[Field, ...]  # in the order of FIELD_NAMES
    lead_end: int  # the place after the lead's last word

    def place(self, at: int) -> tuple[Field, int]:
        """The field of a place, and the number of the word in it."""
        number, word = divmod(at, FIELD_STRIDE)
        return self.fields[number], word

    def range_of(self, scope: str) -> tuple[int, int]:
        """First place and place after the last of what a field of a rule means; "" is title and body."""
        if scope == "lead":
            return 0, self.lead_end
        if scope == "":
            return 0, base("author")
        start = base("text" if scope == "body" else scope)
        return start, start + FIELD_STRIDE

    def sentence_of(self, at: int) -> int:
        """The sentence of a word, numbered through all fields."""
        field, word = self.place(at)
        return at - word + bisect_right(field.sentences, field.starts[word])

    def paragraph_of(self, at: int) -> int:
        """The paragraph of a word, numbered through all fields."""
        field, word = self.place(at)
        return at - word + bisect_right(field.paragraphs, field.starts[word])


def base(field: str) -> int:
    """The place of a field's first word."""
    return _NUMBER[field] * FIELD_STRIDE


def primary(language: str) -> str:
    """The first part of a language code, in lower case: en of en-GB."""
    return language.replace("_", "-").partition("-")[0].strip().lower()


def analyse(article: ArticleText) -> Document:
    """The article's words, sentences, paragraphs and fields. Never fails; costs under a millisecond for 5 KB."""
    short = len(article.title) + len(article.text) < SHORT
    guess, feed = primary(article.language), primary(article.fallback_language)
    language = feed if short else guess or feed
    title, text, author = (
        _field(name, value, language or guess)
        for name, value in (("title", article.title), ("text", article.text), ("author", article.author))
    )
    values = (article.source, article.url, article.language or article.fallback_language, article.section)
    wholes = tuple(_whole(name, value) for name, value in zip(FIELD_NAMES[3:], values, strict=True))
    return Document(article.id, language, guess, (title, text, author, *wholes), base("text") + _lead(text))


def _field(name: str, text: str, language: str) -> Field:
    if not text.isascii():
        text = _LONE_SURROGATE.sub("\ufffd", text)  # the libraries below take valid text only
    starts, ends = tokens.bounds(text)
    paragraphs = _paragraphs(text)
    return Field(name, text, starts, ends, _sentences(text, paragraphs, language), paragraphs)


def _paragraphs(text: str) -> tuple[int, ...]:
    """Where paragraphs begin: behind each line end."""
    if any(sign in text for sign in _RARE_LINE_ENDS):
        return (0, *(found.end() for found in _LINE_END.finditer(text)))
    begins = [0]
    while at := text.find("\n", begins[-1]) + 1:
        begins.append(at)
    return tuple(begins)


def _whole(name: str, value: str) -> Field:
    """A field that is compared as a whole: one word."""
    return Field(name, value, (0,), (len(value),), (0,), (0,)) if value else Field(name, "", (), (), (), ())


def _sentences(text: str, paragraphs: tuple[int, ...], language: str) -> tuple[int, ...]:
    """Where sentences begin. Each line is cut by itself: a quote left open in one cannot swallow the next."""
    begins = []
    for start, end in zip(paragraphs, (*paragraphs[1:], len(text)), strict=True):
        at = start
        if end - start < 2:  # an empty line
            begins.append(start)
            continue
        for piece in _pieces(text, start, end, language):
            if at == start or not goes_on(text, at, language):
                begins.append(at)
            at += len(piece)
    return tuple(begins)


def _pieces(text: str, start: int, end: int, language: str) -> Iterator[str]:
    """The sentences of a line; of a very long one, of parts of it: what cuts them takes time by the square."""
    while start < end:
        cut = end if end - start <= LONGEST_LINE else _cut(text, start, start + LONGEST_LINE)
        yield from sentencex.segment(language or "en", text[start:cut])
        start = cut


def _cut(text: str, start: int, end: int) -> int:
    """Where to part a line that is too long: behind a sentence in its second half, else behind a word."""
    found = ((text.rfind(mark, (start + end) // 2, end), mark) for mark in (". ", "。", " "))
    return next((at + len(mark) for at, mark in found if at >= 0), end)


def _lead(text: Field) -> int:
    """How many words the first two paragraphs with words have."""
    seen = words = 0
    for end in (*text.paragraphs[1:], len(text.text)):
        before, words = words, bisect_left(text.starts, end)
        seen += words > before
        if seen == LEAD_PARAGRAPHS:
            return words
    return len(text.starts)
