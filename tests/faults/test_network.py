"""Faults 1 to 4 and 7 to 11: what networks and servers do to a feed, through the real poll over loopback.

Each feed that fails stands beside one that does not. Of every fault is asked: the other feed goes on, nothing of the
answer is kept, the list, the page and the report name the feed and the reason, it heals when its cause goes, and no
secret is found in any log, page or file.
"""

from __future__ import annotations

import gzip
import socket
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from backports import zstd

from bench.hostile import brotli, packed
from core.reasons import Reason
from fetching.answers import Ask
from fetching.client import CONNECT_SECONDS
from fetching.schedule import JITTER
from pipeline.run import run_cycle
from storage import feeds
from tests.builders import NOON, Item, page, rss
from tests.faults.ward import (
    CANARY,
    NOWHERE,
    PUBLIC,
    XML,
    LittleMemory,
    Ward,
    in_seconds,
    says,
    whole,
)
from tests.sinks.certificates import client_tls, server_tls
from tests.sinks.http import Answer, HttpSink, Request
from tests.sinks.tcp import TcpSink

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
    ward.connect_seconds = 2.0
    ward.names.names["bad"] = [NOWHERE]
    with ExitStack() as stack:
        hole = stack.enter_context(socket.socket())
        hole.bind((NOWHERE, ward.world.web.port))
        hole.listen(0)
        for _ in range(3):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        await ward.fails(Reason.CONNECT_TIMEOUT)
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
            in_seconds(patched, 3.0)
            await ward.fails(Reason.TIMEOUT)
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


BOMB_BYTES = 128 << 20  # unpacked
BOMBS = {
    "gzip": lambda: packed(31, BOMB_BYTES),
    "deflate": lambda: packed(15, BOMB_BYTES),
    "br": lambda: brotli(BOMB_BYTES),
    "gzip, gzip": lambda: gzip.compress(packed(31, BOMB_BYTES)),
    "zstd": lambda: zstd.compress(bytes(BOMB_BYTES)),
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
