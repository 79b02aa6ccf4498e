from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.jsonld import Statement, statement

ARTICLE = {"@type": "NewsArticle", "headline": "Rain at last", "datePublished": "2033-03-11"}


def said(*scripts: Any) -> Statement:
    return statement(json.dumps(script) for script in scripts)


@pytest.mark.parametrize(
    "script",
    [
        ARTICLE,
        [ARTICLE],
        {"@graph": [{"@type": "WebSite", "name": "Plainspoken"}, ARTICLE]},
        {"@type": "WebPage", "name": "x", "mainEntity": ARTICLE},
        ARTICLE | {"@type": ["Thing", "ReportageNewsArticle"]},
        ARTICLE | {"@type": "LiveBlogPosting"},
    ],
)
def test_an_article_is_found_wherever_it_is_nested(script: Any) -> None:
    assert (said(script).headline, said(script).published) == ("Rain at last", "2033-03-11")


@pytest.mark.parametrize(
    "author",
    [
        "Ada Lunt",
        ["Ada Lunt"],
        {"@type": "Person", "name": "Ada Lunt"},
        [{"name": "Ada Lunt"}, {"name": "Ada Lunt"}],
        {"name": ["Ada Lunt"]},
        {"@id": "#ada"},
    ],
)
def test_authors_are_names_objects_references_or_lists_of_these(author: Any) -> None:
    graph = {"@graph": [ARTICLE | {"author": author}, {"@id": "#ada", "name": "Ada Lunt"}]}
    assert said(graph).authors == ("Ada Lunt",)


def test_several_authors_keep_their_order() -> None:
    assert said(ARTICLE | {"author": [{"name": "B"}, "A", {}, 7]}).authors == ("B", "A")


def test_the_rest_of_what_an_article_says() -> None:
    rest = {"publisher": {"name": "Plainspoken"}, "inLanguage": "en", "description": "A &amp; b\n c"}
    found = said(ARTICLE | rest)
    assert (found.site_name, found.language, found.description) == ("Plainspoken", "en", "A & b c")


@pytest.mark.parametrize(("value", "free"), [(False, False), ("False", False), (True, True), ("x", None), (None, None)])
def test_whether_it_is_free_is_said_in_several_ways(value: Any, free: bool | None) -> None:
    assert said(ARTICLE | {"isAccessibleForFree": value}).free is free


def test_a_page_s_date_stands_in_for_an_article_s() -> None:
    page = {"@type": "WebPage", "datePublished": "2033-03-11"}
    assert said(page).published == said(page, {"@type": "NewsArticle"}).published == "2033-03-11"
    assert said(page).headline == ""


@pytest.mark.parametrize("script", ["", "{", "[" * 100_000, "null", "7", '{"@graph": 7}', "x" * 600_000])
def test_what_is_not_json_or_no_object_says_nothing(script: str) -> None:
    assert statement([script]) == Statement()


def test_line_breaks_in_strings_and_a_semicolon_are_forgiven() -> None:
    assert statement(['{"@type": "Article", "headline": "Rain\nat last"};']).headline == "Rain at last"


@pytest.mark.parametrize(
    "wrapped",
    [
        "//<![CDATA[\n{}\n//]]>",
        "/* <![CDATA[ */ {} /* ]]> */",
        "<!--\n{}\n-->",
        "{};\n",
    ],
)
def test_what_hides_a_script_from_old_readers_and_a_comma_too_many_are_forgiven(wrapped: str) -> None:
    script = wrapped.replace("{}", '{"@type": "Article", "headline": "Rain, at last", "author": ["Ada",],}')
    assert statement([script]) == Statement(headline="Rain, at last", authors=("Ada",))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["@type", "@id", "@graph", "author", "name", "headline", "publisher", "datePublished"]),
            inner | st.just("Article"),
            max_size=4,
        )
    ),
)


@given(_json)
def test_any_json_says_something_or_nothing(script: Any) -> None:
    assert isinstance(said(script), Statement)
