import pytest

from rules.tokens import between, bounds, is_alone, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two  words", ["two", "words"]),
        ("The U.S. Secretary", ["The", "U.S.", "Secretary"]),
        ("U.S.-Vietnam ties", ["U.S.", "Vietnam", "ties"]),
        ("the U.S.’s largest", ["the", "U.S.’s", "largest"]),
        ("at 5 p.m.", ["at", "5", "p.m."]),
        ("U.S.Secretary A.Smith", ["U.S.", "Secretary", "A", "Smith"]),
        ("1,000 and 3.5. Then", ["1,000", "and", "3.5", "Then"]),
        ("in 2022, 2023", ["in", "2022", "2023"]),
        ("10,000km", ["10,000km"]),
        ("Vietnam's VIETNAM’S Vietnamʼs", ["Vietnam's", "VIETNAM’S", "Vietnamʼs"]),
        ("the leaders’ talks", ["the", "leaders", "talks"]),
        ("don't l’Europe", ["don", "t", "l", "Europe"]),
        ("in-person – well—so", ["in", "person", "well", "so"]),
        ("snake_case #tag @name", ["snake", "case", "tag", "name"]),
        ("Tro\u0323\u0302ng", ["Tro\u0323\u0302ng"]),
        ("inter\u00adnational", ["inter\u00adnational"]),
        ("تحریم‌ها می‌رود", ["تحریم", "ها", "می", "رود"]),
        ("auf\u200clage क्\u200cष", ["auf\u200clage", "क्\u200cष"]),
        ("拜登访问", ["拜", "登", "访", "问"]),
        ("バイデン大統領", ["バ", "イ", "デ", "ン", "大", "統", "領"]),
        ("ﾊﾞｲ", ["ﾊﾞ", "ｲ"]),
        ("ก่า", ["ก่", "า"]),
        ("베트남은 좋다", ["베트남은", "좋다"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("В’єтнам", ["В", "єтнам"]),
        ("ＵＳ", ["ＵＳ"]),
        ("“quoted” ‘cat’s’", ["quoted", "cat’s"]),
        ("…!? — 😀", []),
        ("", []),
    ],
)
def test_a_text_has_these_words(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected
    assert [text[start:end] for start, end in zip(*bounds(text), strict=True)] == expected


def test_what_is_between_words_is_what_is_left() -> None:
    assert between("wom?n-folk") == "?-"


def test_only_scripts_without_spaces_have_words_of_one_character() -> None:
    assert is_alone("拜")
    assert is_alone("ไ")
    assert not is_alone("a")
    assert not is_alone("베트남")
