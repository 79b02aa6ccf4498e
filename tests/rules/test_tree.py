import pytest
from hypothesis import given

from rules.parse import parse
from rules.tree import (
    And,
    Expr,
    InField,
    Named,
    Or,
    Regex,
    Term,
    Value,
    children,
    depth,
    fields,
    in_language,
    walk,
    written,
)
from tests.rules.desk import NAMES
from tests.rules.test_match_against_oracle import qualified

EVERYTHING = (
    'near/60((upgrade OR "next level") NEAR/12 strateg*, @US, @Vietnam) AND seq/2(a, =b, ="C d") AND (x NOT NEAR/3 y) '
    "AND (x UNLESS y) AND sentence(a, b) AND paragraph(a OR b) AND atleast/3(a) AND any/2(a, b, c) AND first/9(a) "
    r'AND title:(a THEN/2 b) AND source:"Wire*" AND /a\/b/ AND "AND" AND "1,000" '
    "AND $ferry AND NOT lang:fr AND NOT #visit"
)


def test_a_tree_is_written_as_the_rule_it_came_from() -> None:
    text = written(parse(EVERYTHING, NAMES))
    assert written(parse(text, NAMES)) == text
    assert parse(text, NAMES) == parse(EVERYTHING, NAMES)


@given(qualified)
def test_what_is_written_is_read_as_the_same(expr: Expr) -> None:
    assert written(parse(written(expr))) == written(expr)


def test_walking_visits_everything_parents_first() -> None:
    tree = And((Term(("a",)), Or((Term(("b",)), Regex("c")))), (Value("lang", "en"),))
    assert [type(part).__name__ for part in walk(tree)] == ["And", "Term", "Or", "Term", "Regex", "Value"]
    assert len(children(tree)) == 3
    assert depth(tree) == 3


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ferry", {"title", "text"}),
        ("lead:ferry", {"title", "text"}),
        ("body:ferry", {"text"}),
        ("author:lee OR title:ferry", {"author", "title"}),
        ("sentence(ferry, title:sank)", {"title"}),
        ("any/2(ferry, title:sank, author:lee)", {"title"}),
        ("(ferry UNLESS author:lee) AND lang:en", set()),
        ("atleast/2(title:a) NOT NEAR/3 b", {"title"}),
        ("$ferry", {"title", "text"}),
    ],
)
def test_a_match_lies_in_these_fields(rule: str, expected: set[str]) -> None:
    assert fields(parse(rule, NAMES)) == expected


def test_a_tree_can_be_limited_to_a_language() -> None:
    tree = parse(EVERYTHING, NAMES)
    limited = [part.lang for part in walk(in_language(tree, "vi")) if isinstance(part, Term)]
    assert set(limited) == {"vi"}
    assert in_language(tree, "") == tree
    assert fields(InField("title", Named("@", "x", Regex("a")))) == {"title"}
