"""The JSON that a webhook gets: `webhook.schema.json` beside this file is its promise. Keys stay; more may be added."""

from __future__ import annotations

import json
from bisect import bisect_right
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from alerts.inert import safe_link
from alerts.message import AlertView, ArticleLine, DigestView, Message, Passage, View
from core.text import clean, one_line

SCHEMA = "wirewatch.alert/1"
MAX_BODY = 1_000_000  # bytes: what web servers take unasked (nginx: 1 MiB)
SHORT_TEXT = 20_000  # characters of `text` in a digest that was longer
LONGEST_COUNT = 10  # digits of `left_out`
MAX_TITLE = 1000  # characters
MAX_SENTENCE = 4000  # characters


def schema() -> dict[str, Any]:
    """The JSON Schema of what a webhook gets."""
    return dict(json.loads(Path(__file__).with_name("webhook.schema.json").read_text("utf-8")))


def body(message: Message, key: str) -> bytes:
    """A composed message as UTF-8 JSON. Pure and in a fixed order: every attempt sends the same bytes.

    A digest longer than receivers take names as many of its alerts as fit, and counts the others in `left_out`.
    Raises ValueError for a message that was not composed of a view.
    """
    if message.view is None:
        raise ValueError(f"message {message.alert_id} has no view")
    fields = _common(message, key) | _of(message.view)
    whole = _encoded(fields)
    if len(whole) <= MAX_BODY or not isinstance(message.view, DigestView):
        return whole
    return _encoded(_shortened(fields, message))


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _shortened(fields: dict[str, Any], message: Message) -> dict[str, Any]:
    told = fields["alerts"]
    rest = fields | {"text": message.fit(SHORT_TEXT), "alerts": []}
    ends = list(accumulate((len(_encoded(one)) + 1 for one in told), initial=len(_encoded(rest)) + LONGEST_COUNT))
    fits = bisect_right(ends, MAX_BODY) - 1
    return rest | {"alerts": told[:fits], "left_out": fields["left_out"] + len(told) - fits}


def _common(message: Message, key: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "key": key,
        "id": message.alert_id,
        "kind": message.kind.value,
        "rule": message.rule_id,
        "story": message.story_id,
        "title": one_line(message.subject),
        "text": clean(message.text),
        "link": message.link,
        "unsubscribe": message.unsubscribe,
    }


def _of(view: View) -> dict[str, Any]:
    match view:
        case AlertView():
            return _alert(view)
        case DigestView():
            return _digest(view)
        case _:
            return {"made_at": _time(view.made_at), "lines": [one_line(line) for line in view.lines]}


def _alert(view: AlertView) -> dict[str, Any]:
    return {
        "rule_title": one_line(view.rule_title),
        "headline": one_line(view.article.title, MAX_TITLE),
        "made_at": _time(view.made_at),
        "separate_texts": view.separate_texts,
        "passages": [_passage(passage) for passage in view.passages],
        "more_passages": view.more_passages,
        "articles": [_article(line) for line in (view.article, *view.others)],
        "links": {"story": view.links.story, "not_this": view.links.not_this, "silence": view.links.silence}
        if view.links
        else {},
    }


def _digest(view: DigestView) -> dict[str, Any]:
    return {
        "rule_title": one_line(view.title),
        "made_at": _time(view.made_at),
        "why": view.why.value,
        "alerts": [_told(alert) for alert in view.alerts],
        "left_out": view.left_out,
        "gaps": {
            "feeds_down": [one_line(feed) for feed in view.gaps.feeds_down],
            "unread": view.gaps.unread,
            "undecided": view.gaps.undecided,
        },
    }


def _told(view: AlertView) -> dict[str, Any]:
    """An alert within a digest."""
    named = {"id": view.alert_id, "kind": view.kind.value, "rule": view.rule_id, "story": view.story_id}
    return named | _alert(view)


def _passage(passage: Passage) -> dict[str, Any]:
    """The sentence as it stands in the article, for `marks` are offsets into it; what is beyond the limit goes."""
    marks = [list(mark) for mark in sorted(passage.marks) if mark[1] <= MAX_SENTENCE]
    return {"sentence": passage.sentence[:MAX_SENTENCE], "marks": marks}


def _article(line: ArticleLine) -> dict[str, Any]:
    return {
        "title": one_line(line.title, MAX_TITLE),
        "url": safe_link(line.url),
        "source": one_line(line.source),
        "author": one_line(line.author),
        "published": _time(line.published) if line.published else None,
        "date_guessed": line.date_guessed,
        "first_seen": _time(line.first_seen),
        "partial": line.partial.value if line.partial else None,
    }


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
