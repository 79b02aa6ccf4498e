"""The operators' own alerts, from a feed or page that fails to what arrives: once per trouble, and once when over."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from pipeline import lookout, notices
from pipeline.app import App
from pipeline.lookout import look_after
from pipeline.resend import lay_aside
from pipeline.run import run_cycle
from pipeline.troubles import FeedFacts
from storage import configs
from storage import notices as rows
from storage.engine import Database
from storage.tables import Article, Feed, FeedPoll
from tests.builders import CALM, Item, World, page, rss
from tests.sinks.http import Answer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def told(world: World) -> World:
    """A world whose operators listen to the webhook, and whose rule tells nobody."""
    world.more["defaults"] = {"operators": ["hook"]}
    world.rules["strike"]["alert"] = {"to": []}
    return world


def subjects(world: World) -> list[str]:
    """What the operators got, the first line of each."""
    return [str(request.json["title"]) for request in world.hook.requests]


async def run(app: App) -> None:
    """What a scheduled run does."""
    await look_after(app)
    await run_cycle(app)


def opened(db: Database) -> list[str]:
    """Keys of the troubles that are open."""
    return [one.key for one in db.read_now(rows.open_notices)]


@pytest.mark.parametrize("laid_aside", [False, True])
async def test_messages_that_are_given_up_are_told_once_and_once_when_that_is_over(
    told: World, db: Database, clock: FixedClock, laid_aside: bool
) -> None:
    told.tell_only("gone@x.test", "here@x.test")
    told.mail.refused["gone@x.test"] = "550 5.1.1 no such user"
    told.site["/rss"] = rss(Item("a", "", "Dockers strike"))
    async with told.worker(db, clock) as app:
        for _ in range(3):
            await run(app)
            clock.move(HOUR)
        assert subjects(told) == ["[wirewatch] messages to mail are given up: 550 5.1.1 no such user"]
        assert "Dead letters lately: 1." in told.hook.requests[0].json["text"]
        if laid_aside:
            assert db.write_now(lambda session: lay_aside(session, "dead", who="ada", now=clock.now())) == 1
        clock.move(HOUR if laid_aside else DAY)
        await run(app)
    assert subjects(told)[1:] == ["[wirewatch] of messages to mail, none that was given up in the last day is left"]


async def test_a_channel_that_takes_nothing_is_told_once_and_once_when_nothing_waits(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.tell_only("desk@x.test")
    told.mail.refused["desk@x.test"] = "451 4.7.1 not now"
    told.site["/rss"] = rss(Item("a", "", "Dockers strike"))
    async with told.worker(db, clock) as app:
        for _ in range(7):
            await run(app)
            assert not told.hook.requests
            clock.move(HOUR)
        await run(app)
        told.mail.refused.clear()
        for _ in range(2):
            clock.move(2 * HOUR)
            await run(app)
    assert subjects(told) == [
        "[wirewatch] mail takes no messages: 451 4.7.1 not now",
        "[wirewatch] nothing that mail refused waits any more",
    ]


async def test_a_feed_down_for_a_day_is_told_once_and_once_when_it_is_back(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.site["/rss"] = rss(Item("a", title="A"))
    async with told.worker(db, clock) as app:
        await run(app)
        told.site["/rss"] = Answer(500)
        for _ in range(20):
            clock.move(3 * HOUR)
            await run(app)
        assert subjects(told) == ["[wirewatch] feed News is down: the host answered with an error status"]
        lines = told.hook.requests[0].json["text"].splitlines()
        assert "status 500 said" in lines
        assert any("open the address in a browser" in line for line in lines)
        told.site["/rss"] = rss(Item("b", title="B"))
        for _ in range(10):
            clock.move(3 * HOUR)
            await run(app)
    assert subjects(told)[1:] == ["[wirewatch] feed News can be read again"]
    assert opened(db) == []


async def test_a_feed_that_brings_nothing_for_longer_than_ever_is_told_once_and_once_when_it_speaks(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.feeds[0]["every"] = "2h"
    async with told.worker(db, clock) as app:
        for day in range(15):
            told.site["/rss"] = rss(Item(f"d{day}", title=f"Day {day}"))
            await run(app)
            clock.move(DAY)
        for _ in range(4):
            await run(app)
            clock.move(DAY)
        assert subjects(told) == ["[wirewatch] feed News has been silent since 16 Mar 2026 12:00 UTC"]
        told.site["/rss"] = rss(Item("new", title="News at last"))
        await run(app)
        clock.move(HOUR)
        await run(app)
        assert subjects(told)[1:] == ["[wirewatch] feed News brings news again"]
        for _ in range(5):  # as long as the silence before, which is a habit now
            clock.move(DAY)
            await run(app)
    assert len(subjects(told)) == 2


async def test_a_site_whose_pages_are_no_longer_read_is_told_once_and_once_when_it_is_mended(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock) as app:

        async def publish(name: str, body: bytes) -> None:
            """Eight pages, and a run that reads them."""
            items = []
            for number in range(8):
                told.site[f"/{name}{number}"] = body.replace(b"NUMBER", f"{name} {number}".encode())
                items.append(Item(f"{name}{number}", told.url(f"/{name}{number}"), f"Garden {name} {number}"))
            told.site["/rss"] = rss(*items)
            clock.move(DAY)
            await run(app)

        good = page("Garden NUMBER", [f"{line} NUMBER says so, sentence by sentence." for line in CALM[:3]])
        empty = page("Garden NUMBER", [])
        for name in ("one", "two", "three"):
            await publish(name, good)
        assert states(db) == {"ready": 24}
        clock.move(DAY)
        await publish("bad", empty)
        await publish("worse", empty)
        assert len(subjects(told)) == 1
        assert subjects(told)[0].startswith("[wirewatch] pages of 127.0.0.1")
        for _ in range(3):  # what it is compared with does not become the new normal
            await publish(f"bad{_}", empty)
        assert len(subjects(told)) == 1
        for name in ("good", "better", "best"):
            await publish(name, good)
    assert subjects(told)[1:] == [f"[wirewatch] pages of {host_of(db)} are read again"]
    assert opened(db) == []


def states(db: Database) -> dict[str, int]:
    """State → articles in it."""
    found: dict[str, int] = {}
    for state in db.read_now(lambda session: session.exec(select(Article.state)).all()):
        found[state] = found.get(state, 0) + 1
    return found


def host_of(db: Database) -> str:
    """The host that the articles are of."""
    return str(db.read_now(lambda session: session.exec(select(Article.host)).first()))


async def test_a_rule_that_was_switched_off_is_told_to_be_on_again(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock) as app:

        def off(session: Session) -> None:
            assert configs.switch_off(session, "strike", "too_costly", clock.now())
            notices.tell(session, app, "rule-off:1:strike", "The rule strike is switched off", now=clock.now())

        await app.db.write(off)
        await run(app)
        assert opened(db) == ["rule-off:1:strike"]
        told.rules["strike"]["match"] = "docker AND strike"
        await told.apply(app)
        await run(app)
        await run(app)
    assert subjects(told) == ["[wirewatch] The rule strike is switched off", "[wirewatch] the rule strike is on again"]


async def test_a_paused_channel_that_left_the_watch_file_is_over(told: World, db: Database, clock: FixedClock) -> None:
    told.more["defaults"] = {"operators": ["mail"]}
    told.rules["strike"]["alert"] = {"to": ["hook"]}
    told.hook.will(Answer(404))
    told.site["/rss"] = rss(Item("e", "", "Dockers begin strike"))
    async with told.worker(db, clock) as app:
        await run(app)
        await run(app)
        assert opened(db) == ["channel:hook"]
        del told.channels["hook"]
        told.rules["strike"]["alert"] = {"to": ["mail"]}
        await told.apply(app)
        await run(app)
    assert [mail.parsed["Subject"] for mail in told.mail.mails][1:] == [
        "[wirewatch] hook is not in the watch file any more"
    ]
    assert opened(db) == []


async def test_many_troubles_of_one_look_are_one_message_that_names_each(
    told: World, db: Database, clock: FixedClock
) -> None:
    told.feeds = [{"url": told.url(f"/rss{n}"), "name": f"Feed {n}"} for n in range(5)]
    told.site |= {f"/rss{n}": rss(Item(f"a{n}", title="A")) for n in range(5)}
    async with told.worker(db, clock) as app:
        await run(app)
        for n in range(4):
            told.site[f"/rss{n}"] = Answer(500)
        await app.db.write(failing_for_a_day)
        clock.move(DAY + HOUR)
        await run(app)
        assert subjects(told) == ["[wirewatch] 4 troubles"]
        text = told.hook.requests[0].json["text"]
        assert all(f"feed Feed {n} is down" in text for n in range(4))
        assert len(opened(db)) == 4
        told.site |= {f"/rss{n}": rss(Item(f"b{n}", title="B")) for n in range(4)}
        clock.move(DAY)
        await run(app)
        clock.move(HOUR)
        await run(app)
    assert opened(db) == []


def failing_for_a_day(session: Session) -> None:
    """As many polls would leave four of five feeds."""
    for feed in session.exec(select(Feed).where(Feed.name != "Feed 4")).all():
        feed.state, feed.failures, feed.last_reason = "failing", 5.0, "http_status"
        session.add(feed)


async def test_an_uplink_that_is_down_is_one_trouble(told: World, db: Database, clock: FixedClock) -> None:
    told.feeds = [{"url": told.url(f"/rss{n}"), "name": f"Feed {n}", "every": "5m"} for n in range(4)]
    told.site |= {f"/rss{n}": rss(Item(f"a{n}", title="A")) for n in range(4)}
    async with told.worker(db, clock) as app:
        await run(app)
        told.site = {}
        for _ in range(10):
            clock.move(3 * HOUR)
            await run(app)
        assert subjects(told) == ["[wirewatch] none of 4 feeds answers"]
        told.site |= {f"/rss{n}": rss(Item(f"b{n}", title="B")) for n in range(4)}
        clock.move(DAY)
        for _ in range(3):
            clock.move(HOUR)
            await run(app)
    assert subjects(told)[-1] == "[wirewatch] feeds answer again"
    assert opened(db) == []


async def test_looking_is_done_each_quarter_of_an_hour_and_survives_a_clock_that_was_wrong(
    told: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    gather = lookout.feed_facts

    def counted(session: Session, now: datetime) -> list[FeedFacts]:
        looks.append(now)
        return gather(session, now)

    monkeypatch.setattr(lookout, "feed_facts", counted)
    async with told.worker(db, clock) as app:
        for minutes in (0, 1, 13, 1):
            clock.move(timedelta(minutes=minutes))
            await look_after(app)
        assert len(looks) == 2
        clock.move(-2 * DAY)  # it had been wrong before
        await look_after(app)
    assert len(looks) == 3


async def test_two_workers_that_see_a_trouble_at_once_tell_it_once(
    told: World, db: Database, clock: FixedClock
) -> None:
    async with told.worker(db, clock) as one, told.worker(db, clock) as two:

        def failed(session: Session) -> None:
            feed = session.exec(select(Feed)).one()
            feed.state, feed.failures, feed.last_reason = "failing", 5.0, "dns"
            session.add(feed)
            session.add(FeedPoll(feed_id=feed.id or 0, at=clock.now() - 2 * DAY, outcome="failed"))

        await one.db.write(failed)
        await asyncio.gather(look_after(one), look_after(two))
        await run_cycle(one)
    assert len(told.hook.requests) == 1
