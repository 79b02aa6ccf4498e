"""Faults 13 to 17 and 23 to 25: feeds that are broken, hostile, poor or too large, through whole runs on loopback.

A second feed with nothing wrong is polled in each run: what one feed does, the other must not feel.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from cli.main import app as command
from core.clock import FixedClock
from core.errors import InputError
from core.reasons import Reason
from fetching import opml
from fetching.entries import MAX_ENTRIES
from pipeline import poll as polling
from pipeline.app import App
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Entry, FeedPoll
from tests.builders import STRIKE, Item, World, own_pool, page, rss
from tests.faults.hostile import parse_hostile_feed
from tests.faults.stored import articles_of, due, feed_of, told
from tests.faults.ward import LittleMemory
from tests.sinks.http import Answer

HEADLINE = "Harbour at rest"


@asynccontextmanager
async def watching(world: World, db: Database, clock: FixedClock) -> AsyncIterator[App]:
    """A worker of a watch over the feed in question, `/rss`, and a good one."""
    world.site["/strike"] = page(HEADLINE, STRIKE)
    world.site["/good"] = rss(Item("good", world.url("/calm"), "A calm day", "Nothing happened."))
    world.feeds.append({"url": world.url("/good"), "name": "Good", "first_poll": "9000h"})
    async with world.worker(db, clock) as app:
        yield app


def outcomes(db: Database, name: str = "News") -> list[str]:
    number = feed_of(db, name).id
    rows = select(FeedPoll.outcome).where(FeedPoll.feed_id == number).order_by(col(FeedPoll.id))
    return db.read_now(lambda session: list(session.exec(rows).all()))


def the_good_one_was_read(db: Database) -> bool:
    return feed_of(db, "Good").state == "ok" and [one.feed_title for one in articles_of(db, "Good")] == ["A calm day"]


# -- 13


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("</title><link>", " R&D &copy; &undefined;</title><link>"),
        lambda text: text[: text.rindex("</item>")],
        lambda text: text.replace("<item>", "<x:item2/><item>").replace("</rss>", "</channel></rss>"),
        lambda text: "<br />\n<b>Warning</b>: line 9<br />\n" + text.partition("?>")[2],
        lambda text: text.replace("<channel>", "<channel>\x00\x0b&#0;"),
    ],
    ids=["entities", "cut off", "tags", "junk before", "control characters"],
)
async def test_fault_13_what_a_broken_feed_tells_is_alerted_and_a_mended_one_brings_no_second_alert(
    world: World, db: Database, clock: FixedClock, spoil: object
) -> None:
    whole = rss(Item("a", world.url("/strike"), HEADLINE, "Dockers.")).decode()
    world.site["/rss"] = spoil(whole).encode()  # type: ignore[operator]
    async with watching(world, db, clock) as app:
        await run_cycle(app)
        (message,) = told(world)
        world.site["/rss"] = whole.encode()
        due(db)
        await run_cycle(app)
    assert told(world) == [message]
    assert HEADLINE in message
    assert (feed_of(db).state, the_good_one_was_read(db)) == ("ok", True)


async def test_fault_13_what_cannot_be_salvaged_is_shown_and_heals(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = b"<rss><channel><item><ti"
    async with watching(world, db, clock) as app:
        await run_cycle(app)
        broken = feed_of(db)
        world.site["/rss"] = rss(Item("a", world.url("/strike"), HEADLINE, "Dockers."))
        due(db)
        await run_cycle(app)
    assert (broken.state, broken.last_reason, bool(broken.last_error)) == ("failing", Reason.BAD_FEED, True)
    assert (feed_of(db).state, feed_of(db).last_reason, len(told(world))) == ("ok", "", 1)


# -- 14

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE rss [<!ENTITY l0 "laugh">{LAUGHS}]>'


@pytest.mark.parametrize("kind", ["rss", "sitemap"])
async def test_fault_14_a_bomb_of_entities_does_not_go_off(
    world: World, db: Database, clock: FixedClock, kind: str
) -> None:
    item = f"<item><title>{HEADLINE} &l9;</title><link>{world.url('/strike')}</link></item>"
    urlset = f"<urlset><url><loc>{world.url('/strike')}</loc><x>&l9;</x></url></urlset>"
    world.site["/rss"] = (BOMB + (f"<rss><channel>{item}</channel></rss>" if kind == "rss" else urlset)).encode()
    start = time.process_time()
    async with watching(world, db, clock) as app:
        with LittleMemory():
            await run_cycle(app)
    (article,) = articles_of(db)
    assert len(article.feed_title) < 100
    assert time.process_time() - start < 10
    assert (len(told(world)), the_good_one_was_read(db)) == (1, True)


@pytest.mark.parametrize("what", ["file", "http", "parameter"])
async def test_fault_14_an_entity_reads_no_file_and_asks_no_address(
    world: World, db: Database, clock: FixedClock, what: str
) -> None:
    (world.folder / "secret.txt").write_text("canary")
    target = f"file://{world.folder}/secret.txt" if what == "file" else world.url("/secret")
    entity = f'<!ENTITY % x SYSTEM "{target}"> %x;' if what == "parameter" else f'<!ENTITY x SYSTEM "{target}">'
    item = f"<item><title>{HEADLINE} &x;</title><link>{world.url('/strike')}</link></item>"
    world.site["/secret"] = b"canary"
    world.site["/rss"] = f"<!DOCTYPE rss [{entity}]><rss><channel>{item}</channel></rss>".encode()
    async with watching(world, db, clock) as app:
        await run_cycle(app)
    (article,) = articles_of(db)
    assert "canary" not in repr(article)
    assert world.asked("/secret") == 0
    assert (len(told(world)), the_good_one_was_read(db)) == (1, True)


@pytest.mark.parametrize("head", [BOMB, '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<!doctype opml>"])
def test_fault_14_a_list_of_feeds_with_a_document_type_is_refused(head: str) -> None:
    with pytest.raises(InputError, match="DOCTYPE"):
        opml.read(f'{head}<opml><body><outline text="&x;" xmlUrl="https://news.example/rss"/></body></opml>')


# -- 15


@pytest.mark.parametrize(
    ("encoding", "declared", "said"),
    [
        ("utf-8", "iso-8859-1", ""),
        ("utf-8", "utf-8", "iso-8859-1"),
        ("windows-1252", "utf-8", "utf-8"),
        ("windows-1252", "iso-8859-1", ""),
        ("utf-16", "utf-8", "utf-8"),
        ("utf-8", "no-such-set", "nor-this"),
    ],
)
async def test_fault_15_a_character_set_that_lies_leaves_readable_text(
    world: World, db: Database, clock: FixedClock, encoding: str, declared: str, said: str
) -> None:
    title = f"{HEADLINE} – “Größe”"
    text = rss(Item("a", world.url("/strike"), title, "Dockers.")).decode().replace('"utf-8"', f'"{declared}"')
    kind = f"application/rss+xml; charset={said}" if said else "application/rss+xml"
    world.site["/rss"] = Answer(200, {"Content-Type": kind}, text.encode(encoding))
    async with watching(world, db, clock) as app:
        await run_cycle(app)
    (article,) = articles_of(db)
    assert article.feed_title == title
    assert (len(told(world)), the_good_one_was_read(db)) == (1, True)


# -- 16


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_fault_16_what_no_database_takes_is_cleaned_away(
    world: World, db: Database, clock: FixedClock, form: str
) -> None:
    odd = "\x00\ud800\u202e\u2066"
    link = world.url("/strike")
    if form == "json":
        item = {"id": f"a{odd}", "url": link, "title": f"Harbour{odd} at rest", "content_text": f"Dockers{odd}."}
        item["author"] = {"name": f"Ada{odd} Quill"}  # type: ignore[assignment]
        document = json.dumps({"version": "https://jsonfeed.org/version/1", "title": f"N{odd}", "items": [item]})
        world.site["/rss"] = document.encode()
    else:
        marks = "&#0;&#xD800;&#x202e;\x00\u2066"
        world.site["/rss"] = (
            f"<rss><channel><title>N{marks}</title><item><guid>a{marks}</guid><link>{link}</link>"
            f"<title>Harbour{marks} at rest</title><author>Ada{marks} Quill</author>"
            f"<description>Dockers{marks}.</description></item></channel></rss>"
        ).encode() + b"<!-- \xed\xa0\x80 -->"
    async with watching(world, db, clock) as app:
        for edition in (b"", b"\n "):  # another body, else it is not even parsed again
            world.site["/rss"] += edition  # type: ignore[operator]
            due(db)
            await run_cycle(app)
    assert outcomes(db) == ["changed"] * 2
    (article,) = articles_of(db)
    assert (article.feed_title, article.feed_text, article.feed_author) == (HEADLINE, "Dockers.", "Ada Quill")
    assert db.read_now(lambda s: s.exec(select(Entry.key).where(Entry.article_id == article.id)).all()) == ["a"]
    assert (feed_of(db).title, len(told(world)), the_good_one_was_read(db)) == ("N", 1, True)


# -- 17


async def test_fault_17_items_without_id_link_or_date_are_the_same_at_each_poll(
    world: World, db: Database, clock: FixedClock
) -> None:
    bare = Item(title=HEADLINE, summary="The dockers are on strike since this morning.")
    others = [Item(title=f"Other {n}", summary="Of no interest.") for n in range(3)]
    async with watching(world, db, clock) as app:
        for number in range(4):
            world.site["/rss"] = rss(bare, *others[number:], title=f"News, edition {number}")
            due(db)
            await run_cycle(app)
            clock.move(timedelta(hours=1))
    assert len(articles_of(db)) == 4
    assert (len(told(world)), the_good_one_was_read(db)) == (1, True)


# -- 23


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-0001-11-30T00:00:00+00:00", None),
        ("0000-00-00 00:00:00", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("99999-01-01", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("yesterday", None),
        ("Mon, 02 Mar 2026 12:30:00 CEST", datetime(2026, 3, 2, 10, 30, tzinfo=UTC)),
        ("Mon, 02 Mar 2026 24:00:00 GMT", datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
async def test_fault_23_a_date_is_sane_or_none(
    world: World, db: Database, clock: FixedClock, written: str, expected: datetime | None
) -> None:
    item = f"<item><title>{HEADLINE}</title><link>{world.url('/strike')}</link><pubDate>{written}</pubDate></item>"
    world.site["/rss"] = f"<rss version='2.0'><channel>{item}</channel></rss>".encode()
    async with watching(world, db, clock) as app:
        await run_cycle(app)
    (article,) = articles_of(db)
    assert (article.feed_published, len(told(world)), the_good_one_was_read(db)) == (expected, 1, True)


# -- 24


async def test_fault_24_of_a_hundred_thousand_items_the_first_two_thousand_are_kept(
    world: World, db: Database, clock: FixedClock
) -> None:
    first = f"<item><guid>a</guid><link>{world.url('/strike')}</link><title>{HEADLINE}</title></item>"
    items = "".join(f"<item><guid>{n}</guid><title>Item {n}</title></item>" for n in range(99_999))
    world.site["/rss"] = f"<rss version='2.0'><channel>{first}{items}</channel></rss>".encode()
    async with watching(world, db, clock) as app:
        await run_cycle(app, steps=["poll"])
    assert len(articles_of(db)) == MAX_ENTRIES
    assert articles_of(db)[0].feed_title == HEADLINE
    assert the_good_one_was_read(db)


async def test_fault_24_twenty_megabytes_are_a_failure_that_heals(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/strike"), HEADLINE, "x" * 20_000_000))
    async with watching(world, db, clock) as app:
        await run_cycle(app)
        failed = feed_of(db)
        world.site["/rss"] = rss(Item("a", world.url("/strike"), HEADLINE, "Dockers."))
        due(db)
        await run_cycle(app)
    assert (failed.state, failed.last_reason) == ("failing", Reason.TOO_BIG)
    assert (feed_of(db).state, len(told(world)), the_good_one_was_read(db)) == ("ok", 1, True)


async def test_fault_24_a_feed_that_takes_too_long_is_killed_and_no_other(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "PARSE_SECONDS", 3.0)  # the good one has as long
    monkeypatch.setattr(polling, "parse_feed", parse_hostile_feed)
    large = f"<!-- {'x' * polling.IN_A_THREAD} -->".encode()  # so that a process of the pool reads it
    async with watching(world, db, clock) as app:
        world.site["/rss"] = rss(Item("a", title="make the reader hang")) + large
        world.site["/good"] += large  # type: ignore[operator]
        async with own_pool(app, "tests.faults.hostile"):
            await run_cycle(app, steps=["poll"])
    feed = feed_of(db)
    assert (feed.state, feed.last_reason) == ("failing", Reason.BAD_FEED)
    assert "limit 3 s" in feed.last_error
    assert the_good_one_was_read(db)


# -- 25


async def test_fault_25_a_window_that_ran_over_is_recorded_shown_and_polled_faster(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(world, db, clock) as app:
        for number in range(2):
            world.site["/rss"] = rss(*(Item(f"{number}-{n}", title=f"Title {number} {n}") for n in range(20)))
            due(db)
            await run_cycle(app, steps=["poll"])
            last = clock.now()
            clock.move(timedelta(minutes=15))
        after = feed_of(db)
    assert (after.possible_gaps, feed_of(db, "Good").possible_gaps) == (1, 0)
    assert after.interval_s < 900
    assert (after.next_poll_at - last).total_seconds() < 900
    gaps = db.read_now(lambda s: s.exec(select(FeedPoll.gap).where(FeedPoll.feed_id == after.id)).all())
    assert sorted(gaps) == [False, True]
    assert [row["possible_gaps"] for row in shown(world, db) if row["name"] == "News"] == [1]


def shown(world: World, db: Database) -> list[dict[str, object]]:
    """What `wirewatch feeds list` says."""
    environ = {
        "WIREWATCH_CONFIG": str(world.watch_file),
        "WIREWATCH_DATA": str(world.folder / "data"),
        "WIREWATCH_DATABASE": db.engine.url.render_as_string(hide_password=False),
    }
    logs = logging.getLogger()
    handlers, level = logs.handlers[:], logs.level
    try:
        result = CliRunner().invoke(command, ["feeds", "list", "--json"], env=environ)
    finally:
        logs.handlers[:], logs.level = handlers, level
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
