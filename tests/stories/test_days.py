from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stories.days import dates

TOLD = date(2024, 4, 4)  # a Thursday


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("en", "shaken on Thursday, a day after Wednesday's quake", [4, 3]),
        ("en", "tomorrow, Friday", [5]),
        ("en", "they will meet on Saturday", []),  # five days back, or two ahead: nobody knows
        ("en", "on April 3 or 2 April", [3, 2]),
        ("en", "in April 2011", []),
        ("de", "am Mittwoch, dem 3. April", [3, 3]),
        ("pt", "nesta quinta-feira, 4 de abril", [4, 4]),
        ("ru", "в среду", [3]),
        ("ar", "فجر الأربعاء", [3]),
        ("zh", "周三晚，3日深夜", [3, 3]),
        ("ja", "4日午後、4月3日", [4, 3]),
        ("vi", "sáng 3/4, thứ Năm", [3, 4]),
        ("en", "a score of 31/12", []),
        ("es", "anoche", [3]),
        ("ja", "三日の午後、今日", [3, 4]),
    ],
)
def test_days_near_the_telling_are_understood(language: str, text: str, days: list[int]) -> None:
    assert dates(text, language, TOLD) == [date(2024, 4, day) for day in days]


@pytest.mark.parametrize(
    ("language", "text", "days"),
    [
        ("en", "At least 10 may have died", []),
        ("en", "The 10 Mayor Adams named", []),
        ("es", "hay 9 mayores heridos", []),
        ("fr", "le 10 mai, puis le 9", [10]),
        ("en", "At least 8 died on 10 May.", [10]),
        ("en", "on May 10", [10]),
        ("de", "Almai 10", []),
    ],
)
def test_words_that_hold_a_month_are_none(language: str, text: str, days: list[int]) -> None:
    assert dates(text, language, date(2026, 5, 10)) == [date(2026, 5, day) for day in days]


WORDS = ["Thursday", "Friday", "on", "3 April", "tomorrow", "yesterday", "31/12", "الأربعاء", "周三", "3日", "4月3日"]
SPRING = st.dates(date(2024, 2, 1), date(2024, 6, 1))  # near what the words name


@given(
    st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text(),
    SPRING | st.dates(date(1971, 1, 1), date(2999, 1, 1)),
    st.sampled_from(["", "en", "ar", "zh"]),
)
def test_a_day_that_is_named_is_near(text: str, told: date, language: str) -> None:
    assert all(-6 <= (day - told).days <= 1 for day in dates(text, language, told))
