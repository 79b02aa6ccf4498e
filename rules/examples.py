"""The examples that stand with a rule, tried on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain

from core.errors import Problem
from core.text import one_line
from rules.document import ArticleText, Document, analyse
from rules.explain import explain
from rules.match import DEFAULT_LANGUAGE, Matcher
from rules.problems import item
from rules.spans import Match
from rules.tree import Term, walk
from rules.watch import Rule, Watch
from rules.yamltext import Path, parse

_MAX_SHOWN = 200  # characters of a clause or of a place

Guess = Callable[[str, str], str]  # a text, and the language it is thought to be in → the one that it is in


def _as_thought(text: str, thought: str) -> str:
    return thought


def check_examples(watch: Watch, language_of: Guess = _as_thought) -> tuple[Problem, ...]:
    """A Problem for each example that a rule matches and should not, or should and does not; its hint says why.

    Rules that are switched off are tried too. An example is read in each of the rule's languages; without any, in
    English, in the one that `language_of` takes it for, and, where it is to match, in those that the rule's names and
    concepts have words in.
    """
    failures = [failure for rule in watch.rules for failure in _failures(rule, language_of)]
    if not failures:
        return ()
    tree = parse(watch.text)
    return tuple(
        Problem(message, *tree.place(tree.nearest(path)), hint, item(path)) for path, message, hint in failures
    )


def _failures(rule: Rule, language_of: Guess) -> Iterator[tuple[Path, str, str]]:
    if not (rule.examples.match or rule.examples.ignore):
        return
    tried = replace(rule, enabled=True, languages=())
    matcher = Matcher([tried])

    def languages(text: str) -> Iterator[str]:
        yield from rule.languages
        if not rule.languages:
            yield ""
            if (guessed := language_of(text, DEFAULT_LANGUAGE)) != DEFAULT_LANGUAGE:
                yield guessed

    others = () if rule.languages else _languages_of_words(rule)
    for index, text in enumerate(rule.examples.match):
        if not any(_match(matcher, text, language) for language in chain(languages(text), others)):
            path = ("rules", rule.id, "examples", "match", index)
            read = _read(text, rule.languages[0] if rule.languages else language_of(text, DEFAULT_LANGUAGE))
            yield path, "the rule does not match this example", _missing(tried, read)
    for index, text in enumerate(rule.examples.ignore):
        match = next(filter(None, (_match(matcher, text, language) for language in languages(text))), None)
        if match:
            path = ("rules", rule.id, "examples", "ignore", index)
            yield path, "the rule matches this example, and should not", _found(match)


def _languages_of_words(rule: Rule) -> tuple[str, ...]:
    return tuple(sorted({part.lang for part in walk(rule.expr) if isinstance(part, Term) and part.lang}))


def _read(text: str, language: str) -> Document:
    return analyse(ArticleText("example", text=text, language=language, fallback_language=language))


def _match(matcher: Matcher, text: str, language: str) -> Match | None:
    return next(iter(matcher.match(_read(text, language)).matches), None)


def _missing(rule: Rule, document: Document) -> str:
    """The first clause that fails, and the nearest miss."""
    explanation = explain(rule, document)
    parts = (one_line(explanation.failed, _MAX_SHOWN), one_line(explanation.miss, _MAX_SHOWN))
    return ": ".join(part for part in parts if part)


def _found(match: Match) -> str:
    return "it finds " + ", ".join(f"“{one_line(span.text, _MAX_SHOWN)}”" for span in match.spans)
