"""Feeds in several documents, feeds that are pages, feeds behind a secret; over real HTTP on loopback."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from core.clock import FixedClock
from core.reasons import Reason
from fetching.entries import MAX_ENTRIES, ParsedEntry, ParsedFeed
from pipeline.entries import FLOOD
from pipeline.further import PAGES, SITEMAPS, reaches_further
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Article
from tests.builders import NOON, Item, World, page, rss
from tests.pipeline.test_poll import feed_of, polled
from tests.sinks.http import Answer, Request

DAY = timedelta(days=1)


def titles(db: Database) -> list[str]:
    return sorted(db.read_now(lambda session: session.exec(select(Article.feed_title)).all()))


def paged(world: World, number: int, *, rel: str = "next", following: str = "") -> bytes:
    """Page `number` of a feed: one item, a day older than the page before; names the page that follows."""
    item = Item(f"g{number}", world.url(f"/a{number}"), f"Title {number:02}", published=NOON - number * DAY)
    link = f'<link xmlns="http://www.w3.org/2005/Atom" rel="{rel}" href="{following or f"/rss{number + 1}"}"/>'
    return rss(item).replace(b"<description>x</description>", b"<description>x</description>" + link.encode())


@pytest.mark.parametrize("rel", ["next", "prev-archive"])
async def test_a_first_poll_follows_the_pages_of_its_window(
    world: World, db: Database, clock: FixedClock, rel: str
) -> None:
    world.feeds[0]["first_poll"] = "72h"
    world.site["/rss"] = paged(world, 0, rel=rel, following="/rss1")
    world.site |= {f"/rss{number}": paged(world, number, rel=rel) for number in range(1, 9)}
    await polled(world, db, clock)
    assert titles(db) == [f"Title {number:02}" for number in range(5)]  # the fifth is out of the window, and was seen
    world.site["/rss"] = paged(world, 0, rel=rel, following="/rss1") + b" "
    await polled(world, db, clock)
    assert (world.asked("/rss"), world.asked("/rss1")) == (2, 1)


async def test_pages_without_end_are_followed_ten_times(world: World, db: Database, clock: FixedClock) -> None:
    world.site |= {f"/rss{number}": paged(world, number) for number in range(1, 30)}
    world.site["/rss"] = paged(world, 0, following="/rss1")
    await polled(world, db, clock)
    assert len(titles(db)) == len(world.web.requests) == PAGES


@pytest.mark.parametrize("following", ["/rss", "/gone", "/text", "http://10.0.0.1/next", "javascript:x"])
async def test_a_page_that_cannot_be_read_ends_the_way_and_not_the_feed(
    world: World, db: Database, clock: FixedClock, following: str
) -> None:
    world.site |= {"/rss": paged(world, 0, following=following), "/text": Answer(200, body=b"no feed")}
    (report,) = await polled(world, db, clock)
    assert titles(db) == ["Title 00"]
    assert (report.failures, feed_of(db).state) == ([], "ok")


@pytest.mark.parametrize("links", [True, False])
async def test_items_under_one_id_are_different_ones_at_a_first_poll_too(
    world: World, db: Database, clock: FixedClock, links: bool
) -> None:
    titles_of = ["The library is closed", "A garden opens", "Dockers on strike", "Rain by night"]
    items = [Item("0", world.url(f"/a{n}") if links else "", title) for n, title in enumerate(titles_of)]
    further = b'<link xmlns="http://www.w3.org/2005/Atom" rel="next" href="/rss1"/></channel>'
    world.site["/rss1"] = rss(*(replace(one, published=NOON) for one in items[1:]))
    world.site["/rss"] = rss(*(replace(one, published=NOON) for one in items[:3])).replace(b"</channel>", further)
    await polled(world, db, clock)
    assert titles(db) == sorted(titles_of)


async def test_a_json_feed_is_followed_too(world: World, db: Database, clock: FixedClock) -> None:
    def document(number: int) -> bytes:
        item = {"id": f"j{number}", "title": f"Title {number:02}", "date_published": NOON.isoformat()}
        more = {"next_url": "/older"} if number == 0 else {}
        return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item], **more}).encode()

    world.site |= {"/rss": document(0), "/older": document(1)}
    await polled(world, db, clock)
    assert titles(db) == ["Title 00", "Title 01"]


async def test_the_feeds_secrets_go_to_its_own_host_only(world: World, db: Database, clock: FixedClock) -> None:
    other = f"http://localhost:{world.web.port}/rss2?key=${{TOKEN}}"
    world.feeds[0] |= {"url": world.url("/rss?key=${TOKEN}"), "headers": {"Authorization": "Basic ${TOKEN}"}}
    world.site |= {
        "/rss": paged(world, 0, following=world.url("/rss1?key=${TOKEN}")),
        "/rss1": paged(world, 1, following=other),
        "/rss2": paged(world, 2),
    }
    await polled(world, db, clock)
    asked = {request.path.partition("?")[0]: request for request in world.web.requests}
    assert asked["/rss1"].path == "/rss1?key=hush"
    assert [asked[path].headers.get("authorization") for path in ("/rss", "/rss1", "/rss2")] == [
        "Basic hush", "Basic hush", None,
    ]  # fmt: skip
    assert "hush" not in asked["/rss2"].path


async def test_a_list_of_sitemaps_leads_to_its_newest_at_each_poll(
    world: World, db: Database, clock: FixedClock
) -> None:
    def sitemap(*names: str) -> bytes:
        return f"<urlset>{''.join(f'<url><loc>{world.url(name)}</loc></url>' for name in names)}</urlset>".encode()

    listed = "".join(f"<sitemap><loc>/s{n}</loc><lastmod>2026-02-0{n}</lastmod></sitemap>" for n in range(1, 6))
    world.feeds = [{"sitemap": world.url("/index"), "name": "News"}]
    index = Answer(
        200, {"ETag": '"1"', "Content-Type": "application/xml"}, f"<sitemapindex>{listed}</sitemapindex>".encode()
    )
    world.site |= {"/index": index, "/s5": sitemap("/a", "/b"), "/s4": sitemap("/c"), "/s3": Answer(404)}
    await polled(world, db, clock)
    assert len(world.web.requests) == 1 + SITEMAPS
    assert len(titles(db)) == 3
    world.site["/s5"] = sitemap("/new", "/a")
    (report,) = await polled(world, db, clock)
    assert (report.total("articles", "new"), feed_of(db).etag) == (1, '"1"')


async def test_sitemaps_of_a_list_without_dates_take_turns_and_what_the_later_ones_held_before_is_not_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    def sitemap(part: int, count: int) -> bytes:
        pages = "".join(f"<url><loc>{world.url(f'/{part}-{n}')}</loc></url>" for n in range(count))
        return f"<urlset>{pages}</urlset>".encode()

    listed = "".join(f"<sitemap><loc>/part{n}</loc></sitemap>" for n in range(5))
    world.feeds = [{"sitemap": world.url("/index"), "name": "News", "first_poll": "9000h"}]
    world.site |= {f"/part{n}": sitemap(n, FLOOD + 1) for n in range(5)}
    world.site["/index"] = f"<sitemapindex>{listed}</sitemapindex>".encode()
    asked = []
    for number in range(4):
        if number == 2:
            world.site["/part4"] = sitemap(4, FLOOD + 2)
        world.web.requests.clear()
        await polled(world, db, clock)
        asked.append("".join(request.path[-1] for request in world.web.requests[1:]))
    assert asked == ["012", "340", "123", "401"]
    found = db.read_now(lambda session: session.exec(select(Article)).all())
    assert len(found) == 5 * (FLOOD + 1) + 1
    told = {one.url for one in found if not one.from_before}
    assert world.url(f"/4-{FLOOD + 1}") in told
    assert not any(one.endswith(("/3-0", "/4-0")) for one in told)


async def test_of_a_list_of_sitemaps_only_what_has_changed_is_sent_and_read_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    def one(*links: str) -> bytes:
        return f"<urlset>{''.join(f'<url><loc>{world.url(link)}</loc></url>' for link in links)}</urlset>".encode()

    def choose(request: Request) -> Answer:
        body, tag = documents[request.path.partition("?")[0]]
        if request.headers.get("if-none-match") == tag:
            return Answer(304, {"ETag": tag}, b"")
        return Answer(200, {"ETag": tag, "Content-Type": "application/xml"}, body)

    index = b"<sitemapindex><sitemap><loc>/s1?key=hush</loc></sitemap><sitemap><loc>/s2</loc></sitemap></sitemapindex>"
    documents = {"/index": (index, '"i"'), "/s1": (one("/a"), '"1"'), "/s2": (one("/b"), '"2"')}
    world.feeds = [{"sitemap": world.url("/index?key=${TOKEN}"), "name": "News"}]
    world.web.choose = choose
    await polled(world, db, clock)
    assert "hush" not in str(feed_of(db).listed)
    reports = []
    sent = []
    for changed in ({}, {"/s2": (one("/new", "/b"), '"3"')}, {}):
        documents |= changed
        world.web.requests.clear()
        reports += await polled(world, db, clock)
        sent.append("".join(request.headers["if-none-match"] for request in world.web.requests))
    assert sent == ['"i""1""2"', '"i""1""2"', '"i""1""3"']
    assert [report.total("articles", "new") for report in reports] == [0, 1, 0]
    assert [report.total("poll", "not_modified") for report in reports] == [1, 0, 1]
    assert feed_of(db).possible_gaps == 0


@pytest.mark.parametrize("absolute", [True, False])  # such an address stays as it was written, another is encoded
async def test_secrets_that_a_strangers_list_of_sitemaps_names_are_not_put_in_and_stop_nobody(
    world: World, db: Database, clock: FixedClock, absolute: bool
) -> None:
    names = ("OTHERS", "MADE_UP", "TOKEN")  # a secret of another feed, none, and this feed's own
    base = world.url("/") if absolute else "/"
    listed = "".join(f"<sitemap><loc>{base}{name}?key=${{{name}}}</loc></sitemap>" for name in names)
    world.feeds = [
        {"sitemap": world.url("/index?key=${TOKEN}"), "name": "News"},
        {"url": world.url("/rss?key=${OTHERS}"), "name": "Other"},
    ]
    world.site |= {"/index": f"<sitemapindex>{listed}</sitemapindex>".encode(), "/rss": rss(Item("r", title="R"))}
    for name in names:
        sitemap = f"<urlset><url><loc>{world.url(f'/of-{name}')}</loc></url></urlset>".encode()
        world.site[f"/{name}"] = Answer(200, {"ETag": f'"{name}"', "Content-Type": "application/xml"}, sitemap)
    async with world.worker(db, clock, environ={"TOKEN": "hush", "OTHERS": "quiet"}) as app:
        for tags in (["-", "-", "-"], [f'"{name}"' for name in names]):  # the second time with what is known of each
            world.web.requests.clear()
            report = await run_cycle(app, steps=["poll"])
            clock.move(DAY)
            asked = {one.path: one.headers.get("if-none-match", "-") for one in world.web.requests}
            sitemaps = ("/OTHERS?key=$%7BOTHERS%7D", "/MADE_UP?key=$%7BMADE_UP%7D", "/TOKEN?key=hush")
            assert [asked.get(path) for path in sitemaps] == tags
            assert len(asked) == 2 + SITEMAPS
            assert report.failures == []
    assert len(titles(db)) == 1 + SITEMAPS


async def test_what_a_sitemap_lists_behind_a_full_one_is_read_too(
    world: World, db: Database, clock: FixedClock
) -> None:
    def sitemap(kind: str, *names: str) -> bytes:
        listed = "".join(f"<{kind}><loc>{world.url(name)}</loc></{kind}>" for name in names)
        root = "sitemapindex" if kind == "sitemap" else "urlset"
        return f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</{root}>'.encode()

    world.site["/rss"] = sitemap("sitemap", "/full.xml", "/news.xml")
    world.site["/full.xml"] = sitemap("url", *(f"/old{n}" for n in range(MAX_ENTRIES)))
    world.site["/news.xml"] = sitemap("url", "/new")
    await polled(world, db, clock)
    found = db.read_now(lambda session: session.exec(select(Article.url)).all())
    assert (len(found), world.url("/new") in found) == (MAX_ENTRIES + 1, True)


async def test_a_list_of_sitemaps_none_of_which_can_be_read_is_a_failure(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = b"<sitemapindex><sitemap><loc>/s</loc></sitemap></sitemapindex>"
    await polled(world, db, clock)
    assert feed_of(db).last_reason == Reason.NOT_FOUND


async def test_sitemaps_of_a_list_may_ask_for_rest_as_well(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = (
        b"<sitemapindex><sitemap><loc>/s</loc></sitemap><sitemap><loc>/t</loc></sitemap></sitemapindex>"
    )
    world.site["/s"] = world.site["/t"] = Answer(429, {"Retry-After": "7200"})
    async with world.worker(db, clock) as app:
        for _ in range(10):
            await run_cycle(app, steps=["poll"])
            clock.move(timedelta(minutes=11))
    assert [request.path for request in world.web.requests] == ["/rss", "/s"]


async def test_a_login_page_in_place_of_a_list_of_sitemaps_is_a_failure_though_its_sitemaps_are_known(
    world: World, db: Database, clock: FixedClock
) -> None:
    def sitemap(link: str) -> bytes:
        return f"<urlset><url><loc>{world.url(link)}</loc></url></urlset>".encode()

    index = b"<sitemapindex><sitemap><loc>/s</loc></sitemap></sitemapindex>"
    world.site |= {"/rss": Answer(200, {"ETag": '"list"'}, index), "/s": sitemap("/a")}
    await polled(world, db, clock)
    login = page("Sign in", ["Please sign in."])
    world.site |= {"/rss": Answer(200, {"ETag": '"login"', "Content-Type": "text/html"}, login), "/s": sitemap("/b")}
    await polled(world, db, clock)
    feed = feed_of(db)
    assert (feed.state, feed.last_reason, feed.failures > 0, feed.etag) == (
        "failing", Reason.NOT_A_FEED, True, '"list"',
    )  # fmt: skip
    world.site["/rss"] = Answer(200, {"ETag": '"list"'}, index)
    (report,) = await polled(world, db, clock)
    assert (report.total("articles", "new"), feed_of(db).state) == (1, "ok")


async def test_a_pages_links_are_a_feed(world: World, db: Database, clock: FixedClock) -> None:
    world.feeds = [{"page": world.url("/press"), "links": "main h3 a", "name": "Press", "first_poll": "9000h"}]
    world.site["/press"] = b"<!DOCTYPE html><main><h3><a href='/1'>One</a></h3></main>"
    await polled(world, db, clock)
    world.site["/press"] = b"<!DOCTYPE html><main><h3><a href='/2'>Two</a></h3><h3><a href='/1'>One</a></h3></main>"
    (report,) = await polled(world, db, clock)
    assert (report.total("entries", "new"), report.total("entries", "seen"), titles(db)) == (1, 1, ["One", "Two"])
    world.site["/press"] = page("Sign in", ["Please sign in."])
    await polled(world, db, clock)
    feed = feed_of(db)
    assert (feed.state, feed.last_reason) == ("failing", Reason.NO_LINKS)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("text/html", b"<!DOCTYPE html><title>This domain is for sale</title>", Reason.NOT_A_FEED),
        ("text/html", b"<form action=/login>Sign in</form>", Reason.NOT_A_FEED),
        ("application/rss+xml", b"<?xml version='1.0'?><html><body>Just a moment...</body></html>", Reason.NOT_A_FEED),
        ("application/json", b'{"error": {"code": 429, "message": "quota used up"}}', Reason.NOT_A_FEED),
        ("application/xml", b"<error><code>500</code></error>", Reason.NOT_A_FEED),
        ("text/plain", b"Too many requests", Reason.NOT_A_FEED),
        ("application/rss+xml", rss(Item("e", title="Bridge returned error 404! (20345)")), Reason.BAD_FEED),
    ],
)
async def test_what_is_no_feed_under_status_200_is_a_failure_with_its_reason(
    world: World, db: Database, clock: FixedClock, kind: str, body: bytes, reason: Reason
) -> None:
    world.site["/rss"] = Answer(200, {"Content-Type": kind}, body)
    await polled(world, db, clock)
    feed = feed_of(db)
    assert (feed.state, feed.last_reason, titles(db)) == ("failing", reason, [])
    assert feed.last_error


@pytest.mark.parametrize(
    ("ages", "expected"), [([], False), ([None], False), ([1, 2], True), ([1, 4], False), ([None, 2], True)]
)
def test_a_page_leads_further_while_all_its_dates_are_in_the_window(ages: Sequence[int | None], expected: bool) -> None:
    entries = tuple(ParsedEntry(published=None if age is None else NOON - age * DAY) for age in ages)
    assert reaches_further(ParsedFeed("rss", "", "", entries), NOON - 3 * DAY) is expected


async def test_a_feed_behind_basic_authentication_is_read_with_its_header(
    world: World, db: Database, clock: FixedClock
) -> None:
    def choose(request: Request) -> Answer:
        if request.headers.get("authorization") != "Basic hush":
            return Answer(401, {"WWW-Authenticate": "Basic"})
        return Answer(200, {"Content-Type": "application/rss+xml"}, rss(Item("a", title="A")))

    world.web.choose = choose
    await polled(world, db, clock)
    assert feed_of(db).last_reason == Reason.HTTP_STATUS
    world.feeds[0]["headers"] = {"Authorization": "Basic ${TOKEN}"}
    await polled(world, db, clock)
    assert (feed_of(db).last_reason, titles(db)) == ("", ["A"])
