"""The counts of a cycle add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.clock import FixedClock
from core.reasons import Reason
from pipeline.entries import FLOOD
from pipeline.report import Report
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import CALM, STRIKE, Item, World, rss
from tests.pipeline.conftest import NOON

YEARS = timedelta(days=1_000)  # older than the first poll's window


def test_every_item_is_counted_once_with_its_outcome_and_reason() -> None:
    report = Report()
    report.count("read", "ready", by=3)
    report.count("read", "partial", Reason.PAYWALL)
    report.count("poll", "changed", by=0)
    report.failed("read", "http://x.test/", Reason.TIMEOUT, "30 s")
    report.failed("deliver", "hook", "retry")
    assert report.total("read") == 5
    assert report.total("read", "ready") == 3
    assert report.steps() == {"read": {"ready": 3, "partial": 1, "failed": 1}, "deliver": {"failed": 1}}
    assert [row["step"] for row in report.rows()] == ["read", "read", "read", "deliver"]
    assert report.failures == ["read: http://x.test/: timeout: 30 s", "deliver: hook: retry"]


async def test_what_comes_into_a_cycle_equals_what_comes_out_of_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds.append({"url": world.url("/gone"), "name": "Gone"})
    world.site["/rss"] = rss(
        world.publish("a", "Harbour", STRIKE), world.publish("b", "Glass house", CALM),
        Item("c", world.url("/missing"), "Dockers begin strike"), Item("d", "", "No page, no news"),
    )  # fmt: skip
    async with world.worker(db, clock) as app:
        report = await run_cycle(app)
    assert report.total("poll") == len(world.feeds)
    assert report.total("entries", "new") == report.total("articles", "new") == 4
    assert report.total("read") == 3  # one has no page
    assert report.total("read", "failed") == 1
    assert report.total("match") == 4
    assert report.total("match", "hit") == report.total("alert") == 2
    assert report.total("alert", "sent") == report.total("deliver", "sent")
    assert len(report.failures) == 2


async def test_every_entry_is_counted_once_among_edited_and_flooding_ones_too(
    world: World, db: Database, clock: FixedClock
) -> None:
    seen, edited, words = Item("a", "", "Glass house"), Item("b", "", "Dockers rest"), "Dockers rest, says the union"
    flood = [Item(f"f{n}", "", f"Old news of pier {n}", published=NOON - YEARS) for n in range(2 * FLOOD)]
    fresh = Item("c", "", "News of today", published=NOON)
    world.site["/rss"] = rss(seen, edited)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        clock.move(timedelta(days=1))
        world.site["/rss"] = rss(seen, replace(edited, title=words), fresh, *flood)
        report = await run_cycle(app, steps=["poll"])
    counted = {row["outcome"]: row["count"] for row in report.rows() if row["step"] == "entries"}
    assert counted == {"seen": 1, "edited": 1, "new": 1, "held back": 2 * FLOOD}
    assert report.total("articles", "new") == 1 + 2 * FLOOD
