"""Polling, over real HTTP on loopback: what a feed's answer changes on its row."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlmodel import Session, col, select

from core.clock import FixedClock
from core.reasons import Reason
from core.urls import host_of
from fetching.entries import MAX_ENTRIES, ParsedEntry
from fetching.written import Written, title
from pipeline.report import Report
from pipeline.run import run_cycle
from storage import feeds, hosts
from storage.engine import Database
from storage.tables import Article, Feed, FeedPoll, HostState
from tests.builders import NOON, STRIKE, HerePool, Item, World, own_pool, page, rss
from tests.sinks.http import Answer, HttpSink, Request

T = TypeVar("T")
SHORT = rss(Item("a", title="A"))


def feed_of(db: Database) -> Feed:
    """The one feed."""
    return db.read_now(lambda session: session.exec(select(Feed)).one())


def all_feeds(db: Database) -> Sequence[Feed]:
    """Several."""
    return db.read_now(lambda session: session.exec(select(Feed)).all())


def titles(db: Database) -> list[str]:
    """What the feed says of all articles."""
    return sorted(db.read_now(lambda session: session.exec(select(Article.feed_title)).all()))


def change(db: Database, **values: object) -> None:
    """Set columns of the one feed, and make it due."""

    def work(session: Session) -> None:
        feed = session.exec(select(Feed)).one()
        for name, value in {"next_poll_at": NOON - timedelta(days=400), **values}.items():
            setattr(feed, name, value)
        session.add(feed)

    db.write_now(work)


async def polled(world: World, db: Database, clock: FixedClock, times: int = 1) -> list[Report]:
    """Poll the one feed so often, a day apart."""
    reports = []
    async with world.worker(db, clock, environ={"TOKEN": "hush"}) as app:
        for _ in range(times):
            change(db)
            reports.append(await run_cycle(app, steps=["poll"]))
            clock.move(timedelta(days=1))
    return reports


async def test_what_was_learnt_is_committed_with_the_entries(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = Answer(200, {"ETag": '"v1"', "Content-Type": "application/rss+xml"}, rss(Item("a", title="A")))
    (report,) = await polled(world, db, clock)
    feed = feed_of(db)
    assert (feed.etag, feed.state, feed.title, feed.first_polled_at) == ('"v1"', "ok", "News", NOON)
    assert feed.next_poll_at > NOON
    assert (report.total("poll", "changed"), report.total("entries", "new"), report.total("articles")) == (1, 1, 1)


async def test_validators_go_back_and_a_304_brings_nothing(world: World, db: Database, clock: FixedClock) -> None:
    def choose(request: Request) -> Answer:
        if request.headers.get("if-none-match") == '"v1"':
            return Answer(304, body=b"")
        return Answer(200, {"ETag": '"v1"', "Content-Type": "application/rss+xml"}, rss(Item("a", title="A")))

    world.web.choose = choose
    reports = await polled(world, db, clock, times=2)
    assert [report.total("poll", kind) for report in reports for kind in ("changed", "not_modified")] == [1, 0, 0, 1]


async def test_an_unchanged_body_is_not_parsed_again(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(Item("a", title="A"))
    reports = await polled(world, db, clock, times=2)
    assert reports[1].total("poll", "unchanged") == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(404), Reason.NOT_FOUND),
        (Answer(500), Reason.HTTP_STATUS),
        (Answer(200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><html>sign in</html>"), Reason.NOT_A_FEED),
        (Answer(200, {"Content-Type": "application/rss+xml"}, b""), Reason.EMPTY_BODY),
        (Answer(drop=True), Reason.BROKEN_ANSWER),
    ],
)
async def test_an_error_is_a_state_with_its_reason_and_keeps_the_validators(
    world: World, db: Database, clock: FixedClock, answer: Answer, reason: Reason
) -> None:
    world.site["/rss"] = answer
    async with world.worker(db, clock) as app:
        change(db, etag='"v1"', first_polled_at=NOON)
        report = await run_cycle(app, steps=["poll"])
    feed = feed_of(db)
    assert (feed.state, feed.last_reason, feed.etag, feed.failures > 0) == ("failing", str(reason), '"v1"', True)
    assert report.failures[0].startswith("poll: News: ")
    assert db.read_now(lambda s: s.exec(select(FeedPoll.outcome)).one()) == "failed"


async def test_a_feed_that_is_gone_is_paused_and_the_operators_are_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"operators": ["hook"]}
    world.site["/rss"] = Answer(410)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        change(db)
        await run_cycle(app)
    feed = feed_of(db)
    assert (feed.state, feed.paused_by, world.asked("/rss")) == ("paused", "gone", 1)
    (told,) = world.hook.requests
    assert b"News" in told.body
    assert b"look for another feed of the site" in told.body
    world.site["/rss"] = rss(Item("a", title="A"))
    change(db, state="ok")
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert b"can be read again" in world.hook.requests[1].body


async def test_a_host_that_asks_for_rest_is_left_alone_so_long(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = Answer(429, {"Retry-After": "7200"})
    await polled(world, db, clock)
    host = db.read_now(lambda session: session.exec(select(HostState)).one())
    assert host.host == f"127.0.0.1:{world.web.port}"
    assert host.next_allowed_at == NOON + timedelta(hours=2)
    assert feed_of(db).next_poll_at >= NOON + timedelta(hours=2)


async def test_a_rest_is_given_to_the_host_that_a_redirect_led_to_and_it_is_not_asked_by_other_feeds(
    world: World, db: Database, clock: FixedClock
) -> None:
    with HttpSink(lambda _: Answer(429, {"Retry-After": "7200"})) as other:
        for path in ("/rss", "/second"):
            world.site[path] = Answer(302, {"Location": other.url("/feed")})
        async with world.worker(db, clock) as app:
            await run_cycle(app, steps=["poll"])
            world.feeds.append({"url": world.url("/second"), "name": "Second"})
            await world.apply(app)
            clock.move(timedelta(hours=1))
            await run_cycle(app, steps=["poll"])
    assert len(other.requests) == world.asked("/second") == 1
    rows = db.read_now(lambda session: session.exec(select(HostState)).all())
    assert [row.host for row in rows if row.held_until] == [host_of(other.url("/"))]
    assert all(feed.next_poll_at >= NOON + timedelta(hours=2) for feed in all_feeds(db))


async def test_feeds_that_lead_to_one_host_come_there_one_after_the_other_and_ask_for_no_redirect_in_vain(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.feeds.append({"url": world.url("/second"), "name": "Second"})
    with HttpSink(lambda _: Answer(200, {"Content-Type": "application/rss+xml"}, SHORT)) as other:
        there = host_of(other.url("/"))
        for path in ("/rss", "/second"):
            world.site[path] = Answer(302, {"Location": other.url(path)})
        async with world.worker(db, clock, page_spacing=0.05) as app:
            for _ in range(2):  # where they lead is learnt by the first
                await run_cycle(app, steps=["poll"])
                free = db.read_now(lambda session: hosts.next_free(session, there, clock.now()))
                assert free == clock.now() + 2 * timedelta(seconds=0.05)
                clock.move(timedelta(hours=2))
            until = clock.now() + timedelta(minutes=5)
            await db.write(lambda session: hosts.hold(session, there, until))
            await run_cycle(app, steps=["poll"])
    assert (world.asked("/rss"), world.asked("/second"), len(other.requests)) == (2, 2, 4)
    assert {(feed.state, feed.next_poll_at) for feed in all_feeds(db)} == {("ok", until)}


@pytest.mark.parametrize("at", [b"Second", b"</link>", b"<pubDate", b"</item>"])
async def test_a_feed_that_was_cut_off_is_asked_for_again_and_nothing_of_it_is_stored_by_half(
    world: World, db: Database, clock: FixedClock, at: bytes
) -> None:
    items = (Item(title=f"{name} title", link=world.url(f"/{name}"), published=NOON) for name in ("First", "Second"))
    feed, headers = rss(*items), {"ETag": '"v1"', "Content-Type": "application/rss+xml"}

    def serve(request: Request) -> Answer:
        if request.headers.get("if-none-match"):
            return Answer(304, headers, b"")
        return Answer(200, headers, body)

    world.web.choose, body = serve, feed[: feed.rindex(at)]
    await polled(world, db, clock)
    assert (titles(db), feed_of(db).state, feed_of(db).etag) == (["First title"], "ok", "")
    body = feed
    await polled(world, db, clock)
    assert (titles(db), feed_of(db).etag) == (["First title", "Second title"], '"v1"')


async def test_a_sitemap_of_a_list_that_was_cut_off_is_asked_for_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    sitemap = b"<urlset><url><loc>/a</loc></url><url><loc>/bcd</loc></url></urlset>"
    world.site["/rss"] = b"<sitemapindex><sitemap><loc>/s</loc></sitemap></sitemapindex>"
    addresses = []
    for body in (sitemap[: sitemap.index(b"cd</loc>")], sitemap):
        world.site["/s"] = Answer(200, {"ETag": '"v1"', "Content-Type": "application/xml"}, body)
        await polled(world, db, clock)
        rows = db.read_now(lambda session: session.exec(select(Article.url)).all())
        addresses.append(sorted(url.rpartition("/")[2] for url in rows))
    assert addresses == [["a"], ["a", "bcd"]]
    assert [one.headers.get("if-none-match") for one in world.web.requests if one.path == "/s"] == [None, None]


async def test_a_permanent_redirect_becomes_the_address_at_the_third_sighting(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = Answer(301, {"Location": world.url("/new")})
    world.site["/new"] = rss(Item("a", title="A"))
    await polled(world, db, clock, times=2)
    assert feed_of(db).fetch_url == world.url("/rss")
    await polled(world, db, clock, times=2)
    assert feed_of(db).fetch_url == world.url("/new")
    assert world.asked("/rss") == 3


NEWS = rss(Item("a", title="A"))


async def moved(world: World, db: Database, clock: FixedClock) -> None:
    """A permanent redirect of the feed is taken over."""
    world.site["/rss"], world.site["/new"] = Answer(301, {"Location": world.url("/new")}), NEWS
    await polled(world, db, clock, times=3)
    assert feed_of(db).fetch_url == world.url("/new")
    world.web.requests.clear()


def asked(world: World) -> str:
    """What was asked since, a letter a request: o for the old address, as it is written, n for the new one."""
    letters = {"/rss": "o", "/new": "n"}
    return "".join(letters[request.path] for request in world.web.requests)


async def test_a_redirect_that_was_a_mistake_is_undone(world: World, db: Database, clock: FixedClock) -> None:
    await moved(world, db, clock)
    world.site["/rss"], world.site["/new"] = NEWS, Answer(404)
    await polled(world, db, clock, times=8)
    assert asked(world) == "nnnnnnoo"  # a 404 weighs half a failure
    feed = feed_of(db)
    assert (feed.state, feed.fetch_url, feed.moved_to) == ("ok", world.url("/rss"), "")


async def test_a_moved_feed_outlives_an_outage_though_its_old_address_is_dead(
    world: World, db: Database, clock: FixedClock
) -> None:
    await moved(world, db, clock)
    world.site["/rss"] = world.site["/new"] = Answer(503)
    await polled(world, db, clock, times=6)
    assert asked(world) == "nnnono"
    world.site["/new"] = NEWS
    await polled(world, db, clock, times=2)
    assert (feed_of(db).state, feed_of(db).fetch_url) == ("ok", world.url("/new"))


async def test_a_moved_feed_that_is_back_after_an_outage_is_taken_over_at_once(
    world: World, db: Database, clock: FixedClock
) -> None:
    await moved(world, db, clock)
    world.site["/new"] = Answer(503)
    await polled(world, db, clock, times=3)
    world.site["/new"] = NEWS
    await polled(world, db, clock, times=2)
    assert asked(world) == "nnnonn"
    assert feed_of(db).fetch_url == world.url("/new")


async def test_of_two_addresses_none_that_is_gone_is_asked_again(world: World, db: Database, clock: FixedClock) -> None:
    await moved(world, db, clock)
    world.site["/rss"], world.site["/new"] = Answer(410), Answer(503)
    await polled(world, db, clock, times=7)
    assert asked(world) == "nnnonnn"
    assert feed_of(db).state == "failing"
    world.site["/new"] = Answer(410)
    await polled(world, db, clock, times=2)
    assert asked(world) == "nnnonnnn"
    assert (feed_of(db).state, feed_of(db).paused_by) == ("paused", "gone")


async def test_a_feed_that_is_gone_where_it_moved_to_is_asked_where_it_was(
    world: World, db: Database, clock: FixedClock
) -> None:
    await moved(world, db, clock)
    world.site["/rss"], world.site["/new"] = NEWS, Answer(410)
    await polled(world, db, clock, times=2)
    assert asked(world) == "no"
    assert (feed_of(db).state, feed_of(db).paused_by, world.hook.requests) == ("ok", "", [])


@pytest.mark.parametrize("anew", ["resumed", "named again"])
async def test_who_resumes_a_feed_or_names_it_again_has_it_asked_as_it_is_written(
    world: World, db: Database, clock: FixedClock, anew: str
) -> None:
    await moved(world, db, clock)
    if anew == "resumed":
        db.write_now(lambda session: feeds.pause(session, session.exec(select(Feed)).one(), "ada"))
        db.write_now(lambda session: feeds.resume(session, session.exec(select(Feed)).one(), NOON))
    else:
        spec = feeds.FeedSpec(world.url("/rss"), "News", "feed", "", (), "en", None, 0.0)
        db.write_now(lambda session: feeds.sync(session, [], NOON))
        db.write_now(lambda session: feeds.sync(session, [spec], NOON))
    world.site["/rss"] = NEWS
    await polled(world, db, clock)
    assert asked(world) == "o"


@pytest.mark.parametrize("status", [301, 302])
async def test_a_redirect_that_names_a_secret_is_followed_as_it_was_written(
    world: World, db: Database, clock: FixedClock, status: int
) -> None:
    world.site["/rss"] = Answer(status, {"Location": world.url("/new?key=${MADE_UP}")})
    world.site["/new"] = rss(Item("a", title="A"))
    reports = await polled(world, db, clock, times=5)
    assert [report.failures for report in reports] == [[]] * 5
    assert feed_of(db).state == "ok"
    assert all("MADE_UP" in one.path for one in world.web.requests if one.path.startswith("/new"))


async def test_a_missing_secret_fails_this_feed_and_no_other(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/other"] = rss(Item("a", title="A"))
    headers = {"Authorization": "${TOKEN}"}
    world.feeds[0]["headers"] = headers
    world.feeds.append({"url": world.url("/other"), "name": "Other"})
    async with world.worker(db, clock, environ={"TOKEN": "hush"}) as app:
        app.secrets = {}
        report = await run_cycle(app, steps=["poll"])
    assert (report.total("poll", "failed"), report.total("poll", "changed")) == (1, 1)
    assert world.asked("/rss") == 0


async def test_secrets_are_sent_and_never_stored(world: World, db: Database, clock: FixedClock) -> None:
    world.feeds[0] |= {"url": world.url("/rss?key=${TOKEN}"), "headers": {"Authorization": "Bearer ${TOKEN}"}}
    world.site["/rss"] = rss(Item("a", title="A"))
    (report,) = await polled(world, db, clock)
    (asked,) = world.web.requests
    assert (asked.path, asked.headers["authorization"]) == ("/rss?key=hush", "Bearer hush")
    feed = feed_of(db)
    assert "hush" not in repr(feed)
    assert feed.validators_url == world.url("/rss?key=${TOKEN}")
    assert report.failures == []


async def test_a_poll_that_lists_nothing_known_is_a_possible_gap(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        for number in range(2):
            world.site["/rss"] = rss(*(Item(f"{number}-{n}", title=f"T {number} {n}") for n in range(3)))
            change(db)
            await run_cycle(app, steps=["poll"])
    feed = feed_of(db)
    assert feed.possible_gaps == 1
    assert feed.interval_s < 900


@pytest.mark.parametrize("dated", [True, False])
async def test_a_feed_of_too_many_items_says_so_and_is_a_possible_gap_where_nobody_can_tell_the_newest(
    world: World, db: Database, clock: FixedClock, dated: bool
) -> None:
    def listing(count: int) -> bytes:
        dates = [NOON - timedelta(hours=3000 - n) if dated else None for n in range(count)]
        return rss(*(Item(f"g{n}", title=f"T {n}", published=at) for n, at in enumerate(dates)))

    async with world.worker(db, clock) as app:
        for count in (MAX_ENTRIES, MAX_ENTRIES + 2):
            world.site["/rss"] = listing(count)
            change(db)
            await run_cycle(app, steps=["poll"])
    polls = db.read_now(lambda session: session.exec(select(FeedPoll).order_by(col(FeedPoll.id))).all())
    assert [(one.reason, one.new, one.gap) for one in polls] == [
        ("", MAX_ENTRIES, False), ("cut", 2 if dated else 0, not dated),
    ]  # fmt: skip
    assert feed_of(db).possible_gaps == (0 if dated else 1)


async def test_a_poll_whose_lease_was_lost_keeps_nothing_and_stops_nobody(
    world: World, db: Database, clock: FixedClock
) -> None:
    def steal(request: Request) -> Answer:
        def work(session: Session) -> None:
            feed = session.exec(select(Feed)).one()
            feed.lease_owner, feed.lease_epoch = "another", feed.lease_epoch + 1
            session.add(feed)

        db.write_now(work)
        return Answer(200, {"Content-Type": "application/rss+xml"}, rss(Item("a", title="A")))

    world.web.choose = steal
    (report,) = await polled(world, db, clock)
    assert report.rows() == [{"step": "poll", "outcome": "skipped", "reason": "locked", "count": 1}]
    assert db.read_now(lambda s: s.exec(select(Article)).all()) == []


async def test_who_pauses_a_feed_that_is_just_asked_has_it_paused(
    world: World, db: Database, clock: FixedClock
) -> None:
    def paused(request: Request) -> Answer:
        db.write_now(lambda session: feeds.pause(session, session.exec(select(Feed)).one(), "ann"))
        return Answer(200, {"Content-Type": "application/rss+xml"}, SHORT)

    world.web.choose = paused
    await polled(world, db, clock, times=2)
    assert (feed_of(db).state, feed_of(db).paused_by, len(world.web.requests)) == ("paused", "ann", 1)


@pytest.mark.parametrize(("before", "after", "wait"), [("24h", "10m", 10), ("24h", None, 60), ("10m", "24h", 11)])
async def test_another_every_counts_from_the_last_poll_on(
    world: World, db: Database, clock: FixedClock, before: str, after: str | None, wait: int
) -> None:
    world.site["/rss"] = SHORT
    world.feeds[0]["every"] = before
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        world.feeds[0]["every"] = after or "auto"
        await world.apply(app)
    assert feed_of(db).next_poll_at - NOON <= timedelta(minutes=wait)


async def test_no_other_every_brings_a_poll_before_the_server_wants_one(
    world: World, db: Database, clock: FixedClock
) -> None:
    kept = {"Content-Type": "application/rss+xml", "Cache-Control": "max-age=7200"}
    world.site["/rss"] = Answer(200, kept, SHORT)
    world.feeds[0]["every"] = "24h"
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        world.feeds[0]["every"] = "10m"
        await world.apply(app)
    assert feed_of(db).next_poll_at == feed_of(db).not_before == NOON + timedelta(hours=2)


async def test_links_that_another_selector_finds_on_a_page_are_no_news(
    world: World, db: Database, clock: FixedClock
) -> None:
    press = page("Press", ["x"]).replace(
        b"<p>", b"<p><a href='/imprint'>Imprint</a></p><h3><a href='/a'>Strike</a></h3>"
    )
    world.site["/press"] = Answer(200, {"ETag": '"v1"', "Content-Type": "text/html"}, press)
    world.feeds = [{"page": world.url("/press"), "links": "p a", "name": "Press"}]
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        clock.move(timedelta(days=1))
        world.feeds[0]["links"] = "h3 a"
        await world.apply(app)
        world.web.choose = lambda request: (
            Answer(304) if "if-none-match" in request.headers else Answer(200, {"Content-Type": "text/html"}, press)
        )
        await run_cycle(app, steps=["poll"])
    assert titles(db) == ["Imprint", "Strike"]
    assert all(db.read_now(lambda session: session.exec(select(Article.from_before)).all()))


class NotedPool(HerePool):
    """Notes the names of the tasks that a worker was given."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[str] = []

    async def run(self, fn: Callable[..., T], /, *args: object, seconds: float, item: str = "") -> T:
        self.tasks.append(fn.__name__)
        return await super().run(fn, *args, seconds=seconds, item=item)


