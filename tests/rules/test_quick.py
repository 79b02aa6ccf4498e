"""The quick reader against the grammar."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lark import UnexpectedInput

from bench.newsroom import Newsroom
from rules import parse as parser
from rules.names import Names, RuleSyntaxError
from rules.parse import parse
from rules.quick import quick
from rules.tree import Expr, written
from tests.rules.desk import NAMES
from tests.rules.test_match_against_oracle import qualified

PIECES = (
    *("ferry", "Ferry's", "U.S.", "G-7", "1,000", "3.5", "=Biden", "ship*", "sh*", '"sea port"', '="Sea Port"', '""'),
    *(
        "@US",
        "@Biden",
        "#visit",
        "$ferry",
        "@nobody",
        "@",
        "/a+/",
        "“curly”",
        '"odd',
        "near",
        "=OR",
        "NEAR",
        "or",
        "OR-x",
        "NOT's",
        "THEN*",
        "_x",
    ),
    *(" ", " ", "  ", "\n", "\u3000", " OR ", " AND ", " AND NOT ", " NOT ", " UNLESS ", " NEAR/4 ", " THEN/2 "),
    *(" NOT NEAR/3 ", " NOT THEN/3 ", " NEAR/501 ", " NEAR/4", "(", ")", "(", ")", ",", "sentence(", "sentence (", "a"),
    *(
        "near/3(",
        "seq/0(",
        "any/2(",
        "any/0(",
        "atleast/2(",
        "first/9(",
        "title:",
        "title :",
        "lead:",
        "source:VOA",
        "*",
    ),
)


for name in ("@US", "@Biden", "#visit", "$ferry"):
    parse(name, NAMES)  # names are read by the grammar, once


def by_grammar(text: str) -> Expr | None:
    try:
        return parser._tree(text, NAMES, ())
    except (UnexpectedInput, RuleSyntaxError):
        return None


def by_hand(text: str) -> Expr | None:
    return quick(text, NAMES)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@example("title:(a OR title:b)")
@example("near/3(title:a, author:b)")
@example("a OR b AND c")
@example("a NEAR/2 b NEAR/2 c")
@example("ferry AND NOT NEAR/3 boat")
@example("NEAR*")
@example("THEN* OR NOT*")
@example("OR-Tools OR AND's")
def test_what_is_read_quickly_is_what_the_grammar_reads(text: str) -> None:
    found = by_hand(text)
    assert found is None or found == by_grammar(text)


@given(st.text(alphabet='ab "=()*:/@#$,.ORANDT1é\u00a0\u2028’-', max_size=30))
def test_odd_characters_are_read_alike_or_left_to_the_grammar(text: str) -> None:
    found = by_hand(text)
    assert found is None or found == by_grammar(text)


@given(qualified)
def test_rules_of_every_operator_are_read_alike(expr: Expr) -> None:
    found = by_hand(written(expr))
    assert found is None or found == by_grammar(written(expr))


def test_the_rules_of_a_newsroom_need_no_grammar() -> None:
    room = Newsroom(3)
    names = Names(room.names().entities, {}, {name: {"": ("ferry",)} for name in room.concepts})
    for one in room.rules(300):
        found = quick(one.text, names) or (parse(one.text, names) and quick(one.text, names))  # its names are read once
        assert found is not None
        assert found == parser._tree(one.text, names, ())


@pytest.mark.parametrize(
    "text", ["ferry AND", "a b", "(a", "a)", "OR", "a OR OR b", "any/3(a, b)", "@nobody", "first/2(a, b)"]
)
def test_what_is_wrong_is_refused_by_the_grammar_with_its_place(text: str) -> None:
    assert by_hand(text) is None
    with pytest.raises(RuleSyntaxError):
        parse(text, NAMES)


def test_every_rule_of_the_documentation_is_read_alike() -> None:
    page = Path(parser.__file__).parents[1] / "docs" / "rules.md"
    for text in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")):
        found = by_hand(text)
        assert found is None or found == by_grammar(text)
