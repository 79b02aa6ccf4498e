"""Pages are kept as they came, beside their text, without the secrets that were sent for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text as sql
from sqlmodel import select

from core.clock import FixedClock
from fetching.answers import Fetched
from pipeline.run import run_cycle
from pipeline.snapshots import secrets_of, take
from storage import snapshots
from storage.engine import Database
from storage.snapshots import Stored
from storage.tables import Article
from tests.builders import NOON, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer

HTML = {"Content-Type": "text/html; charset=utf-8"}
SECRET = "b6f0Wq/x+91 &7"


def stored(db: Database) -> list[Stored]:
    """All snapshots."""
    return db.read_now(lambda session: snapshots.page(session, limit=1000))


async def read(world: World, db: Database, clock: FixedClock, **more: Any) -> None:
    """One cycle that polls and reads."""
    async with world.worker(db, clock, **more) as app:
        await run_cycle(app, steps=["poll", "read"])


async def test_a_page_is_kept_as_it_came_with_status_headers_and_hash(
    world: World, db: Database, clock: FixedClock
) -> None:
    body = page("Harbour at rest", STRIKE) + b" " * 1000 + b"<!-- \xff\x00 not UTF-8 -->"
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Harbour at rest"))
    world.site["/a"] = Answer(302, {"Location": "/final"})
    world.site["/final"] = Answer(203, {**HTML, "ETag": '"1"', "Set-Cookie": "id=7"}, body)
    await read(world, db, clock)
    (one,) = stored(db)
    assert one.body() == body
    assert (one.size, one.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert (one.url, one.article_url, one.status, one.at) == (world.url("/final"), world.url("/a"), 203, NOON)
    assert dict(one.headers)["etag"] == '"1"'
    assert "set-cookie" not in dict(one.headers)
    assert not one.masked


async def test_a_page_that_came_twice_is_kept_once_and_a_changed_one_beside_it(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/a"] = Answer(200, HTML, b"<html><body></body></html>")
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Dockers on strike"))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        clock.move(minutes(1))
        await run_cycle(app, steps=["read"])
        assert (world.asked("/a"), len(stored(db))) == (2, 1)
        world.publish("a", "Harbour at rest", STRIKE)
        clock.move(minutes(5))
        await run_cycle(app, steps=["read"])
    assert [one.at for one in stored(db)] == [NOON, NOON + minutes(6)]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (Answer(200, HTML, b"<html><body></body></html>"), True),  # nothing to read in it: still what was there
        (Answer(503, HTML, b"<p>later</p>"), False),
        (Answer(200, {"Content-Type": "video/mp4"}, b"\0\0\0\x18ftypmp42"), False),
    ],
)
async def test_pages_that_answered_are_kept_and_what_is_no_page_is_not(
    world: World, db: Database, clock: FixedClock, answer: Answer, kept: bool
) -> None:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Dockers on strike"))
    world.site["/a"] = answer
    await read(world, db, clock)
    assert len(stored(db)) == kept


@pytest.mark.parametrize(
    ("keep", "number"),
    [({"keep": "none", "keep_hits": "none"}, 0), ({"keep": "none"}, 1), ({"keep_hits": "0d"}, 1), ({}, 1)],
)
async def test_no_page_is_kept_where_none_is_wanted(
    world: World, db: Database, clock: FixedClock, keep: Mapping[str, str], number: int
) -> None:
    world.more["defaults"] = {"snapshots": keep}
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    await read(world, db, clock)
    assert len(stored(db)) == number


async def test_a_page_whose_lease_was_lost_is_not_kept(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db, clock) as app:
        run = app.pool.run

        async def slow(*args: Any, **named: Any) -> Any:
            found = await run(*args, **named)
            db.write_now(lambda session: session.execute(sql("UPDATE article SET lease_epoch = lease_epoch + 1")))
            return found

        monkeypatch.setattr(app.pool, "run", slow)
        await run_cycle(app, steps=["poll", "read"])
    (article,) = db.read_now(lambda session: session.exec(select(Article)).all())
    assert (article.state, stored(db)) == ("pending", [])


async def test_nothing_of_a_sites_secrets_is_stored_anywhere(world: World, db: Database, clock: FixedClock) -> None:
    world.more["sites"] = {"127.0.0.1": {"headers": {"Cookie": "theme=lightmode; sid=${SID}", "X-Note": "${NOTE}"}}}
    told = f'{SECRET} b6f0Wq%2Fx%2B91%20%267 b6f0Wq/x+91 &amp;7 <i class="lightmode">hidden-note-8</i>'
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Harbour at rest"))
    world.site["/a"] = Answer(302, {"Location": "/final?sid=b6f0Wq%2Fx%2B91%20%267"})
    world.site["/final"] = Answer(200, {**HTML, "X-Session": SECRET}, page("x", STRIKE) + told.encode())
    await read(world, db, clock, environ={"SID": SECRET, "NOTE": "hidden-note-8"})
    (one,) = stored(db)
    everything = repr((one.url, one.headers)) + one.body().decode()
    assert not [way for way in (SECRET, "b6f0Wq", "hidden-note") if way in everything]
    assert (one.masked, dict(one.headers)["x-session"], one.url) == (True, "***", world.url("/***"))
    assert one.body().endswith(b'*** *** *** <i class="lightmode">***</i>')
    assert [request.headers["cookie"] for request in world.web.requests if request.path == "/a"] == [
        f"theme=lightmode; sid={SECRET}"
    ]


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({"Cookie": "a=1; sid=abcdef12"}, {"a=1; sid=abcdef12", "sid=abcdef12", "abcdef12"}),
        ({"Authorization": "Bearer abc.DEF-12"}, {"Bearer abc.DEF-12", "abc.DEF-12"}),
        ({"X-Api-Key": "${KEY}"}, {"the-key-1"}),
        ({"User-Agent": "Mozilla/5.0 (X11)"}, set()),
        ({"X-Letters": "${SHORT}"}, set()),
        ({"X-Letters": "${GONE}"}, set()),
    ],
)
def test_the_secrets_of_a_site_are_what_it_names_and_what_signs_in(headers: dict[str, str], secret: set[str]) -> None:
    assert secrets_of(headers, {"KEY": "the-key-1", "SHORT": "abc"}) == secret


def test_headers_are_kept_in_the_order_they_came_with_those_that_repeat() -> None:
    sent = (("b", "1"), ("set-cookie", "x=1"), ("a", "2"), ("set-cookie2", "y=2"), ("b", "3"))
    answer = Fetched("https://a.example", "https://a.example", 200, {"a": "2"}, b"", "", "", "", "", "", sent)
    assert take(answer, ()).headers == (("b", "1"), ("a", "2"), ("b", "3"))
