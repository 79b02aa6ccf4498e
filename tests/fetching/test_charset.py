from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching.charset import decoded

VIETNAMESE = "Việt Nam và Hoa Kỳ"
FRENCH = "Café à Hanoï – “l’été”"
RUSSIAN = "Президент посетил Ханой сегодня утром и встретился с премьером"


def _xml(text: str, declared: str = "") -> str:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    return f"{declaration}<rss><title>{text}</title></rss>"


@pytest.mark.parametrize("declared", ["", "utf-8", "iso-8859-1", "windows-1251", "gb2312", "no-such-charset", "rot13"])
@pytest.mark.parametrize("header", ["", "utf-8", "iso-8859-1", "us-ascii"])
def test_valid_utf_8_is_utf_8_whatever_is_said(declared: str, header: str) -> None:
    document = _xml(VIETNAMESE, declared)
    assert decoded(document.encode(), header) == document


@pytest.mark.parametrize(
    ("text", "really", "declared", "header"),
    [
        (FRENCH, "cp1252", "utf-8", ""),
        (FRENCH, "cp1252", "iso-8859-1", ""),
        (FRENCH, "cp1252", "", "utf-8"),
        (FRENCH, "cp1252", "", ""),
        (RUSSIAN, "cp1251", "windows-1251", ""),
        (RUSSIAN, "cp1251", "windows-1251", "iso-8859-1"),
        (RUSSIAN, "cp1251", "iso-8859-1", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r", "utf-8"),
        (RUSSIAN, "cp1251", "utf-8", "utf-8"),
        ("中国国家主席访问河内 镕", "gbk", "gb2312", ""),
        ("中国国家主席访问河内", "gbk", "utf-8", ""),
        ("日本の首相がハノイを訪問", "shift_jis", "Shift_JIS", ""),
        ("日本の首相がハノイを訪問", "iso-2022-jp", "iso-2022-jp", ""),
        ("한국 대통령이 하노이를 방문했다", "euc_kr", "utf-8", ""),
    ],
)
def test_what_is_said_falsely_is_read_all_the_same(text: str, really: str, declared: str, header: str) -> None:
    assert text in decoded(_xml(text, declared).encode(really), header)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_decides(encoding: str) -> None:
    document = _xml(VIETNAMESE, "iso-8859-1")
    assert decoded(("\ufeff" + document).encode(encoding), "koi8-r") == document


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_seen(encoding: str) -> None:
    document = _xml(VIETNAMESE, "utf-16")
    assert decoded(document.encode(encoding)) == document


@pytest.mark.parametrize(
    "codec", ["unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode", "base64", "hex"]
)
def test_codecs_that_are_no_charsets_are_not_used(codec: str) -> None:
    assert codecs.lookup(codec)
    body = f'<?xml version="1.0" encoding="{codec}"?><a>\\x41 +AEE- '.encode() + b"\xe9</a>"
    assert "\\x41 +AEE- é" in decoded(body, codec)


@given(st.binary(max_size=300), st.text(max_size=20))
def test_any_bytes_become_text(body: bytes, charset: str) -> None:
    assert isinstance(decoded(body, charset), str)


@pytest.mark.parametrize("said", ["", "utf-8", "iso-8859-1"])
def test_a_character_cut_in_half_spoils_no_other(said: str) -> None:
    whole = "Größe, größer, am größten: Öl, Übermut, Äpfel, süß. "
    body = whole.encode() + "ß".encode()[:1] + b" ..."
    assert decoded(body, said) == f"{whole}\ufffd ..."
    assert decoded(b"a \xed\xa0\x80 " + whole.encode(), said) == f"a \ud800 {whole}"
