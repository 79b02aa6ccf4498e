"""Faults 5 and 6: redirects that loop or move a feed, and names, links and redirects that lead to private addresses."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlmodel import select

from core.errors import InputError
from core.reasons import Reason
from pipeline import subscriptions, trying
from pipeline.run import run_cycle
from storage.tables import Article, Feed
from tests.builders import CALM, Item, World, page, rss
from tests.faults.ward import CANARY, PRIVATE, PUBLIC, Ward
from tests.sinks.http import Answer

# -- 5


async def test_fault_5_a_redirect_loop_ends_after_five_hops(ward: Ward) -> None:
    feed = ward.world.site["/bad"]
    ward.world.site["/bad"] = Answer(301, {"Location": "/bad?again"})
    await ward.fails(Reason.TOO_MANY_REDIRECTS)
    assert ward.world.asked("/bad?again") == 5
    ward.world.site["/bad"] = feed
    await ward.heals()


@pytest.mark.parametrize("status", [301, 308])
async def test_fault_5_a_permanent_move_is_taken_over_at_its_third_sighting(ward: Ward, status: int) -> None:
    new = f"http://other.test:{ward.world.web.port}/new?key="
    ward.world.site["/new"] = ward.world.site["/bad"]
    ward.world.site["/bad"] = Answer(status, {"Location": f"{new}{CANARY}"})
    asked = []
    for _ in range(4):
        report = await ward.cycle()
        ward.tells_no_secret(report)
        asked.append((ward.world.asked(f"/bad?key={CANARY}"), ward.world.asked(f"/new?key={CANARY}")))
        ward.clock.move(timedelta(hours=1))
    assert asked == [(1, 1), (2, 2), (3, 3), (3, 4)]
    assert ward.feed().fetch_url == f"{new}${{TOKEN}}"
    moved = [request for request in ward.world.web.requests if request.path.startswith("/new")]
    assert [request.headers.get("authorization") for request in moved] == [None] * 4  # not that host's secret


async def test_fault_5_a_permanent_move_to_what_is_no_feed_is_never_taken_over(ward: Ward) -> None:
    feed = ward.world.site["/bad"]
    ward.world.site["/parked"] = page("This domain is for sale", CALM)
    ward.world.site["/bad"] = Answer(301, {"Location": f"http://other.test:{ward.world.web.port}/parked"})
    for _ in range(4):
        await ward.fails(Reason.NOT_A_FEED)
        ward.clock.move(timedelta(hours=1))
    ward.world.site["/bad"] = feed
    await ward.heals()


# -- 6


@pytest.fixture
def private(world: World) -> Iterator[Callable[[], int]]:
    """Listens at the private address, where the sites have their port; says how many connections arrived since."""
    with socket.create_server((PRIVATE, world.web.port), backlog=256) as listening:
        listening.setblocking(False)

        def arrived() -> int:
            count = 0
            with suppress(BlockingIOError):
                while True:
                    listening.accept()[0].close()
                    count += 1
            return count

        socket.create_connection(listening.getsockname()).close()
        assert arrived() == 1
        yield arrived


async def test_fault_6_a_redirect_to_a_private_address_does_not_arrive(ward: Ward, private: Callable[[], int]) -> None:
    port = ward.world.web.port
    for number, where in enumerate((PRIVATE, "[::ffff:127.0.0.2]", "①②⑦.0.0.2", "127.2", "0x7f.2", "2130706434")):
        for status in (301, 302, 303, 307, 308):
            path = f"/{status}/{number}"
            target = f"{'' if status == 301 else 'http:'}//{where}:{port}/latest/meta-data"
            ward.world.site[path] = Answer(status, {"Location": target.encode().decode("latin-1")})
            ward.world.feeds.append({"url": f"http://other.test:{port}{path}", "name": path})
    ward.world.site["/bad"] = Answer(302, {"Location": f"http://{PRIVATE}:{port}/"})
    report = await ward.cycle()
    assert private() == 0
    assert report.total("poll", "failed") == 31
    assert ward.feed().last_reason == ward.feed("/302/2").last_reason == Reason.FORBIDDEN_ADDRESS
    reasons = ward.db.read_now(lambda session: session.exec(select(Feed.last_reason)).all())
    assert set(reasons) == {"", Reason.FORBIDDEN_ADDRESS, Reason.BAD_URL}
    assert len(report.failures) == 31
    assert all("redirected to" in told for told in report.failures)
    assert ward.feed("News").state == "ok"


async def test_fault_6_a_name_that_turns_private_is_not_asked_and_heals_when_it_turns_back(
    ward: Ward, private: Callable[[], int]
) -> None:
    await ward.cycle()
    ward.names.names["bad"] = [PRIVATE]
    ward.clock.move(timedelta(hours=1))
    await ward.fails(Reason.FORBIDDEN_ADDRESS)
    ward.names.names["bad"] = [PUBLIC]
    ward.names.names["inner"] = [PRIVATE]
    ward.world.site["/bad"] = Answer(302, {"Location": f"http://inner.test:{ward.world.web.port}/"})
    await ward.fails(Reason.FORBIDDEN_ADDRESS)
    assert private() == 0
    ward.world.site["/bad"] = rss(Item("b1", title="Calm too"))
    await ward.heals()


async def test_fault_6_nothing_that_the_web_names_is_asked_at_a_private_address(
    ward: Ward, private: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, port = ward.world, ward.world.web.port
    inner = f"http://{PRIVATE}:{port}"
    ward.names.names["inner"] = [PRIVATE]
    world.site["/robots.txt"] = Answer(302, {"Location": f"{inner}/robots.txt"})
    world.site["/rss"] = rss(
        Item("n1", link=f"{inner}/article", title="Literal"),
        Item("n2", link=f"http://inner.test:{port}/article", title="By name"),
        Item("n3", link=world.url("/away"), title="Redirected"),
        Item("n4", link=f"http://other.test:{port}/article", title="Robots"),
        Item("n5", link=f"http://127.2:{port}/", title="Odd"),
    )
    world.more["sites"] = {host: {"robots": False} for host in (PUBLIC, PRIVATE, "inner.test")}
    world.site["/away"] = Answer(301, {"Location": f"{inner}/article"})
    links = "".join(f'<link rel="alternate" type="application/rss+xml" href="{inner}/{n}">' for n in range(3))
    world.site["/home"] = page("Home", CALM, head=links + f'<base href="{inner}/">')
    world.site["/"] = Answer(302, {"Location": f"{inner}/"})
    monkeypatch.setenv("http_proxy", f"{inner}/")
    async with ward.worker() as app:
        await run_cycle(app)
        await subscriptions.discover(app.client, world.url("/home"))
        for url in (f"{inner}/", f"http://inner.test:{port}/", world.url("/")):
            with pytest.raises(InputError, match="private or special"):
                await subscriptions.discover(app.client, url)
    for url in (f"{inner}/", world.url("/")):
        with pytest.raises(InputError, match="private or special"):
            await trying.article_of(world.settings(allow_addresses=f"{PUBLIC}/32"), url=url)
    assert private() == 0
    read = ward.db.read_now(lambda s: {one.feed_title: one.reason for one in s.exec(select(Article)).all()})
    forbidden = dict.fromkeys(("Literal", "By name", "Redirected"), str(Reason.FORBIDDEN_ADDRESS))
    assert forbidden.items() <= read.items()
    assert read["Robots"] == Reason.ROBOTS
    assert world.asked("/robots.txt") == 1
