import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.places import in_phrases, places


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("en", "Turkish forces left Papua New Guinea for Washington, the U.S. said", {"TR", "PG", "US"}),
        ("en", "The Shanghai Cooperation Organisation met, and us too", set()),
        ("en", "Israelis and Afghans", {"IL", "AF"}),
        ("fr", "le chancelier allemand reçu à Paris", {"DE", "FR"}),
        ("de", "in der osttürkischen Provinz und an türkischen Küsten", {"TR"}),
        ("ru", "в турецкой провинции, сообщили в России", {"TR", "RU"}),
        ("ar", "ولاية هرات غربي أفغانستان والرئيس التركي", {"AF", "TR"}),
        ("zh", "中越两国于周三在河内", {"CN", "VN"}),
        ("ja", "ウクライナ北東部で", {"UA"}),
        ("vi", "Thái Lan và Campuchia", {"TH", "KH"}),
        ("", "In Lebanon", {"LB"}),
    ],
)
def test_countries_are_known_by_their_names_people_and_towns(language: str, text: str, found: set[str]) -> None:
    assert places(text, language) == found


def test_words_that_only_begin_like_a_country_are_none() -> None:
    assert places("fueron liberados tras la reunión en la bahía", "es") == frozenset()
    assert places("в камере суда", "ru") == frozenset()


def test_words_of_a_country_of_several_words_are_known() -> None:
    assert in_phrases("In South Korea and the Yellow Sea", "en") == {"south", "korea"}


WORDS = [
    "Turkish",
    "Papua New Guinea",
    "US",
    "Shanghai Cooperation",
    "türkischen",
    "in",
    "التركي",
    "中越",
    "美军",
    "日本",
]


@given(
    st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text(),
    st.sampled_from(["", "en", "de", "ar", "zh", "ja", "xx"]),
)
def test_any_text_can_be_looked_through(text: str, language: str) -> None:
    assert all(len(code) == 2 for code in places(text, language))
