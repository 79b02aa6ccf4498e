import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.builder import term_of
from rules.parse import Entity, Names, RuleSyntaxError, parse, parse_item
from rules.tree import And, Expr, Named, Near, Or, Term, Unless, Value, walk, written
from tests.rules.desk import NAMES


def refused(text: str, names: Names = NAMES) -> RuleSyntaxError:
    with pytest.raises(RuleSyntaxError) as caught:
        parse(text, names)
    return caught.value


def terms(expr: Expr) -> set[str]:
    return {written(part) for part in walk(expr) if isinstance(part, Term)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ferry", Term(("ferry",))),
        ("in-person", Term(("in", "person"))),
        ("U.S.", Term(("U.S.",))),
        ("“strategic partnership”", Term(("strategic", "partnership"))),
        ('="Joe Biden"', Term(("Joe", "Biden"), exact=True)),
        ("sanction*", Term(("sanction",), prefix=True)),
        ("拜登", Term(("拜", "登"))),
        ("source : VOA", Value("source", "VOA")),
        ("url:https://example.org/asia/*", Value("url", "https://example.org/asia/", prefix=True)),
        ('source:"Wire  Desk"', Value("source", "Wire Desk")),
        ("lang:(en OR vi OR en)", Or((Value("lang", "en"), Value("lang", "vi")))),
        ("a NEAR/3 b", Near(3, (Term(("a",)), Term(("b",))), infix=True)),
        ("a AND NOT b AND c", And((Term(("a",)), Term(("c",))), (Term(("b",)),))),
        ("ANDES OR ORAN", Or((Term(("ANDES",)), Term(("ORAN",))))),
        ("a\n  OR\tb", Or((Term(("a",)), Term(("b",))))),
        ('"OR"', Term(("OR",))),
    ],
)
def test_a_rule_is_read(text: str, expected: Expr) -> None:
    assert parse(text) == expected


def test_the_rules_of_the_guide_are_read() -> None:
    text = 'near/60((upgrade OR elevate) NEAR/12 ("strategic partnership" OR "strategic partner"), @US, @Vietnam)'
    assert written(parse(text, NAMES)) == text.replace("'", '"')


def test_an_entity_stands_for_its_items_and_its_names_in_languages() -> None:
    biden = parse("@Biden", NAMES)
    assert biden == Named(
        "@",
        "Biden",
        Or(
            (
                Term(("Joe", "Biden")),
                Term(("President", "Biden")),
                Term(("Biden",), exact=True),
                Term(("拜", "登")),
            )
        ),
    )


def test_a_country_stands_beside_items_and_its_capital_only_on_request() -> None:
    assert "Hanoi" in terms(parse("@Vietnam", NAMES))
    assert "Hanoi" not in terms(parse("@VietnamProper", NAMES))
    both = Names(entities={"Both": Entity(("Uncle Sam",), country="US")})
    assert {'"Uncle Sam"', "=US"} <= terms(parse("@Both", both))


