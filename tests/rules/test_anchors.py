import pytest

from rules.anchors import anchor, required, share
from rules.parse import parse
from rules.tree import Or, Regex, Term, written
from tests.rules.desk import NAMES


def anchors(rule: str) -> set[str]:
    return {written(leaf) for leaf in anchor(parse(rule, NAMES)) or ()}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ferry", {"ferry"}),
        ("ferry OR boat", {"ferry", "boat"}),
        ("a AND extraordinary", {"extraordinary"}),
        ('ferry NEAR/3 "coastal brotherhood"', {'"coastal brotherhood"'}),
        ("sentence(talks, (extraordinary OR unprecedented))", {"extraordinary", "unprecedented"}),
        ("ferry AND NOT extraordinary", {"ferry"}),
        ("ferry NOT NEAR/3 extraordinary", {"ferry"}),
        ("ferry UNLESS extraordinary", {"ferry"}),
        ("any/2(a, extraordinary, unprecedented)", {"extraordinary", "unprecedented"}),
        ("any/1(a, b)", {"a", "b"}),
        ("any/1(boat, /a+/) AND ferry", {"ferry"}),
        ("title:first/9(atleast/2(ferry))", {"ferry"}),
        ("ferry AND /fer+y/", {"ferry"}),
        ("lang:en AND source:Wire", {'source:"Wire"'}),
        ("lang:en AND ferry", {"ferry"}),
        ("的 AND 战略伙伴", {'"战 略 伙 伴"'}),
    ],
)
def test_a_rule_is_looked_up_by_the_rarest_of_what_it_needs(rule: str, expected: set[str]) -> None:
    assert anchors(rule) == expected


def test_what_is_not_a_word_cannot_be_looked_up() -> None:
    assert anchor(Regex("a")) is None
    assert anchor(Or((Term(("a",)), Regex("b")))) is None


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("ferry AND boat AND NOT x", [{"ferry"}, {"boat"}]),
        ("(government AND ferry) OR (people AND canoe)", [{"canoe", "ferry"}, {"government", "people"}]),
        ("(government AND ferry) OR canoe", [{"canoe", "ferry"}, {"canoe", "government"}]),
        ("near/9(ferry, boat OR /x/, canoe)", [{"canoe"}, {"ferry"}]),
        ("@Biden AND title:@Biden", [{'"Joe Biden"', '"President Biden"', "=Biden", '"拜 登"'}] * 2),
        ("any/2(ferry, canoe)", [{"ferry"}, {"canoe"}]),
        ("any/2(ferry, canoe, government)", [{"ferry", "canoe"}]),
    ],
)
def test_a_rule_needs_one_term_of_each_of_its_groups(rule: str, expected: list[set[str]]) -> None:
    groups = required(parse(rule, NAMES))
    assert sorted(map(sorted, ({written(leaf) for leaf, _ in group.needs} for group in groups))) == sorted(
        map(sorted, expected)
    )


def test_a_common_word_is_thought_common_in_its_language_whatever_its_length() -> None:
    assert share("government") > share("canoe")
    assert share("the") > share("government") > share("there", "de")
    assert share("aussi", "fr") > share("aussi") > share("aussitôt")
    assert share("国") > share("brotherhood")
