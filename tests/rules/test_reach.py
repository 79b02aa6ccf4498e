from __future__ import annotations

import pytest

from core.errors import Problem
from rules.config import load
from rules.reach import warnings

WATCH = """\
version: 1
entities:
  Trong: {any: [=Trong], lang: {vi: [Trọng]}}
  Ferry: {lang: {en: [ferry], fr: [ferry]}}
rules:
  r:
    match: |
      __MATCH__
    languages: [en, vi]
feeds: [{url: "https://manila.example/rss", name: Manila Times}]
"""


def told(match: str) -> tuple[Problem, ...]:
    return warnings(load(WATCH.replace("__MATCH__", match)))


@pytest.mark.parametrize(
    ("match", "clause"),
    [
        ("@Trong AND @Ferry", "@Ferry"),
        ("near/5(@Trong, @Ferry)", "@Ferry"),
        ("sentence(@Trong, (@Ferry NEAR/3 sank))", "@Ferry"),
        ("@Ferry UNLESS @Trong", "@Ferry"),
        ("@Ferry NOT NEAR/3 @Trong", "@Ferry"),
        ("title:@Ferry", "title:@Ferry"),
        ("any/2(@Trong, @Ferry)", "any/2(@Trong, @Ferry)"),
        ("atleast/2(@Ferry)", "atleast/2(@Ferry)"),
    ],
)
def test_a_needed_clause_without_a_word_in_a_language_is_told(match: str, clause: str) -> None:
    (problem,) = told(match)
    assert problem.message == f"no term of {clause} can match an article in vi"
    assert (problem.line, problem.item) == (7, "rules.r.match")


@pytest.mark.parametrize(
    "match",
    [
        "@Trong",
        "@Trong OR @Ferry",
        "ferry AND NOT @Ferry",
        "any/1(@Trong, @Ferry)",
        "@Trong UNLESS @Ferry",
        "lang:vi AND tàu",
        "ferry AND lang:en-GB AND source:manila*",
        "ferry AND url:(https://example.org/* OR htt*) AND NOT title:ferry",
    ],
)
def test_a_rule_that_can_match_everywhere_is_no_problem(match: str) -> None:
    assert told(match) == ()


@pytest.mark.parametrize(
    ("match", "message", "hint"),
    [
        ("ferry AND lang:english", "no article has the language english", "write lang:en"),
        ("ferry AND NOT lang:(de OR klingon)", "no article has the language klingon", "e.g. lang:en"),
        (
            "ferry AND url:example.org/asia/*",
            "no address begins with example.org/asia/",
            "url:https://example.org/asia/*",
        ),
        ("ferry AND source:Manilla*", "no feed has the name Manilla", "did you mean Manila Times?"),
        ("ferry AND NOT ferry", "no article has ferry and has it not", ""),
    ],
)
def test_a_clause_that_no_article_satisfies_is_told(match: str, message: str, hint: str) -> None:
    (problem,) = told(match)
    assert (problem.message, problem.line, problem.item) == (message, 7, "rules.r.match")
    assert hint in problem.hint


def test_without_feeds_an_archive_may_hold_any_source() -> None:
    assert warnings(load(WATCH.partition("feeds:")[0].replace("__MATCH__", "ferry AND source:Reuters"))) == ()