def test_a_rule_and_a_concept_stand_for_their_expressions() -> None:
    assert parse("$ferry", NAMES) == Named("$", "ferry", parse("ferry OR boat"))
    visit = parse("#visit", NAMES)
    assert isinstance(visit, Named)
    limited = {part.lang for part in walk(visit) if isinstance(part, Term)}
    assert limited == {"", "en", "vi"}
    assert parse("$sinking AND $ferry", NAMES) == parse("$sinking AND $ferry", NAMES)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("Joe Biden", Term(("Joe", "Biden"))),
        (" =Biden ", Term(("Biden",), exact=True)),
        ("=Xi Jinping", Term(("Xi", "Jinping"), exact=True)),
        ("Viet*", Term(("Viet",), prefix=True)),
        ('"Joe Biden"', Term(("Joe", "Biden"))),
    ],
)
def test_an_item_is_a_term_without_quotes(item: str, expected: Term) -> None:
    assert parse_item(item) == expected


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "hint"),
    [
        ("", 1, 1, "empty", "for example"),
        ("a OR b AND c", 1, 8, "cannot be mixed", "(a OR b) AND c"),
        ("a\nAND\n  b OR c", 3, 5, "cannot be mixed", "a AND (b OR c)"),
        ("near/5(a AND b OR c, d)", 1, 16, "cannot be mixed", "example: a AND (b OR c)"),
        ("(a OR b AND NOT c OR d)", 1, 9, "cannot be mixed", "(a OR b) AND NOT (c OR d)"),
        ('(x OR y) AND "p OR q" OR z', 1, 23, "cannot be mixed", '(x OR y) AND ("p OR q" OR z)'),
        ("a NEAR/3 b NEAR/4 c", 1, 12, "chained", "near/4(ferry"),
        ("a THEN/3 b THEN/4 c", 1, 12, "chained", "seq/4(ferry"),
        ("a NEAR/3 b UNLESS c", 1, 12, "without brackets", "UNLESS"),
        ("NOT a", 1, 1, "only takes away", "AND NOT"),
        ("a AND (NOT b)", 1, 8, "only takes away", "AND NOT"),
        ("a OR NOT b", 1, 6, "nearly every article", "AND NOT"),
        ("a NEAR/3 NOT b", 1, 10, "cannot follow NEAR/3", "NOT NEAR/5"),
        ("OR a", 1, 1, "something before", "ferry OR boat"),
        ("NEAR/5(a, b)", 1, 1, "something before", "NEAR/5"),
        ("a b", 1, 3, "operator is missing", '"a b"'),
        ('a "b c"', 1, 3, "operator is missing", "NEAR/10"),
        ("a or b", 1, 3, "capitals", "write: a OR b"),
        ("a and not b", 1, 3, "capitals", "write: a AND NOT b"),
        ("a NEAR b", 1, 3, "needs a number", "NEAR/5"),
        ("NEAR", 1, 1, "needs a number", "NEAR/5"),
        ("a near/3 b", 1, 3, "capitals", "write: a NEAR/3 b"),
        ("a w/5 b", 1, 3, "operator is missing", "write: a NEAR/5 b"),
        ('"x" ONEAR/4 "y"', 1, 5, "operator is missing", 'write: "x" THEN/4 "y"'),
        ("{BT} AND x", 1, 1, "no meaning", "write: =BT AND x"),
        ("a | b", 1, 3, "operator is missing", "write: a OR b"),
        ("ingress:a OR", 1, 8, "no field “ingress”", "lead:"),
        ("headline:a", 1, 9, "no field “headline”", "write: title:a"),
        ("a:b", 1, 2, "no field “a”", "the fields are"),
        ("titel:b", 1, 6, "no field “titel”", "did you mean title:?"),
        ("(a", 1, 1, "never closed", "add a )"),
        ("sentence(a, (b)", 1, 9, "never closed", "add a )"),
        ("a)", 1, 2, "closes nothing", ""),
        ("(a OR )", 1, 7, "missing after “OR”", "ferry OR boat"),
        ("near/3(a, )", 1, 11, "missing after “,”", ""),
        ("()", 1, 2, "nothing in these brackets", ""),
        ("a AND", 1, 6, "missing after “AND”", "ferry AND sank"),
        ("(a AND", 1, 7, "missing after “AND”", "ferry AND sank"),
        ("title:", 1, 7, "missing after “title:”", ""),
        ("a, b", 1, 2, "comma", "OR or AND"),
        ('"abc', 1, 1, "quote is never closed", ""),
        ('""', 1, 1, "no letter or digit", ""),
        ('"--"', 1, 1, "no letter or digit", ""),
        ("vi*", 1, 1, "at least 3 letters", ""),
        ("*ab", 1, 1, "a * can only end", ""),
        ('"sanct* law"', 1, 1, "a * can only end a single word", "with OR"),
        ('="ab*"', 1, 1, "very spelling", ""),
        ("in-per*", 1, 1, "a prefix is one word", "quotes"),
        ("wom?n", 1, 1, "“?” has no meaning", "quotes"),
        ("a AND -japan", 1, 7, "a minus does not exclude", "AND NOT japan"),
        ("@Vietnm", 1, 1, "no entity", "did you mean @Vietnam?"),
        ("@biden", 1, 1, "no entity", "did you mean @Biden?"),
        ("a OR $zzz", 1, 6, "no rule", "known: $ferry, $sinking"),
        ("#reunion", 1, 1, "no concept of that name is known", "known: #visit"),
        ("$5", 1, 1, "no rule", 'an amount is written in quotes: "$5"'),
        ("#MeToo", 1, 1, "no concept", "the word itself is written without #"),
        ("@DE", 1, 1, "no entity", "add it under entities: DE: {country: DE}"),
        ("# ferries\nferry", 1, 1, "holds no comments", "above match:"),
        ("ferry // boats", 1, 7, "holds no comments", "above match:"),
        ("9/11 AND b", 1, 2, "a slash has no meaning in 9/11", 'in quotes: "9/11"'),
        ("ferry NOT boat", 1, 11, "NOT stands behind AND", "ferry AND NOT boat"),
        ("title:9/11", 1, 8, "a slash has no meaning in 9/11", 'in quotes: "9/11"'),
        ("'ferry boat'", 1, 8, "double quotes", 'write "ferry boat"'),
        ("title:'the ferry's last boat'", 1, 12, "double quotes", 'write "the ferry\'s last boat"'),
        ("'tis late", 1, 6, "operator is missing", "for a phrase"),
        ("fer\u200bry", 1, 1, "an unseen character (U+200B) stands in ferry", "write it anew"),
        ("@ x", 1, 1, "a name must follow @", "@Vietnam"),
        ("= x", 1, 1, "must follow =", "=Trong"),
        ("/(?=a)/ AND b", 1, 1, "cannot be used", "ASCII"),
        ("/a*/ AND b", 1, 1, "empty text", ""),
        ("/ab", 1, 1, "never closed", ""),
        (f"/{'a' * 600}/ AND b", 1, 1, "500 characters", ""),
        ("/a+/", 1, 1, "nothing in this rule can be looked up", "sanctions AND"),
        ("b OR /a+/", 1, 1, "nothing in this rule can be looked up", ""),
        ("a NEAR/501 b", 1, 3, "at most 500", ""),
        ("a NEAR/99999999999 b", 1, 3, "at most 500", ""),
        ("atleast/0(a)", 1, 1, "at least 1", ""),
        ("any/3(a, b)", 1, 1, "only 2 parts", ""),
        ("near/3(a)", 1, 1, "at least two", ""),
        ("first/3(a, b)", 1, 1, "takes one part", ""),
        ("near(a, b)", 1, 5, "needs a number", "near/10(ferry"),
        ("nearr(a, b)", 1, 6, "no function nearr", "did you mean near/10(…)?"),
        ("foo (a)", 1, 5, "operator is missing", ""),
        ('"foo" (a)', 1, 7, "operator is missing", ""),
        ("near/x(a, b)", 1, 5, "needs a number", ""),
        ("first/x(a)", 1, 6, "needs a number", "first/50"),
        ("title:(body:a)", 1, 1, "cannot stand inside title:", ""),
        ("title:a NEAR/3 body:b", 1, 9, "cannot reach", "AND"),
        ("lang:en NEAR/3 b", 1, 9, "cannot reach", "lang:en"),
        ("lang:e*n", 1, 6, "not a value", ""),
        ("a AND ^b", 1, 7, "no meaning", ""),
        ("x" * 20_001, 1, 1, "20,001 characters", ""),
        ("(" * 33 + "a" + ")" * 33, 1, 33, "nested more than 32", ""),
        ("near/3(" + "a, " * 100 + "a)", 1, 1, "at most 100 parts", ""),
        (" AND ".join("a" * 101), 1, 3, "at most 100 parts", ""),
    ],
)
def test_what_is_not_plain_is_refused_with_its_place_and_what_to_write(
    text: str, line: int, column: int, message: str, hint: str
) -> None:
    error = refused(text)
    assert message in error.message
    assert (error.line, error.column) == (line, column)
    assert hint in error.hint


