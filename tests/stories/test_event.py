from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.event import Features, features_of, likeness, primary, shared_terms

LEAD = "Officials from Norland and Sudland met envoy Ada Brandt in Eastport on Monday to end a dispute over 12 islands."


def told(title: str = "Brandt brings Norland and Sudland to the table", lead: str = LEAD, **more: str) -> Features:
    return features_of(title, lead, [more.get("sentence", "")], more.get("language", "en"))


def test_a_text_is_most_like_itself() -> None:
    assert likeness(told(), told()).score > 0.85
    assert likeness(told(), told()).margin > 0


def test_another_text_is_unlike() -> None:
    other = told("Harvest of plums is poor after frost", "Growers in the Tarn valley expect half of last year's crop.")
    assert likeness(told(), other).margin < 0


def test_texts_in_two_languages_are_never_alike() -> None:
    assert likeness(told(), told(language="de")).score == 0.0


def test_an_unknown_language_is_compared() -> None:
    assert likeness(told(), told(language="")).score > 0.5


def test_each_day_between_them_counts_against_it() -> None:
    near, far = likeness(told(), told()), likeness(told(), told(), timedelta(days=-2))
    assert near.score - far.score == pytest.approx(0.06)


def test_another_weekday_counts_against_it() -> None:
    other = told(lead=LEAD.replace("Monday", "Thursday"))
    assert likeness(told(), told()).score - likeness(told(), other).score == pytest.approx(0.12)


def test_another_party_in_each_title_counts_against_it() -> None:
    first = told(
        "Brandt brings Norland to the table", "Envoy Ada Brandt met leaders of Norland in Eastport over islands."
    )
    second = told(
        "Brandt brings Westmark to the table", "Envoy Ada Brandt met leaders of Westmark in Eastport over islands."
    )
    assert likeness(first, second).margin < 0


def test_a_script_without_capitals_is_compared_by_words() -> None:
    chinese = "国家主席在北京人民大会堂同来华进行国事访问的总统举行会谈"
    one = features_of("主席同总统会谈", chinese, [], "zh")
    assert not one.names
    assert likeness(one, one).margin > 0


def test_matched_sentences_are_looked_in_but_not_counted() -> None:
    plain, more = told(), told(sentence="Ada Brandt spoke of a partnership and a fishing fleet.")
    assert more.head == plain.head
    assert more.body.keys() > plain.body.keys()


def test_a_headline_in_capitals_says_nothing_about_names() -> None:
    title = told("Envoy Brings Two Old Rivals Back To Table", "Nothing is named here today at all.")
    assert not title.names
    sentence = told("Envoy tries again", "Nothing is named here.", sentence="Envoy Brings Two Old Rivals Back To Table")
    assert not sentence.names


def test_a_title_that_says_other_things_than_what_matched_stands_apart_from_it() -> None:
    flash = features_of("Quake shakes Tarnak", LEAD, ["A quake shook Tarnak; it shakes still."], "en")
    later = features_of("The mountain was dust", LEAD, ["A quake shook Tarnak."], "en")
    assert flash.apart < 0.2
    assert later.apart == 1.0


def test_a_title_that_matched_itself_is_measured_by_the_rest() -> None:
    title = "The mountain was dust"
    assert features_of(title, LEAD, [title, "A quake shook Tarnak."], "en").apart == 1.0
    assert features_of(title, "The mountain was dust.\n" + LEAD, [title], "en").apart == 0.0


def test_a_title_alone_tells_the_news_itself() -> None:
    assert features_of("A quake shook Tarnak", "", ["A quake shook Tarnak"], "en").apart == 0.0


def test_what_is_shared_is_named_heaviest_first() -> None:
    assert shared_terms(told(), told())[0] in told().names


def test_a_text_that_says_too_little_is_like_nothing() -> None:
    assert likeness(told("Floods again", ""), told("Floods again", "")).score == 0.0


def test_empty_texts_are_unlike() -> None:
    assert likeness(told("", ""), told("", "")).margin < 0


def test_a_language_is_its_primary_tag() -> None:
    assert primary("en-GB") == primary("en_us") == "en"


TEXT = st.lists(st.sampled_from(["Norland", "brandt", "Brandt", "met", "12", "Monday", "islands", "会谈"]), max_size=9)


@given(TEXT, TEXT, TEXT, TEXT, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_likeness_is_symmetric_and_at_most_one(
    a: list[str], b: list[str], c: list[str], d: list[str], apart: timedelta
) -> None:
    one, other = told(" ".join(a), " ".join(b)), told(" ".join(c), " ".join(d))
    there, back = likeness(one, other, apart), likeness(other, one, -apart)
    assert there.score == pytest.approx(back.score)
    assert there.score <= 1.0
