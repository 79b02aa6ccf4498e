"""/metrics: each name is documented, and says what is stored."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from core.clock import FixedClock
from core.settings import Settings
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import NOON, STRIKE, World, rss
from tests.web import rows
from tests.web.asgi import Visitor
from web.app import bare_app

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


async def test_a_message_is_counted_once_on_each_leg_whatever_is_pruned(
    db: Database, world: World, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.site["/rss"] = rss(world.publish("a", "Dockers strike", STRIKE, published=NOON - timedelta(seconds=50)))
    world.mail.refused["desk@x.test"] = "451 4.3.0 come back later"
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.mail.refused.clear()
        clock.move(timedelta(minutes=2))
        await run_cycle(app)
        await run_cycle(app)
    db.write_now(lambda session: session.execute(text("DELETE FROM delivery")))
    found = await read(db)
    for leg in ("published_to_seen", "seen_to_sent", "published_to_sent", "matched_to_sent"):
        assert found[f"wirewatch_{leg}_seconds_count"] == {("hook",): 1, ("mail",): 1}
    bucket = found["wirewatch_seen_to_sent_seconds_bucket"]
    assert [bucket["hook", le] for le in ("5.0", "10.0", "+Inf")] == [1, 1, 1]
    assert [bucket["mail", le] for le in ("60.0", "120.0", "300.0", "+Inf")] == [0, 1, 1, 1]
    assert found["wirewatch_published_to_seen_seconds_sum"]["mail",] == 50


async def test_every_name_is_documented_and_no_other(db: Database) -> None:
    db.write_now(rows.newsroom)
    answer = await Visitor(bare_app(Settings(_env_file=None), db, "k")).get("/metrics")
    told = set(re.findall(r"^# TYPE (\w+)", answer.text, re.M)) | {"wirewatch_last_cycle_timestamp_seconds"}
    documented = {name for line in OPERATIONS.splitlines() for name in re.findall(r"^\| `(wirewatch_\w+)", line)}
    assert told == documented
    used = set(re.findall(r"wirewatch_[a-z_]+", "".join(re.findall(r"expr: (.*)", OPERATIONS))))
    assert len(re.findall(r"^\s*- alert:", OPERATIONS, re.M)) == 5
    assert {name.removesuffix("_bucket") for name in used} <= documented
