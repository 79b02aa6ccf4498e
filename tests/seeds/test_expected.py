"""The rules of the seeds over their texts and pages: what must hit, by which passage, and what must stay silent."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from extractors.base import Extraction
from extractors.choose import extract
from rules import config
from rules.document import ArticleText, analyse
from rules.match import Matcher
from rules.spans import Span
from seeds import SEEDS, originals_folder
from seeds.build import Document, blocks, build_page, documents, load_roles
from seeds.build import body as body_of
from seeds.build import originals as load_originals
from stories.group import Telling, group, tell

EXPECTED: dict[str, Any] = YAML(typ="safe").load((SEEDS / "expected.yaml").read_text(encoding="utf-8"))
WATCH = config.load((SEEDS / "watch.yaml").read_text(encoding="utf-8"))
MATCHER = Matcher(WATCH.rules)
BY_SLUG = {document.meta.slug: document for document in documents()}
PAIRS = [(slug, rule) for slug, expected in EXPECTED["documents"].items() for rule in expected["hits"]]


def spans_of(title: str, text: str) -> dict[str, tuple[Span, ...]]:
    verdict = MATCHER.match(analyse(ArticleText("a", title=title, text=text, language="en", fallback_language="en")))
    assert not verdict.troubles
    return {match.rule: match.spans for match in verdict.matches}


Reading = tuple[str, str]  # title, text


def as_written(document: Document) -> Reading:
    """What the roles say is title and body."""
    return document.title, body_of(document.text, document.roles)


@cache
def _extracted(slug: str, original: bool) -> Extraction:
    document = _original(slug) if original else BY_SLUG[slug]
    page = build_page(document.text, document.roles, document.meta)
    return extract(page.encode(), url=document.url, content_type="text/html; charset=utf-8")


def as_read(document: Document) -> Reading:
    """What the extractor makes of the page."""
    found = _extracted(document.meta.slug, document.meta.slug not in BY_SLUG)
    return found.title, found.text


WAYS = pytest.mark.parametrize("reading", [as_written, as_read], ids=["as written", "as read off its page"])
Way = Callable[[Document], Reading]


def touched(read: Reading, spans: tuple[Span, ...], words: str) -> bool:
    """Does a marked passage share a character with a place where these words stand?"""
    places = [(name, at) for name, text in zip(("title", "text"), read, strict=True) for at in _places(text, words)]
    assert places, f"not in the document: {words}"
    return any(
        span.field == name and span.start < at + len(words) and at < span.end for span in spans for name, at in places
    )


def _places(text: str, words: str) -> Iterator[int]:
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + 1)


@WAYS
@pytest.mark.parametrize(("slug", "rule"), PAIRS)
def test_a_rule_hits_a_restatement_by_the_passages_it_should(slug: str, rule: str, reading: Way) -> None:
    expected = EXPECTED["documents"][slug]["hits"][rule]
    read = reading(BY_SLUG[slug])
    spans = spans_of(*read)[rule]
    assert [words for words in expected["marked"] if not touched(read, spans, words)] == []
    assert [words for words in expected.get("never", []) if touched(read, spans, words)] == []


@WAYS
@pytest.mark.parametrize("slug", BY_SLUG)
def test_no_other_rule_hits(slug: str, reading: Way) -> None:
    expected = EXPECTED["documents"].get(slug, {"hits": {}})
    assert set(spans_of(*reading(BY_SLUG[slug]))) == set(expected["hits"])


@pytest.mark.parametrize("document", BY_SLUG.values(), ids=BY_SLUG)
def test_a_page_is_read_with_its_title_author_and_date(document: Document) -> None:
    found = _extracted(document.meta.slug, False)
    assert (found.title, found.author, found.published) == (
        document.title,
        document.meta.author,
        document.meta.published,
    )


@pytest.mark.parametrize("document", BY_SLUG.values(), ids=BY_SLUG)
def test_a_page_is_read_whole_and_without_its_furniture(document: Document) -> None:
    lines = {line.strip() for line in _extracted(document.meta.slug, False).text.splitlines()}
    furniture = {"ad", "chrome", "comments", "kicker", "player", "player-intro", "promo", "related", "related-intro"}
    assert set(body_of(document.text, document.roles).splitlines()) <= lines
    assert not lines & {
        line for role, group in blocks(document.text, document.roles) if role in furniture for line in group
    }


@pytest.mark.parametrize("slug", BY_SLUG)
def test_a_teaser_alone_says_nothing_that_the_article_does_not(slug: str) -> None:
    teaser = set(spans_of(BY_SLUG[slug].title, BY_SLUG[slug].meta.summary))
    assert teaser <= set(EXPECTED["documents"].get(slug, {"hits": {}})["hits"])


def test_the_silent_rule_would_hit_the_related_link() -> None:
    (link,) = [line for line in BY_SLUG["strategic-upgrade-question"].text.splitlines() if "Myanmar" in line]
    assert set(spans_of("", link)) == {"myanmar-sanctions"}


@pytest.mark.originals
@WAYS
@pytest.mark.parametrize(("slug", "rule"), PAIRS)
def test_a_rule_hits_a_seed_document_by_the_same_passages(slug: str, rule: str, reading: Way) -> None:
    expected = EXPECTED["documents"][slug]
    read, hit = reading(_original(expected["original"])), expected["hits"][rule]
    spans = spans_of(*read)
    assert set(spans) == set(expected["hits"])
    assert [words for words in hit["original_marked"] if not touched(read, spans[rule], words)] == []
    assert [words for words in hit.get("original_never", []) if touched(read, spans[rule], words)] == []


def _original(name: str) -> Document:
    found = {document.meta.slug: document for document in load_originals(originals_folder() or Path())}
    return found[name]


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("story", EXPECTED["stories"], ids=lambda story: story["rule"])
def test_the_articles_of_a_story_are_two_separate_texts_of_one_event(story: dict[str, Any], newest_first: bool) -> None:
    rule, slugs = story["rule"], sorted(story["documents"], reverse=newest_first)
    tellings = [(rule, _telling(BY_SLUG[slug], rule)) for slug in slugs]
    placed = list(group(tellings, window=timedelta(hours=72)))
    assert [name for name, _ in placed] == [slugs[0]] * len(slugs)
    assert [placement.origin for _, placement in placed] == [1, 2]


def _telling(document: Document, rule: str) -> Telling:
    title, text = as_written(document)
    sentences = [span.sentence for span in spans_of(title, text)[rule]]
    meta = document.meta
    return tell(meta.slug, title, text, meta.published, sentences=sentences, source=meta.site, language="en")


@pytest.mark.parametrize("rule", WATCH.rules, ids=lambda rule: rule.id)
def test_a_rule_s_own_examples_hold(rule: config.Rule) -> None:
    assert [text for text in rule.examples.match if rule.id not in spans_of("", text)] == []
    assert [text for text in rule.examples.ignore if rule.id in spans_of("", text)] == []


def test_what_is_expected_names_rules_channels_and_documents_that_there_are() -> None:
    rules, slugs = {rule.id for rule in WATCH.rules}, set(BY_SLUG)
    for slug, expected in EXPECTED["documents"].items():
        assert {*expected["hits"], *expected["silent"]} == rules
        load_roles(SEEDS / "texts" / "originals" / f"{expected['original']}.roles.yaml")
        assert slug in slugs
    assert {(story["rule"], slug) for story in EXPECTED["stories"] for slug in story["documents"]} == {
        (rule, slug) for slug, rule in PAIRS
    }
    assert {delivery["channel"] for delivery in EXPECTED["deliveries"]} == set(WATCH.channels)
    assert all(delivery["sent"] == len(EXPECTED["alerts"]) for delivery in EXPECTED["deliveries"])
    assert [alert["rule"] for alert in EXPECTED["alerts"]] == [story["rule"] for story in EXPECTED["stories"]]
