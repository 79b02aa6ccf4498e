"""Texts and roles become pages and feeds."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from seeds import SEEDS, SITES, originals_folder
from seeds.build import ROLES, Document, Meta, blocks, body, build_all, build_page, documents, headline, load_roles
from seeds.build import originals as load_originals

TEXT = """Advertisement
Skip
A kicker
A promise
A headline

A caption
A caption
A teaser
First paragraph, with a < sign.
Advertisement
A question in between?
Watch this:
A video
0:00 0:01:00 0:00
A subhead
Second paragraph.
A quote
Its speaker
Third paragraph.

43
"""
LINES = {1: "ad", 2: "chrome", 3: "kicker", 4: "promo", 5: "headline", 7: "caption", 8: "caption", 9: "standfirst"}
LINES |= {11: "ad", 12: "related", 13: "player-intro", 14: "player", 15: "player", 16: "subhead"}
LINES |= {18: "pullquote", 19: "pullquote", 22: "comments"}


def tree_of(document: Document) -> Any:
    return html.fromstring(build_page(document.text, document.roles, document.meta))


def page(site: str) -> Any:
    meta = Meta("a-slug", site, "World", "An Author", datetime(2023, 4, 1, 9, 30, tzinfo=UTC), "A summary.")
    return tree_of(Document(TEXT, LINES, meta))


def test_the_committed_pages_and_feeds_are_what_a_rebuild_gives() -> None:
    for relative, content in build_all().items():
        assert (SEEDS / relative).read_text(encoding="utf-8") == content, f"run python -m seeds.build: {relative}"


def test_no_page_or_feed_lies_there_that_nothing_builds() -> None:
    there = {file.relative_to(SEEDS) for folder in ("pages", "feeds") for file in (SEEDS / folder).rglob("*.*")}
    assert there == set(build_all())


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("A headline", "//h1"),
        ("A caption", "//figure//figcaption"),
        ("A question in between?", "//p/a"),
        ("First paragraph, with a < sign.", "//p"),
    ],
)
def test_a_line_stands_where_its_role_belongs(site: str, text: str, where: str) -> None:
    assert any(text in element.text_content() for element in page(site).xpath(where))


def test_a_caption_said_twice_is_seen_twice_and_is_the_picture_s_other_text() -> None:
    figure = page("a").xpath("//figure")[0]
    assert figure.text_content().count("A caption") == 2
    assert figure.xpath(".//img/@alt") == ["A caption"]


@pytest.mark.parametrize("site", SITES)
def test_a_related_link_is_a_paragraph_between_paragraphs_of_the_body(site: str) -> None:
    (link,) = page(site).xpath("//p[a and not(text())]")
    before = [element.text_content() for element in link.xpath("preceding-sibling::p")]
    after = [element.text_content() for element in link.xpath("following-sibling::p")]
    assert "First paragraph, with a < sign." in before
    assert "Second paragraph." in after
    assert link.xpath("a/@href")[0].startswith(SITES[site].origin)


def test_the_number_of_comments_stands_alone_below_the_article() -> None:
    (count,) = page("b").xpath("//*[@class='count']")
    assert count.text == "43"
    assert not count.xpath("ancestor::article")


@pytest.mark.parametrize("document", documents(), ids=lambda document: document.meta.slug)
def test_every_line_of_a_text_stands_on_its_page(document: Document) -> None:
    shown = tree_of(document).text_content()
    for line in document.text.splitlines():
        assert line.strip().lstrip("• ") in shown


@pytest.mark.parametrize("site", SITES)
def test_the_head_of_a_page_tells_title_author_and_date(site: str) -> None:
    tree = page(site)
    assert tree.xpath("//meta[@property='og:title']/@content") == ["A headline"]
    assert tree.xpath("//meta[@name='author']/@content") == ["An Author"]
    assert tree.xpath("//meta[@property='article:published_time']/@content") == ["2023-04-01T09:30:00+00:00"]
    assert '"datePublished": "2023-04-01T09:30:00+00:00"' in tree.xpath("string(//script)")


def test_the_two_outlets_share_no_class_of_their_design() -> None:
    first, second = (set(page(site).xpath("//@class")) for site in SITES)
    assert not first & second


def test_lines_are_gathered_by_role_and_empty_ones_left_out() -> None:
    assert blocks("One\n\nTwo\nAd\n", {4: "ad"}) == [("body", ["One", "Two"]), ("ad", ["Ad"])]
    assert body(TEXT, LINES) == "First paragraph, with a < sign.\nSecond paragraph.\nThird paragraph."


def test_a_text_has_exactly_one_headline() -> None:
    with pytest.raises(ValueError):
        headline("One\nTwo", {1: "headline", 2: "headline"})


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.roles.yaml"
    file.write_text("meta: {}\nroles: {1: advert}\n")
    with pytest.raises(ValueError, match="no such role: advert"):
        load_roles(file)


def test_every_role_is_used_by_some_text() -> None:
    assert {role for document in documents() for role in document.roles.values()} | {"body"} == ROLES


def test_the_roles_of_the_seed_documents_are_those_of_their_restatements() -> None:
    assert {tuple(document.roles.items()) for document in _restatements()} == {
        tuple(load_roles(file)[0].items()) for file in (SEEDS / "texts" / "originals").glob("*.yaml")
    }


def _restatements() -> list[Document]:
    return [d for d in documents() if d.meta.slug in ("blinken-hanoi-visit", "strategic-upgrade-question")]


@pytest.mark.originals
def test_the_seed_documents_become_pages_of_the_same_make() -> None:
    for document in load_originals(originals_folder() or Path()):
        tree = tree_of(document)
        assert tree.xpath("//h1")[0].text == document.title
        assert len(tree.xpath("//p")) >= len(body(document.text, document.roles).splitlines())
