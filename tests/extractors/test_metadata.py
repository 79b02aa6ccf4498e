from __future__ import annotations

from datetime import UTC, datetime

import pytest

from extractors.metadata import Metadata, read
from extractors.page import open_page

URL = "https://www.plainspoken.example/2033/03/11/rain-at-last"
DAY = datetime(2033, 3, 11, tzinfo=UTC)


def meta(head: str = "", body: str = "<p>x</p>", url: str = URL, lang: str = "") -> Metadata:
    page = f"<!doctype html><html lang='{lang}'><head>{head}</head><body>{body}</body></html>"
    tree = open_page(page.encode(), url=url).tree
    assert tree is not None
    return read(tree, url)


# -- title


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("<title>Rain at last on the plain | Weather | Plainspoken</title>", "<h1>Rain at last on the plain</h1>"),
        ("<meta property='og:title' content='Rain at last on the plain'>", "<h1>Plainspoken</h1>"),
        ("<title>Rain at last on the plain</title>", "<h1></h1>"),
        ("", "<h1>Rain at last <em>on the plain</em></h1>"),
        (
            "<title>Rain at last on the plain - Plainspoken</title><meta property=og:site_name content=Plainspoken>",
            "",
        ),
        (
            "<meta property='og:title' content='Rain at last on the plain'><title>Weather</title>",
            "<h1>Weather</h1><h1>Rain at last on the plain</h1>",
        ),
        ("<script type='application/ld+json'>{'</script><title>Rain at last on the plain</title>", ""),
    ],
)
def test_the_title_is_the_heading_or_what_the_page_calls_it_without_its_site(head: str, body: str) -> None:
    found = meta(head, body).title
    assert found in ("Rain at last on the plain", "Weather")
    assert found != "Weather" or "og:title" in head


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("", "<h1>Rain at last<br>on the plain</h1>"),
        ("<title>Rain at last on the plain</title>", "<h1><div>Rain at last</div><div>on the plain</div></h1>"),
        ("", "<h1><span>Rain</span> at last on<svg><title>icon</title></svg> the plain</h1>"),
        ("", "<svg><title>Menu</title></svg><h1><i>R</i><i>ain</i> at last on the plain</h1>"),
        ("<title>Rain at last on the plain | The Plain Speaker</title>", "<h1><a href=/>The Plain Speaker</a></h1>"),
        (
            "<title>Rain at last on the plain | The Daily Plain Speaker's News</title>",
            "<h1>The Daily Plain Speaker's News</h1><h1>Rain at last on the plain</h1>",
        ),
        ("<title>Plain | Rain at last on the plain</title><meta property=og:site_name content=Plain>", ""),
        ("<meta property=og:title content='Rain at last &amp;lt;em&amp;gt;on&amp;lt;/em&amp;gt; the plain'>", ""),
    ],
)
def test_a_title_is_no_logo_and_its_words_stand_apart(head: str, body: str) -> None:
    assert meta(head, body).title.removesuffix(" | The Plain Speaker") == "Rain at last on the plain"


def test_a_kicker_is_apart_from_the_headline_that_it_stands_beside() -> None:
    assert meta(body="<h1><span>Weather</span><span>Rain at last</span></h1>").title == "Weather Rain at last"


def test_a_dash_in_a_title_is_no_site() -> None:
    assert meta("<title>Rain - at last</title><meta property=og:site_name content=Plain>").title == "Rain - at last"


def test_a_page_that_says_nothing_has_no_title() -> None:
    assert meta().title == ""


# -- author


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("<meta name=author content='Ada Lunt'>", ""),
        (
            "<meta name=article:author content='https://face.example/ada'><meta name=byl content='By Ada Lunt'>",
            "",
        ),
        ("<meta name=parsely-author content='Ada Lunt'>", ""),
        ("", "<div class='byline'>By Ada Lunt</div>"),
        ("", "<a rel=author href=/ada>Ada Lunt</a>"),
        ("", "<p>von <span itemprop=author>Ada Lunt</span></p>"),
        ('<script type=\'application/ld+json\'>{"@type":"Article","author":"Ada Lunt"}</script>', ""),
    ],
)
def test_the_author_is_who_the_page_names(head: str, body: str) -> None:
    assert meta(head, body).author == "Ada Lunt"


def test_several_authors_are_listed_once_each() -> None:
    head = "<meta name=author content='Ada Lunt'><meta name=author content='Bo Karr'>" * 2
    assert meta(head).author == "Ada Lunt, Bo Karr"


