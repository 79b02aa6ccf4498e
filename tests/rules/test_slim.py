"""A large watch file made small for one rule says of that rule what the whole file says."""

from __future__ import annotations

import pytest

from core.errors import ConfigError
from rules.config import load
from rules.parts import part, put
from rules.slim import LARGE, slim

HEAD = "version: 1\nentities:\n  Port: {any: [Callender]}\n"
OTHERS = "".join(f"  other-{number}:\n    match: ferry AND boat{number}\n  # a note\n" for number in range(900))
OWN = "  mine:  # beside\n    # why\n    match: |\n      $uses OR @Port\n"
USED = '  uses: {match: "$deep AND boat"}\n  "deep":\n    match: strike\n    feeds: {any: [Post]}\n'
FEEDS = "feeds:\n  - {url: https://a.example/rss, name: Post}\n"
TEXT = f"{HEAD}rules:\n{OTHERS}{OWN}{USED}{FEEDS}sites: {{}}\n"
WRITTEN = "match: $uses OR @Port\n"


def test_what_the_rule_uses_stays_and_the_rest_is_left_out() -> None:
    small = slim(TEXT, "mine", WRITTEN)
    assert len(small) < 400
    assert part(small, ("rules", "mine")) == part(TEXT, ("rules", "mine"))
    watch, whole = load(small), load(TEXT)
    assert [rule.id for rule in watch.rules] == ["mine", *sorted(["uses", "deep"], key=small.index)]
    (mine, also) = watch.rule("mine"), whole.rule("mine")
    assert mine is not None
    assert also is not None
    assert repr(mine.expr) == repr(also.expr)


@pytest.mark.parametrize(
    "written", ["match: $uses OR @Port", "match: $gone", "match: '@Nobody'", "match: (", "titel: x"]
)
def test_a_draft_is_told_the_same_of_the_small_file_as_of_the_whole(written: str) -> None:
    def told(text: str) -> list[tuple[str, int, int]]:
        made = put(text, ("rules", "mine"), written)
        try:
            load(made.text)
        except ConfigError as error:
            return [(one.message, one.line, one.column) for one in map(made.own, error.problems) if one]
        return []

    assert told(slim(TEXT, "mine", written)) == told(TEXT)


def test_rules_that_are_indented_further_are_cut_as_well() -> None:
    deeper = TEXT.replace("\n  ", "\n      ")
    small = slim(deeper, "mine", WRITTEN)
    assert len(small) < 500
    assert load(small).rules[0].id == "mine"


def test_feeds_stay_for_a_rule_that_names_some() -> None:
    written = "match: ferry\nfeeds: {any: [Post]}\n"
    small = slim(TEXT, "mine", written)
    assert FEEDS in small
    load(put(small, ("rules", "mine"), written).text)


def test_a_new_rule_has_a_place_in_it() -> None:
    assert put(slim(TEXT, "new", "match: ferry"), ("rules", "new"), "match: ferry").line > 0


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "feeds: []\n",  # small
        "---\n" + TEXT,
        TEXT.replace("rules:\n", "rules:\n  - a\n", 1),
        TEXT.replace("rules:\n", "rules: {a: {match: b}}\n", 1),
        TEXT.replace("rules:\n", "rules:\n    deeper: {match: b}\n", 1),
        TEXT + "rules: {}\n",
        "{version: 1, rules: {}}" + " " * LARGE,
    ],
)
def test_what_is_small_or_not_plainly_written_is_left_whole(text: str) -> None:
    assert slim(text, "mine", WRITTEN) == text


def test_a_large_file_without_rules_or_without_a_last_line_end_is_cut_all_the_same() -> None:
    feeds = "feeds:\n" + "".join(f"  - {{url: https://f{number}.example/rss}}\n" for number in range(2000))
    assert slim(HEAD + feeds.rstrip(), "mine", WRITTEN) == HEAD + "rules:\n"
    assert slim((HEAD + feeds).replace("\n", "\r\n"), "mine", WRITTEN) == HEAD + "rules:\n"


def test_a_used_rule_that_cannot_be_read_is_left_out() -> None:
    text = TEXT.replace('"$deep AND boat"', '"$deep').replace("match: strike", "title: strike")
    assert "uses" not in slim(text, "mine", WRITTEN).partition("rules:")[2].replace("$uses", "")


def test_what_the_concepts_use_stays_too() -> None:
    concepts = 'concepts: {visit: {also: {en: ["$arrives"]}}}\n'
    text = TEXT.replace("version: 1\n", f"version: 1\n{concepts}", 1).replace(
        '  "deep":', '  arrives:\n    match: arrive OR land\n  "deep":'
    )
    written = "match: '#visit AND Biden'\n"
    small = slim(text, "mine", written)
    assert len(small) < 600
    load(put(small, ("rules", "mine"), written).text)


@pytest.mark.parametrize(
    "written",
    ["match: ferry\nfeeds: {any: [Post]}\n", "{match: ferry, feeds: {any: [Post]}}\n", '"feeds" : {any: [Post]}\n'],
)
def test_the_feeds_stay_where_the_rule_is_for_some_however_it_is_written(written: str) -> None:
    assert "name: Post" in slim(TEXT, "mine", written)
    assert "name: Post" not in slim(TEXT, "mine", WRITTEN)
