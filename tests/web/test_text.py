"""Values as HTML: whatever they hold, the browser sees text."""

from __future__ import annotations

from datetime import UTC, datetime
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from tests.web.hostile import TEXTS, URLS
from web.text import counted, marked, outside, short, when, why

MARKS = st.lists(st.tuples(st.integers(-5, 60), st.integers(-5, 60)), max_size=6)


def test_the_matched_words_are_marked() -> None:
    assert marked("The strike goes on.", [[4, 10]]) == "The <mark>strike</mark> goes on."


def test_marks_that_touch_or_overlap_become_one() -> None:
    assert marked("abcdef", [[3, 5], [0, 2], [1, 3]]) == "<mark>abcde</mark>f"


def test_marks_beyond_the_sentence_end_with_it() -> None:
    assert marked("abc", [[-2, 1], [2, 99], [50, 60], [1, 1]]) == "<mark>a</mark>b<mark>c</mark>"


@given(st.text(max_size=50), MARKS)
def test_a_marked_sentence_reads_as_it_was(sentence: str, marks: list[tuple[int, int]]) -> None:
    shown = marked(sentence, marks).replace("<mark>", "").replace("</mark>", "")
    assert "<" not in shown
    assert unescape(shown) == sentence or "&" in sentence  # unescape reads some entities without a semicolon


@pytest.mark.parametrize("text", TEXTS)
def test_a_hostile_sentence_stays_text_wherever_its_marks_are(text: str) -> None:
    for end in range(0, len(text), 3):
        tree = html.fragment_fromstring(marked(text, [[end // 2, end]]), create_parent="p")
        assert {node.tag for node in tree.iterdescendants()} <= {"mark"}
        assert not any(node.attrib for node in tree.iterdescendants())


@pytest.mark.parametrize("url", URLS)
def test_a_url_that_is_no_plain_web_address_is_no_link(url: str) -> None:
    tree = html.fragment_fromstring(outside("title", url), create_parent="p")
    for link in tree.iterdescendants("a"):
        assert set(link.attrib) == {"href", "rel"}
        assert link.attrib["href"].startswith("https://")
        assert not set(link.attrib["href"]) & set('"<> \t\\')
    assert tree.text_content() == "title"


@pytest.mark.parametrize("text", TEXTS)
def test_a_hostile_title_is_a_link_and_nothing_else(text: str) -> None:
    tree = html.fragment_fromstring(outside(text, "https://harbour-post.example/a?b=1&c=2"), create_parent="p")
    assert [node.tag for node in tree.iterdescendants()] == ["a"]
    assert tree[0].attrib["href"] == "https://harbour-post.example/a?b=1&c=2"


def test_a_link_outside_tells_nothing_of_us() -> None:
    assert 'rel="noopener noreferrer"' in outside("x", "https://harbour-post.example/")


def test_times_say_that_they_are_utc() -> None:
    at = datetime(2026, 3, 5, 4, 7, 9, tzinfo=UTC)
    assert when(at) == '<time datetime="2026-03-05T04:07:09+00:00">05 Mar 2026, 04:07 UTC</time>'
    assert "05 Mar 04:07" in short(at)
    assert "UTC" in short(at)


def test_no_time_is_a_dash() -> None:
    assert "–" in when(None)
    assert "–" in short(None)


def test_a_reason_is_a_sentence_and_what_is_none_stays() -> None:
    assert why("quiet_hours") == "held until the quiet hours end"
    assert why("") == ""
    assert why("editor@desk.example") == "editor@desk.example"


def test_numbers_count_in_words() -> None:
    assert [counted(n, "article", "articles") for n in (0, 1, 1200)] == ["0 articles", "1 article", "1,200 articles"]