def test_an_author_and_a_role_in_the_next_line_are_words_apart() -> None:
    assert meta(body="<p class=byline><a>Ada Lunt</a><br>Weather editor</p>").author == "Ada Lunt Weather editor"


def test_of_several_articles_the_page_is_the_one_whose_headline_it_bears() -> None:
    told = '{{"@type":"Article","headline":"{}","author":"{}","datePublished":"{}","isAccessibleForFree":{}}}'
    other, own = told.format("Drought", "Bo", "2021-01-01", "false"), told.format("Rain at last", "Ada", DAY, "true")
    head = f'<script type="application/ld+json">[{other},{own}]</script>'
    found = meta(head, "<h1>Rain at last</h1>")
    assert (found.title, found.author, found.published, found.free) == ("Rain at last", "Ada", DAY, True)
    assert meta(head).author == "Bo"


def test_a_biography_is_no_author() -> None:
    assert meta(body=f"<p class=byline>{'Ada Lunt has written for us since 1994. ' * 5}</p>").author == ""


# -- date


@pytest.mark.parametrize(
    ("head", "body", "source"),
    [
        ('<script type="application/ld+json">{"@type":"Article","datePublished":"2033-03-11"}</script>', "", "jsonld"),
        ("<meta property='article:published_time' content='2033-03-11T00:00:00Z'>", "", "meta"),
        ("<meta itemprop=datePublished content='2033-03-11'>", "", "meta"),
        ("", "<time itemprop=datePublished datetime='2033-03-11'>x</time>", "meta"),
        ("", "<time pubdate datetime='2033-03-11'>x</time>", "meta"),
        ("<meta name=date content='soon'>", "", "url"),
    ],
)
def test_a_date_says_where_it_was_found(head: str, body: str, source: str) -> None:
    found = meta(head, body)
    assert (found.published, found.published_from) == (DAY, source)


def test_a_date_in_the_text_is_a_guess() -> None:
    found = meta(body="<p class=date>11.03.2023</p>", url="https://a.example/x")
    assert (found.published, found.published_from) == (DAY.replace(year=2023), "htmldate")


def test_without_a_date_there_is_none() -> None:
    found = meta(url="https://a.example/x")
    assert (found.published, found.published_from) == (None, "")


# -- language, address, site


def test_the_language_is_the_page_s_before_its_metas() -> None:
    head = "<meta http-equiv=content-language content=de><meta property=og:locale content=fr_FR>"
    assert meta(head, lang="it").language == "it"
    assert meta(head).language == "de"
    assert meta('<script type="application/ld+json">{"@type":"Article","inLanguage":"nl"}</script>').language == "nl"


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://plainspoken.example/rain?utm_source=x#top", "https://plainspoken.example/rain"),
        ("/rain", "https://www.plainspoken.example/rain"),
        ("https://news.plainspoken.example/rain", "https://news.plainspoken.example/rain"),
        ("https://other.example/rain", ""),
        ("https://www.plainspoken.example/", ""),
        ("javascript:1", ""),
        ("", ""),
    ],
)
def test_a_canonical_address_is_of_the_same_site_and_not_its_root(link: str, expected: str) -> None:
    assert meta(f"<link rel=canonical href='{link}'>").canonical_url == expected


def test_og_url_stands_in_for_a_canonical_link_and_a_root_may_be_its_own() -> None:
    assert meta("<meta property=og:url content=/rain>").canonical_url == "https://www.plainspoken.example/rain"
    assert meta("<link rel=canonical href=/>", url="https://a.example/").canonical_url == "https://a.example/"


def test_a_page_of_unknown_address_may_call_itself_anything() -> None:
    assert meta("<link rel=canonical href=https://a.example/x>", url="").canonical_url == "https://a.example/x"


def test_site_name_description_and_whether_it_is_free_are_taken_over() -> None:
    script = '<script type="application/ld+json">{"@type":"Article","isAccessibleForFree":false}</script>'
    found = meta(f"{script}<meta name=twitter:site content=@plain><meta name=description content=' a  b '>")
    assert (found.site_name, found.description, found.free) == ("plain", "a b", False)


@pytest.mark.parametrize(
    "head",
    [
        "<meta property='article:section' content=' World '>",
        "<meta name='parsely-section' content='World'>",
        '<script type="application/ld+json">{"@type": "NewsArticle", "articleSection": ["World", "Asia"]}</script>',
    ],
)
def test_the_section_is_where_the_page_says_it_stands(head: str) -> None:
    assert meta(head).section == "World"
    assert meta().section == ""
