"""The feeds a page names, and where feeds usually are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lxml import etree, html
from yarl import URL

from core import urls
from core.text import one_line
from fetching.charset import decoded

MOST_BYTES = 2_000_000  # of a page that are looked at; feeds are named in its head
MOST_FOUND = 50

_TYPES = {
    "application/rss+xml": "rss",
    "application/atom+xml": "atom",
    "application/rdf+xml": "rdf",
    "application/feed+json": "json",
    "application/json": "json",
}
_USUAL_PATHS = ("feed", "rss", "rss.xml", "feed.xml", "atom.xml", "index.xml", "feed.json")
_NEWS_SITEMAPS = ("news-sitemap.xml", "sitemap-news.xml", "sitemap_news.xml")
_LIKE_A_FEED = re.compile(r"(?:^|[/._-])(?:rss|feeds?|atom|rdf)(?:[/._?&=-]|$)|\.(?:rss|atom|rdf)$", re.IGNORECASE)
_META_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?([\w:.-]{1,40})", re.IGNORECASE)
_COMMENTS = re.compile(r"/comments?/feed|comments?[./-](?:rss|atom|feed)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundFeed:
    """A feed, or what may be one.

    `how`: the page's head names it (link), the page links to what looks like one (anchor), or it is where many sites
    have theirs (guess: nobody looked). `type` is rss, atom, rdf, json, sitemap or empty.
    """

    url: str
    title: str = ""
    type: str = ""
    how: Literal["link", "anchor", "guess"] = "link"


def feed_links(page: bytes, url: str) -> tuple[FoundFeed, ...]:
    """What the HTML `page` at `url` names, best first, then guesses; at most 50, each address once.

    Feeds of comments are left out. Nothing is fetched; what is not HTML names nothing, the guesses remain.
    """
    tree = tree_of(page)
    base = base_of(tree, url)
    found = [*_named(tree, base), *_linked(tree, base), *_guessed(url)]
    once: dict[str, FoundFeed] = {}
    for feed in found:
        if feed.url and not _COMMENTS.search(feed.url):
            once.setdefault(urls.canonical(feed.url), feed)
    return tuple(once.values())[:MOST_FOUND]


def tree_of(page: bytes, said: str = "") -> html.HtmlElement | None:
    """The page's tree, of its first MB; `said` is the character set that the headers name. None for what is no HTML."""
    declared = _META_CHARSET.search(page[:5000])
    text = decoded(page[:MOST_BYTES], said or (declared[1].decode() if declared else "")).replace("\x00", "")
    try:
        return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8", no_network=True))
    except (etree.ParserError, ValueError):
        return None


def base_of(tree: html.HtmlElement | None, url: str) -> str:
    """What the page's links are relative to."""
    href = next((one.get("href", "") for one in tree.iter("base")), "") if tree is not None else ""
    return urls.join(url, href) or url


def _named(tree: html.HtmlElement | None, base: str) -> list[FoundFeed]:
    if tree is None:
        return []
    return [
        FoundFeed(urls.join(base, link.get("href", "")), one_line(link.get("title", ""), 200), kind)
        for link in tree.iter("link")
        if {"alternate", "feed"} & set(link.get("rel", "").lower().split())
        and (kind := _TYPES.get(link.get("type", "").partition(";")[0].strip().lower(), ""))
        and not (kind == "json" and "wp-json" in link.get("href", ""))
    ]


def _linked(tree: html.HtmlElement | None, base: str) -> list[FoundFeed]:
    if tree is None:
        return []
    host = urls.host_of(base)
    links = ((urls.join(base, a.get("href", "")), one_line(a.text_content(), 200)) for a in tree.iter("a"))
    return [
        FoundFeed(link, title, how="anchor")
        for link, title in links
        if link and urls.host_of(link) == host and _LIKE_A_FEED.search(URL(link).path_qs)
    ]


def _guessed(url: str) -> list[FoundFeed]:
    if not urls.is_usable(url):
        return []
    root = str(URL(url).origin())
    feeds = [FoundFeed(f"{root}/{path}", how="guess") for path in _USUAL_PATHS]
    return feeds + [FoundFeed(f"{root}/{path}", type="sitemap", how="guess") for path in _NEWS_SITEMAPS]
