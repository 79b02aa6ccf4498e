"""The templates: filled with hostile text everywhere, they hold no element, attribute or address of the enemy's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import UndefinedError
from lxml import html

from tests.web import places
from tests.web.hostile import TEXTS, URLS
from web.render import FOLDER, render

WHOLE = ("link.html", "feeds-taken.html")  # pages by themselves
PARTS = {"parts.html", "feed-parts.html"}
AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)
NEVER = {"script", "iframe", "object", "embed", "base", "meta", "link", "style", "math", "template", "use"}
OURS = (
    "/",
    "/static/",
    "/stories/",
    "/?rule=",
    "/links/",
    "/deliveries",
    "/feeds",
    "/stats",
    "/settings",
    "#",
    "https://",
)


def passage(text: str) -> dict[str, Any]:
    return {"field": text, "sentence": text, "marks": [[0, len(text) // 2]]}


def pages(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each template with this text in every place and this address behind every link."""
    story = {
        "id": 7, "rule": text, "title": text, "state": text, "last": AT, "first": AT, "articles": 3, "origins": 2,
        "sources": (text, text), "more_sources": 1, "passage": passage(text), "language": text, "told": text,
        "silenced_until": AT,
    }  # fmt: skip
    article = {
        "title": text, "url": url, "source": text, "author": text, "language": text, "published": AT, "seen": AT,
        "state": text, "reason": text, "passages": [passage(text)], "origin": 1, "why": text, "hit_state": text,
    }  # fmt: skip
    sent = {"target": text, "state": text, "trouble": text, "attempts": 1, "sent": AT, "made": AT}
    alert = {"kind": text, "state": text, "reason": text, "made": AT, "release": AT, "deliveries": [named(sent)]}
    decision = {"at": AT, "stage": text, "reason": text, "detail": text}
    chosen = {"chosen_rule": text, "chosen_state": text}
    yield "inbox.html", {"stories": [named(story)], "cut": True, "rules": [text], "states": [text], **chosen}
    yield "inbox.html", {"stories": [], "cut": False, "rules": [text], "states": [text], **chosen}
    yield (
        "story.html",
        {
            "story": named(story),
            "articles": [named(article)],
            "alerts": [named(alert)],
            "decisions": [named(decision)],
        },
    )
    yield "link.html", {"title": text, "lines": (text,), "button": text, "action": "/links/x/y", "story": 7}
    yield "fault.html", {"text": text}
    yield "heading.html", {"title": text}
    yield "bar.html", {"pages": [(text, "/")], "at": text}
    yield from places.pages(text, url)


def named(values: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**values)


def elements(page: str, *, whole: bool) -> Iterator[Any]:
    tree = html.document_fromstring(page) if whole else html.fragment_fromstring(page, create_parent="div")
    return (node for node in tree.iter() if isinstance(node.tag, str))


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("place", range(len(list(pages("word", URLS[0])))))
def test_hostile_text_adds_nothing_to_a_page(place: int, text: str) -> None:
    (name, values), (_, harmless) = list(pages(text, URLS[0]))[place], list(pages("word", URLS[0]))[place]
    whole = name in WHOLE
    found = list(elements(render(name, **values), whole=whole))
    plain = list(elements(render(name, **harmless), whole=whole))
    assert [node.tag for node in found] == [node.tag for node in plain]
    assert [set(node.attrib) for node in found] == [set(node.attrib) for node in plain]
    for node in found:
        assert node.tag not in NEVER or whole
        assert not any(key.startswith("on") or key in ("style", "srcdoc", "formaction") for key in node.attrib)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("place", range(len(list(pages("word", URLS[0])))))
def test_no_link_leads_where_an_enemy_wants(place: int, url: str) -> None:
    name, values = list(pages("word", url))[place]
    for node in elements(render(name, **values), whole=name in WHOLE):
        for key in ("href", "src", "action"):
            if key in node.attrib:
                assert node.attrib[key].startswith(OURS)
                assert "secret" not in node.attrib[key]


def test_every_template_is_tried_here() -> None:
    assert {name for name, _ in pages("word", "")} == {path.name for path in FOLDER.glob("*")} - PARTS


def test_a_missing_value_is_an_error_and_no_empty_place() -> None:
    with pytest.raises(UndefinedError):
        render("fault.html")


def test_what_stands_beside_other_words_has_its_own_direction() -> None:
    (_, values) = next(pages("إضراب", "https://harbour-post.example/"))
    assert 'dir="auto"' in render("inbox.html", **values)
