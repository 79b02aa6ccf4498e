import pytest

from rules.explain import in_words, presearch_terms
from rules.parse import parse
from tests.rules.desk import NAMES


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("ferry", "“ferry” in any form"),
        ("=Biden", "exactly “Biden”"),
        ("sanct*", "words that begin with “sanct”"),
        ("a OR =b OR @US", "“a” or exactly “b” or @US"),
        ("a AND b AND NOT c", "“a” and also “b”, but not in articles with “c”"),
        ("a NEAR/1 b", "“a” and “b” with at most 1 word between them, in any order"),
        ("(a OR b) THEN/4 c", "(“a” or “b”) and “c” with at most 4 words between them, in this order"),
        ("near/9(a, b, c)", "“a”, “b” and “c” with at most 9 other words among them, in any order"),
        ("seq/9(a, b, c)", "“a”, “b” and “c” with at most 9 other words among them, in this order"),
        ("a NOT NEAR/3 b", "places of “a” with no “b” within 3 words"),
        ('a UNLESS "a b"', "places of “a” that are not inside “a b”"),
        ("sentence(a, b)", "“a” and “b” in one sentence"),
        ("paragraph(a OR b)", "(“a” or “b”) in one paragraph"),
        ("atleast/3(a)", "“a” in at least 3 separate places"),
        ("any/2(a, b, c)", "at least 2 of these in one field: “a”, “b”, “c”"),
        ("first/50(a)", "“a” within the first 50 words"),
        ("lead:a", "“a” in the title or the first two paragraphs"),
        ("source:VOA AND a", "(source is “VOA”) and also “a”"),
        ("url:https://x.org/* AND a", "(url begins with “https://x.org/”) and also “a”"),
        ("/ab+/ AND a", "text that fits /ab+/ and also “a”"),
    ],
)
def test_a_rule_is_told_in_words(rule: str, words: str) -> None:
    assert in_words(parse(rule, NAMES)) == words


def test_the_terms_a_rule_is_looked_up_by_are_listed_once() -> None:
    assert presearch_terms(parse("the AND (extraordinary OR extraordinary)", NAMES)) == ("extraordinary",)
