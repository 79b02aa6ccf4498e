"""Fault 38: scripts, case, accents, decomposed letters, curly quotes and hyphens, as docs/rules.md says."""

from __future__ import annotations

import unicodedata
from contextlib import suppress
from typing import Literal

import pytest

from rules.parse import RuleSyntaxError, parse
from tests.rules.desk import NAMES, article, found

FULL_WIDTH = str.maketrans({code: code + 0xFEE0 for code in range(0x21, 0x7F)})


Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = ("NFC", "NFD", "NFKC", "NFKD")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("rule", "language", "text", "expected"),
    [
        ("Trọng", "vi", "Ông Trọng nói.", ["Trọng"]),
        ("=Trọng", "vi", "Ông Trọng nói, trọng và TRỌNG.", ["Trọng"]),
        ("trong", "vi", "Ông Trọng nói.", ["Trọng"]),
        ("élection", "fr", "Des élections, une ELECTION.", ["élections"]),
        ("election", "fr", "Des élections, une election.", ["élections", "election"]),
        ("Größe", "de", "Die GRÖSSE.", ["GRÖSSE"]),
        ("한국", "ko", "한국은 말했다.", ["한국은"]),
        ("й", "ru", "буква й", ["й"]),
        ("Σίσυφος", "el", "Ο ΣΊΣΥΦΟΣ", ["ΣΊΣΥΦΟΣ"]),
        ("バイデン", "ja", "バイデン大統領", ["バイデン"]),
    ],
)
def test_composed_and_decomposed_letters_are_the_same_in_rules_and_in_texts(
    form: Form, rule: str, language: str, text: str, expected: list[str]
) -> None:
    written = article(unicodedata.normalize(form, text), language=language)
    for rule_form in FORMS[:2]:
        spans = found(unicodedata.normalize(rule_form, rule), written)
        assert [unicodedata.normalize("NFC", span) for span in spans] == expected


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("ferry", "FERRY Ferry fErRy", ["FERRY", "Ferry", "fErRy"]),
        ("=US", "us Us US", ["US"]),
        ("=US", "ＵＳ", ["ＵＳ"]),
        ("ferry", "ｆｅｒｒｙ", ["ｆｅｒｒｙ"]),
        ("Biden", "Biden's BIDEN’S Biden‘s", ["Biden's", "BIDEN’S", "Biden‘s"]),
        ("=Biden", "Biden’s BIDEN’S", ["Biden’s"]),
        ('"sea port"', "sea-port sea–port sea‑port sea port seaport", ["sea-port", "sea–port", "sea‑port", "sea port"]),
        ("sea-port", "sea port, sea‐port", ["sea port", "sea‐port"]),
        ('"sea-port"', "sea port", ["sea port"]),
        ("O’Brien", "O'Brien and O’Brien", ["O'Brien", "O’Brien"]),
        ("straße", "STRASSE", ["STRASSE"]),
        ("ferry", "fer\u00adry", ["fer\u00adry"]),
        ("naïve", "naive naïve", ["naïve"]),
        ("naive", "naive naïve", ["naive", "naïve"]),
        ("=naive", "naive naïve", ["naive"]),
        ('"1,000"', "1,000 1000", ["1,000"]),
        ("=U.S.", "The U.S. said", ["U.S."]),
    ],
)
def test_case_width_quotes_and_hyphens_are_compared_as_documented(rule: str, text: str, expected: list[str]) -> None:
    assert found(rule, article(text)) == expected


@pytest.mark.parametrize("quotes", ['""', "“”", "„“", "«»"])
def test_a_phrase_may_stand_in_any_kind_of_quotes(quotes: str) -> None:
    assert found(f"{quotes[0]}sea port{quotes[1]}", article("The sea port.")) == ["sea port"]


@pytest.mark.parametrize(
    ("rule", "language", "text", "expected"),
    [
        ("战略伙伴", "zh", "两国建立战略伙伴关系。", ["战略伙伴"]),
        ("拜登 NEAR/2 河内", "zh", "拜登抵达河内。", ["拜登抵达河内"]),
        ("سفير", "ar", "قال السفير", ["السفير"]),
        ("दिल्ली", "hi", "नई दिल्ली में", ["दिल्ली"]),
        ("ไบเดน", "th", "ประธานาธิบดีไบเดนพบ", ["ไบเดน"]),
        ("ភ្នំពេញ", "km", "ទីក្រុងភ្នំពេញ", ["ភ្នំពេញ"]),
        ("вьетнам", "ru", "Во Вьетнаме и ВЬЕТНАМ", ["Вьетнаме", "ВЬЕТНАМ"]),
        ("@Vietnam", "ja", "ベトナムと", ["ベトナム"]),
    ],
)
def test_words_of_every_script_are_found_where_they_stand(
    rule: str, language: str, text: str, expected: list[str]
) -> None:
    one = article(text, language=language)
    spans = found(rule, one)
    assert spans == expected


ODD = ("\ud800", "\x00", "\u202e", "\ufeff", "", "\u0301", "😀", "a\u0300" * 500, "\U0001f1fb")


@pytest.mark.parametrize("text", ODD)
def test_what_is_no_text_breaks_neither_texts_nor_rules(text: str) -> None:
    assert found("ferry", article(f"{text} ferry {text}")) == ["ferry"]
    with suppress(RuleSyntaxError):
        assert parse(text, NAMES)
