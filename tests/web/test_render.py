"""The templates: filled with hostile text everywhere, they hold no element, attribute or address of the enemy's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError
from lxml import html

from storage.inbox import Counts, Place
from tests.web import places, ruletemplates
from tests.web.hostile import TEXTS, URLS
from web.api.document import Document
from web.diff import Kind, Piece
from web.pages.inbox import Asked, Start
from web.render import FOLDER, render

PARTS = {"parts.html", "feed-parts.html", "whole.html"}
AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
NEVER = {"script", "iframe", "object", "embed", "base", "meta", "link", "style", "math", "template", "use"}
OURS = (
    "/",
    "/static/",
    "/stories/",
    "/?",
    "/links/",
    "/rules",
    "/stats",
    "/settings",
    "/deliveries",
    "/feeds",
    "#",
    "https://",
)


def passage(text: str) -> dict[str, Any]:
    return {"field": text, "sentence": text, "marks": [[0, len(text) // 2]]}


def pages(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each template with this text in every place and this address behind every link."""
    story = {
        "id": 7, "rule": text, "title": text, "state": text, "last": AT, "first": AT, "articles": 3, "origins": 2,
        "sources": (text, text), "more_sources": 1, "cues": text, "passage": passage(text), "language": text,
        "told": text, "silenced_until": AT,
    }  # fmt: skip
    yield from inbox(text, story)
    yield from story_page(text, url)
    yield "link.html", {"title": text, "lines": (text,), "button": text, "action": "/links/x/y", "story": 7}
    yield "fault.html", {"text": text}
    yield "heading.html", {"title": text}
    yield "bar.html", {"pages": [(text, "/")], "at": text, "who": text}
    form = {"action": "/sign-in", "token": text, "wanted": text, "name": text, "fault": text}
    yield "sign-in.html", {"title": text, **form}
    yield "sign-out.html", {"title": text, "who": text}
    route = {"tags": [text], "description": text, "responses": {"200": {}}}
    document = {
        "info": {"description": text},
        "paths": {"/v1/x": {"get": route}},
        "components": {"schemas": {text: {}}},
    }
    yield "api-docs.html", {"title": text, "document": Document(document)}
    yield from ruletemplates.pages(text, url)
    yield from places.pages(text, url)


def story_page(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The story's pieces."""
    head = {
        "place": Place(AT, 7), "rule": text, "title": text, "state": text, "silenced_until": AT, "silenced_by": text,
        "articles": 3, "origins": 2, "first": AT, "last": None, "cues": text,
    }  # fmt: skip
    telling = {
        "title": text, "url": url, "source": text, "author": text, "language": text, "published": AT, "seen": AT,
        "state": text, "reason": text, "passages": [passage(text)], "origin": 1, "why": text, "hit_state": text,
        "wrong": (text, text),
    }  # fmt: skip
    sent = {"target": text, "state": text, "trouble": text, "attempts": 1, "sent": AT, "made": AT}
    alert = {"kind": text, "state": text, "reason": text, "made": AT, "release": AT, "deliveries": [named(sent)]}
    pieces = [Piece(kind, text, paragraph=True) for kind in Kind]
    yield "story_head.html", {"story": named(head)}
    yield "story_texts.html", {}
    yield "story_telling.html", {"one": named(telling), "copy": False}
    yield "story_telling.html", {"one": named(telling), "copy": True}
    yield "story_further.html", {"story": named(head)}
    yield "story_later.html", {"story": named(head), "later": 8}
    yield "story_events.html", {"events": [named({"at": AT, "by": text, "what": text})]}
    yield "story_alerts.html", {"alerts": [], "newest": 1}
    yield "story_alert.html", {"one": named(alert)}
    yield (
        "story_why.html",
        {"decisions": [named({"at": AT, "stage": text, "reason": text, "detail": text, "about": text})], "newest": 1},
    )
    yield "story_changes.html", {"changes": [named({"at": AT, "title": pieces, "text": pieces})]}
    yield "preview.html", {"title": text}


def inbox(text: str, story: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The inbox's pieces."""
    asked = Asked(rule=text, source=text, state=text, since=text, until=text, words=text)
    yield "inbox_line.html", {"one": named(story)}
    yield "inbox_filter.html", {"asked": asked, "rules": [text], "sources": [text], "states": [text]}
    yield "inbox_filter.html", {"asked": asked, "rules": [], "sources": [], "states": []}
    yield "inbox_count.html", {"counts": Counts(2, 1, all_seen=False), "unread": text, "looked": 10_000}
    yield "inbox_later.html", {"newest": asked.address()}
    yield "inbox_end.html", {"older": asked.address(before=text), "some": False, "looked": 10_000}
    yield "inbox_none.html", {"asked": asked, "start": None, "older": ""}
    yield "inbox_none.html", {"asked": Asked(), "start": Start(1, 2, 0), "older": ""}
    yield "keys.html", {}


def named(values: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**values)


WHOLE = {"link.html", "preview.html", "sign-in.html", "sign-out.html", "api-docs.html", "feeds-taken.html"}  # pages


def elements(page: str, *, whole: bool) -> Iterator[Any]:
    tree = html.document_fromstring(page) if whole else html.fragment_fromstring(page, create_parent="div")
    return (node for node in tree.iter() if isinstance(node.tag, str))


@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_adds_nothing_to_a_page(text: str) -> None:
    for (name, values), (_, harmless) in zip(pages(text, URLS[0]), pages("word", URLS[0]), strict=True):
        whole = name in WHOLE
        found = list(elements(render(name, **values), whole=whole))
        plain = list(elements(render(name, **harmless), whole=whole))
        assert [node.tag for node in found] == [node.tag for node in plain], name
        assert [set(node.attrib) for node in found] == [set(node.attrib) for node in plain], name
        for node in found:
            assert node.tag not in NEVER or whole, name
            assert not any(key.startswith("on") or key in ("style", "srcdoc", "formaction") for key in node.attrib)


@pytest.mark.parametrize("url", URLS)
def test_no_link_leads_where_an_enemy_wants(url: str) -> None:
    for name, values in pages("word", url):
        for node in elements(render(name, **values), whole=name in WHOLE):
            for key in ("href", "src", "action"):
                if key in node.attrib:
                    assert node.attrib[key].startswith(OURS), name
                    assert "secret" not in node.attrib[key], name


def test_every_template_is_tried_here() -> None:
    assert {name for name, _ in pages("word", "")} == {path.name for path in FOLDER.glob("*")} - PARTS


def test_a_missing_value_is_an_error_and_no_empty_place() -> None:
    with pytest.raises(UndefinedError):
        render("fault.html")


def test_what_stands_beside_other_words_has_its_own_direction() -> None:
    (_, values) = next(pages("إضراب", "https://harbour-post.example/"))
    assert 'dir="auto"' in render("inbox_line.html", **values)
