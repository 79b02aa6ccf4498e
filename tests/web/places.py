"""The templates of feeds, deliveries, stats and settings, with a text in every place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

AT = datetime(2026, 3, 5, 14, 30, tzinfo=UTC)


def named(values: dict[str, Any]) -> SimpleNamespace:
    return SimpleNamespace(**values)


def pages(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each template with its values."""
    yield from _feeds(text, url)
    yield from _deliveries(text)
    yield from _stats(text)
    yield from _settings(text)
    yield "back.html", {"to": "/feeds", "text": text}


def _feeds(text: str, url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    line = {
        "id": 7, "name": text, "url": url, "host": text, "state": text, "trouble": text, "last": AT, "next": None,
        "new": 1, "gaps": 0, "full": text, "bars": ((0, 1, 2),), "spark_says": text,
    }  # fmt: skip
    yield (
        "feeds.html",
        {
            "page": named(
                {
                    "lines": [named(line), named(line | {"state": "paused"})], "found": 1, "total": 2, "in_order": 1,
                    "counts": [(text, 1)], "tags": [text], "chosen": named({"state": text, "tag": text, "text": text}),
                    "rest": "/feeds?after=7",
                }
            )
        },
    )  # fmt: skip
    poll = {"at": AT, "outcome": text, "reason": text, "gap": True, "items": 1, "new": 1, "ms": 1.0}
    entry = {"title": text, "url": url, "published": AT, "seen": AT, "state": text, "reason": text}
    page = line | {
        "error": text, "advice": text, "kind": text, "tags": (text,), "owner": text, "language": text,
        "interval": text, "fixed": True, "last_success": AT, "last_changed": AT, "last_poll": AT, "left_alone": AT,
        "asked_at": text, "outcomes": {"changed": 1, "gap": 1}, "polled": 1, "polls": [named(poll)],
        "entries": [named(entry)],
    }  # fmt: skip
    yield "feed.html", {"page": named(page)}
    found = named({"url": url, "title": text, "type": text})
    yield "feed-adding.html", {}
    yield "feed-search.html", {"site": text}
    yield "feeds-found.html", {"found": [(0, found, False), (1, found, True)], "looking": True}
    yield "feeds-taken.html", {"title": text, "lines": [text]}


def _deliveries(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    chosen = {"state": "dead", "channel": text, "rule": text, "since": AT, "until": AT}
    line = {
        "id": 7, "headline": text, "story": 7, "rule": text, "kind": text, "target": text, "state": text,
        "trouble": text, "made": AT, "sent": AT, "next": AT, "attempts": 1,
    }  # fmt: skip
    target = {"id": text, "state": text, "paused_at": AT, "pause_reason": text}
    ledger = {
        "lines": [named(line), named(line | {"state": "dead", "story": None})], "counts": [(text, 1)], "total": 1,
        "chosen": named(chosen), "others": "channel=x", "until_day": "2026-03-05", "channels": [text],
        "rules": [text], "paused": [named(target)], "rest": "/deliveries?after=7", "most": 9,
        "opted_out": [named({"target_id": text, "rule_id": text, "at": AT})],
    }  # fmt: skip
    yield "deliveries.html", {"page": named(ledger), "again": ("dead",)}
    row = {
        "id": 7, "state": "dead", "target_id": text, "channel": text, "reason": text, "key": text, "attempts": 1,
        "crashes": 1, "not_before": AT, "made_at": AT, "first_try_at": AT, "last_try_at": AT, "sent_at": AT,
        "error_class": text, "provider_id": text, "lease_owner": text, "lease_until": AT,
    }  # fmt: skip
    alert = {"id": text, "story_id": 7, "rule_id": text, "kind": text, "state": text, "reason": text}
    decision = {"at": AT, "stage": text, "reason": text, "detail": text + "!"}
    page = {
        "row": named(row), "alert": named(alert), "target": named(target | {"state": "paused"}), "headline": text,
        "trouble": text, "next": AT, "decisions": [named(decision)], "others": [named(row)],
    }  # fmt: skip
    yield "delivery.html", {"page": named(page), "again": ("dead",), "failed": ("dead",)}


def _stats(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    row = named({"name": text, "count": 1, "steps": (named({"words": text}), None)})
    page = {
        "days": 7, "everything": row, "by_feed": [row], "by_rule": [row], "cut": True,
        "volume": [named({"at": text, "articles": 1, "hits": 1, "alerts": 1})],
        "coverage": [named({"source": text, "full": 1, "articles": 2, "percent": 50})],
    }  # fmt: skip
    yield "stats.html", {"page": named(page), "steps": (text, text), "most": 50, "largest": 1}
    yield "stats-days.html", {"days": (1, 7), "chosen": 7}


def _settings(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    line = {"revision": 2, "who": text, "at": AT, "note": text, "from_file": True}
    compared = named({"older": 1, "newer": 2, "lines": [f"+{text}", f"-{text}", text], "more": 1})
    page = {
        "active": named(line), "text": text, "history": [named(line), named(line | {"revision": 1})], "rest": 1,
        "compared": compared, "more": 2,
    }  # fmt: skip
    yield "settings-revisions.html", {"page": named(page)}
    seen = [{"channel": text, "kind": text, "target": target, "state": "paused", "why": text} for target in (text, "")]
    yield "settings-channels.html", {"rows": [named(one) for one in seen], "wrong": text}
    yield "settings-channels-head.html", {}
    token = named({"name": text, "made": AT, "last_used": AT, "read_only": True})
    somebody = {"name": text, "made": AT, "ended": None, "tokens": [token]}
    people = [named(somebody), named(somebody | {"ended": AT, "tokens": []})]
    yield "settings-people.html", {"people": people}
    yield "settings-people-head.html", {}
    yield "settings-ways.html", {}
    yield "settings-installation.html", {"rows": [named({"setting": text, "value": text, "meaning": text})]}
