from __future__ import annotations

import pytest

from rules.languages import CODES, meant, spoken


def test_all_codes_have_two_lower_case_letters() -> None:
    assert len(CODES) > 180
    assert all(len(code) == 2 and code.isalpha() and code.islower() for code in CODES)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("English", "en"),
        ("en-US", "en"),
        ("EN", "en"),
        ("zh_Hant", "zh"),
        ("vn", "vi"),
        ("jp-JP", "ja"),
        ("klingon", ""),
        ("", ""),
        ("en", ""),
    ],
)
def test_the_code_that_was_probably_meant_is_found(text: str, code: str) -> None:
    assert meant(text) == code


@pytest.mark.parametrize(
    ("code", "kept"), [("en-GB", "en-GB"), ("pt_BR", "pt_BR"), ("q1", ""), ("", ""), ("xx-en", "")]
)
def test_a_language_that_does_not_exist_is_none(code: str, kept: str) -> None:
    assert spoken(code) == kept