@pytest.mark.parametrize(
    ("body", "items", "tasks"),
    [
        (SHORT, 1, []),
        (gzip.compress(SHORT, mtime=0), 1, ["parse_feed"]),  # what it unpacks to, and how long that takes, is unknown
        (rss(*(Item(f"g{n}", title=f"Title {n}", summary="word " * 300) for n in range(250))), 250, ["parse_feed"]),
    ],
    ids=["short", "packed", "large"],
)
async def test_a_large_or_packed_feed_is_parsed_in_a_worker(
    world: World, db: Database, clock: FixedClock, body: bytes, items: int, tasks: list[str]
) -> None:
    world.site["/rss"] = body
    async with world.worker(db, clock) as app:
        app.pool = pool = NotedPool()
        report = await run_cycle(app, steps=["poll"])
    assert (report.total("entries", "new"), pool.tasks) == (items, tasks)


async def test_a_feed_that_leaves_doubts_is_parsed_where_it_can_be_killed(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.poll.PARSE_SECONDS", 3.0)
    author = "a" * 100_000  # feedparser looks for an address in it, by the square of its length
    world.site["/rss"] = rss(Item("a", title="A")).replace(b"<guid", f"<author>{author}</author><b>?</i><guid".encode())
    async with world.worker(db, clock) as app, own_pool(app, "pipeline.pooled"):
        await run_cycle(app, steps=["poll"])
    feed = feed_of(db)
    assert (feed.state, feed.last_reason) == ("failing", Reason.BAD_FEED)
    assert "limit 3 s" in feed.last_error


async def test_a_feed_of_which_a_text_cannot_be_made_fails_alone_and_stores_nothing(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def make(wrote: Written) -> str:
        if wrote.title == "odd":
            raise RuntimeError("a fault of ours")
        return title(wrote)

    monkeypatch.setattr(vars(ParsedEntry)["title"], "_make", make)
    world.site["/good"] = rss(Item("b", title="B"))
    world.feeds = [{"url": world.url("/rss"), "name": "odd"}, {"url": world.url("/good"), "name": "good"}]
    world.site["/rss"] = rss(*(Item(f"a{number}", title="odd" if number == 12 else "A") for number in range(20)))
    async with world.worker(db, clock) as app:
        report = await run_cycle(app, steps=["poll"])
    rows = db.read_now(lambda session: session.exec(select(Feed).order_by(Feed.name)).all())
    assert [(one.name, one.state, one.last_reason) for one in rows] == [
        ("good", "ok", ""),
        ("odd", "failing", Reason.STUMBLED),
    ]
    assert report.total("entries", "new") == 1
    assert "a fault of ours" in caplog.text


async def test_only_the_feeds_that_are_named_are_polled(world: World, db: Database, clock: FixedClock) -> None:
    world.feeds.append({"url": world.url("/other"), "name": "Other"})
    world.site["/rss"] = world.site["/other"] = rss(Item("a", title="A"))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"], only=["Other"])
    assert (world.asked("/rss"), world.asked("/other")) == (0, 1)


async def test_feeds_of_one_host_are_given_moments_apart(world: World, db: Database, clock: FixedClock) -> None:
    world.feeds += [{"url": world.url(f"/f{n}"), "name": f"F{n}"} for n in range(3)]
    async with world.worker(db, clock, page_spacing=0.05) as app:
        await run_cycle(app, steps=["poll"])
    host = db.read_now(lambda session: session.exec(select(HostState)).one())
    assert len(db.read_now(lambda session: session.exec(select(FeedPoll)).all())) == 4
    assert host.next_allowed_at == NOON + 4 * timedelta(seconds=0.05)


async def test_a_dripping_feed_holds_up_nobody_elses_alert(world: World, db: Database) -> None:
    world.feeds.append({"url": world.url("/slow"), "name": "Slow"})
    world.site["/slow"] = Answer(200, {"Content-Type": "application/rss+xml"}, rss(Item("s", title="S")), drip=True)
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db) as app:
        run = asyncio.create_task(run_cycle(app))
        while not world.hook.requests:
            assert not run.done()
            await asyncio.sleep(0.05)
        assert not run.done()  # it still waits for the drip
        app.stopping.set()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
