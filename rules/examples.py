"""The examples that stand with a rule, tried on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from core.errors import Problem
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.problems import item
from rules.tree import Term, walk
from rules.watch import Rule, Watch
from rules.yamltext import Path, parse


def check_examples(watch: Watch) -> tuple[Problem, ...]:
    """A Problem for each example that a rule matches and should not, or should and does not.

    Rules that are switched off are tried too. An example is read in each of the rule's languages; without any, in
    English and then in the languages its names and concepts have words in.
    """
    failures = [failure for rule in watch.rules for failure in _failures(rule)]
    if not failures:
        return ()
    tree = parse(watch.text)
    return tuple(
        Problem(
            message, *tree.place(tree.nearest(path)), f"try it: wirewatch rules test {path[1]} --text -", item(path)
        )
        for path, message in failures
    )


def _failures(rule: Rule) -> Iterator[tuple[Path, str]]:
    if not (rule.examples.match or rule.examples.ignore):
        return
    matcher = Matcher([replace(rule, enabled=True, languages=())])
    for index, text in enumerate(rule.examples.match):
        if not _matches(matcher, rule, text):
            yield ("rules", rule.id, "examples", "match", index), "the rule does not match this example"
    for index, text in enumerate(rule.examples.ignore):
        if any(_matches_in(matcher, text, language) for language in rule.languages or ("",)):
            yield ("rules", rule.id, "examples", "ignore", index), "the rule matches this example, and should not"


def _matches(matcher: Matcher, rule: Rule, text: str) -> bool:
    if rule.languages:
        return any(_matches_in(matcher, text, language) for language in rule.languages)
    others = sorted({part.lang for part in walk(rule.expr) if isinstance(part, Term) and part.lang})
    return any(_matches_in(matcher, text, language) for language in ("", *others))


def _matches_in(matcher: Matcher, text: str, language: str) -> bool:
    document = analyse(ArticleText("example", text=text, language=language, fallback_language=language))
    return bool(matcher.match(document).matches)