def test_circles_of_rules_are_refused_with_the_way_round() -> None:
    names = Names(rules={"a": "x OR $b", "b": "$c", "c": "$a"})
    assert refused("$b", names).message.endswith("$b → $c → $a → $b")


def test_a_fault_in_a_name_is_told_where_the_name_is_used() -> None:
    names = Names(
        entities={"Bad": Entity(("--",)), "None": Entity(), "Where": Entity(country="XY")},
        rules={"odd": "a OR"},
        concepts={"none": {}},
    )
    assert refused("a AND $odd", names).message == "in $odd: something is missing after “OR”"
    assert refused("@Bad", names).message.startswith("in @Bad: ")
    assert refused("@None", names).message == "@None has no items"
    assert "no country has the code “XY”" in refused("@Where", names).message
    assert refused("#none", names).message == "#none has no terms"
    assert refused("a AND $odd", names).column == 7


def test_a_name_like_no_other_can_be_added() -> None:
    assert refused("@US", Names()).hint == "add it under entities: US: {country: US}"
    many = Names(entities={f"one{at}": Entity(("a",)) for at in range(20)})
    assert ', …; or add it under entities: zebra: {any: ["zebra"]}' in refused("@zebra", many).hint


def test_a_long_row_of_references_is_refused_before_it_is_too_deep() -> None:
    names = Names(rules={f"r{at}": f"$r{at + 1}" for at in range(200)} | {"r200": "a"})
    assert "deep" in refused("$r0", names).message


