"""Faults 1 to 11: what networks and servers do to a feed, through the real poll over loopback.

Each feed that fails stands beside one that does not. Of every fault is asked: the other feed goes on, nothing of the
answer is kept, the list, the page and the report name the feed and the reason, it heals when its cause goes, and no
secret is found in any log, page or file.
"""

from __future__ import annotations

import gzip
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from core.clock import FixedClock
from core.errors import InputError
from core.reasons import Reason
from fetching.answers import Ask
from fetching.client import CONNECT_SECONDS
from fetching.schedule import JITTER
from pipeline import subscriptions, trying
from pipeline.run import run_cycle
from storage import feeds
from storage.engine import Database
from storage.tables import Article, Feed
from tests.builders import CALM, Item, World, page, rss
from tests.conftest import migrate
from tests.databases import Databases
from tests.faults.ward import (
    CANARY,
    NOON,
    NOWHERE,
    PRIVATE,
    PUBLIC,
    XML,
    LittleMemory,
    Ward,
    gzip_bomb,
    in_seconds,
    open_things,
    says,
    whole,
)
from tests.fetching.hostile import BROTLI_BOMB
from tests.sinks.certificates import client_tls, server_tls
from tests.sinks.http import Answer, HttpSink, Request
from tests.sinks.tcp import TcpSink


