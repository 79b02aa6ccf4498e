from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import alerts
from alerts.compose import compose, compose_digest, compose_notice
from alerts.message import AlertView, ArticleLine, DigestView, Gaps, Kind, Links, Message, NoticeView, Passage
from alerts.payload import body
from core.reasons import Reason

NOW = datetime(2023, 9, 10, 12, 5, tzinfo=UTC)
ARTICLE = ArticleLine("Ties upgraded", "https://example.org/1", "Example Post", NOW, published=NOW - timedelta(hours=2))
ALERT = AlertView(
    alert_id="a1",
    kind=Kind.FIRST,
    rule_id="upgrade",
    rule_title="Ties upgraded?",
    story_id="7",
    article=ARTICLE,
    made_at=NOW,
    passages=(Passage("They upgraded 🙂 ties.", ((16, 20), (5, 13))),),
    others=(replace(ARTICLE, published=None, partial=Reason.PAYWALL),),
    separate_texts=2,
    links=Links("https://w.example/s", "https://w.example/n", "https://w.example/z"),
)
DIGEST = DigestView("d1", Reason.DIGEST, (ALERT, replace(ALERT, links=None)), NOW, gaps=Gaps(("VOA: refused",), 3, 1))
NOTICE = NoticeView("n1", "Channel paused", ("ops-chat answered 404.",), NOW)
SCHEMA = json.loads((Path(alerts.__file__).parent / "webhook.schema.json").read_text())


def read(message: Message) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(body(message, "k1"))
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    return told


@pytest.mark.parametrize("message", [compose(ALERT), compose_digest(DIGEST), compose_notice(NOTICE)])
def test_every_kind_of_message_is_as_the_schema_promises(message: Message) -> None:
    told = read(message)
    assert (told["key"], told["id"], told["made_at"]) == ("k1", message.alert_id, "2023-09-10T12:05:00+00:00")


@pytest.mark.parametrize("part", ["key", "headline", "passages", "articles", "made_at", "separate_texts"])
def test_the_schema_refuses_an_alert_without(part: str) -> None:
    told = read(compose(ALERT))
    del told[part]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(told)


def test_an_alert_tells_what_matched_and_where() -> None:
    told = read(compose(ALERT))
    assert (told["kind"], told["rule"], told["rule_title"]) == ("first", "upgrade", "Ties upgraded?")
    assert told["headline"] == "Ties upgraded"
    (passage,) = told["passages"]
    assert [passage["sentence"][start:end] for start, end in passage["marks"]] == ["upgraded", "ties"]
    assert [article["partial"] for article in told["articles"]] == [None, "paywall"]
    assert told["links"]["story"] == "https://w.example/s"


def test_a_digest_tells_each_alert_and_its_gaps() -> None:
    told = read(compose_digest(DIGEST))
    assert [alert["rule"] for alert in told["alerts"]] == ["upgrade", "upgrade"]
    assert told["gaps"] == {"feeds_down": ["VOA: refused"], "unread": 3, "undecided": 1}
    assert told["why"] == "digest"


def test_huge_and_hostile_text_is_cut_and_inert() -> None:
    article = replace(ARTICLE, title="x\r\n" * 50_000, url="javascript:alert(1)")
    passages = (Passage("y" * 100_000, ((0, 1), (50_000, 50_001))),)
    told = read(compose(replace(ALERT, article=article, passages=passages)))
    assert len(json.dumps(told)) < 20_000
    assert told["articles"][0]["url"] == ""
    assert "\n" not in told["headline"]
    assert told["passages"][0]["marks"] == [[0, 1]]


def test_a_message_without_a_view_cannot_be_told_in_fields() -> None:
    with pytest.raises(ValueError, match="no view"):
        body(replace(compose(ALERT), view=None), "k1")