def test_a_deep_tree_through_references_is_refused() -> None:
    names = Names(rules={f"r{at}": f"(a NEAR/2 ($r{at + 1}))" for at in range(20)} | {"r20": "a"})
    assert "nested more than 32 deep" in refused("$r0", names).message


def test_only_what_a_country_is_not_is_masked() -> None:
    expr = parse("@US", NAMES)
    assert isinstance(expr, Named)
    assert isinstance(expr.part, Unless)


PIECES = [
    *'()",:=*@#$/ -\n',
    " AND ",
    " OR ",
    " NOT ",
    "NEAR/2",
    "near/2(",
    "title:",
    "lang:",
    "@US",
    "a",
    "bee",
    "=Cee",
    "/a/",
    "拜登",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    answer = parsed(text)
    if isinstance(answer, RuleSyntaxError):
        assert answer.message
        assert 1 <= answer.line <= text.count("\n") + 1
        assert 1 <= answer.column <= len(text) + 1
    else:
        assert written(parse(written(answer), NAMES)) == written(answer)


def parsed(text: str) -> Expr | RuleSyntaxError:
    try:
        return parse(text, NAMES)
    except RuleSyntaxError as error:
        return error


@pytest.mark.parametrize(
    "item",
    [
        "Biden OR Trump", "NOT Trump", "-Trump", "@Biden", "#visit", "$rule", "/[Rr]ound [0-9]+/", "ferry NEAR/5 sank",
        "title:Merz", "lang: en", "near/5(a, b)", "sentence(a, b)",
    ],
)  # fmt: skip
def test_an_item_that_reads_as_an_expression_is_refused(item: str) -> None:
    with pytest.raises(RuleSyntaxError, match="reads as an expression") as caught:
        parse_item(item)
    assert "in quotes" in caught.value.hint


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("Portland, OR", ("Portland", "OR")),
        ('"BLACK AND DECKER"', ("BLACK", "AND", "DECKER")),
        ('="#MeToo"', ("MeToo",)),
        ("$100 billion", ("100", "billion")),
        ("A/S", ("A", "S")),
        ("Mission: Impossible", ("Mission", "Impossible")),
        ("=AND", ("AND",)),
    ],
)
def test_an_item_that_is_a_name_is_not(item: str, words: tuple[str, ...]) -> None:
    assert parse_item(item).words == words


@pytest.mark.parametrize(
    "text", ["title:" * 1200 + "ferry", '"' + ")" * 2000 + 'a" OR ' + "(" * 1500 + "b" + ")" * 1500]
)
def test_what_is_nested_too_deep_is_refused_however_it_is_written(text: str) -> None:
    with pytest.raises(RuleSyntaxError, match="nested more than 32 deep"):
        parse(text)


def test_brackets_in_quotes_are_not_nested() -> None:
    assert len(parse(" OR ".join(f'"({number}"' for number in range(40))).parts) == 40  # type: ignore[union-attr]


def test_a_value_with_a_comma_is_told_to_go_in_quotes() -> None:
    with pytest.raises(RuleSyntaxError, match="written in quotes") as caught:
        parse("ferry AND url:https://www.example.net/politik,123.html")
    assert caught.value.hint == 'for example: url:"a,b"'
    parse('ferry AND url:"https://www.example.net/politik,123.html"')


@pytest.mark.parametrize("word", ["OR-Tools", "AND’s", "NOT-for-profit", "U.N"])
def test_a_word_may_begin_with_an_operator(word: str) -> None:
    assert parse(f"{word} OR ferry", NAMES) == Or((term_of(word), term_of("ferry")))


def test_a_prefix_may_be_an_operators_name() -> None:
    assert parse("NEAR* OR THEN*", NAMES) == Or((term_of("NEAR*"), term_of("THEN*")))