@pytest.fixture(autouse=True)
def everything_returns() -> Iterator[None]:
    """Descriptors, threads and processes are as many as before, a moment after the test."""
    before = open_things()
    yield
    until = time.monotonic() + 5
    while any(now > then for now, then in zip(open_things(), before, strict=True)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [now <= then for now, then in zip(open_things(), before, strict=True)] == [True] * 3


@pytest.fixture
def ward(
    databases: Databases,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Ward]:
    """On SQLite: what is tried here is the network. Loops look for work sooner than usual."""
    monkeypatch.setattr("pipeline.cycle.LOOK_AGAIN_S", 0.02)
    monkeypatch.setattr("pipeline.cycle.GATHER_S", 0.0)
    caplog.set_level("DEBUG")
    with databases.fresh("sqlite", tmp_path, migrate) as url:
        database = Database(url)
        made = Ward(world, database, FixedClock(NOON), caplog)
        made.put()
        yield made
        database.close()


# -- 1


@pytest.mark.parametrize(("reason", "addresses"), [(Reason.REFUSED, [NOWHERE]), (Reason.DNS, [])])
async def test_fault_1_a_host_that_refuses_or_has_no_name_is_asked_ever_later(
    ward: Ward, reason: Reason, addresses: list[str]
) -> None:
    ward.names.names["bad"] = addresses
    waits = []
    for _ in range(3):
        await ward.fails(reason)
        waits.append(ward.wait())
        ward.clock.move(waits[-1])
    assert waits == sorted(waits)
    assert waits[-1] > waits[0] * (1 + 2 * JITTER)
    ward.names.names["bad"] = [PUBLIC]
    await ward.heals()


# -- 2


async def test_fault_2_a_black_hole_costs_the_time_for_connecting_and_holds_up_nobody(ward: Ward) -> None:
    assert CONNECT_SECONDS == 10
    ward.connect_seconds = 0.5
    ward.names.names["bad"] = [NOWHERE]
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind((NOWHERE, ward.world.web.port))
        hole.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        began = time.monotonic()
        await ward.fails(Reason.CONNECT_TIMEOUT)
        assert time.monotonic() - began < 5
        assert ward.polls() == [("News", "changed"), ("Bad", "failed")]
    ward.names.names["bad"] = [PUBLIC]
    await ward.heals()


# -- 3


@pytest.mark.parametrize("head", [b"", whole(b"", length=100_000)])
async def test_fault_3_a_drip_of_headers_or_body_is_cut_off_and_holds_up_nobody(
    ward: Ward, head: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Ask("").seconds < 30  # what a full buffer holds is still taken apart when it is over
    drip = says(head or b"HTTP/1.1 200 OK\r\nX-Drip: ", for_ever=b"a", every=0.05)
    with TcpSink(lambda peer: drip(peer)) as sink:
        ward.put(f"http://bad.test:{sink.port}/bad")
        with monkeypatch.context() as patched:
            in_seconds(patched, 1.0)
            began = time.monotonic()
            await ward.fails(Reason.TIMEOUT)
            assert time.monotonic() - began < 6
        assert ward.polls() == [("News", "changed"), ("Bad", "failed")]
        drip = says(whole(ward.world.site["/bad"]))  # type: ignore[arg-type]
        await ward.heals()


# -- 4

HALF = rss(Item("b1", title="Calm too"), Item("b2", title="Cut off"))
HALVES = {
    "reset": says(whole(HALF[:-60], length=len(HALF)), reset=True),
    "too short": says(whole(HALF[:-60], length=len(HALF))),
    "a chunk cut off": says(whole(b"%x\r\n%s" % (len(HALF), HALF[:-60]), "Transfer-Encoding: chunked")),
    "no last chunk": says(whole(b"%x\r\n%s\r\n" % (len(HALF), HALF), "Transfer-Encoding: chunked")),
    "half a gzip": says(whole(gzip.compress(HALF)[:-30], "Content-Encoding: gzip")),
    "no answer": says(),
    "reset at once": says(reset=True),
}


@pytest.mark.parametrize("kind", HALVES)
async def test_fault_4_half_an_answer_is_a_failure_of_which_nothing_is_kept(ward: Ward, kind: str) -> None:
    talk = says(whole(ward.world.site["/bad"]))  # type: ignore[arg-type]
    with TcpSink(lambda peer: talk(peer)) as sink:
        ward.put(f"http://bad.test:{sink.port}/bad")
        await ward.cycle()
        ward.clock.move(timedelta(hours=1))
        talk = HALVES[kind]
        await ward.fails(Reason.BROKEN_ANSWER)
        talk = says(whole(HALF))
        await ward.heals()
        assert len(ward.kept()[5]) == 2  # type: ignore[arg-type]


async def test_fault_4_an_endless_body_ends_at_ten_megabytes_and_costs_little_memory(ward: Ward) -> None:
    talk = says(whole(rss()[:-30]), for_ever=b"<item><title>more</title></item>" * 2_000)
    with TcpSink(lambda peer: talk(peer)) as sink:
        ward.put(f"http://bad.test:{sink.port}/bad")
        with LittleMemory():
            await ward.fails(Reason.TOO_BIG)
        talk = says(whole(HALF))
        await ward.heals()


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
    assert [request.headers.get("authorization") for request in moved[:3]] == [None] * 3  # not that host's secret


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
        await subscriptions.discover(app, world.url("/home"))
        for url in (f"{inner}/", f"http://inner.test:{port}/", world.url("/")):
            with pytest.raises(InputError, match="private or special"):
                await subscriptions.discover(app, url)
    for url in (f"{inner}/", world.url("/")):
        with pytest.raises(InputError, match="private or special"):
            await trying.article_of(world.settings(allow_addresses=f"{PUBLIC}/32"), url=url)
    assert private() == 0
    read = ward.db.read_now(lambda s: {one.feed_title: one.reason for one in s.exec(select(Article)).all()})
    forbidden = dict.fromkeys(("Literal", "By name", "Redirected"), str(Reason.FORBIDDEN_ADDRESS))
    assert forbidden.items() <= read.items()
    assert read["Robots"] == Reason.ROBOTS
    assert world.asked("/robots.txt") == 1


# -- 7


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "hours"),
    [("7200", 2), ("315360000", 24), ("Mon, 02 Mar 2026 17:00:00 GMT", 5), ("Sat, 01 Mar 2036 12:00:00 GMT", 24)],
)
async def test_fault_7_a_host_that_asks_for_time_gets_it_up_to_a_day(
    ward: Ward, status: int, asked: str, hours: int
) -> None:
    feed = ward.world.site["/bad"]
    sent = {"Retry-After": asked, "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}
    ward.world.site["/bad"] = Answer(status, sent)
    await ward.fails(Reason.RATE_LIMITED)
    assert timedelta(hours=hours) <= ward.wait() <= timedelta(hours=hours) * 1.1
    before = len(ward.world.web.requests)
    ward.clock.move(timedelta(hours=hours) - timedelta(minutes=1))
    await ward.cycle(due=False)
    assert [one.path for one in ward.world.web.requests[before:]] == ["/rss"]
    ward.world.site["/bad"] = feed
    await ward.heals()


# -- 8

LOGIN = page("Sign in", ["Please sign in to go on.", "Forgot your password?"])
PARKED = (
    b"<html><body><script>location='//ads.example/?d=bad.test'</script><h1>This domain is for sale</h1></body></html>"
)
NO_FEEDS = {
    "not there": (Answer(404, body=LOGIN), Reason.NOT_FOUND),
    "forbidden": (Answer(403, body=LOGIN), Reason.HTTP_STATUS),
    "broken": (Answer(500), Reason.HTTP_STATUS),
    "a sign-in page": (Answer(200, {"Content-Type": "text/html"}, LOGIN), Reason.NOT_A_FEED),
    "a sign-in page that says it is a feed": (Answer(200, XML, LOGIN), Reason.NOT_A_FEED),
    "a parked domain": (Answer(200, {"Content-Type": "text/html"}, PARKED), Reason.NOT_A_FEED),
    "an error as JSON": (Answer(200, {"Content-Type": "application/json"}, b'{"error": "down"}'), Reason.NOT_A_FEED),
    "plain words": (Answer(200, {"Content-Type": "text/plain"}, b"Service down for repair"), Reason.NOT_A_FEED),
    "nothing": (Answer(200, XML, b""), Reason.EMPTY_BODY),
    "blanks": (Answer(200, XML, b" \r\n" * 10), Reason.EMPTY_BODY),
    "no content": (Answer(204, body=b""), Reason.EMPTY_BODY),
}


@pytest.mark.parametrize("kind", NO_FEEDS)
async def test_fault_8_what_is_no_feed_is_an_error_and_never_a_feed_without_news(ward: Ward, kind: str) -> None:
    feed = ward.world.site["/bad"]
    await ward.cycle()
    ward.clock.move(timedelta(hours=1))
    ward.world.site["/bad"], reason = NO_FEEDS[kind]
    report = await ward.fails(reason)
    assert report.total("entries", "new") == 0
    ward.world.site["/bad"] = feed
    await ward.heals()


async def test_fault_8_a_feed_that_is_gone_rests_until_an_operator_who_was_told_resumes_it(ward: Ward) -> None:
    feed = ward.world.site["/bad"]
    ward.world.more["defaults"] = {"operators": ["hook"]}
    ward.world.site["/bad"] = Answer(410)
    await ward.fails(Reason.GONE, state="paused")
    async with ward.worker() as app:
        await run_cycle(app)
    (told,) = ward.world.hook.requests
    assert b"Bad" in told.body
    assert Reason.GONE.sentence.encode() in told.body
    await ward.cycle()  # its time has come, and it rests
    assert ward.world.asked(f"/bad?key={CANARY}") == 1
    ward.world.site["/bad"] = feed
    ward.db.write_now(lambda session: feeds.resume(session, ward.feed(), ward.clock.now()))
    await ward.heals()


# -- 9


@pytest.mark.parametrize("kind", ["signed by itself", "of another name"])
async def test_fault_9_a_bad_certificate_is_refused_before_anything_is_sent(
    ward: Ward, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted = kind == "of another name"
    ward.names.names |= {"localhost": [PUBLIC]}
    with HttpSink(tls=server_tls()) as site, monkeypatch.context() as patched:
        if trusted:
            patched.setattr("fetching.client.certificates", client_tls)
        ward.put(f"https://{'bad.test' if trusted else 'localhost'}:{site.port}/bad")
        await ward.fails(Reason.TLS)
        assert site.requests == []
        if not trusted:  # its certificate is one that is trusted now
            patched.setattr("fetching.client.certificates", client_tls)
            site.will(Answer(200, XML, HALF))
            await ward.heals()


# -- 10


BOMBS = {
    "gzip": lambda: gzip_bomb(120, 31),
    "deflate": lambda: gzip_bomb(120, 15),
    "br": lambda: BROTLI_BOMB,
    "gzip, gzip": lambda: gzip.compress(gzip_bomb(120, 31)),
    "zstd": lambda: bytes.fromhex("28b52ffd") + bytes(1_000),
}


@pytest.mark.parametrize("encoding", BOMBS)
async def test_fault_10_a_bomb_is_never_unpacked(ward: Ward, encoding: str) -> None:
    feed, bomb = ward.world.site["/bad"], BOMBS[encoding]()
    await ward.cycle()
    ward.clock.move(timedelta(hours=1))
    ward.world.site["/bad"] = Answer(200, {**XML, "Content-Encoding": encoding}, bomb)
    read = encoding in ("gzip", "deflate", "br")
    with LittleMemory():
        await ward.fails(Reason.TOO_BIG if read else Reason.BROKEN_ANSWER)
    assert ("more than 10000000 bytes" in ward.feed().last_error) == read
    ward.world.site["/bad"] = feed
    await ward.heals()


# -- 11


@pytest.mark.parametrize("lies", [True, False])
async def test_fault_11_a_week_of_only_304s_is_followed_by_one_plain_request(ward: Ward, lies: bool) -> None:
    ward.world.feeds[1]["every"] = "24h"
    asked: list[tuple[datetime, bool]] = []

    def choose(request: Request) -> Answer:
        if not request.path.startswith("/bad"):
            return ward.world._serve(request)
        conditional = request.headers.get("if-none-match") == '"frozen"'
        asked.append((ward.clock.now(), conditional))
        if conditional:
            return Answer(304, body=b"")
        items = [Item(f"b{number}", title=f"Item {number}") for number in range(2 if lies and len(asked) > 1 else 1)]
        return Answer(200, {**XML, "ETag": '"frozen"'}, rss(*items))

    ward.world.web.choose = choose
    async with ward.worker() as app:
        while ward.clock.now() < NOON + timedelta(days=15):
            await run_cycle(app, steps=["poll"], only=["Bad"])
            ward.clock.move(ward.feed().next_poll_at - ward.clock.now())
    plain = [at for at, conditional in asked if not conditional]
    assert plain[0] == NOON
    assert timedelta(days=8) <= plain[1] - NOON <= timedelta(days=10)
    assert ward.feed().state == "ok"
    assert ward.feed().validators_distrusted == lies
    assert len(ward.kept()[5]) == (2 if lies else 1)  # type: ignore[arg-type]
    if lies:  # confirming what has changed is the proof; it is not believed again
        assert [conditional for at, conditional in asked if at > plain[1]] == [True] + [False] * (len(plain) - 2)
    else:
        assert len(plain) == 2
