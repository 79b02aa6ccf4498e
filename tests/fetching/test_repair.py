from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from fetching.entries import MAX_ENTRIES
from fetching.repair import mended, opened, shortened


@pytest.mark.parametrize(
    ("text", "root", "rest"),
    [
        ("<rss/>", "rss", "<rss/>"),
        ("\ufeff <?xml version='1.0'?>\n<!-- <feed> --><RSS></RSS>", "rss", "<RSS></RSS>"),
        ("<!-- first --><?xml version='1.0'?><rdf:RDF></rdf:RDF>", "rdf", "<rdf:RDF></rdf:RDF>"),
        ("Warning: mysql_connect()\n<rss></rss>", "rss", "<rss></rss>"),
        ("<rss></rss>\n<script>track()</script>", "rss", "<rss></rss>"),
        ("<rss></rss >x", "rss", "<rss></rss >"),
        ("<rss><item>cut he", "rss", "<rss>"),
        ("<rss></rss", "rss", "<rss></rss"),
        ('<!DOCTYPE rss [<!ENTITY a "b">\n<!ENTITY c SYSTEM "d">]>\n<rss/>', "rss", "<rss/>"),
        ('<!DOCTYPE rss PUBLIC "-//Netscape" "http://x/rss.dtd"><rss/>', "rss", "<rss/>"),
        ("no markup", "", "no markup"),
        ("a < b", "", "< b"),
        ("<!-- never closed <rss/>", "", "<!-- never closed <rss/>"),
    ],
)
def test_a_document_is_opened_at_its_root_and_closed_behind_it(text: str, root: str, rest: str) -> None:
    document = opened(text)
    assert (document.root, document.text, document.is_html) == (root, rest, False)


@pytest.mark.parametrize(
    ("text", "kept", "whole"),
    [
        ("<rss><item>a</item><item>b</it", "<rss><item>a</item>", False),
        ("<rss><item>a</item><item><title>b</title>", "<rss><item>a</item>", False),
        ("<rss><item>a</item>\n</chann", "<rss><item>a</item>\n</chann", True),  # nothing but end tags is missing
        ("<feed><entry>a</entry>\n", "<feed><entry>a</entry>\n", True),
        (
            "<rss><item><title>a</title><item><title>b</title>",
            "<rss><item><title>a</title><item><title>b</title>",
            False,
        ),
        ("<rss><item><title>a</title><item><title>b", "<rss><item><title>a</title>", False),
        ("<rss><item>a</item><item><![CDATA[b</item></rss>", "<rss><item>a</item>", False),
        ("<rss><item><![CDATA[</rss>", "<rss>", False),
        ("<rss><item><![CDATA[</rss>]]></item></rss>x", "<rss><item><![CDATA[</rss>]]></item></rss>", True),
        ("<urlset><url><loc>a</loc></url><url><loc>http://x.te", "<urlset><url><loc>a</loc></url>", False),
        ("<rss><channel><title>b", "<rss><channel><title>b", True),
    ],
)
def test_of_what_was_cut_off_that_is_kept_which_stands_whole(text: str, kept: str, whole: bool) -> None:
    document = opened(text)
    assert (document.text, document.whole) == (kept, whole)


@pytest.mark.parametrize(
    "text", ["<!DOCTYPE html><x/>", "<!doctype HTML public ''>\n<p>", "<HTML>", "<head/>", " <body>"]
)
def test_a_page_is_known_by_its_doctype_or_root(text: str) -> None:
    assert opened(text).is_html


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("AT&T R&D", "AT&amp;T R&amp;D"),
        ("a&nbsp;b &eacute;", "a\u00a0b é"),
        ("&nosuch; &a.b;", "&amp;nosuch; &amp;a.b;"),
        ("&#x110000;&#xD800;&#0;&#11;x", "x"),
        ("a\x00\x0bb\ufffe\ud800c", "abc"),
        ("?a=1&b=2&copy=3", "?a=1&amp;b=2&amp;copy=3"),
        ("&#9999999999;", "&amp;#9999999999;"),
    ],
)
def test_what_xml_does_not_know_is_mended(text: str, whole: str) -> None:
    assert mended(text) == whole


@pytest.mark.parametrize(
    "text", ["", "&amp;&lt;&gt;&quot;&apos;", "&#38;&#x26;&#10;&#x1F600;", "<![CDATA[AT&T &nbsp; &]]>", "<![CDATA[ & "]
)
def test_what_is_well_formed_stays(text: str) -> None:
    assert mended(text) == text


@given(
    st.lists(
        st.sampled_from(
            ["&", ";", "#", "x", "amp", "nbsp", "9", "D800", "\x00", "é", "\ud800", " ", "<![CDATA[", "]]>"]
        )
    )
)
def test_mended_text_is_well_formed_and_stays_so(parts: list[str]) -> None:
    text = "".join(parts).replace("]]>", "") + ("]]>" if "<![CDATA[" in parts else "")
    whole = mended(text)
    etree.fromstring(f"<a>{whole}</a>".encode())
    assert mended(whole) == whole


def test_items_beyond_the_limit_are_cut_out_and_counted() -> None:
    items = "".join(f"<item>{number}</item>" for number in range(MAX_ENTRIES + 5))
    text, dropped = shortened(f"<rss>{items}<title/></rss>")
    assert dropped == 5
    assert text.endswith(f"<item>{MAX_ENTRIES - 1}</item><title/></rss>")
    etree.fromstring(text)
    assert shortened("<feed><a:entry></a:entry></feed>") == ("<feed><a:entry></a:entry></feed>", 0)


@pytest.mark.parametrize(
    ("step", "kept"), [(1, range(5, MAX_ENTRIES + 5)), (-1, range(MAX_ENTRIES)), (0, range(MAX_ENTRIES))]
)
@pytest.mark.parametrize("tag", ["pubDate", "dc:date"])
def test_of_too_many_items_the_newest_are_kept_wherever_they_stand(step: int, kept: range, tag: str) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    items = [
        f"<item>{n}<{tag}>{format_datetime(start + timedelta(hours=n * step))}</{tag}></item>"
        for n in range(MAX_ENTRIES + 5)
    ]
    text, dropped = shortened(f"<rss><title/>{''.join(items)}<link/></rss>")
    assert (text, dropped) == (f"<rss><title/>{''.join(items[n] for n in kept)}<link/></rss>", 5)
