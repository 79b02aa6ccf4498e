"""A rule's lines taken out of a watch file and put back: nothing else changes, and problems are told in their lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, InputError
from rules.config import load
from rules.parts import part, put, set_text
from rules.starter import starter
from rules.yamltext import parse, values

WATCH = """\
version: 1
rules:
  # what we are here for
  meeting:  # the rule
    title: Two meet
    match: |
      meet AND

        visit
    # languages: [en]
  # outside
  short: {match: ferry, title: "A # ferry"}   # beside

  last:
      match: strike
feeds: []
"""
MEETING = "title: Two meet\nmatch: |\n  meet AND\n\n    visit\n# languages: [en]\n"
PATH = ("rules", "meeting")
NEW = "title: New # why\nmatch: |\n  a OR\n  b\n"


def test_a_part_is_its_lines_as_if_they_stood_alone_with_their_comments() -> None:
    assert part(WATCH, PATH) == MEETING
    assert part(WATCH, ("rules", "last")) == "match: strike\n"


def test_a_part_in_braces_is_written_as_lines() -> None:
    assert part(WATCH, ("rules", "short")) == 'match: ferry\ntitle: "A # ferry"\n'
    assert part("rules: {a: {match: b}}", ("rules", "a")) == "match: b\n"


@pytest.mark.parametrize("path", [("rules", "none"), ("feeds",), ("version",)])
def test_what_is_no_mapping_is_no_part(path: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="there is no"):
        part(WATCH, path)


@pytest.mark.parametrize("rule", ["meeting", "last"])
def test_a_part_that_is_put_back_unchanged_changes_nothing(rule: str) -> None:
    path = ("rules", rule)
    assert put(WATCH, path, part(WATCH, path)).text == WATCH
    assert put(starter(), ("rules", "leaders-meet"), part(starter(), ("rules", "leaders-meet"))).text == starter()


def test_only_the_part_changes_and_its_own_lines_stay_as_they_were_typed() -> None:
    changed = put(WATCH, PATH, MEETING.replace("visit", "summit") + "tags: [asia]  # new\n")
    assert changed.text == WATCH.replace("visit", "summit").replace(
        "    # languages: [en]\n", "    # languages: [en]\n    tags: [asia]  # new\n"
    )
    assert (changed.line, changed.indent) == (5, 4)


def test_a_part_in_braces_becomes_lines_and_keeps_the_comment_beside_it() -> None:
    changed = put(WATCH, ("rules", "short"), NEW).text
    assert "  short:   # beside\n    title: New # why\n    match: |\n      a OR\n      b\n\n  last:" in changed


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n", "version: 1\nrules:\n", "version: 1\nrules: {}  # none yet\nfeeds: []\n", "version: 1",
        "version: 1\nrules:\n  a: {match: b}\n", "version: 1\nrules:\n  new:\nfeeds: []\n",
        "version: 1\nrules: {a: {match: b}}\n", "version: 1\nrules: {new: {match: b}}\n", WATCH,
    ],
)  # fmt: skip
def test_a_rule_is_put_wherever_it_is_missing(text: str) -> None:
    changed = put(text, ("rules", "new"), NEW)
    before, after = values(parse(text).root), values(parse(changed.text).root)
    assert after.pop("rules") == {**(before.pop("rules", None) or {}), "new": {"title": "New", "match": "a OR\nb\n"}}
    assert after == before
    assert ("# why" in changed.text) == ("rules: {a" not in text and "{new" not in text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (WATCH, (4, 3)),
        ("version: 1\n", (4, 3)),
        ("version: 1\nrules: {}\n", (4, 3)),
        ("version: 1\nrules:\n  new:\n      match: x", (4, 3)),
        ("version: 1\nrules: {a: {match: b}}\n", (2, 8)),  # its lines were rewritten: the key's place is what is known
    ],
)
def test_a_problem_of_the_file_is_told_in_the_lines_of_the_part(text: str, place: tuple[int, int]) -> None:
    changed = put(text, ("rules", "new"), NEW.replace("  b", "  ) b"))
    with pytest.raises(ConfigError) as refused:
        load(changed.text)
    own = [one for one in map(changed.own, refused.value.problems) if one]
    assert [(one.line, one.column) for one in own] == [place]


def test_a_problem_of_another_rule_is_no_problem_of_the_part() -> None:
    changed = put("rules:\n  bad: {match: (}\n", ("rules", "new"), NEW)
    with pytest.raises(ConfigError) as refused:
        load(changed.text)
    assert [changed.own(one) for one in refused.value.problems] == [None, None]


@pytest.mark.parametrize(
    ("written", "line"), [("match: 'a", 1), ("title: x\n\tmatch: y", 2), ("- a", 1), ("", 1), ("a: 1\na: 2", 2)]
)
def test_a_part_that_cannot_be_read_is_refused_at_its_own_place(written: str, line: int) -> None:
    with pytest.raises(ConfigError) as refused:
        put(WATCH, PATH, written)
    assert refused.value.problems[0].line == line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("match: |\n    a OR\n    b\n# c\n", "match: |\n    x AND\n    y\n# c\n"),
        ("match: | # why\n  b\ntags: [z]\n", "match: | # why\n  x AND\n  y\ntags: [z]\n"),
        ("tags: [z]\nmatch: b  # c\n", "tags: [z]\nmatch: |  # c\n  x AND\n  y\n"),
        ("match: |-\n  b\ntags: [z]", "match: |\n  x AND\n  y\ntags: [z]"),
    ],
)
def test_a_text_is_exchanged_and_a_block_stays_one(old: str, new: str) -> None:
    assert set_text(old, ("match",), "x AND\ny\n") == new


@given(st.dictionaries(st.sampled_from(["title", "match", "tags"]), st.text("ab #:|-\n\"'é{", max_size=20)))
def test_whatever_a_part_holds_the_rest_stays(rule: dict[str, str]) -> None:
    made = put(WATCH, PATH, "title: x\n").text
    try:
        changed = put(made, PATH, "".join(f"{key}: {value}\n" for key, value in rule.items())).text
    except InputError:
        return
    after = values(parse(changed).root)
    assert {**after["rules"], "meeting": None} == {**values(parse(WATCH).root)["rules"], "meeting": None}
    assert after["feeds"] == []
