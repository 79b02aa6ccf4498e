"""What all rules of a watch file say of one text: those that match it, those that nearly do, and how many do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.lookup import Every, Query, Word
from pipeline.costly import decided
from pipeline.explaining import nearness
from pipeline.story import sentences
from rules import lookup
from rules.config import Watch
from rules.document import ArticleText, analyse
from rules.explain import explain, near_miss
from rules.match import Matcher

EXPLAINED = 500  # rules, beside the matching ones, that one text is held against clause by clause
SHOWN = 50  # near misses


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule that matches; the one clause that it lacks, and what of it; or why it gave no answer within its budget."""

    rule: str
    title: str
    passages: tuple[Mapping[str, Any], ...] = ()
    failed: str = ""
    miss: str = ""


@dataclass(frozen=True, slots=True)
class Nearly:
    """The near misses, nearest first. Of `possible` rules, by their words, `explained` were looked at."""

    answers: tuple[Answer, ...]
    possible: int
    explained: int


def matching(watch: Watch, matcher: Matcher, article: ArticleText) -> tuple[Answer, ...]:
    """The rules that are switched on and match, in the file's order; those in trouble have `failed` instead."""
    verdict = decided(matcher, analyse(article), None)
    matches = {match.rule: tuple(sentences(match.spans)) for match in verdict.matches}
    failed = {trouble.rule: trouble.reason.sentence for trouble in verdict.undecided}
    return tuple(
        Answer(rule.id, rule.title, matches.get(rule.id, ()), failed.get(rule.id, ""))
        for rule in watch.rules
        if rule.id in matches or rule.id in failed
    )


def nearly(watch: Watch, matcher: Matcher, article: ArticleText) -> Nearly:
    """The rules that are switched on and lack one clause, or miss a limit by little."""
    document, keys = analyse(article), lookup.keys_of(article)
    verdict = matcher.match(document)
    answered = {one.rule for one in verdict.matches} | {one.rule for one in verdict.troubles}
    on = [rule for rule in watch.rules if rule.enabled and rule.id not in answered]
    possible = [rule for rule in on if keys is None or could(lookup.nearly(rule.expr), keys)]
    found: list[tuple[float, Answer]] = []
    for rule in possible[:EXPLAINED]:
        explained = explain(rule, document)
        if (miss := near_miss(explained)) is not None:
            found.append((nearness(explained), Answer(rule.id, rule.title, (), miss.failed, miss.miss)))
    found.sort(key=lambda one: -one[0])
    return Nearly(tuple(answer for _, answer in found[:SHOWN]), len(possible), min(len(possible), EXPLAINED))


def could(query: Query | None, keys: Collection[str]) -> bool:
    """Whether a text with these keys could be what is asked for."""
    if query is None:
        return True
    if isinstance(query, Word):
        if query.prefix:
            return any(key.startswith(query.keys) for key in keys)
        return any(key in keys for key in query.keys)
    asked = (could(part, keys) for part in query.parts)
    return all(asked) if isinstance(query, Every) else any(asked)
