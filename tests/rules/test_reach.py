from __future__ import annotations

import pytest

from rules.config import load
from rules.reach import check_clauses, check_languages

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
"""


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
    (problem,) = check_languages(load(WATCH.replace("__MATCH__", match)))
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
    ],
)
def test_a_rule_that_can_match_everywhere_is_no_problem(match: str) -> None:
    assert check_languages(load(WATCH.replace("__MATCH__", match))) == ()


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
    feeds = "feeds: [{url: 'https://manila.example/rss', name: Manila Times}]\n"
    (problem,) = check_clauses(load(WATCH.replace("__MATCH__", match) + feeds))
    assert (problem.message, problem.line, problem.item) == (message, 7, "rules.r.match")
    assert hint in problem.hint


@pytest.mark.parametrize(
    "match",
    [
        "ferry AND lang:en-GB AND source:(Reuters OR manila*)",
        "ferry AND url:(https://example.org/* OR htt*) AND NOT title:ferry",
    ],
)
def test_clauses_that_articles_may_satisfy_are_no_problem(match: str) -> None:
    assert check_clauses(load(WATCH.replace("__MATCH__", match))) == ()
