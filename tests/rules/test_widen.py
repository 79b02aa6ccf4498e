"""A rule's text widened by one word or one number; everything else in it stays as it was written."""

from __future__ import annotations

import pytest

from core.errors import InputError
from rules.parse import parse
from rules.tree import written
from rules.widen import can_take_word, with_limit, with_word
from tests.rules.desk import NAMES

RULE = (
    'near/20(@Biden,\n  meet OR\n  "state visit",  title: ferry) AND boat NEAR/3 rain '
    "AND NOT (chess OR sport) AND $ferry"
)


@pytest.mark.parametrize(
    ("clause", "word", "old", "new"),
    [
        ('meet OR "state visit"', "talks", '"state visit",', '"state visit" OR talks,'),
        ("@Biden", "Joe", "@Biden", "(@Biden OR Joe)"),
        ("boat", "or", "boat NEAR", '(boat OR "or") NEAR'),
        ("rain", "two words", "rain", '(rain OR "two words")'),
        ("rain", 'a"b', "rain", '(rain OR "a b")'),
        ("meet", "greet", "meet", "(meet OR greet)"),
        ("$ferry", "ship", "$ferry", "($ferry OR ship)"),
    ],
)
def test_a_word_does_as_well_as_the_clause_it_is_put_beside(clause: str, word: str, old: str, new: str) -> None:
    assert can_take_word(RULE, clause, NAMES)
    changed = with_word(RULE, clause, word, NAMES)
    assert changed == RULE.replace(old, new)
    parse(changed, NAMES)


@pytest.mark.parametrize(
    "clause", ["title:ferry", "ferry", "chess OR sport", "ferry OR boat", "boat NEAR/3 rain", "never"]
)
def test_a_clause_that_cannot_take_a_word_is_refused(clause: str) -> None:
    assert not can_take_word(RULE, clause, NAMES)
    with pytest.raises(InputError):
        with_word(RULE, clause, "x", NAMES)


def test_a_limit_is_exchanged_where_it_stands() -> None:
    assert with_limit(RULE, "boat NEAR/3 rain", 14, NAMES) == RULE.replace("NEAR/3", "NEAR/14")
    window = written(parse(RULE, NAMES).parts[0])  # type: ignore[union-attr]
    assert with_limit(RULE, window, 31, NAMES) == RULE.replace("near/20", "near/31")
    assert with_limit("first/5(boat)", "first/5(boat)", 9, NAMES) == "first/9(boat)"


@pytest.mark.parametrize(
    ("clause", "limit"), [("boat NEAR/3 rain", 501), ("boat NEAR/3 rain", 0), ("boat", 4), ("gone", 4)]
)
def test_a_limit_that_there_cannot_be_is_refused(clause: str, limit: int) -> None:
    with pytest.raises(InputError):
        with_limit(RULE, clause, limit, NAMES)


def test_a_rule_that_cannot_be_read_is_not_widened() -> None:
    assert not can_take_word("a AND (", "a", NAMES)
