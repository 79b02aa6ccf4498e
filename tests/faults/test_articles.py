"""Faults 28 to 34: pages that hang, crash or starve their reader, pages that are none, walls, sites that are down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from time import process_time
from typing import Any

import pytest
import yaml
from sqlmodel import select

from core.clock import FixedClock
from core.errors import InputError
from core.pool import WorkerPool
from core.reasons import Reason
from core.settings import Settings
from extractors.choose import warm_up
from fetching.answers import Ask
from pipeline import read
from pipeline.app import App
from pipeline.bootstrap import PRELOAD
from pipeline.pooled import READER_BYTES
from pipeline.run import run_cycle
from rules.config import load
from rules.document import ArticleText, analyse
from rules.match import Matcher
from storage.engine import Database
from storage.tables import Article, Hit
from tests.builders import CALM, STRIKE, Item, World, minutes, page, rss
from tests.extractors.pdfs import pdf
from tests.faults.hostile import extract_hostile_page
from tests.sinks.http import Answer

HTML = {"Content-Type": "text/html; charset=utf-8"}
TITLE = "Dockers on strike at the northern harbour"


@asynccontextmanager
async def reader(world: World, db: Database, clock: FixedClock, **settings: Any) -> AsyncIterator[App]:
    """A worker whose pages are read in processes of their own, as in service."""
    async with world.worker(db, clock, **settings) as app:
        app.pool = WorkerPool(1, warm=warm_up, preload=PRELOAD, memory_bytes=READER_BYTES)
        try:
            yield app
        finally:
            await asyncio.to_thread(app.pool.close)


def articles_of(db: Database) -> dict[str, Article]:
    """Articles by the last part of their address."""
    found = db.read_now(lambda session: session.exec(select(Article)).all())
    return {one.url.rpartition("/")[2]: one for one in found}


def told(world: World) -> int:
    return len(world.hook.requests)


def hits(db: Database) -> int:
    return len(db.read_now(lambda session: session.exec(select(Hit)).all()))


# -- 28, 29: the reader


@pytest.mark.parametrize("how", ["make the reader hang", "make the reader hold the interpreter"])
async def test_fault_28_a_page_that_hangs_its_reader_is_stopped_and_matched_on_title_and_summary(
    world: World, db: Database, clock: FixedClock, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "extract_page", extract_hostile_page)
    world.site["/bad"] = page("Bad", [how, *STRIKE])
    item = Item("bad", world.url("/bad"), TITLE, "Dockers are on strike.")
    world.site["/rss"] = rss(item, world.publish("good", "Glass house", CALM))
    assert Settings(_env_file=None).extract_seconds == 15
    async with reader(world, db, clock, extract_seconds=3.0) as app:
        await run_cycle(app)
    found = articles_of(db)
    assert (found["bad"].state, found["bad"].reason) == ("partial", Reason.EXTRACTOR_HUNG)
    assert found["good"].state == "ready"
    assert (hits(db), told(world)) == (1, 1)


async def test_fault_28_a_page_that_takes_the_extractor_too_long_is_stopped(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/slow"] = Answer(200, HTML, b"<!DOCTYPE html><html><body>" + b"<p>word word" * 150_000)
    world.site["/rss"] = rss(Item("slow", world.url("/slow"), TITLE), world.publish("good", "Glass house", CALM))
    async with reader(world, db, clock, extract_seconds=4.0) as app:
        await run_cycle(app)
    found = articles_of(db)
    assert (found["slow"].state, found["slow"].reason) == ("partial", Reason.EXTRACTOR_HUNG)
    assert (found["good"].state, told(world)) == ("ready", 1)


@pytest.mark.parametrize("how", ["make the reader crash", "make the reader eat"])
async def test_fault_29_a_crash_or_exhausted_memory_costs_that_page_only(
    world: World, db: Database, clock: FixedClock, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "extract_page", extract_hostile_page)
    pages = [world.publish(f"good{number}", f"Glass house {number}", [f"{number}.", *CALM]) for number in range(3)]
    world.site["/bad"] = page("Bad", [how, *STRIKE])
    world.site["/rss"] = rss(pages[0], Item("bad", world.url("/bad"), TITLE), *pages[1:])
    async with reader(world, db, clock) as app:
        await run_cycle(app)
    found = articles_of(db)
    assert (found["bad"].state, found["bad"].reason) == ("partial", Reason.EXTRACTOR_DIED)
    assert [found[f"good{number}"].state for number in range(3)] == ["ready"] * 3
    assert told(world) == 1


# -- 30: what is no page


async def test_fault_30_what_is_too_large_or_no_page_is_told_by_type_and_a_pdf_is_read(
    world: World, db: Database, clock: FixedClock
) -> None:
    big = b"<!DOCTYPE html><html><body><p>" + b"word " * 10_000_000
    lines = [line.replace("'", "") for text in STRIKE for line in (text[:60], text[60:])]
    world.site["/big"] = Answer(200, HTML, big)
    world.site["/film"] = Answer(200, {"Content-Type": "video/mp4"}, b"\0\0\0\x18ftypmp42" + b"\1" * 100_000)
    world.site["/posing"] = Answer(200, HTML, b"\0\0\0\x18ftypmp42" + b"\1" * 100_000)
    world.site["/report"] = Answer(200, {"Content-Type": "application/pdf"}, pdf([lines]))
    world.site["/scan"] = Answer(200, {"Content-Type": "application/pdf"}, pdf([[]]))
    names = ("big", "film", "posing", "report", "scan")
    world.site["/rss"] = rss(*(Item(name, world.url(f"/{name}"), f"{TITLE}, {name}") for name in names))
    async with reader(world, db, clock) as app:
        await run_cycle(app)
    found = {name: (one.state, one.reason) for name, one in articles_of(db).items()}
    assert found == {
        "big": ("partial", Reason.TOO_BIG),
        "film": ("partial", Reason.WRONG_TYPE),
        "posing": ("partial", Reason.WRONG_TYPE),
        "report": ("ready", ""),
        "scan": ("partial", Reason.NO_BODY),
    }
    assert "docker" in articles_of(db)["report"].text.lower()
    assert hits(db) == 5


# -- 31: walls


def wall(head: str, body: str) -> bytes:
    return (
        f'<!DOCTYPE html><html lang="en"><head><title>{TITLE}</title>{head}</head><body>{body}</body></html>'.encode()
    )


TEASER = f"<article><h1>{TITLE}</h1><p>{STRIKE[0]}</p></article>"
CONSENT = (
    "<div role='dialog' id='consent'><h2>Your privacy</h2><p>We and our 218 partners store cookies on your device to"
    " measure audiences and to show advertising.</p><p>You may change your choice at any time in the settings of this"
    " site, where every partner is listed.</p><button>Accept all</button></div>"
)


PAID = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}</script>'
NO_SCRIPTS = "<noscript><p>Please enable JavaScript to use this site.</p></noscript><div id='root'></div>"


@pytest.mark.parametrize(
    ("head", "body", "reason"),
    [
        (PAID, TEASER, Reason.PAYWALL),
        ("", f"<h1>{TITLE}</h1>", Reason.NO_BODY),
        ("", NO_SCRIPTS, Reason.WALL),
        ("", CONSENT, Reason.NO_BODY),
        ("", CONSENT.replace("role='dialog'", ""), Reason.WALL),
    ],
    ids=["paywall", "empty", "scripts", "dialog", "notice"],
)
async def test_fault_31_a_wall_or_an_empty_body_is_partial_and_matched_on_what_there_is(
    world: World, db: Database, clock: FixedClock, head: str, body: str, reason: Reason
) -> None:
    world.site["/a"] = wall(head, body)
    world.site["/rss"] = rss(Item("a", world.url("/a"), TITLE, "The dockers' strike goes on."))
    async with reader(world, db, clock) as app:
        await run_cycle(app)
    article = articles_of(db)["a"]
    assert (article.state, article.reason) == ("partial", reason)
    assert (hits(db), told(world)) == (1, 1)


# -- 32: a site that is down


async def test_fault_32_when_the_site_is_down_the_alert_leaves_within_a_minute_and_the_body_is_tried_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    item = world.publish("a", TITLE, STRIKE)
    whole = world.site["/a"]
    world.site["/a"] = Answer(503)
    world.site["/rss"] = rss(item)
    async with reader(world, db, clock) as app:
        await run_cycle(app)
        seen = articles_of(db)["a"]
        if not told(world):
            clock.move(timedelta(seconds=60))
            await run_cycle(app)
        assert clock.now() - seen.first_seen_at <= timedelta(seconds=60)
        assert (told(world), seen.state) == (1, "partial")
        world.site["/a"] = whole
        clock.move(minutes(1))
        await run_cycle(app)
    article = articles_of(db)["a"]
    assert (article.state, article.revision) == ("ready", 1)
    assert (hits(db), told(world)) == (1, 1)


async def test_fault_32_a_site_that_never_answers_holds_its_alert_up_by_no_more_than_a_pages_half_minute(
    world: World, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Ask("").seconds <= 30
    monkeypatch.setattr(read, "Ask", partial(Ask, seconds=0.5))
    world.site["/a"] = Answer(hang=True)
    world.site["/rss"] = rss(Item("a", world.url("/a"), TITLE, "Dockers are on strike."))
    async with world.worker(db) as app:
        run = asyncio.create_task(run_cycle(app))
        while not world.hook.requests:
            assert not run.done()
            await asyncio.sleep(0.02)
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
    assert told(world) == 1


# -- 33: one article under many addresses


async def test_fault_33_the_addresses_of_one_article_are_one_article(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.publish("a", TITLE, STRIKE)
    head = f'<link rel="canonical" href="{world.url("/a")}">'
    for variant in ("/amp/a", "/m/a", "/a/print"):
        body = page(TITLE, STRIKE, head=head)
        world.site[variant] = body.replace(b"<html", b"<html amp") if "amp" in variant else body
    links = ["/a", "/a?utm_source=feed&utm_medium=rss", "/a/", "/a#top", "/amp/a", "/m/a", "/a/print"]
    world.site["/a/"] = world.site["/a"]
    async with reader(world, db, clock) as app:
        for count in range(1, len(links) + 1):
            items = [Item(str(number), world.url(link), TITLE) for number, link in enumerate(links[:count])]
            world.site["/rss"] = rss(*items)
            await run_cycle(app)
            clock.move(timedelta(hours=2))
    states = sorted(db.read_now(lambda session: session.exec(select(Article.state)).all()))
    assert states == ["duplicate"] * 3 + ["ready"]
    assert (hits(db), told(world)) == (1, 1)


# -- 34: a pattern that never ends


@pytest.mark.parametrize("pattern", [r"(a+)+b", r"(a|aa)+c", r"([a-z]*)*\d", r"(.*)*x", r"^(\w+\s?)*$"])
def test_fault_34_a_catastrophic_pattern_is_linear_or_refused(pattern: str) -> None:
    watched = yaml.safe_dump({"version": 1, "rules": {"r": {"match": f"aaaa AND /{pattern}/"}}})
    try:
        rules = load(watched).rules
    except InputError:
        return
    text = "aaaa " + "a" * 20_000
    article = analyse(ArticleText(id="x", title=text, text=f"{text}\n{text}", language="en"))
    matcher = Matcher(rules)
    started = process_time()
    matcher.match(article)
    assert process_time() - started < 1
