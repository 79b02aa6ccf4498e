import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.numbers import identifiers, in_figures, is_number, numbers


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "Fifty-seven soldiers and two hundred and five thousand others", {"57", "205000"}),
        ("en", "1.2 million cars, 6,500 jobs, magnitude 5.2", {"1200000", "6500", "5.2"}),
        ("en", "three of them in 2024, at 12:40", set()),
        ("es", "catorce años y cincuenta y siete días", {"14", "57"}),
        ("it", "Seimilacinquecento posti in meno", {"6500"}),
        ("de", "siebenundfünfzig Menschen, 1,2 Millionen Euro", {"57", "1200000"}),
        ("fr", "quatre-vingt-dix-sept voix", {"97"}),
        ("ru", "двадцать пять солдат", {"25"}),
        ("ar", "واحد وثلاثين راكبا", {"31"}),
        ("id", "enam puluh dua orang", {"62"}),
        ("ja", "六千五百人、百二十万台", {"6500", "1200000"}),
        ("zh", "裁员3400人，四十一人受伤", {"3400", "41"}),
        ("ko", "120만대", {"1200000"}),
        ("fr", "137\u202f000 personnes, 1\u00a0234\u00a0567,89 euros", {"137000", "1234567.89"}),
        ("pl", "12\u00a0500 osób", {"12500"}),
        ("fr", "en 2024\u00a0137 morts", {"137"}),
        ("de", "1.234.567,89 Euro, 0,1234 Prozent", {"1234567.89", "0.1234"}),
        ("en", "3.1415 of them", {"3.1415"}),
    ],
)
def test_numbers_are_one_in_figures_and_words(language: str, text: str, found: set[str]) -> None:
    assert numbers(text, language).keys() == found


def test_a_long_number_says_more_than_a_short_one() -> None:
    found = numbers("57 of 6,500", "en")
    assert found["57"] < found["6500"]


def test_a_text_of_signs_has_its_days_in_figures() -> None:
    assert in_figures("十三日から二十日") == "13日から20日"


def test_a_word_for_a_number_is_no_name() -> None:
    assert is_number("fifty", "en")
    assert not is_number("brandt", "en")


WORDS = [
    "fifty", "seven", "two", "hundred", "thousand", "million", "1.2", "6,500", "12:40", "2024", "men", "ein", "zwanzig",
    "siebenundfünfzig", "quatre-vingt-dix", "ثلاثين", "وعشرين", "六千五百", "百二十万", "万",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text(),
    st.sampled_from(["", "en", "de", "fr", "ar", "zh", "ja", "xx"]),
)
def test_any_text_can_be_counted(text: str, language: str) -> None:
    assert all(float(number) >= 0 and 0 < much <= 1 for number, much in numbers(text, language).items())


@pytest.mark.parametrize(("text", "language"), [("two" + " hundred" * 2_200, "en"), ("cent" * 2_200, "fr")])
def test_a_number_in_words_without_end_is_none(text: str, language: str) -> None:
    assert all(len(number) < 20 for number in numbers(text, language))


def test_a_run_of_figures_without_end_is_read_in_time_that_grows_with_it() -> None:
    assert numbers("1" * 300_000 + ":", "en") == {}


def test_what_is_told_apart_by_a_number_is_no_number() -> None:
    text = "CVE-2026-10231, flight BA117, the A12 and Q3; but 40,000 at 7.8, M5.1, 2026, G-7a and WW2s."
    assert identifiers(text) == {"CVE-2026-10231", "BA117", "A12", "Q3"}
