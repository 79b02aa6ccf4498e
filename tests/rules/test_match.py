import pytest

from core.reasons import Reason
from rules import match
from rules import spans as places
from rules.document import ArticleText, analyse
from rules.index import Unanchored, compiled
from rules.match import FeedTag, Matcher
from rules.program import Program
from rules.tree import Regex, Term
from rules.vocabulary import Vocabulary
from tests.rules.desk import Feeds, Rule, article, found, rule, spans, verdict

UPGRADE = (
    'near/60((upgrade OR elevate OR raise OR lift OR deepen OR advance OR "next level") '
    'NEAR/12 ("strategic partnership" OR "strategic partner"), @US, @Vietnam)'
)
MEETING = (
    '((@Biden NEAR/4 @Trong) NEAR/6 (meet OR summit OR host OR visit OR =talks OR "sit down")) '
    'OR ((@Biden NEAR/4 @Trong) NEAR/40 ("mutual visit" OR "exchange visits"))'
)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (
            "Biden and Trong agreed in Hanoi to elevate US-Vietnam ties to a comprehensive strategic partnership.",
            ["upgrade"],
        ),
        ("Japan and Vietnam upgraded their ties to a comprehensive strategic partnership.", []),
        (
            "Hanoi weighed its place between larger neighbours. For years the nation has been slow to upgrade its ties "
            "with the U.S. to a strategic partnership.",
            ["upgrade"],
        ),
        (
            "Mutual visits are planned. A call was held last week between President Biden and General Secretary Trong.",
            ["meeting"],
        ),
        (
            "Lee's meetings follow a call between the American leader Joe Biden and the party chief, Nguyen Phu Trong.",
            [],
        ),
        ("Little will happen before Biden and Trong meet in person.", ["meeting"]),
        ("The families of the junta evade sanctions.", []),
    ],
)
def test_the_rules_of_the_guide_fire_on_the_event_and_not_beside_it(text: str, rules: list[str]) -> None:
    answer = verdict([rule(UPGRADE, "upgrade"), rule(MEETING, "meeting")], text)
    assert [match.rule for match in answer.matches] == rules


