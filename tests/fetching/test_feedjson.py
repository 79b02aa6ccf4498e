from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import ItemFailed
from core.reasons import Reason
from fetching.parse import MAX_ENTRIES, ParsedEntry, ParsedFeed, parse

URL = "https://example.com/feed.json"
V1 = "https://jsonfeed.org/version/1"


def _read(document: Any) -> ParsedFeed:
    return parse(json.dumps(document).encode(), url=URL, headers={})


def test_a_json_item_becomes_an_entry() -> None:
    feed = _read(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "News",
            "language": "en",
            "items": [
                {
                    "id": 17,
                    "url": "/a",
                    "title": "AT&amp;T <b>x</b>",
                    "summary": "In short",
                    "content_html": "<p>One</p><p>two</p>",
                    "date_published": "2026-11-21T16:10:00+07:00",
                    "date_modified": "2026-11-21T09:20:00Z",
                    "authors": [{"name": "A"}, {"url": "x"}, "B"],
                    "language": "vi",
                    "image": "/i.jpg",
                    "attachments": [{"url": "https://example.com/m.mp3"}, {"url": "javascript:x"}, 3],
                }
            ],
        }
    )
    assert (feed.format, feed.title, feed.language) == ("json", "News", "en")
    assert feed.entries == (
        ParsedEntry(
            guid="17",
            url="https://example.com/a",
            title="AT&T x",
            summary="In short",
            content="One\ntwo",
            html="<p>One</p><p>two</p>",
            published=datetime(2026, 11, 21, 9, 10, tzinfo=UTC),
            updated=datetime(2026, 11, 21, 9, 20, tzinfo=UTC),
            authors=("A",),
            language="vi",
            media=("https://example.com/i.jpg", "https://example.com/m.mp3"),
        ),
    )


def test_text_is_preferred_to_markup_and_an_external_url_is_better_than_none() -> None:
    item = {
        "content_text": "a <b>",
        "content_html": "<i>c</i>",
        "external_url": "https://other.example/",
        "author": {"name": "A"},
    }
    entry = _read({"version": V1, "items": [item]}).entries[0]
    assert (entry.content, entry.html, entry.url, entry.authors) == (
        "a <b>",
        "<i>c</i>",
        "https://other.example/",
        ("A",),
    )


@pytest.mark.parametrize("wrong", [None, True, [], {}, [[]], {"a": 1}, "x\x00", 1e400])
def test_values_of_the_wrong_kind_count_as_missing(wrong: Any) -> None:
    names = (
        "id",
        "url",
        "title",
        "summary",
        "content_html",
        "content_text",
        "date_published",
        "authors",
        "attachments",
    )
    document = {"version": V1, "title": wrong, "language": wrong, "items": [dict.fromkeys(names, wrong), wrong]}
    feed = _read(document)
    assert len(feed.entries) in (1, 2)
    assert feed.entries[0].published is None


def test_items_that_are_none_are_left_out() -> None:
    feed = _read({"version": V1, "items": [{"id": "a"}, 3]})
    assert len(feed.entries) == 1


def test_too_many_items_are_cut_and_counted() -> None:
    feed = _read({"version": V1, "items": [{"id": n} for n in range(MAX_ENTRIES + 3)]})
    assert (len(feed.entries), feed.dropped) == (MAX_ENTRIES, 3)


def test_of_too_many_items_the_last_ones_are_kept_where_they_are_newer() -> None:
    items = [
        {"id": n, "date_published": f"{1990 + n // 30:04}-01-{n % 30 + 1:02}T00:00:00Z"} for n in range(MAX_ENTRIES + 3)
    ]
    assert [one.guid for one in _read({"version": V1, "items": items}).entries[:1]] == ["3"]
    assert [one.guid for one in _read({"version": V1, "items": items[::-1]}).entries[-1:]] == ["3"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", Reason.BAD_FEED),
        (b"[" * 100_000, Reason.BAD_FEED),
        (b'{"version": ' + b"9" * 10_000 + b"}", Reason.BAD_FEED),
        (b"{}", Reason.NOT_A_FEED),
        (b"[]", Reason.NOT_A_FEED),
        (b'{"version": "https://jsonfeed.org/version/1"}', Reason.NOT_A_FEED),
        (b'{"version": "2", "items": []}', Reason.NOT_A_FEED),
    ],
)
def test_json_that_is_no_json_feed_is_a_failure(body: bytes, reason: Reason) -> None:
    with pytest.raises(ItemFailed) as failure:
        parse(body, url=URL, headers={})
    assert failure.value.reason is reason
