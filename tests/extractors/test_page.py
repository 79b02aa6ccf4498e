from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ItemFailed
from core.reasons import Reason
from extractors.page import MAX_BYTES, MAX_DEPTH, nesting, open_page, to_utf8

RUSSIAN = "Министр сказал, что новый мост через реку откроют в понедельник утром, а старый разберут к осени."
JAPANESE = "町議会は二十日、老朽化した灯台を解体せずに修繕する予算案を全会一致で可決した。"


def html(text: str, charset: str = "") -> str:
    meta = f"<meta charset='{charset}'>" if charset else ""
    return f"<!doctype html><html><head>{meta}<title>t</title></head><body><p>{text}</p></body></html>"


def text_of(page: bytes, **said: str) -> str:
    tree = open_page(page, url="u", **said).tree
    assert tree is not None
    return str(tree.findtext(".//p"))


@pytest.mark.parametrize(
    ("page", "said", "reason"),
    [
        (b"", {}, Reason.NO_BODY),
        (b" \n\t ", {"content_type": "text/plain"}, Reason.NO_BODY),
        (b"<!-- -->", {}, Reason.NO_BODY),
        (b"%PDF-1.7 ...", {"content_type": "application/pdf"}, Reason.WRONG_TYPE),
        (b"%PDF-1.7 ...", {"content_type": "text/html"}, Reason.WRONG_TYPE),
        (b"\x89PNG\r\n\x1a\n", {}, Reason.WRONG_TYPE),
        (b"\x00\x00\x00\x18ftypmp42", {"content_type": "text/html"}, Reason.WRONG_TYPE),
        (b"<html></html>", {"content_type": "video/mp4"}, Reason.WRONG_TYPE),
        (b'{"a": 1}', {"content_type": "application/json"}, Reason.WRONG_TYPE),
        (b"<rss><channel/></rss>", {"content_type": "text/xml"}, Reason.WRONG_TYPE),
        (b"plain", {"content_type": "application/octet-stream"}, Reason.WRONG_TYPE),
        (b"x" * (MAX_BYTES + 1), {}, Reason.TOO_BIG),
        (b"<div>" * (MAX_DEPTH + 1), {}, Reason.TOO_DEEP),
    ],
)
def test_what_cannot_be_read_fails_with_its_reason(page: bytes, said: dict[str, str], reason: Reason) -> None:
    with pytest.raises(ItemFailed) as caught:
        open_page(page, url="https://a.example/x", **said)
    assert (caught.value.item, caught.value.reason) == ("https://a.example/x", reason)


@pytest.mark.parametrize("kind", ["", "text/html; charset=utf-8", "application/xhtml+xml", "TEXT/HTML"])
def test_html_is_read_by_type(kind: str) -> None:
    assert text_of(b"<p>some text</p>", content_type=kind) == "some text"


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/octet-stream",
        "text/xml",
        "application/xml",
        "text/html, text/html; charset=utf-8",
        "html",
        "application/x-httpd-php",
    ],
)
def test_html_is_read_under_a_type_that_says_nothing_or_that_somebody_made_up(kind: str) -> None:
    assert text_of(html("some text").encode(), content_type=kind) == "some text"


def test_plain_text_is_read_as_it_is() -> None:
    page = open_page(b"Ein Satz.\n<p>Noch einer.", url="u", content_type="text/plain")
    assert (page.tree, page.plain) == (None, "Ein Satz.\n<p>Noch einer.")


def test_nul_bytes_past_the_start_do_not_cut_a_page() -> None:
    assert text_of(html("x" * 2_000 + "some\0 text").encode()).endswith("some text")


# -- depth


def test_depth_is_counted_where_elements_nest_and_not_where_they_follow_each_other() -> None:
    assert nesting(b"<div>" * 3_000 + b"</div>" * 3_000) == 3_000
    assert nesting(b"</i>" * 5_000 + b"<div>" * 3_000) == 3_000
    assert nesting(b"<div></div>" * 3_000) <= 1
    assert nesting(b"<div>" * 10 + b"<p>one<br>two" * 3_000) == 10


def test_a_page_deeper_than_the_parser_goes_says_so() -> None:
    def page(depth: int) -> bytes:
        return b"<html><body>" + b"<div>" * depth + b"text" + b"</div>" * depth

    assert open_page(page(300), url="u").too_deep
    assert not open_page(page(200), url="u").too_deep


# -- charset


@pytest.mark.parametrize(
    ("encoded_in", "header", "meta"),
    [
        ("utf-8", "", ""),
        ("utf-8", "utf-8", "utf-8"),
        ("utf-8", "iso-8859-1", "windows-1251"),  # both lie
        ("utf-8-sig", "iso-8859-1", ""),
        ("cp1251", "windows-1251", ""),
        ("cp1251", "", "windows-1251"),
        ("cp1251", "ISO-8859-1", "windows-1251"),  # the server's default, and the page's word
        ("cp1251", "utf-8", ""),  # a lie, found by guessing
        ("cp1251", "", ""),
        ("koi8-r", "koi8-r", "windows-1251"),  # the server knows better: it is no default
        ("utf-16", "", ""),
        ("utf-16-le", "utf-16le", ""),
        ("utf-8", "", "utf-16"),
        ("utf-8", "no-such-charset", "nor-this"),
    ],
)
def test_russian_is_read_whatever_is_said_of_its_charset(encoded_in: str, header: str, meta: str) -> None:
    assert text_of(html(RUSSIAN, meta).encode(encoded_in), charset=header) == RUSSIAN


@pytest.mark.parametrize("charset", ["shift_jis", "euc-jp", "iso-2022-jp"])
def test_japanese_is_read_in_its_charsets(charset: str) -> None:
    assert text_of(html(JAPANESE, charset).encode(charset)) == JAPANESE
    assert text_of(html(JAPANESE).encode(charset), content_type=f'text/html; charset="{charset}"') == JAPANESE


def test_where_a_page_is_not_in_utf_8_as_its_server_says_its_own_word_counts() -> None:
    polish = "Kapitan portu zamknął północne nabrzeże o świcie we wtorek, a załogi trawlerów czekają na wieści."
    assert text_of(html(polish, "iso-8859-2").encode("iso-8859-2"), charset="utf-8") == polish


def test_a_few_bytes_of_windows_in_utf_8_are_read_as_such() -> None:
    page = html(RUSSIAN + " @").encode().replace(b"@", b"\x93quoted\x94 \x81")
    assert text_of(page, charset="utf-8") == f"{RUSSIAN} “quoted” \ufffd"


def test_latin_letters_without_a_declaration_are_western() -> None:
    assert text_of(html("café").encode("cp1252")) == "café"


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "shift_jis", "utf-16", "hz", "x"]))
def test_any_bytes_become_utf_8(body: bytes, charset: str) -> None:
    to_utf8(body, charset).decode("utf-8")
