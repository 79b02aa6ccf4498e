"""`rules …`: what is watched for, and trying it."""

from __future__ import annotations

import pytest

from tests.cli.desk import Desk

ARRIVAL = "Blinken arrives in Hanoi on Friday."
CALL = "Blinken spoke on the telephone with Vietnam's foreign minister."
RULES = ["us-vietnam-upgrade", "biden-trong-meeting", "myanmar-sanctions", "blinken-trip"]


def test_list_and_show(desk: Desk) -> None:
    assert [row["id"] for row in desk.run("rules", "list", "--json").rows] == RULES
    assert all(rule in desk.run("rules", "list").out for rule in RULES)
    shown = desk.run("rules", "show", "blinken-trip", "--json").document
    assert shown["match"].startswith("near/12(@Blinken")
    assert shown["alert"]["to"] == ["desk-mail", "desk-hook"]
    assert "near/12(@Blinken" in desk.run("rules", "show", "blinken-trip").out


def test_explain_says_words_terms_and_cost(desk: Desk) -> None:
    told = desk.run("rules", "explain", "blinken-trip", "--json").document
    assert told.keys() == {"rule", "words", "terms", "cost", "limit", "promise", "told_within_s"}
    assert "=Blinken" in told["terms"]
    assert 0 < told["cost"] < told["limit"]
    assert "looked up by: " in desk.run("rules", "explain", "blinken-trip").out


def test_a_text_that_matches_is_shown_with_its_words_marked(desk: Desk) -> None:
    ended = desk.run("rules", "test", "blinken-trip", "--text", ARRIVAL)
    assert ended.code == 0
    assert ended.out == "blinken-trip: MATCHES\n  ‹Blinken› ‹arrives› in ‹Hanoi› on Friday.\n"


def test_a_text_that_does_not_match_is_told_what_it_lacks(desk: Desk) -> None:
    ended = desk.run("rules", "test", "blinken-trip", "--text", "-", given=CALL)
    assert ended.code == 1
    assert "blinken-trip: does not match" in ended.out
    assert "✗ trip  (not in the article)" in ended.out
    assert "✓ @Blinken  (“Blinken”)" in ended.out


def test_every_rule_is_tried_when_none_is_named(desk: Desk) -> None:
    rows = desk.run("rules", "test", "--text", ARRIVAL, "--json").rows
    assert [(row["rule"], row["matches"]) for row in rows] == [(rule, rule == "blinken-trip") for rule in RULES]


def test_two_texts_at_once_are_refused(desk: Desk) -> None:
    ended = desk.run("rules", "test", "--text", ARRIVAL, "--url", "http://127.0.0.1:9/x")
    assert (ended.code, ended.out) == (2, "")
    assert "cannot go together" in ended.err


def test_a_file_is_tried_as_text_or_as_a_page(desk: Desk) -> None:
    text, page = desk.folder / "a.txt", desk.folder / "a.html"
    text.write_text(ARRIVAL)
    page.write_text(f"<html><body><article><h1>A trip</h1><p>{ARRIVAL}</p></article></body></html>")
    for path in (text, page):
        assert desk.run("rules", "test", "blinken-trip", "--file", path).code == 0


def test_without_a_text_the_rules_own_examples_are_tried(desk: Desk) -> None:
    assert desk.run("rules", "test").out == "15 examples of 4 rules, as they should be\n"
    assert desk.run("rules", "test", "blinken-trip", "--json").document["problems"] == []


def test_an_example_that_fails_is_named_with_its_place(empty_desk: Desk) -> None:
    empty_desk.watch_file.write_text(
        "version: 1\nrules:\n  a:\n    title: A\n    match: ferry\n    examples: {match: [A bus ran late.]}\n"
    )
    ended = empty_desk.run("rules", "test", "a")
    assert ended.code == 2
    assert f"{empty_desk.watch_file}:6:" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["rules", "show", "nosuch"], 2, "there is no rule nosuch"),
        (["rules", "explain", "nosuch"], 2, "rules are us-vietnam-upgrade"),
        (["rules", "test", "nosuch"], 2, "there is no rule nosuch"),
        (["rules", "test", "--text", ""], 2, "the text is empty"),
        (["rules", "test", "--text", "-"], 2, "the text is empty"),
        (["rules", "test", "--file", "nosuch"], 2, "nosuch: No such file"),
        (["rules", "test", "--url", "nowhere"], 2, "https://"),
        (["rules", "test", "--url", "http://127.0.0.1:1/a"], 3, "refused the connection"),
    ],
)
def test_what_cannot_be_tried_says_why(desk: Desk, arguments: list[str], code: int, said: str) -> None:
    ended = desk.run(*arguments)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err


def test_a_file_that_is_no_text_ends_with_2(desk: Desk) -> None:
    (desk.folder / "noise").write_bytes(b"\xff\xfe\x00")
    ended = desk.run("rules", "test", "--file", desk.folder / "noise")
    assert ended.code == 2
    assert "not UTF-8" in ended.err


def test_the_active_revision_serves_when_there_is_no_file(own_desk: Desk) -> None:
    own_desk.watch_file.unlink()
    assert [row["id"] for row in own_desk.run("rules", "list", "--json").rows] == RULES


def test_without_file_and_revision_there_are_no_rules(empty_desk: Desk) -> None:
    ended = empty_desk.run("rules", "list")
    assert ended.code == 2
    assert "wirewatch init" in ended.err


def test_a_rule_says_how_late_its_news_can_be(desk: Desk) -> None:
    rule = desk.run("rules", "list", "--json").rows[0]["id"]
    shown = desk.run("rules", "show", rule, "--json").document
    assert shown["told_within_s"] > 60
    for verb in ("show", "explain"):
        assert "told within about" in desk.run("rules", verb, rule).out
    assert desk.run("rules", "explain", rule, "--json").document["promise"] == shown["promise"]
