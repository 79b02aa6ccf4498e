from __future__ import annotations

import pytest

from core.errors import ItemFailed
from core.reasons import Reason
from fetching.entries import ParsedFeed
from fetching.pagelinks import parse

URL = "https://town.example/press/"
PAGE = """<!DOCTYPE html><html lang="en"><head><title>Press</title></head><body><nav><a href="/">Home</a></nav><main>
<h3><a href="/press/1?utm_source=list#top">Mayor opens the <b>bridge</b></a></h3>
<a href="/press/2"><h3>A new harbour</h3><p>and more about it</p></a>
<h3><a href="/press/3"><img alt="Council meets" src="x.jpg"></a></h3>
<h3><a href="https://town.example/press/1">again</a><a href="javascript:x()">script</a><a href="#x">up</a></h3>
</main></body></html>"""


def _read(page: str | bytes, selector: str = "main h3", kind: str = "text/html") -> ParsedFeed:
    body = page.encode() if isinstance(page, str) else page
    return parse(body, url=URL, headers={"content-type": kind}, selector=selector)


def test_each_link_that_the_selector_finds_is_an_undated_entry_once() -> None:
    feed = _read(PAGE)
    assert [(one.url, one.title, one.published) for one in feed.entries] == [
        ("https://town.example/press/1?utm_source=list", "Mayor opens the bridge", None),
        ("https://town.example/press/2", "A new harbour", None),
        ("https://town.example/press/3", "Council meets", None),
    ]
    assert (feed.format, feed.title, feed.language) == ("page", "Press", "en")


@pytest.mark.parametrize("selector", ["main", "main a", "main h3, main a", "main h3 > a, a > h3"])
def test_the_selector_may_mean_links_or_what_is_in_them_or_around_them(selector: str) -> None:
    assert [one.url[-1] for one in _read(PAGE, selector).entries] == ["t", "2", "3"]


def test_a_link_of_a_picture_gets_the_headline_of_the_link_behind_it() -> None:
    page = "<a href='/1'><img></a><a href='/1'>The headline</a><a href='/1'>Read more</a>"
    assert [one.title for one in _read(page, "a").entries] == ["The headline"]


def test_links_are_relative_to_the_base_that_the_page_names() -> None:
    page = "<html><head><base href='https://cdn.example/x/'></head><body><a href='1'>One</a></body></html>"
    assert [one.url for one in _read(page, "a").entries] == ["https://cdn.example/x/1"]


def test_the_headers_character_set_is_believed() -> None:
    page = "<a href='/1'>Größe</a>".encode("iso-8859-1")
    assert _read(page, "a", "text/html; charset=iso-8859-1").entries[0].title == "Größe"


@pytest.mark.parametrize(
    ("page", "selector", "reason"),
    [
        (PAGE, "article a", Reason.NO_LINKS),
        ("<html><body>Please sign in</body></html>", "main a", Reason.NO_LINKS),
        ("<a href='mailto:x@y.test'>write</a><a>none</a><a href='/press'>here</a>", "a", Reason.NO_LINKS),
        ("", "a", Reason.EMPTY_BODY),
        (PAGE, "main >", Reason.BAD_FEED),
        (PAGE, "a:no-such-class", Reason.BAD_FEED),
    ],
)
def test_a_page_without_the_links_is_a_failure_and_never_no_news(page: str, selector: str, reason: Reason) -> None:
    with pytest.raises(ItemFailed) as failure:
        _read(page, selector)
    assert failure.value.reason is reason
