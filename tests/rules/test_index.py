"""The index against brute force, and what it does with rules that come and go."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules import match
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.packed import Broken
from rules.parse import RuleSyntaxError, parse
from rules.tree import Expr, written
from tests.rules import oracle
from tests.rules.desk import article, rule
from tests.rules.test_match_against_oracle import Rule, qualified, small, texts
from tests.rules.test_match_against_oracle import article as prose


def readable(expr: Expr) -> Expr | None:
    try:
        return parse(written(expr))
    except RuleSyntaxError:
        return None


@settings(max_examples=100)
@given(st.lists(qualified, min_size=1, max_size=8), texts(), st.integers(0, 8))
def test_every_rule_that_matches_by_brute_force_is_a_candidate(
    exprs: list[Expr], text: oracle.Text, later: int
) -> None:
    known = [parsed for expr in exprs if (parsed := readable(expr)) and small(text, parsed)]
    rules = [Rule(expr, f"r{number}") for number, expr in enumerate(known)]
    matcher = Matcher(rules[:later]).with_rules(rules[later:])
    document = analyse(prose(text))
    ((candidates),) = [found.candidates for found in matcher.presearch(document)]
    assert {number for number, expr in enumerate(known) if oracle.holds(expr, text)} <= set(candidates)
    answers = {one.rule for one in matcher.match(document).matches}
    assert answers == {one.id for one in rules if oracle.holds(one.expr, text)}
    loaded = Matcher.load(rules, memoryview(Matcher(rules).dump(["en"])))
    assert {one.rule for one in loaded.match(document).matches} == answers


RULES = [
    rule('title:"strategic partnership" AND upgrade', "titled"),
    rule('source:"Wire*" AND ferry', "prefix"),
    rule("lang:en AND source:VOA", "values"),
    rule("lead:ferry AND author:Smith", "fields"),
    rule("url:example.org/* AND (ferry OR boat)", "url"),
    rule("(ferry AND sank) OR (boat AND burnt)", "either"),
    rule("near/20(@US, @Vietnam, visit) AND NOT phone", "countries"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (article("They upgrade it.", "A strategic partnership"), ["titled"]),
        (article("A strategic partnership to upgrade.", "No title"), []),
        (article("The ferry.", source="wire Desk"), ["prefix"]),
        (article("Nothing.", source="VOA", language="en-GB"), ["values"]),
        (article("One.\nTwo.\nA ferry.", author="Ann Smith"), []),
        (article("One.\nA ferry.\nTwo", author="Ann Smith"), ["fields"]),
        (article("Boats.", url="Example.org/a/b"), ["url"]),
        (article("The ferry burnt."), []),
        (article("The boat burnt."), ["either"]),
        (article("American envoys paid Vietnam a visit."), ["countries"]),
        (article("American envoys paid Vietnam a visit by phone."), []),
    ],
)
def test_fields_and_values_are_looked_up_as_rules_mean_them(text: ArticleText, expected: list[str]) -> None:
    file = memoryview(Matcher(RULES).dump(["en"]))
    for matcher in (Matcher(RULES), Matcher.load(RULES, file), Matcher(()).with_rules(RULES)):
        assert [found.rule for found in matcher.match(analyse(text)).matches] == expected


def test_a_rule_whose_words_stand_apart_is_no_candidate() -> None:
    matcher = Matcher([rule('"strategic partnership" AND ferry')])
    document = analyse(article("A ferry, a strategic move, a partnership."))
    assert [found.candidates for found in matcher.presearch(document)] == [()]


def ids(matcher: Matcher, text: str) -> list[str]:
    return [found.rule for found in matcher.match(analyse(article(text))).matches]


def test_rules_are_added_changed_and_taken_away_without_the_rest_being_built_anew() -> None:
    before = Matcher([rule("ferry", "a"), rule("boat", "b"), rule("ship", "c", enabled=False)])
    assert ids(before, "a ferry, a boat, a canoe, a ship") == ["a", "b"]
    after = before.with_rules([rule("canoe", "a"), rule("ship", "c")], gone=["b"])
    assert ids(after, "a ferry, a boat, a canoe, a ship") == ["a", "c"]
    assert ids(after, "a ferry and a boat") == []
    assert ids(after.with_rules([rule("ship", "c", enabled=False)]), "a canoe, a ship") == ["a"]
    assert ids(before, "a ferry, a boat, a canoe, a ship") == ["a", "b"]
    answer = after.with_rules([rule("ship", "c", enabled=False)]).match(analyse(article("x")), why=True)
    assert set(answer.skipped) == {"a", "c"}


def test_many_small_changes_leave_few_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_SMALL_SEGMENT", 3)
    matcher = Matcher([rule("ferry", "first")])
    for number in range(8):
        matcher = matcher.with_rules([rule(f"ferry AND w{number}", f"r{number}")])
    assert len(matcher._segments) == 4
    assert ids(matcher, "ferry w0 w3 w7") == ["first", "r0", "r3", "r7"]


def test_nodes_that_are_forgotten_are_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(match, "_KEPT_NODES", 2)
    matcher = Matcher([rule(f"ferry AND w{number}", f"r{number}") for number in range(5)])
    for _ in range(2):
        assert ids(matcher, "ferry w0 w1 w2 w3 w4") == ["r0", "r1", "r2", "r3", "r4"]


def test_an_index_is_loaded_without_a_look_at_the_trees_and_not_for_other_rules() -> None:
    file = memoryview(Matcher([rule("ferry", "a"), rule("boat OR #visit", "b")]).dump(["en", "vi"]))

    class Unread:
        enabled, languages, feeds = True, (), None

        def __init__(self, id: str) -> None:
            self.id = id

        @property
        def expr(self) -> Expr:
            raise AssertionError("the tree was asked for")

    loaded = Matcher.load([Unread("a"), Unread("b")], file)
    assert ids(loaded, "ferries and boats") == ["a", "b"]
    assert ids(loaded.with_rules([rule("canoe", "c")]), "ferries and canoes") == ["a", "c"]
    vietnamese = article("Ông thăm Hà Nội", language="vi")
    assert [found.rule for found in loaded.match(analyse(vietnamese)).matches] == ["b"]
    french = article("des ferry", language="fr")
    assert [found.rule for found in loaded.match(analyse(french)).matches] == ["a"]
    for others in ([Unread("a")], [Unread("b"), Unread("a")]):
        with pytest.raises(Broken):
            Matcher.load(others, file)
