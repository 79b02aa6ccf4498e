import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.words import COMMON, NUMBER, Term, spellings, stem, terms, tokens, weekdays, written


def keys(text: str, language: str = "en") -> list[str]:
    return [term.key for term in terms(text, language)]


def names(text: str, language: str = "en", *, capitals: bool = True) -> set[str]:
    return {term.key for term in terms(text, language, capitals=capitals) if term.name}


def test_inflections_share_a_stem() -> None:
    assert keys("upgraded upgrades upgrading") == ["upgrad"] * 3
    assert keys("обстреле обстрелы", "ru") == ["обстрел"] * 2


def test_a_language_without_a_stemmer_has_long_words_cut() -> None:
    assert stem("парламентом", "uk") == "парлам"


def test_stop_words_weekdays_and_letters_alone_are_left_out() -> None:
    assert keys("The envoy was in a talk on Friday x") == ["envoy", "talk"]


def test_a_language_that_is_not_known_leaves_out_every_stop_word() -> None:
    assert keys("the envoy und der Botschafter", "") == ["envoy", "botschaft"]


def test_words_of_any_news_text_weigh_little_and_numbers_much() -> None:
    assert terms("government 7.8 5", "en") == [
        Term("govern", COMMON, False),
        Term("7.8", NUMBER, False),
        Term("5", COMMON, False),
    ]


def test_decimal_comma_and_point_are_one() -> None:
    assert keys("7,5") == keys("7.5")


def test_countries_people_and_capitals_share_a_key() -> None:
    assert set(keys("Vietnam Vietnamese Hanoi")) == {"vietnam"}
    assert set(keys("U.S. US American Washington the United States")) == {"usa"}


def test_us_the_pronoun_is_no_country() -> None:
    assert keys("they told us nothing", "en") == ["told", "noth"]


def test_names_of_several_words_stay_whole() -> None:
    assert keys("North Korea and South Korea") == ["northkorea", "southkorea"]


def test_hyphens_separate_possessives_and_elisions_go() -> None:
    assert keys("Blinken’s trip G-7 China-friendly") == ["blinken", "trip", "g7", "china", "friend"]
    assert keys("l’Élysée d'accord", "fr") == [stem("élysée", "fr"), stem("accord", "fr")]


def test_a_capital_inside_a_sentence_is_a_name() -> None:
    assert names("Rescuers met Ahmed Khan in Derna. Shares fell.") == {"ahm", "khan", "derna"}


def test_a_capital_before_another_is_a_name_at_the_beginning_too() -> None:
    assert names("Boris Johnson resigned.") == {"bori", "johnson"}


def test_a_headline_that_writes_so_has_no_names_of_its_own() -> None:
    assert names("Rescuers Find Wreck Near Derna", capitals=False) == set()


def test_german_names_are_told_by_their_neighbours() -> None:
    assert names("Die Wahl in Sachsen gewann die CDU mit Michael Kretschmer im Landtag.", "de") == {
        stem(word, "de") for word in ("sachsen", "cdu", "michael", "kretschmer")
    }


def test_scripts_without_spaces_are_pairs_of_signs() -> None:
    assert keys("会谈 joint", "zh") == ["会谈", "joint"]
    assert keys("日銀のマイナス金利", "ja") == ["日銀", "マイナス", "金利"]
    assert names("マイナス", "ja") == {"マイナス"}


def test_a_sign_alone_is_no_term() -> None:
    assert keys("字", "zh") == []


@pytest.mark.parametrize(
    ("text", "days"),
    [("on Monday and Tuesday’s talks", {0, 1}), ("segunda-feira", {0}), ("в среду", {2}), ("no day", set())],
)
def test_weekdays_are_read_in_several_languages(text: str, days: set[int]) -> None:
    assert weekdays(text) == days


def test_words_can_be_shown_as_they_were_written() -> None:
    assert spellings("The United States upgrades Brandt’s ties; 12 ties", "en") == {
        "usa": "U.S.",
        "upgrad": "upgrades",
        "brandt": "Brandt",
        "tie": "ties",
        "12": "12",
    }


def test_stemmers_work_in_several_threads_at_once() -> None:
    words = [f"discussion{letter}s" for letter in "abcdefghij"] * 20
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda word: stem.__wrapped__(word, "en"), words))
    assert found == [stem(word, "en") for word in words]


@given(st.text(max_size=200), st.sampled_from(["en", "de", "zh", "vi", "", "xx"]))
def test_any_text_has_terms_with_keys_and_weights(text: str, language: str) -> None:
    assert all(term.key and term.weight > 0 for term in terms(text, language))
    assert all(token.text for token in tokens(text))


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aZß09 .,:;'’-_\n中アー가ไ")), max_size=60))
def test_what_is_written_is_what_the_tokens_are(text: str) -> None:
    folded = unicodedata.normalize("NFKC", text).casefold()
    assert written(text) == [token.text for token in tokens(folded)] or unicodedata.normalize("NFKC", folded) != folded


@pytest.mark.parametrize(("word", "language"), [("όταν", "el"), ("ίδιο", "el"), ("ları", "tr"), ("siniz", "tr")])
def test_a_word_of_which_a_stemmer_leaves_nothing_stays_itself(word: str, language: str) -> None:
    assert stem(word, language)