@pytest.mark.parametrize(
    ("rules", "text", "expected"),
    [
        # two operands never share a leaf word
        ("ferry NEAR/5 ferry", "A ferry sank.", []),
        ("ferry NEAR/5 ferry", "A ferry hit a ferry.", ["ferry hit a ferry"]),
        ("sentence(ferry, ferry)", "A ferry sank. A ferry hit a ferry.", ["ferry hit a ferry"]),
        ('"sea port" NEAR/5 "port town"', "The sea port town.", []),
        ('"sea port" NEAR/5 "port town"', "The sea port of a port town.", ["sea port of a port town"]),
        ("any/2(ferry, ferry)", "A ferry.", []),
        ("ferry AND ferry", "A ferry.", ["ferry"]),
        # ordered and repeated
        ("seq/3(a, b, c)", "a b a c a b c", ["a b a c", "a b c"]),
        ("seq/0(a, b, c)", "a b a c a b c", ["a b c"]),
        ("seq/9(a, c, b)", "a b a c a b c", ["a c a b"]),
        ("near/0(a, b, c)", "a b a c a b c", ["b a c", "a b c"]),
        ("a THEN/0 b", "b a", []),
        ("a THEN/0 b", "b a b", ["a b"]),
        ("(a THEN/2 b) THEN/2 c", "a c b", []),
        # distances
        ("a NEAR/0 b", "a b", ["a b"]),
        ("a NEAR/0 b", "a x b", []),
        ("a NEAR/1 b", "b x a", ["b x a"]),
        ('"x y" NEAR/1 z', "x y q z", ["x y q z"]),
        ("(a NEAR/5 b) NEAR/0 c", "a c b", ["a c b"]),
        ("near/2(a, b, c)", "a x b x c", ["a x b x c"]),
        ("near/1(a, b, c)", "a x b x c", []),
        ("near/0((a NEAR/9 b), c)", "a c x x b", ["a c x x b"]),
        # mentions
        ("a NOT NEAR/1 b", "a b x x a", ["a"]),
        ("a NOT NEAR/1 b", "a b", []),
        ("a NOT NEAR/3 a", "a x a y y y y y a", ["a"]),
        ('US UNLESS "US Open"', "At the US Open.", []),
        ('=US UNLESS "US Open"', "At the US Open the US won.", ["US"]),
        ("ferry AND NOT exercise", "A ferry. An exercise.", []),
        # scopes
        ("sentence(a, boat)", "It was a ship. Boat traffic stopped.", []),
        ("sentence(a, b)", "x a y b.", ["a y b"]),
        ("sentence(a, b)", "A heading\nb follows", []),
        ("paragraph(ship, boat)", "The ship sank. A boat came.", ["ship sank. A boat"]),
        ("paragraph(a, b)", "a x.\nb", []),
        ("sentence(a AND b)", "x a y b.", ["a y b"]),
        ("atleast/3(a)", "a a", []),
        ("atleast/2(a)", "a x a y a", ["a x a"]),
        ("atleast/2(a NEAR/2 b)", "a b x b a", ["a b x b a"]),
        ("any/2(a, b, c)", "c x a", ["c x a"]),
        ("any/3(a, b, c)", "c x a", []),
        ("first/2(a)", "x a a", ["a"]),
        ("first/2(a NEAR/3 b)", "x a b", []),
        ("first/3(a NEAR/3 b)", "x a b", ["a b"]),
        ("first/1(a) OR first/2(b)", "x b", ["b"]),
        # a sentence does not end after an abbreviation
        ("sentence(Secretary, Hanoi)", "The U.S. Secretary flew to Hanoi.", ["Secretary flew to Hanoi"]),
        ("sentence(Nguyen, rain)", "They met Gen. Nguyen. Rain fell.", []),
        # overlapping phrases
        ('"a b" OR "b a"', "a b a", ["a b"]),
        ('"a b a"', "a b a b a", ["a b a"]),
        # at the ends of the text
        ("a NEAR/3 b", "a b", ["a b"]),
        ("first", "first", ["first"]),
        # words
        ("upgrade", "They upgraded, upgrading upgrades.", ["upgraded", "upgrading", "upgrades"]),
        ("=talks", "He talked. They talk. Talks. The talks’s end.", ["talks’s"]),
        ('="Nguyen Phu"', "NGUYEN PHU, nguyen phu, Nguyen Phu", ["Nguyen Phu"]),
        ('"sea port"', "a sea-port and sea\n ports", ["sea-port", "sea\n ports"]),
        ("strategic-partner", "strategic partner", ["strategic partner"]),
        ('"people\'s party"', "the People’s Party", ["People’s Party"]),
        ("=Vietnam", "Vietnam’s and Vietnam's", ["Vietnam’s", "Vietnam's"]),
        ("sanct*", "Sanctions, sanctity", ["Sanctions", "sanctity"]),
        ("cafe", "A café, a cafe", ["café", "cafe"]),
        ("café", "A café, a cafe, a Cafe\u0301", ["café", "Cafe\u0301"]),
        ("US", "ＵＳ", ["ＵＳ"]),
        ("U.S.", "the US and the U.S.", ["U.S."]),
        ('"1,000" NEAR/2 ton', "1,000 tons", ["1,000 tons"]),
        ("sanction AND /[Rr]ound [0-9]+/", "Sanctions: round 12 and Round 3", ["Sanctions", "round 12", "Round 3"]),
        ("sanction AND /,/", "Sanctions, sanctions", ["Sanctions", "sanctions"]),
        ("sanction AND /anc/", "Sanctions", ["Sanctions"]),
    ],
)  # fmt: skip
def test_a_rule_reports_these_places(rules: str, text: str, expected: list[str]) -> None:
    assert found(rules, text) == expected


