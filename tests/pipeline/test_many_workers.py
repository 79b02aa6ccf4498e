"""Several workers at the same moment: every item once, every event told once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AsyncExitStack, closing
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func
from sqlmodel import Session, select

from core.clock import FixedClock
from fetching.entries import ParsedEntry, ParsedFeed
from pipeline import past
from pipeline.configure import Applied, apply_text, read_watch
from pipeline.entries import take_in
from pipeline.match import add_hit
from pipeline.report import Report
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Article, Delivery, Entry, Feed, FeedPoll, Hit, Story
from tests.builders import NOON, Item, World, fifty_copies, rss

HEAD_START_S = 0.5
PATIENCE_S = 60
TABLES = (FeedPoll, Entry, Article, Hit, Story, Alert, Delivery)


def counts(session: Session) -> list[int]:
    """How many rows each table has."""
    return [session.exec(select(func.count()).select_from(table)).one() for table in TABLES]


async def test_three_workers_and_fifty_copies_of_one_event_make_exactly_one_alert(world: World, db: Database) -> None:
    fifty_copies(world)
    async with AsyncExitStack() as stack:
        databases = [db, Database(db.url), Database(db.url)]
        for other in databases[1:]:
            stack.callback(other.close)
        first = await stack.enter_async_context(world.worker(databases[0]))
        workers = [first] + [
            await stack.enter_async_context(world.worker(other, follow=False)) for other in databases[1:]
        ]
        reports = await asyncio.gather(*(run_cycle(worker) for worker in workers))
    assert db.read_now(counts) == [10, 50, 50, 50, 1, 1, 2]
    assert len(world.hook.requests) == len(world.mail.mails) == 1
    assert _total(reports, "poll") == 10
    assert _total(reports, "read", "ready") == 50
    assert _total(reports, "match", "hit") == 50
    assert _total(reports, "deliver", "sent") == 2
    assert [failure for report in reports for failure in report.failures] == []
    for number in range(50):
        assert world.asked(f"/copy{number}") == 1


async def test_feeds_that_list_the_same_new_articles_in_other_orders_do_not_wait_in_a_circle(db: Database) -> None:
    entries = tuple(ParsedEntry(guid=f"{n}", url=f"https://x.test/{n}", title=f"Item {n}") for n in range(60))
    orders = {"one": entries, "other": entries[::-1]}
    together = threading.Barrier(1 if db.is_sqlite else 2)
    tries: list[str] = []

    def poll(session: Session, name: str) -> None:
        feed = Feed(config_url=name, fetch_url="https://x.test/rss", name=name, next_poll_at=NOON)
        session.add(feed)
        session.flush()
        tries.append(name)
        if tries.count(name) == 1:
            together.wait(PATIENCE_S)
        take_in(session, feed, ParsedFeed("rss", "News", "en", orders[name]), NOON)

    await asyncio.gather(*(db.write(partial(poll, name=name)) for name in orders))
    assert sorted(tries) == ["one", "other"]
    assert db.read_now(counts)[1:3] == [120, 60]


async def test_a_rule_saved_while_its_past_is_walked_is_matched_with_all_that_is_stored(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("Geyser", "Glacier", "Volcano")
    world.site["/rss"] = rss(*(Item(name, "", f"{name} awakes", f"Ash over the {name} road.") for name in names))
    other, saved = Database(db.url), list[Future[Applied]]()

    def save() -> Applied:
        text = world.watch_text()
        watch = read_watch(text, file="watch.yaml", secrets={})
        work = partial(apply_text, text=text, watch=watch, from_file=False, who="page", now=clock.now())
        return other.write_now(work)

    def add_hit_while_it_is_saved(*args: Any, **named: Any) -> str:
        if not saved:
            world.rules["ash"]["match"] = "ash"
            saved.append(threads.submit(save))
            wait(saved, HEAD_START_S)  # a save that is kept waiting comes after what is written here
        return add_hit(*args, **named)

    with closing(other), ThreadPoolExecutor(1) as threads:
        async with world.worker(db, clock) as app:
            await run_cycle(app)
            world.rules["ash"] = {"title": "Ash", "match": "ash AND volcano", "alert": {"to": ["hook"]}}
            await world.apply(app)
            monkeypatch.setattr(past, "add_hit", add_hit_while_it_is_saved)
            await run_cycle(app)
            assert saved[0].result(PATIENCE_S).changed
            await run_cycle(app)
    found = db.read_now(lambda session: session.exec(select(Article.feed_title).join(Hit)).all())
    assert sorted(found) == [f"{name} awakes" for name in names]


def _total(reports: list[Report], step: str, outcome: str = "") -> int:
    return sum(report.total(step, outcome) for report in reports)
