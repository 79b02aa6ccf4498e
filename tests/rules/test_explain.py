import pytest

from core.reasons import Reason
from rules.document import ArticleText, analyse
from rules.explain import Clause, Explanation, explain, near_miss
from rules.match import FeedTag
from tests.rules.desk import Feeds, article, rule

TEXT = (
    "A ferry left the harbour in rain. The coast guard searched for hours near Manila.\n"
    "A boat came back. The ferry did not."
)


def of(text: str, body: str | ArticleText = TEXT) -> Explanation:
    return explain(rule(text), analyse(article(body) if isinstance(body, str) else body))


@pytest.mark.parametrize(
    ("text", "failed", "miss"),
    [
        ("tanker", "tanker", "not in the article"),
        ("title:ferry", "title:ferry", "not in the title"),
        ("title:(ferry OR boat)", "ferry OR boat", "none of them in the title"),
        ("ferry AND tanker", "tanker", "not in the article"),
        ("(ferry AND tanker) OR (snow AND ice)", "tanker", "not in the article"),
        ("tanker OR snow", "tanker OR snow", "none of them in the article"),
        ("(tanker AND snow) OR ice", "tanker", "not in the article"),
        ("ferry AND NOT boat", "boat", "it is in the article, and excludes it"),
        ("ferry NEAR/3 Manila", "ferry NEAR/3 Manila", "5 words apart, limit 3"),
        (
            "harbour NEAR/1 rain AND ferry NEAR/0 left AND ferry NEAR/2 Manila",
            "ferry NEAR/2 Manila",
            "5 words apart, limit 2",
        ),
        ("ferry NEAR/3 tanker", "tanker", "not in the article"),
        ("rain NEAR/0 harbour", "rain NEAR/0 harbour", "1 word apart, limit 0"),
        ("Manila THEN/0 boat", "Manila THEN/0 boat", "1 word apart, limit 0"),
        ("rain THEN/3 harbour", "rain THEN/3 harbour", "never in this order"),
        ("boat NEAR/3 boat", "boat NEAR/3 boat", "never as separate words in one field"),
        ("boat THEN/3 boat", "boat THEN/3 boat", "never as separate words in one field"),
        ("sentence(ferry, guard)", "sentence(ferry, guard)", "never in one sentence; nearest: 7 words apart"),
        ("paragraph(boat, boat)", "paragraph(boat, boat)", "never in one paragraph"),
        ("atleast/4(ferry)", "atleast/4(ferry)", "2 places, 4 needed"),
        ("atleast/2(boat)", "atleast/2(boat)", "1 place, 2 needed"),
        ("any/2(ferry, tanker, snow)", "any/2(ferry, tanker, snow)", "1 of 3 there, 2 needed"),
        ("any/2(news, ferry)", "any/2(news, ferry)", "never in one field"),
        ("boat NEAR/9 (news AND ferry)", "news AND ferry", "never in one field"),
        ("first/3(harbour)", "first/3(harbour)", "first at word 5, limit 3"),
        ("first/3(tanker)", "tanker", "not in the article"),
        ("boat NOT NEAR/2 back", "boat NOT NEAR/2 back", "every place is within 2 words of back"),
        ('boat UNLESS "a boat came"', 'boat UNLESS "a boat came"', 'every place lies inside "a boat came"'),
        ("tanker UNLESS boat", "tanker", "not in the article"),
        ("source:Other AND ferry", 'source:"Other"', "source is “Wire”"),
        ("section:Asia AND ferry", 'section:"Asia"', "the article has no section"),
        ("ferry AND /[0-9]+/", "/[0-9]+/", "not in the article"),
        ("@Vietnam AND ferry", "@Vietnam", "not in the article"),
        ("title:@Vietnam AND ferry", "title:@Vietnam", "not in the title"),
        ("$sinking", "sank", "not in the article"),
        ("sentence(ferry AND guard)", "sentence(ferry AND guard)", "never in one sentence"),
    ],
)
def test_the_first_clause_that_fails_is_named_with_what_it_lacks(text: str, failed: str, miss: str) -> None:
    body = ArticleText("a", "News", TEXT, author="Ann Lee", source="Wire", language="en", fallback_language="en")
    told = of(text, body)
    assert not told.matched
    assert told.reason is Reason.NO_MATCH
    assert (told.failed, told.miss) == (failed, miss)


def test_a_match_is_explained_by_its_places() -> None:
    told = of("(ferry NEAR/9 harbour) AND $ferry AND NOT tanker")
    assert told.matched
    assert told.reason is None
    assert told.match is not None
    assert (told.failed, told.miss) == ("", "")
    near, named, excluded = told.tree.parts
    assert [place.text for place in near.places] == ["ferry left the harbour"]
    assert [part.text for part in near.parts] == ["ferry", "harbour"]
    assert named.text == "$ferry"
    assert named.parts[0].text == "ferry OR boat"
    assert excluded.satisfied
    assert not excluded.matched
    assert told.cost > 0


