"""`concepts …`: what is shipped, and how the watch file changes it."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk

WATCH = """\
version: 1
concepts: {visit: {also: {sw: [tembelea]}}}
rules: {trip: {match: "ferry AND #visit"}}
"""


def test_the_list_says_what_each_finds_and_which_rules_use_it(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(WATCH)
    rows = {row["name"]: row for row in empty_desk.run("concepts", "list", "--json").rows}
    assert len(rows) >= 40
    assert rows["visit"].keys() == {"name", "about", "changed", "languages", "rules"}
    assert (rows["visit"]["changed"], rows["visit"]["rules"]) == (True, ["trip"])
    assert (rows["coup"]["changed"], rows["coup"]["rules"]) == (False, [])
    assert "meet-in-person" in empty_desk.run("concepts", "list").out


def test_one_is_shown_with_what_was_added_and_taken_away(empty_desk: Desk) -> None:
    shipped = empty_desk.run("concepts", "show", "visit", "--language", "fr", "--json").document
    gone = shipped["terms"]["fr"][0]
    quoted = "'" + gone.replace("'", "''") + "'"
    empty_desk.watch_file.write_text(WATCH.replace("{sw: [tembelea]}", f"{{fr: [bonjour]}}, not: {{fr: [{quoted}]}}"))
    changed = empty_desk.run("concepts", "show", "#visit", "--json").document
    assert changed["terms"]["fr"] == [*shipped["terms"]["fr"][1:], "bonjour"]
    assert (changed["also"], changed["not"], changed["rules"]) == ({"fr": ["bonjour"]}, {"fr": [gone]}, ["trip"])
    assert changed["terms"].keys() == changed["match"].keys() | {"fr"}
    people = empty_desk.run("concepts", "show", "visit", "--language", "fr").out
    assert "used by: trip" in people
    assert "  + bonjour\n" in people
    assert "  - " in people


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["visits"], "did you mean #visit?"),
        (["#zzzzzz"], "run `wirewatch concepts list`"),
        (["visit", "--language", "tlh"], "#visit has no expressions in tlh"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(empty_desk: Desk, arguments: list[str], said: str) -> None:
    ended = empty_desk.run("concepts", "show", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
