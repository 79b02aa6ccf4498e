"""The page about webhooks says what a webhook gets: every key, a body as the schema promises, a check that works."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alerts.answers import REFUSED_FOR_GOOD, result_of
from alerts.channels import ChannelSettings
from alerts.payload import schema
from alerts.result import ResultClass
from alerts.webhook import headers_for, signing_key

PAGE = (Path(__file__).parents[2] / "docs" / "webhook.md").read_text("utf-8")
SCHEMA = schema()
NAMED = set(re.findall(r"`(\w+)`", PAGE))


def keys_of(schema: Any) -> Iterator[str]:
    """Every key that a schema names, at any depth."""
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for part in schema.values():
            yield from keys_of(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from keys_of(part)


def block(language: str) -> str:
    """The page's block in this language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE, re.M | re.S)
    assert found is not None
    return found[1]


def test_every_key_of_the_schema_is_on_the_page_and_the_other_way_round() -> None:
    keys = set(keys_of(SCHEMA))
    assert keys <= NAMED
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?:all|alert|digest|notice)", PAGE, re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} <= keys
    assert set(SCHEMA["properties"]["kind"]["enum"]) <= NAMED


def test_the_body_on_the_page_is_as_the_schema_promises_and_leaves_out_nothing() -> None:
    told = json.loads(block("json"))
    jsonschema.Draft202012Validator(SCHEMA).validate(told)
    assert set(told) == {*SCHEMA["properties"], *SCHEMA["oneOf"][0]["properties"]}
    passage = told["passages"][0]
    assert [passage["sentence"][start:end] for start, end in passage["marks"]] == ["upgrade", "ties"]


@pytest.mark.parametrize("secret", ["plain secret", "whsec_c2VjcmV0IGJ5dGVz"])
def test_the_check_on_the_page_takes_our_requests_and_no_others(secret: str) -> None:
    scope: dict[str, Any] = {}
    exec(block("python"), scope)
    is_ours = scope["is_ours"]
    key = signing_key(ChannelSettings(name="hook", url=f"webhooks://x.test/#{secret}"))
    body, now = b'{"a": 1}', datetime.now(UTC)
    headers = headers_for("k1", body, now, key)
    assert is_ours(headers, body, secret)
    assert not is_ours(headers, body + b" ", secret)
    assert not is_ours({**headers, "webhook-id": "k2"}, body, secret)
    assert not is_ours(headers, body, "another")
    old = headers_for("k1", body, datetime.fromtimestamp(time.time() - 600, UTC), key)
    assert not is_ours(old, body, secret)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([200, 204], ResultClass.OK),
        ([429], ResultClass.RATE),
        ([408, 425, 500, 503], ResultClass.TEMP),
        (sorted(REFUSED_FOR_GOOD), ResultClass.AUTH),
        ([301, 400, 413, 422], ResultClass.PERM),
    ],
)
def test_the_answers_on_the_page_have_those_consequences(statuses: list[int], expected: ResultClass) -> None:
    assert {result_of(status, {}).cls for status in statuses} == {expected}
    table = PAGE[PAGE.index("## Your answer") : PAGE.index("## The body")]
    named = [str(one) if one in (*REFUSED_FOR_GOOD, 408, 425, 429) else f"{one // 100}xx" for one in statuses]
    assert all(one in table for one in named)
