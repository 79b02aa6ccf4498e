"""Reading, over real HTTP on loopback: partial texts, second tries, duplicates, hosts that ask for rest."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.pool import TaskTimeout, WorkerDied
from core.reasons import Reason
from core.urls import host_of
from pipeline.pooled import extract_page
from pipeline.run import run_cycle
from storage import articles
from storage.engine import Database
from storage.tables import Article, ArticleRevision, Hit, HostState
from stories.fingerprint import shingles
from tests.builders import CALM, NOON, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer, HttpSink, Request


def articles_of(db: Database) -> list[Article]:
    """All articles, in the order they came."""
    return sorted(db.read_now(lambda session: session.exec(select(Article)).all()), key=lambda one: one.id or 0)


async def test_a_page_is_read_in_full(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db, clock) as app:
        report = await run_cycle(app, steps=["poll", "read"])
    (article,) = articles_of(db)
    assert (article.state, article.revision, article.final, article.read_at) == ("ready", 1, True, NOON)
    assert article.text.startswith("Dockers at the northern harbour")
    assert report.total("read") == report.total("read", "ready") == 1


async def test_a_page_that_fails_is_partial_and_tried_after_1_5_15_60_minutes_and_6_hours(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Dockers on strike"))
    world.site["/a"] = Answer(503)
    waits = []
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        for _ in range(6):
            (article,) = articles_of(db)
            if article.final:
                break
            assert (article.state, article.reason) == ("partial", "http_status")
            waits.append(article.not_before - clock.now())
            clock.at = article.not_before
            await run_cycle(app, steps=["read"])
        (article,) = articles_of(db)
        clock.move(timedelta(days=3))
        await run_cycle(app, steps=["read"])
    assert waits == [minutes(1), minutes(5), minutes(15), minutes(60), minutes(360)]
    assert (article.state, article.final, article.attempts) == ("partial", True, 6)
    assert world.asked("/a") == 6


async def test_a_page_that_its_feed_says_nothing_of_is_tried_again_as_well(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a")))
    world.site["/a"] = Answer(503)
    async with world.worker(db, clock) as app:
        for wait in (1, 5, 15, 60, 360):
            await run_cycle(app)
            (article,) = articles_of(db)
            assert (article.state, article.final) == ("failed", False)
            assert article.not_before - clock.now() == minutes(wait)
            clock.at = article.not_before
        world.publish("a", "Harbour at rest", STRIKE)
        await run_cycle(app)
    (article,) = articles_of(db)
    assert (article.state, article.final, world.asked("/a")) == ("ready", True, 6)
    assert len(world.hook.requests) == 1


async def test_a_page_put_off_by_a_clock_that_was_wrong_is_asked_for_at_once(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/rss"], good = rss(item), world.site["/a"]
    world.site["/a"] = Answer(503)
    clock.at = NOON + timedelta(days=400)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        world.site["/a"], clock.at = good, NOON
        await run_cycle(app, steps=["read"])
    (article,) = articles_of(db)
    assert (article.state, article.read_at) == ("ready", NOON)


async def test_a_partial_article_becomes_ready_when_its_page_comes_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    whole = world.site["/a"]
    world.site["/a"] = Answer(503)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        world.site["/a"] = whole
        clock.move(minutes(1))
        await run_cycle(app, steps=["read"])
    (article,) = articles_of(db)
    assert (article.state, article.revision, article.match_due) == ("ready", 1, True)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(410), Reason.GONE),
        (Answer(200, {"Content-Type": "video/mp4"}, b"\0\0\0\x18ftypmp42"), Reason.WRONG_TYPE),
        (Answer(302, {"Location": "http://10.0.0.1/"}), Reason.FORBIDDEN_ADDRESS),
    ],
)
async def test_what_asking_again_cannot_change_is_final_at_once(
    world: World, db: Database, clock: FixedClock, answer: Answer, reason: Reason
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Dockers on strike"))
    world.site["/a"] = answer
    async with world.worker(db, clock) as app:
        report = await run_cycle(app, steps=["poll", "read"])
    (article,) = articles_of(db)
    assert (article.state, article.final, article.reason) == ("partial", True, str(reason))
    assert report.total("read", "failed") == 1


async def test_robots_txt_is_asked_once_and_kept(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/robots.txt"] = Answer(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private\n")
    open_page = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/rss"] = rss(open_page, Item("p", world.url("/private/p"), "Dockers on strike"))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
    assert [(one.state, one.reason) for one in articles_of(db)] == [("ready", ""), ("partial", "robots")]
    assert (world.asked("/robots.txt"), world.asked("/private/p")) == (1, 0)
    world.site["/rss"] = rss(Item("q", world.url("/private/q"), "Dockers back at work"))
    clock.move(timedelta(hours=2))
    async with world.worker(db, clock) as later:
        await run_cycle(later, steps=["poll", "read"])
    assert (world.asked("/robots.txt"), world.asked("/private/q")) == (1, 0)


async def test_of_a_robots_txt_that_could_not_be_asked_for_other_workers_hear_as_well(
    world: World, db: Database, clock: FixedClock
) -> None:
    page = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/robots.txt"] = Answer(503)
    async with world.worker(db, clock) as one, world.worker(db, clock) as other:
        first = await one.robots.refusal(page.link)
        assert first is not None
        assert await other.robots.refusal(page.link) == replace(first, host="")  # who answered is not kept
        assert world.asked("/robots.txt") == 1
        clock.move(timedelta(minutes=31))
        world.site["/robots.txt"] = Answer(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n# \0")
        assert await other.robots.refusal(page.link)
        assert world.asked("/robots.txt") == 2
        clock.move(-timedelta(days=400))
        world.site["/robots.txt"] = Answer(404)
        async with world.worker(db, clock) as after_a_wrong_clock:
            assert not await after_a_wrong_clock.robots.refusal(page.link)


async def test_a_page_whose_robots_txt_cannot_be_asked_for_says_why_and_is_read_later(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/robots.txt"] = Answer(503)
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        (article,) = articles_of(db)
        assert (article.state, article.reason, article.final) == ("partial", "http_status", False)
        assert "robots.txt" in article.detail
        world.site["/robots.txt"] = Answer(404)
        for _ in range(3):
            clock.move(timedelta(minutes=16))
            await run_cycle(app, steps=["read"])
    assert [one.state for one in articles_of(db)] == ["ready"]


async def test_a_site_setting_reads_what_robots_txt_forbids_and_sends_its_headers(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/robots.txt"] = Answer(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /\n")
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    world.more["sites"] = {"127.0.0.1": {"robots": False, "headers": {"Cookie": "${COOKIE}"}, "remove": [".ad"]}}
    async with world.worker(db, clock, environ={"COOKIE": "in=1"}) as app:
        await run_cycle(app, steps=["poll", "read"])
    assert [one.state for one in articles_of(db)] == ["ready"]
    assert [one.headers.get("cookie") for one in world.web.requests if one.path == "/a"] == ["in=1"]


async def test_a_sites_missing_secret_is_a_failure_of_its_pages(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    world.more["sites"] = {"127.0.0.1": {"headers": {"Cookie": "${COOKIE}"}}}
    async with world.worker(db, clock, environ={"COOKIE": "in=1"}) as app:
        app.secrets = {}
        await run_cycle(app, steps=["poll", "read"])
    assert [(one.state, one.reason) for one in articles_of(db)] == [("partial", "auth")]


async def test_a_host_that_asks_for_rest_is_left_alone_by_every_page(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "A"), Item("b", world.url("/b"), "B"))
    world.site["/a"] = Answer(429, {"Retry-After": "3600"})
    async with world.worker(db, clock, page_spacing=11) as app:
        await run_cycle(app, steps=["poll", "read"], seconds=1)
        clock.move(minutes(30))
        await run_cycle(app, steps=["read"], seconds=1)
    assert (world.asked("/a"), world.asked("/b")) == (1, 0)
    host = db.read_now(lambda session: session.exec(select(HostState)).one())
    assert host.next_allowed_at >= NOON + timedelta(hours=1)


async def test_a_page_that_waits_for_its_turn_waits_longer_when_its_host_asks_for_rest(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "A"), Item("b", world.url("/b"), "B"))
    world.site["/a"] = Answer(429, {"Retry-After": "3600"})
    async with world.worker(db, clock, page_spacing=3) as app:
        await run_cycle(app, steps=["poll"])
        report = await run_cycle(app, steps=["read"])
    _, second = articles_of(db)
    assert (world.asked("/a"), world.asked("/b")) == (1, 0)
    assert (second.state, second.attempts, second.not_before) == ("pending", 0, NOON + timedelta(hours=1))
    assert report.total("read", "skipped") == 1


async def test_lines_that_a_hosts_pages_repeat_leave_the_third_and_its_hashes_and_no_page_read_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    own = "Ring the newsroom on 555 0117, day and night"
    items = [
        world.publish(
            f"p{number}", f"Report {number}", [f"{number} {text} {number}" for text in (*STRIKE, *CALM)] + [own]
        )
        for number in range(4)
    ]
    async with world.worker(db, clock) as app:
        for count in range(1, 5):
            world.site["/rss"] = rss(*items[:count])
            await run_cycle(app, steps=["poll", "read"])
            clock.move(timedelta(hours=2))
        world.site["/rss"] = rss(replace(items[0], title="Report 0, as it was"), *items[1:])
        await run_cycle(app, steps=["poll", "read"])
    found = articles_of(db)
    assert world.asked("/p0") == 2
    assert [one.revision for one in found] == [1] * 4
    assert [own in one.text for one in found] == [True, True, False, False]
    assert all(len(one.text) > 800 for one in found)
    assert articles.shingles_of(found[3]) == shingles(found[3].text)


async def test_an_edited_page_keeps_its_earlier_text(world: World, db: Database, clock: FixedClock) -> None:
    item = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/rss"] = rss(item)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/a"] = page("Harbour at rest, corrected", [*STRIKE, "Corrected: the talks are on Friday."])
        world.site["/rss"] = rss(Item(item.guid, item.link, "Harbour at rest, corrected"))
        clock.move(timedelta(hours=2))
        report = await run_cycle(app)
    assert report.total("entries", "edited") == 1
    (article,) = articles_of(db)
    (earlier,) = db.read_now(lambda session: session.exec(select(ArticleRevision)).all())
    assert (article.revision, article.title) == (2, "Harbour at rest, corrected")
    assert (earlier.revision, earlier.title) == (1, "Harbour at rest")
    assert len(world.hook.requests) == 1


async def test_so_many_earlier_texts_are_kept_and_no_more(world: World, db: Database, clock: FixedClock) -> None:
    item = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/rss"] = rss(item)
    edits = articles.REVISIONS_KEPT + 3
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        for edit in range(edits):
            title = f"Harbour at rest, edit {edit}"
            world.site["/a"] = page(title, [*STRIKE, f"Edit {edit} says something of its own."])
            world.site["/rss"] = rss(Item(item.guid, item.link, title))
            clock.move(timedelta(hours=2))
            await run_cycle(app, steps=["poll", "read"])
    (article,) = articles_of(db)
    kept = db.read_now(lambda session: session.exec(select(ArticleRevision.revision)).all())
    assert article.revision == edits + 1
    assert sorted(kept) == list(range(edits + 1 - articles.REVISIONS_KEPT, edits + 1))


async def test_an_edit_whose_page_fails_keeps_the_text_there_is_and_is_read_when_the_page_is_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = world.publish("a", "Harbour at rest", STRIKE)
    world.site["/rss"] = rss(item)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        page, world.site["/a"] = world.site["/a"], Answer(500)
        world.site["/rss"] = rss(Item(item.guid, item.link, "Harbour at rest, corrected"))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        (article,) = articles_of(db)
        assert (article.state, article.revision, article.title) == ("pending", 1, "Harbour at rest")
        assert isinstance(page, bytes)
        world.site["/a"] = page.replace(b"Harbour at rest", b"Harbour at rest, corrected")
        clock.move(timedelta(hours=1))
        await run_cycle(app)
    (article,) = articles_of(db)
    assert (article.state, article.revision, article.title) == ("ready", 2, "Harbour at rest, corrected")


async def test_an_edited_item_whose_page_never_comes_is_matched_on_its_new_words(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/a"] = Answer(403)
    item = Item("a", world.url("/a"), "Calm", "Nothing happened.")
    world.site["/rss"] = rss(item)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(hours=2))
        world.site["/rss"] = rss(Item("a", world.url("/a"), "Calm no more", " ".join(STRIKE)))
        await run_cycle(app, steps=["poll", "read"])
        clock.move(timedelta(minutes=1))
        await run_cycle(app)
        assert len(await app.db.read(lambda session: session.exec(select(Hit)).all())) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TaskTimeout("x", 15.0), Reason.EXTRACTOR_HUNG), (WorkerDied("x", "signal SIGSEGV"), Reason.EXTRACTOR_DIED)],
)
async def test_a_page_that_hangs_or_kills_its_reader_is_partial_and_the_others_are_read(
    world: World, db: Database, clock: FixedClock, error: Exception, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = rss(world.publish("bad", "Bad page", CALM), world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db, clock) as app:
        read = app.pool.run

        async def run(fn: object, *args: object, **named: object) -> object:
            if fn is extract_page and str(args[1]).endswith("/bad"):
                raise error
            return await read(fn, *args, **named)  # type: ignore[arg-type]

        monkeypatch.setattr(app.pool, "run", run)
        await run_cycle(app)
    assert [(one.state, one.reason) for one in articles_of(db)] == [("partial", str(reason)), ("ready", "")]
    assert len(world.hook.requests) == 1


async def test_a_page_whose_lease_was_lost_writes_nothing(world: World, db: Database, clock: FixedClock) -> None:
    item = world.publish("a", "Harbour at rest", STRIKE)
    text = world.site["/a"]
    assert isinstance(text, bytes)

    def steal(request: Request) -> Answer:
        def work(session: Session) -> None:
            for article in session.exec(select(Article)).all():
                article.lease_owner, article.lease_epoch = "another", article.lease_epoch + 1
                session.add(article)

        if request.path == "/a":
            db.write_now(work)
            return Answer(200, {"Content-Type": "text/html"}, text)
        return Answer(200, {"Content-Type": "application/rss+xml"}, rss(item))

    world.web.choose = steal
    async with world.worker(db, clock) as app:
        report = await run_cycle(app, steps=["poll", "read"])
    (article,) = articles_of(db)
    assert (article.state, article.revision) == ("pending", 0)
    assert report.total("read", "skipped") == 1


async def test_a_hanging_page_holds_up_nobody_elses_alert(world: World, db: Database) -> None:
    world.site["/hang"] = Answer(hang=True)
    world.site["/rss"] = rss(Item("h", world.url("/hang"), "Hangs"), world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db) as app:
        run = asyncio.create_task(run_cycle(app))
        while not world.hook.requests:
            assert not run.done()
            await asyncio.sleep(0.05)
        assert not run.done()  # the page still hangs
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


def held(db: Database) -> dict[str, datetime | None]:
    """Host → until when it wants to be left alone."""
    return {row.host: row.held_until for row in db.read_now(lambda session: session.exec(select(HostState)).all())}


async def test_a_rest_is_given_to_the_host_that_asked_for_it_and_the_page_waits(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("ad", world.url("/go"), "From our partner"))
    rest = Answer(429, {"Retry-After": "86400"})
    with HttpSink(lambda request: Answer(404) if request.path == "/robots.txt" else rest) as partner:
        world.site["/go"] = Answer(302, {"Location": partner.url("/page")})
        async with world.worker(db, clock) as app:
            await run_cycle(app, steps=["poll", "read"])
            world.site["/rss"] = rss(
                Item("other", world.url("/also"), "From our partner, too"),
                world.publish("a", "Harbour at rest", STRIKE),
            )
            world.site["/also"] = Answer(302, {"Location": partner.url("/another")})
            clock.move(timedelta(hours=2))
            await run_cycle(app, steps=["poll", "read"])
    assert held(db) == {host_of(world.url("/")): None, host_of(partner.url("/")): NOON + timedelta(hours=24)}
    first, other, own = articles_of(db)
    assert own.state == "ready"
    assert [request.path for request in partner.requests] == ["/robots.txt", "/page"]
    assert first.not_before == other.not_before == NOON + timedelta(hours=24)


async def test_where_a_redirect_leads_robots_txt_is_asked_and_its_host_has_its_turns(
    world: World, db: Database, clock: FixedClock
) -> None:
    def serve(request: Request) -> Answer:
        if request.path == "/robots.txt":
            return Answer(200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /closed\n")
        return Answer(200, {"Content-Type": "text/html"}, page("Harbour at rest", STRIKE))

    names = ("open", "closed")
    with HttpSink(serve) as partner:
        for name in names:
            world.site[f"/{name}"] = Answer(302, {"Location": partner.url(f"/{name}")})
        world.site["/rss"] = rss(*(Item(name, world.url(f"/{name}"), f"Title {name}") for name in names))
        async with world.worker(db, clock, page_spacing=0.1) as app:
            await run_cycle(app, steps=["poll", "read"])
    assert sorted(request.path for request in partner.requests) == ["/open", "/robots.txt"]
    assert {one.feed_title: one.reason for one in articles_of(db)} == {"Title open": "", "Title closed": "robots"}
    row = db.read_now(lambda session: session.get(HostState, host_of(partner.url("/"))))
    assert row is not None
    assert row.next_allowed_at == NOON + 2 * timedelta(seconds=0.1)
