"""JSON Feed, versions 1 and 1.1."""

from __future__ import annotations

import json
from typing import Any

from core import urls
from core.errors import ItemFailed
from core.reasons import Reason
from core.text import clean, one_line
from fetching.dates import ascend, parse_date
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed
from fetching.plain import paragraphs_of, text_of, title_of


def parse(text: str, url: str) -> ParsedFeed:
    """The feed in a JSON document fetched from `url`; raises ItemFailed with NOT_A_FEED or BAD_FEED."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise ItemFailed(url, Reason.BAD_FEED, f"not JSON: {one_line(str(fault), 100)}") from fault
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in _text(document.get("version")):
        raise ItemFailed(url, Reason.NOT_A_FEED, _what_it_is(document))
    known = [item for item in items if isinstance(item, dict)]
    kept = known[:MAX_ENTRIES]
    if len(known) > MAX_ENTRIES and ascend(*(_text(one.get("date_published")) for one in (known[0], known[-1]))):
        kept = known[-MAX_ENTRIES:]
    return ParsedFeed(
        format="json",
        title=one_line(_text(document.get("title"))),
        language=one_line(_text(document.get("language")), 35),
        entries=tuple(_entry(item, url) for item in kept),
        dropped=len(known) - len(kept),
        more=tuple(filter(None, (urls.join(url, _text(document.get("next_url"))),))),
    )


def _what_it_is(document: object) -> str:
    """What to tell of JSON that is no feed: the error it speaks of, if it does."""
    error = document.get("error") or document.get("message") if isinstance(document, dict) else ""
    inner = error.get("message") if isinstance(error, dict) else error
    return f"JSON, but no JSON Feed: {one_line(_text(inner), 100)}" if _text(inner) else "JSON, but no JSON Feed"


def _entry(item: dict[str, Any], url: str) -> ParsedEntry:
    html = clean(_text(item.get("content_html")))
    return ParsedEntry(
        guid=one_line(_text(item.get("id")), 2000),
        url=urls.join(url, _text(item.get("url")) or _text(item.get("external_url"))),
        title=title_of(_text(item.get("title"))),
        summary=text_of(_text(item.get("summary"))),
        content=paragraphs_of(_text(item.get("content_text"))) or text_of(html),
        html=html,
        published=parse_date(_text(item.get("date_published"))),
        updated=parse_date(_text(item.get("date_modified"))),
        authors=_authors(item),
        language=one_line(_text(item.get("language")), 35),
        media=_media(item, url),
    )


def _text(value: object) -> str:
    """Text, or a number that stands where text should (ids often do); anything else counts as missing."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean(str(value))


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _authors(item: dict[str, Any]) -> tuple[str, ...]:
    """`authors` of version 1.1, `author` of version 1."""
    named = _objects(item.get("authors")) or _objects([item.get("author")])
    return tuple(filter(None, (one_line(_text(one.get("name")), 200) for one in named[:20])))


def _media(item: dict[str, Any], url: str) -> tuple[str, ...]:
    attached = [_text(one.get("url")) for one in _objects(item.get("attachments"))]
    links = [_text(item.get("image")), _text(item.get("banner_image")), *attached]
    return tuple(dict.fromkeys(filter(None, (urls.join(url, link) for link in links[:20]))))
