"""Text as it is stored, and as it is read where places in it must stay."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import clean, one_line, readable, unescaped

STRANGE = "a\x00b\u200ec\ud800d\r\ne\ufefff"


def test_clean_text_is_what_both_databases_take() -> None:
    assert clean(STRANGE) == "abcd\nef"
    assert clean("o\u0302") == "ô"


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line(" a\n b ") == "a b"
    assert one_line("one two", 4) == "one…"


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("abc👨‍👩‍👧def", "abc…"),
        ("abcd🇫🇷🇫🇷de", "abcd…"),
        ("abc🇫🇷🇫🇷de", "abc🇫🇷…"),
        ("abกำกำกำ", "abกำ…"),
        ("abcdx\u0323\u0302yz", "abcd…"),
        ("x" + "\u0323" * 99, "x" + "\u0323" * 4 + "…"),  # marks without end are cut
    ],
)
def test_no_sign_is_cut_in_two(text: str, cut: str) -> None:
    assert one_line(text, 6) == cut


@given(st.text(st.characters(), max_size=40))
def test_readable_text_keeps_every_place(text: str) -> None:
    kept = readable(text)
    assert len(kept) == len(text)
    assert unicodedata.normalize("NFC", kept.replace("\u2060", "").replace("\r\n", "\n").replace("\r", "\n")) == clean(
        text.replace("\u2060", "")
    )


def test_a_reference_of_more_digits_than_a_number_may_have_is_no_character() -> None:
    assert unescaped(f"a &#{'9' * 5_000}; &amp; b") == "a \ufffd & b"
    assert unescaped("&#65;&#x41;") == "AA"