def test_names_and_plain_fields_are_not_taken_apart() -> None:
    tree = of("@Vietnam AND title:ferry AND title:(ferry NEAR/2 boat)").tree
    assert [bool(part.parts) for part in tree.parts] == [False, False, True]


def test_a_rule_that_is_not_tried_says_so_and_still_shows_what_it_finds() -> None:
    text = analyse(article(TEXT))
    off = explain(rule("ferry", enabled=False), text)
    assert (off.matched, off.reason) == (False, Reason.RULE_DISABLED)
    assert off.match is not None
    assert explain(rule("ferry", languages=("fr",)), text).reason is Reason.LANGUAGE
    filtered = explain(rule("ferry", feeds=Feeds(none=("Wire",))), text, feed=FeedTag("Wire"))
    assert filtered.reason is Reason.FEED_FILTER


def test_a_rule_too_costly_even_for_a_person_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rules.explain.PATIENCE", 0.1)
    told = of("near/500(a, a, a, a, a) NEAR/500 zebra", "a " * 80 + "zebra")
    assert told.reason is Reason.TOO_COSTLY
    assert told.tree == Clause(told.tree.text, False, note=Reason.TOO_COSTLY.sentence)


@pytest.mark.parametrize(
    ("text", "words", "failed", "miss"),
    [
        ("ferry AND sank", "A ferry left.", "sank", "not in the article"),
        ("ferry NEAR/2 sank", "A ferry from Cebu to Manila sank.", "ferry NEAR/2 sank", "4 words apart, limit 2"),
        ("ferry THEN/2 sank", "What sank was a ferry.", "ferry THEN/2 sank", "never in this order"),
        ("near/9(ferry, sank, Manila)", "A ferry off Manila.", "sank", "not in the article"),
        ("near/9(@Biden, @Vietnam, meet OR visit)", "Biden saw Hanoi.", "meet OR visit", "none of them in the article"),
        ("ferry AND NOT museum", "A ferry museum.", "museum", "it is in the article, and excludes it"),
        ("atleast/2(ferry)", "A ferry left.", "atleast/2(ferry)", "1 place, 2 needed"),
        ("any/2(ferry, sank, drowned)", "A ferry left.", "any/2(ferry, sank, drowned)", "1 of 3 there, 2 needed"),
        ("first/2(ferry)", "An old blue ferry left.", "first/2(ferry)", "first at word 4, limit 2"),
        (
            "sentence(ferry, sank)",
            "A ferry left. It sank.",
            "sentence(ferry, sank)",
            "never in one sentence; nearest: 2",
        ),
        ("(ferry AND sank) OR (boat AND capsized AND night)", "A boat capsized.", "night", "not in the article"),
        ("$sinking AND Manila", "A ferry sank.", "Manila", "not in the article"),
    ],
)
def test_a_near_miss_names_the_one_clause_that_is_lacking(text: str, words: str, failed: str, miss: str) -> None:
    found = near_miss(explain(rule(text), analyse(article(words))))
    assert found is not None
    assert found.failed == failed
    assert found.miss.startswith(miss)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ferry AND sank", "A ferry sank."),
        ("ferry AND sank", "A boat left."),
        ("ferry OR boat", "A ship left."),
        ("#visit", "A ship left."),
        ("title:ferry", "A ferry left."),
        ("ferry AND sank AND Manila", "A ferry left."),
        ("ferry NEAR/1 sank", "A ferry from Cebu to Manila sank."),
        ("first/1(ferry)", "An old blue ferry left."),
        ("atleast/4(ferry)", "A ferry left."),
        ("any/3(ferry, sank, drowned)", "A ferry left."),
        ("sentence(ferry, sank)", f"A ferry left. {'x ' * 99}. It sank."),
        ("title:ferry OR (boat AND sank)", "Nothing of it."),
        ("ferry AND NOT museum", "A museum."),
    ],
)
def test_what_lacks_more_or_matches_is_no_near_miss(text: str, words: str) -> None:
    assert near_miss(explain(rule(text), analyse(article(words)))) is None


def test_a_rule_that_is_not_tried_has_no_near_misses() -> None:
    document = analyse(article("A ferry left."))
    assert near_miss(explain(rule("ferry AND sank", languages=("fr",)), document)) is None


@pytest.mark.parametrize(
    ("text", "needs"),
    [("ferry NEAR/3 Manila", 5), ("first/3(harbour)", 5), ("rain THEN/3 harbour", 0), ("ferry AND tanker", 0)],
)
def test_a_near_miss_says_which_limit_would_do_and_where_the_rest_is(text: str, needs: int) -> None:
    miss = near_miss(of(f"boat AND {text}"))
    assert miss is not None
    assert miss.needs == needs
    assert "boat" in [place.text for place in miss.there]
