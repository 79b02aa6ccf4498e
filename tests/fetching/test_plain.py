from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching.plain import paragraphs_of, text_of, title_of


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("one\ntwo\n \nthree", "one two\nthree"),
        ("<p>one\n two</p>\n\n<p>three<br/>four</p>", "one two\nthree\nfour"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("a <b>bold</b> word", "a bold word"),
        ("H<sub>2</sub>O", "H2O"),
        ("AT&amp;T &lt;b&gt; &amp;amp;", "AT&T <b> &amp;"),
        ("<p>AT&amp;T &lt;b&gt;</p>", "AT&T <b>"),
        ("a < b and c > d", "a < b and c > d"),
        ("1<2>3", "1<2>3"),
        ("x <script>alert(1)</script>Hi", "x Hi"),
        ("<STYLE>p {}</STYLE >Hi <noscript><img src=x></noscript>", "Hi"),
        ("<!-- a > b --> Hi <!-- c -->", "Hi"),
        ("<svg/onload=alert(1)>Hi", "Hi"),
        ("<svg a='b'/>Hi <svg><path/></svg>there", "Hi there"),
        ("<script>Hi", "Hi"),
        ('<img alt="a > b">Hi', "Hi"),
        ("<a href='x'y>Hi</a>", "Hi"),
        ("<![CDATA[x]]>Hi", "Hi"),
        ("Hi\x00\x07 \u202ethere", "Hi there"),
        ("<p>&#0;a&#7;b</p>", "\ufffdab"),
        ("e\u0301", "\u00e9"),
    ],
)
def test_markup_becomes_the_words_a_reader_sees(markup: str, text: str) -> None:
    assert text_of(markup) == text


def test_a_title_is_one_line_of_text() -> None:
    assert title_of("<p>One\n<b>two</b></p><p>three &amp;lt;</p>") == "One two three &lt;"


def test_plain_text_keeps_its_angle_brackets() -> None:
    assert paragraphs_of("a <b>\nc\n\n\nd &amp;") == "a <b> c\nd &amp;"


@pytest.mark.parametrize("part", ["<a ", "<!--", "<script>", "<script><", "<a '", "<a \"'", "</", "<p", "<svg><a>"])
def test_beginnings_without_an_end_are_read_through(part: str) -> None:
    assert isinstance(text_of(part * 50_000), str)


@given(st.lists(st.sampled_from(["<", ">", "p", "script", "!--", "-->", "/", "'", '"', " ", "&lt;", "\n", "é"])))
def test_text_has_no_empty_lines_and_no_blanks_at_its_ends(parts: list[str]) -> None:
    text = text_of("".join(parts))
    assert text == text.strip()
    assert "\n\n" not in text
    assert "  " not in text
