from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.errors import ItemFailed
from core.reasons import Reason
from fetching.parse import MAX_ENTRIES, ParsedEntry, ParsedFeed, parse

URL = "https://example.com/sitemap.xml"
SPACES = (
    "xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'"
    " xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'"
)


def _read(urls: str, prolog: str = "<?xml version='1.0' encoding='UTF-8'?><!-- made --> ") -> ParsedFeed:
    return parse(f"{prolog}<urlset {SPACES}>{urls}</urlset>".encode(), url=URL, headers={})


def test_a_page_of_a_news_sitemap_becomes_an_entry() -> None:
    feed = _read(
        """<url><loc> https://example.com/a </loc><!-- c --><lastmod>2026-11-21T09:20:00Z</lastmod>
        <image:image><image:loc>https://example.com/i.jpg</image:loc></image:image>
        <news:news><news:publication><news:name>The News</news:name><news:language>vi</news:language></news:publication>
        <news:publication_date>2026-11-21T16:10:00+07:00</news:publication_date>
        <news:title>AT&amp;T in
        Hanoi</news:title></news:news></url>"""
    )
    assert (feed.format, feed.language, feed.dropped) == ("sitemap", "vi", 0)
    assert feed.entries == (
        ParsedEntry(
            url="https://example.com/a",
            title="AT&T in Hanoi",
            published=datetime(2026, 11, 21, 9, 10, tzinfo=UTC),
            updated=datetime(2026, 11, 21, 9, 20, tzinfo=UTC),
            language="vi",
            media=("https://example.com/i.jpg",),
        ),
    )


def test_the_newest_pages_come_first_and_are_kept() -> None:
    pages = "".join(f"<url><loc>/{n}</loc></url>" for n in range(MAX_ENTRIES))
    feed = _read(pages + "<url><loc>/new</loc><lastmod>2026-11-21</lastmod></url>")
    assert feed.entries[0].url == "https://example.com/new"
    assert (len(feed.entries), feed.dropped) == (MAX_ENTRIES, 1)


def test_a_broken_sitemap_is_salvaged() -> None:
    feed = _read("<url><loc>https://example.com/?a=1&b=2</loc></url><url><loc>/b</loc>")
    assert [entry.url for entry in feed.entries] == ["https://example.com/?a=1&b=2", "https://example.com/b"]


def test_an_empty_sitemap_is_a_feed_without_entries() -> None:
    assert _read("").entries == ()


def test_an_external_entity_is_not_read() -> None:
    feed = _read("<url><loc>/a?&x;</loc></url>", "<!DOCTYPE urlset [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>")
    assert [entry.url for entry in feed.entries] == ["https://example.com/a?&x;"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<urlset", Reason.BAD_FEED),
        (b"<urlset><", Reason.BAD_FEED),
    ],
)
def test_what_lists_no_pages_is_a_failure(body: bytes, reason: Reason) -> None:
    with pytest.raises(ItemFailed) as failure:
        parse(body, url=URL, headers={})
    assert failure.value.reason is reason
    assert failure.value.detail


def test_a_list_of_sitemaps_names_those_of_news_first_then_the_newest() -> None:
    listed = [("/old.xml", "2026-01-01"), ("/new.xml", "2026-11-20"), ("/google-news.xml", ""), ("/undated.xml", "")]
    inner = "".join(f"<sitemap><loc>{path}</loc><lastmod>{date}</lastmod></sitemap>" for path, date in listed)
    feed = parse(f"<sitemapindex>{inner}</sitemapindex>".encode(), url="https://example.com/s.xml", headers={})
    assert feed.is_index
    assert [one.removeprefix("https://example.com") for one in feed.more] == [
        "/google-news.xml", "/new.xml", "/old.xml", "/undated.xml",
    ]  # fmt: skip