@pytest.mark.parametrize(
    ("rules", "language", "text", "expected"),
    [
        ("=Trong", "vi", "trong khi đó, Trong nói", ["Trong"]),
        ("Trong", "vi", "trong khi Trọng nói", ["trong", "Trọng"]),
        ("Trọng", "vi", "trong khi Trọng và TRỌNG nói", ["Trọng", "TRỌNG"]),
        ("@Trong", "vi", "Nguyễn Phú Trọng nói trong cuộc họp", ["Trọng"]),
        ("拜登", "zh", "总统拜登访问", ["拜登"]),
        ("拜登 NEAR/3 河内", "zh", "拜登抵达河内。", ["拜登抵达河内"]),
        ("@Biden", "zh", "拜登今天", ["拜登"]),
        ("バイデン", "ja", "ﾊﾞｲﾃﾞﾝ大統領", ["ﾊﾞｲﾃﾞﾝ"]),
        ("ไบเดน", "th", "ประธานาธิบดีไบเดนพบ", ["ไบเดน"]),
        ("sentence(拜登, 访问)", "zh", "拜登来了。他访问河内。", []),
        ("#visit", "vi", "Ông thăm Hà Nội", ["thăm"]),
        ("#visit", "en", "He paid his respects, thăm", ["paid his respects"]),
    ],
)
def test_other_scripts_and_languages_are_matched(rules: str, language: str, text: str, expected: list[str]) -> None:
    assert found(rules, article(text, language=language)) == expected


@pytest.mark.parametrize(
    ("rules", "fields"),
    [
        ("ferry", ["title", "text", "text"]),
        ("title:ferry", ["title"]),
        ("body:ferry", ["text", "text"]),
        ("lead:ferry", ["title", "text"]),
        ("author:lee", ["author"]),
        ("author:(lee OR kim) AND title:sinks", ["title", "author"]),
        ("ferry NEAR/9 sinks", ["title"]),
        ("sinks NEAR/500 harbour", []),
        ("sinks AND harbour", ["title", "text"]),
        ("any/2(sinks, harbour)", []),
        ("atleast/3(ferry)", []),
        ('source:"wire desk" AND title:ferry', ["title"]),
        ("source:wire*", ["source"]),
        ("source:wire", []),
        ("lang:en AND url:https://example.org/*", ["url", "lang"]),
        ("lang:EN-gb OR lang:fr", ["lang"]),
        ("section:world", []),
        ("title:(ferry AND NOT harbour)", ["title"]),
        ("ferry AND NOT source:wire*", []),
        ("/erry/ AND lead:/erry/ AND author:/Lee/ AND ferry", ["title", "text", "text", "author"]),
    ],
)
def test_fields_limit_where_a_term_looks(rules: str, fields: list[str]) -> None:
    text = "The harbour.\nA ferry.\nThe ferry again."
    rest = {"author": "Ann Lee", "source": "Wire Desk", "url": "https://example.org/a"}
    assert [span.field for span in spans(rules, article(text, "Ferry sinks", language="en-GB", **rest))] == fields


def test_a_span_has_its_sentence_and_its_leaves_by_clause() -> None:
    text = "It rained.\n\nBiden’s talks with @Trong: the “strategic partnership” stays.  More."
    (span,) = spans(
        'near/9(@Biden, @Trong, "strategic partner*" OR "strategic partnership")'.replace(
            ' "strategic partner*" OR', ""
        ),
        text,
    )
    assert text[span.start : span.end] == span.text == "Biden’s talks with @Trong: the “strategic partnership"
    assert span.sentence == "Biden’s talks with @Trong: the “strategic partnership” stays."
    assert text[span.sentence_start :].startswith(span.sentence)
    assert [(leaf.clause, leaf.text) for leaf in span.leaves] == [
        ("@Biden", "Biden’s"),
        ("@Trong", "Trong"),
        ('"strategic partnership"', "strategic partnership"),
    ]
    assert all(text[leaf.start : leaf.end] == leaf.text for leaf in span.leaves)
    assert span.clause == 'near/9(@Biden, @Trong, "strategic partnership")'


def test_offsets_are_those_of_the_stored_text_whatever_its_unicode_form() -> None:
    text = "Ông Tro\u0323ng gặp Ｂｉｄｅｎ."
    (span,) = spans("Trọng NEAR/3 Biden", article(text, language="vi"))
    assert text[span.start : span.end] == "Tro\u0323ng gặp Ｂｉｄｅｎ"


def test_a_span_over_two_sentences_copies_both() -> None:
    (span,) = spans("ferry NEAR/9 harbour", "Rain. A ferry sank. The harbour closed. End.")
    assert span.sentence == "A ferry sank. The harbour closed."


