"""Faults 45 and 51: several processes on one database at the same moment."""

from __future__ import annotations

import time
from collections import Counter

from tests.builders import Item, World, fifty_copies, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.conftest import Driver, command
from tests.faults.questions import due, read, rows
from tests.sinks.http import Answer, Request

ROUNDS = 2  # of all feeds


def test_fault_45_three_processes_and_fifty_copies_of_one_event_make_exactly_one_alert(
    world: World, driver: Driver, databases: Databases, database_kind: str
) -> None:
    fifty_copies(world)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with databases.fresh(database_kind, world.folder, migrate) as url:
        assert driver.run(world.settings(), url, children=3) == [0, 0, 0]
        assert read(url, rows) == {
            "FeedPoll": 10, "Entry": 50, "Article": 50, "Hit": 50, "Story": 1, "Alert": 1, "Delivery": 2,
        }  # fmt: skip
    assert len(world.hook.requests) == len(world.mail.mails) == 1
    assert all(world.asked(f"/copy{number}") == 1 for number in range(50))


def test_fault_45_two_instances_started_on_one_database_double_nothing(
    world: World, databases: Databases, database_kind: str
) -> None:
    fifty_copies(world)
    world.watch_file.write_text(world.watch_text(), "utf-8")
    with databases.fresh(database_kind, world.folder, migrate) as url:
        with command(world, url, "run", "--once") as first, command(world, url, "run", "--once") as second:
            said = {one.communicate(timeout=120)[0]: one.returncode for one in (first, second)}
        assert 0 in said.values(), said
        assert all(code == 0 or "another run is at work" in words for words, code in said.items()), said
        told = read(url, rows)
    assert told["FeedPoll"] == 10  # feeds are due once: the second finds none
    assert {name: told[name] for name in ("Entry", "Article", "Hit", "Story", "Alert", "Delivery")} == {
        "Entry": 50, "Article": 50, "Hit": 50, "Story": 1, "Alert": 1, "Delivery": 2,
    }  # fmt: skip
    assert len(world.hook.requests) == len(world.mail.mails) == 1


def test_fault_51_runs_that_overlap_poll_no_feed_twice(
    world: World, driver: Driver, databases: Databases, database_kind: str
) -> None:
    """Four runs at once, without the job lock that keeps scheduled ones apart; feeds answer so slowly that all four
    look for work meanwhile. In each round each feed is due once, and so is asked once.
    """
    paths = [f"/rss{number}" for number in range(12)]
    world.feeds = [{"url": world.url(path), "name": path, "first_poll": "9000h"} for path in paths]
    world.site |= {path: rss(Item("e", "", f"Dockers begin strike at pier {path[4:]}")) for path in paths}
    world.watch_file.write_text(world.watch_text(), "utf-8")
    usual = world.web.choose
    assert usual

    def slowly(request: Request) -> Answer:
        time.sleep(0.5)
        return usual(request)

    with databases.fresh(database_kind, world.folder, migrate) as url:
        driver.warm(world.settings())
        world.web.choose = slowly
        for kept in (world.web.requests, world.hook.requests, world.hook.taken):
            kept.clear()
        for rounds in range(1, ROUNDS + 1):
            assert driver.run(world.settings(), url, children=4) == [0] * 4
            assert Counter(one.path for one in world.web.requests) == dict.fromkeys(paths, rounds)
            due(url)
        told = read(url, rows)
    assert told["FeedPoll"] == 12 * ROUNDS
    assert told["Entry"] == told["Hit"] == 12
    assert told["Alert"] == told["Delivery"] == len(world.hook.requests) == len(world.hook.keys)
