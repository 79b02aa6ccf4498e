"""/metrics: each name is documented, and says what is stored."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.settings import Settings
from storage.engine import Database
from tests.web import rows
from tests.web.asgi import Visitor
from web.app import bare_app
from web.metrics import buckets

OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")


async def read(db: Database) -> dict[str, dict[tuple[str, ...], float]]:
    """Name of a sample → its labels' values → its value."""
    answer = await Visitor(bare_app(Settings(_env_file=None), db, "k")).get("/metrics")
    assert answer.status_code == 200
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


async def test_the_numbers_are_those_of_the_rows(db: Database) -> None:
    db.write_now(rows.newsroom)
    found = await read(db)
    assert found["wirewatch_feeds"] == {("ok",): 2, ("failing",): 1, ("new",): 0, ("paused",): 0}
    owed = found["wirewatch_deliveries"]
    assert (owed["desk-mail", "dead"], owed["desk-mail", "sent"], owed["desk-mail", "retry"]) == (1, 1, 0)
    assert (found["wirewatch_polls_total"][()], found["wirewatch_hits_total"][()]) == (72, 4)
    assert found["wirewatch_feed_possible_gaps"][()] == 2
    assert "wirewatch_last_cycle_timestamp_seconds" not in found
    counts = found["wirewatch_latency_seconds_bucket"]
    assert counts["300.0", "published_to_seen"] == 0
    assert counts["600.0", "published_to_seen"] == counts["+Inf", "published_to_seen"] == 3


async def test_every_name_is_documented_and_no_other(db: Database) -> None:
    db.write_now(rows.newsroom)
    answer = await Visitor(bare_app(Settings(_env_file=None), db, "k")).get("/metrics")
    told = set(re.findall(r"^# TYPE (\w+)", answer.text, re.M)) | {"wirewatch_last_cycle_timestamp_seconds"}
    documented = {name for line in OPERATIONS.splitlines() for name in re.findall(r"^\| `(wirewatch_\w+)", line)}
    assert told == documented
    used = set(re.findall(r"wirewatch_[a-z_]+", "".join(re.findall(r"expr: (.*)", OPERATIONS))))
    assert len(re.findall(r"^\s*- alert:", OPERATIONS, re.M)) == 5
    assert {name.removesuffix("_bucket") for name in used} <= documented


@pytest.mark.parametrize(("took", "at_most_10", "all_of_them"), [([], 0, 0), ([10.0, 10.1], 1, 2), ([0.0], 1, 1)])
def test_a_bucket_holds_what_took_at_most_its_bound(took: list[float], at_most_10: int, all_of_them: int) -> None:
    found = dict(buckets(took))
    assert (found["10.0"], found["+Inf"]) == (at_most_10, all_of_them)