def test_a_sentence_is_copied_without_the_blanks_around_it() -> None:
    text = "Rain.\n   A ferry sank.  \nEnd."
    (span,) = spans("ferry", text)
    assert span.sentence == "A ferry sank."
    assert text[span.sentence_start :].startswith(span.sentence)


def test_overlapping_places_of_two_clauses_become_one_under_the_wider_name() -> None:
    (span,) = spans("(ferry NEAR/9 harbour) AND sank", "A ferry sank in the harbour.")
    assert span.text == "ferry sank in the harbour"
    assert span.clause == "ferry NEAR/9 harbour"
    assert [leaf.clause for leaf in span.leaves] == ["ferry", "sank", "harbour"]


def test_at_most_twenty_places_are_shown_and_every_clause_has_one() -> None:
    shown = spans("ferry AND harbour", "A ferry. " * 30 + "The harbour.")
    assert len(shown) == 20
    assert shown[-1].text == "harbour"
    assert [span.start for span in shown] == sorted(span.start for span in shown)


def test_an_alternative_of_whole_articles_shows_the_clauses_that_hold() -> None:
    texts = found("(ferry AND harbour) OR (rain AND snow) OR ice", "A ferry in the harbour. Rain. Ice.")
    assert texts == ["ferry", "harbour", "Ice"]


def test_a_match_weighs_more_with_more_places_and_in_the_title() -> None:
    def score(text: str, title: str = "") -> float:
        return verdict("ferry", article(text, title)).matches[0].score

    assert 0 < score("A ferry.") < score("A ferry. A ferry.") < score("A ferry.", "Ferry") < 1


def test_rules_answer_in_their_order_whatever_they_share() -> None:
    rules = [rule("@US NEAR/9 @Vietnam", f"rule{at}") for at in range(3)] + [rule("ferry", "last")]
    assert [match.rule for match in verdict(rules, "A ferry. US-Vietnam ties.").matches] == [
        "rule0",
        "rule1",
        "rule2",
        "last",
    ]


def test_rules_are_tried_in_their_languages_only() -> None:
    rules = [
        rule("ferry", "any"),
        rule("ferry", "fr", languages=("fr-FR",)),
        rule("ferry", "en", languages=("fr", "en")),
    ]
    answer = verdict(rules, "A ferry.", why=True)
    assert [match.rule for match in answer.matches] == ["any", "en"]
    assert answer.skipped == {"fr": Reason.LANGUAGE}


def test_the_rules_language_inflects_a_short_text_whose_feed_says_nothing() -> None:
    text = analyse(ArticleText("a", text="Les ministres rencontraient", language="en"))
    rules = [
        rule("rencontrer", "none"),
        rule("rencontrer", "fr", languages=("fr",)),
        rule("rencontrer", "guess", languages=("fr", "en")),
    ]
    assert [match.rule for match in Matcher(rules).match(text).matches] == ["fr"]
    assert [
        match.rule
        for match in Matcher(rules).match(analyse(ArticleText("a", text="Les ministres rencontraient"))).matches
    ] == [
        "fr",
        "guess",
    ]


@pytest.mark.parametrize(
    ("feeds", "tried"),
    [
        (None, True),
        (Feeds(), True),
        (Feeds(any=("Wire",)), True),
        (Feeds(any=("asia",)), True),
        (Feeds(any=("Other",)), False),
        (Feeds(tags=("asia",)), True),
        (Feeds(tags=("europe",)), False),
        (Feeds(any=("Other",), tags=("asia",)), True),
        (Feeds(none=("Wire",)), False),
        (Feeds(any=("Wire",), none=("asia",)), False),
    ],
)
def test_rules_are_tried_on_their_feeds_only(feeds: Feeds | None, tried: bool) -> None:
    feed = FeedTag("Wire", frozenset({"asia"}))
    answer = verdict([rule("ferry", feeds=feeds)], "A ferry.", feed=feed, why=True)
    assert bool(answer.matches) is tried
    assert answer.skipped == ({} if tried else {"rule": Reason.FEED_FILTER})
    assert verdict([rule("ferry", feeds=feeds)], "A ferry.").matches


def test_the_reasons_of_the_others_are_told_when_asked_for() -> None:
    rules = [rule("ferry", "off", enabled=False), rule("boat", "no"), rule("ferry", "yes")]
    assert verdict(rules, "A ferry.", why=True).skipped == {"off": Reason.RULE_DISABLED, "no": Reason.NO_MATCH}
    assert verdict(rules, "A ferry.").skipped == {}


