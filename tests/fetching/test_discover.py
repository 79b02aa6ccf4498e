from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetching.discover import MOST_FOUND, FoundFeed, feed_links

URL = "https://news.example/world/today"
PAGE = """<!doctype html><html><head><title>News</title>
<link rel="stylesheet" href="/a.css" type="text/css">
<link rel="alternate" type="application/rss+xml" title="World &amp; more" href="/world.rss">
<link rel="ALTERNATE feed" type="application/atom+xml; charset=utf-8" href="atom">
<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed/">
<link rel="alternate" type="application/json" href="/wp-json/wp/v2/posts/1">
<link rel="alternate" type="application/feed+json" href="https://other.example/feed.json">
<link rel="alternate" hreflang="vi" href="/vi">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="application/rss+xml">
</head><body>
<a href="/feeds/politics.xml">Politics <b>feed</b></a> <a href="/story/feeding-birds">Birds</a> <a>x</a>
<a href="/world.rss">RSS</a> <a href="https://elsewhere.example/rss">Elsewhere</a> <a href="/story">Story</a>
</body></html>"""


def _found(page: str | bytes, url: str = URL) -> list[FoundFeed]:
    return list(feed_links(page.encode() if isinstance(page, str) else page, url))


def test_the_feeds_a_page_names_come_first() -> None:
    found = _found(PAGE)
    assert [one for one in found if one.how != "guess"] == [
        FoundFeed("https://news.example/world.rss", "World & more", "rss", "link"),
        FoundFeed("https://news.example/world/atom", "", "atom", "link"),
        FoundFeed("https://other.example/feed.json", "", "json", "link"),
        FoundFeed("https://news.example/feeds/politics.xml", "Politics feed", "", "anchor"),
    ]


def test_the_usual_places_are_guesses() -> None:
    guesses = [one for one in _found("") if one.how == "guess"]
    assert FoundFeed("https://news.example/feed", how="guess") in guesses
    assert FoundFeed("https://news.example/news-sitemap.xml", type="sitemap", how="guess") in guesses
    assert _found("") == guesses


def test_a_base_moves_relative_links() -> None:
    page = "<head><base href='https://cdn.example/x/'><link rel=alternate type=application/rss+xml href=f.xml></head>"
    assert _found(page)[0].url == "https://cdn.example/x/f.xml"


def test_a_page_in_any_charset_is_read() -> None:
    page = "<meta charset=windows-1251><link rel=alternate type=application/rss+xml href=/f title='Новости дня'>"
    assert _found(page.encode("cp1251"))[0].title.startswith("Новости")


def test_a_page_of_links_gives_only_so_many() -> None:
    links = "".join(f"<a href='/rss/{n}'>x</a>" for n in range(500))
    assert len(_found(links)) == MOST_FOUND


@pytest.mark.parametrize(
    "page", [b"", b"\x00", b"<", b"<!--", b"%PDF-1.4", b"<?xml version='1.0'?>", b"<div>" * 20_000]
)
def test_what_is_no_page_names_nothing(page: bytes) -> None:
    assert all(one.how == "guess" for one in _found(page))


def test_a_page_without_a_usable_address_names_nothing() -> None:
    assert _found("<p>", "file:///x") == []


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(page: bytes) -> None:
    assert isinstance(feed_links(page, URL), tuple)