COSTLY = "near/500(a, a, a, a, a) AND zebra"
WALL = "a " * 60 + "zebra"


def test_a_rule_beyond_its_budget_is_a_trouble_and_others_go_on() -> None:
    rules = [rule(f"({COSTLY}) AND (near/500(a,a,a,a) NEAR/500 zebra)", "costly"), rule("zebra", "cheap")]
    answer = verdict(rules, WALL, why=True)
    assert [(trouble.rule, trouble.reason) for trouble in answer.troubles] == [("costly", Reason.TOO_COSTLY)]
    assert [match.rule for match in answer.matches] == ["cheap"]
    assert answer.skipped == {}


def test_a_rule_costs_the_same_whatever_other_rules_worked_out_before() -> None:
    shared = "(b NEAR/9 c) NEAR/9 (b NEAR/9 c)"
    text = analyse(article("b c " * 8))
    for budget in range(100, 6000, 300):
        alone = Matcher([rule(shared, "two")]).match(text, budget=budget)
        beside = Matcher([rule(shared, "one"), rule(shared, "two")]).match(text, budget=budget)
        assert [trouble.rule for trouble in beside.troubles][1:] == [trouble.rule for trouble in alone.troubles]


def test_a_second_try_takes_one_rule_and_a_larger_budget() -> None:
    matcher = Matcher([rule("a NEAR/500 (a NEAR/500 a)", "costly"), rule("a", "cheap")])
    text = analyse(article("a " * 12))
    assert matcher.match(text, budget=20).troubles
    again = matcher.match(text, only={"costly"}, budget=200_000)
    assert [match.rule for match in again.matches] == ["costly"]


def test_a_rule_that_cannot_be_looked_up_is_refused() -> None:
    with pytest.raises(Unanchored):
        compiled([Regex("a")], Vocabulary())
    with pytest.raises(Unanchored):
        Matcher([Rule(Regex("a"))])


@pytest.mark.parametrize(
    ("text", "title", "matches"),
    [
        ("r AND title:/[?？]/", "Will the ferry sail?", True),
        ("r AND title:/[?？]/", "渡轮会开吗？专家说", True),
        ("r AND title:/[?？]/", "The ferry sails", False),
        ("r AND title:/^¿/", "¿Zarpa el barco", True),
        ("sail NEAR/0 /[?]/", "x", False),
        ("ferry NEAR/1 title:/[?]/", "Will the ferry sail?", True),
        ("will NEAR/1 title:/[?]/", "Will the ferry sail?", False),
        ("title:(sail AND /[?]/) NEAR/9 r", "Will the ferry sail?", False),
        ("first/2(title:/[?]/) AND r", "Will the ferry sail?", False),
        ("first/4(title:/[?]/) AND r", "Will the ferry sail?", True),
        ("r AND title:/[?]/", "?", False),
    ],
)
def test_a_regex_between_words_stands_with_the_word_before_it(text: str, title: str, matches: bool) -> None:
    found = verdict([rule(text)], ArticleText("a", title=title, text="r", language="en"))
    assert bool(found.matches) == matches
    assert found.troubles == ()


def test_equal_groups_of_two_rules_are_one_node() -> None:
    program = Program()
    assert program.node(Term(("ferry",))) is program.node(Term(("ferry",)))
    assert program.node(Term(("ferry",))) is not program.node(Term(("ferry",)), "title")


def test_an_empty_article_matches_nothing() -> None:
    rules = [rule("ferry"), rule("source:wire*"), rule("a AND NOT b")]
    assert verdict(rules, ArticleText("a")).matches == ()


def test_a_rule_that_makes_the_matcher_fail_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = places.verify

    def fails(rule: str, *rest: object) -> object:
        if rule == "bad":
            raise ZeroDivisionError("by zero")
        return verify(rule, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(match, "verify", fails)
    answer = verdict([rule("ferry", "bad"), rule("ferry", "good")], article("a ferry"))
    assert [found.rule for found in answer.matches] == ["good"]
    assert answer.troubles == (match.Trouble("bad", Reason.RULE_FAILED, "ZeroDivisionError: by zero"),)
