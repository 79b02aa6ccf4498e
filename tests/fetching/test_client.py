from __future__ import annotations

import asyncio
import gzip
import socket
from typing import Any

import pytest
from aiohttp.client_proto import ResponseHandler

from bench.hostile import brotli
from core.errors import InputError, NotAvailable
from core.reasons import Reason
from core.urls import host_of
from fetching.client import Ask, Client, Fetched, NotModified
from tests.fetching.asking import AGENT, FEED, LOOPBACK_1, failure_of, fetched
from tests.fetching.hostile import Book
from tests.fetching.loopback import Loopback, Script, answer, loopback
from tests.sinks.certificates import server_tls

# -- what is sent and what comes back


async def test_a_feed_comes_back_whole_with_its_validators_verbatim(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = answer(
        body=FEED,
        ETag='W/"a b"',
        Last_Modified="sat, 21 Nov 2026 09:00:00 gmt",
        Content_Type='Application/RSS+xml; Charset="ISO-8859-1"',
        X_Odd="a\udce9b",
    )
    got = await fetched(client, Ask(site.url("/feed")))
    assert (got.url, got.asked, got.status, got.moved_to) == (site.url("/feed"), site.url("/feed"), 200, "")
    assert got.body == FEED
    assert (got.etag, got.last_modified) == ('W/"a b"', "sat, 21 Nov 2026 09:00:00 gmt")
    assert (got.content_type, got.charset) == ("application/rss+xml", "iso-8859-1")
    assert got.headers["x-odd"] == "ab"


async def test_the_request_names_us_and_carries_nothing_else(site: Loopback, client: Client) -> None:
    site.answers["/a"] = answer("302 Found", Location="/feed", Set_Cookie="track=1")
    site.answers["/feed"] = answer(body=FEED, Set_Cookie="track=2")
    for _ in range(2):
        await fetched(client, Ask(site.url("/a"), accept="text/html"))
    for request in site.requests:
        assert request.headers.keys() == {"host", "user-agent", "accept", "accept-encoding", "connection"}
        assert request.headers["user-agent"] == AGENT
        assert request.headers["accept"] == "text/html"
        assert request.headers["accept-encoding"].startswith("gzip, deflate")
    assert site.connections == 4


async def test_a_304_answers_the_validators_that_were_sent(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = answer("304 Not Modified", ETag='"x"', Cache_Control="max-age=60")
    got = await client.get(Ask(site.url("/feed"), etag='W/"x"', last_modified="yesterday, verbatim"))
    assert isinstance(got, NotModified)
    assert (got.url, got.headers["cache-control"]) == (site.url("/feed"), "max-age=60")
    sent = site.requests[0].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('W/"x"', "yesterday, verbatim")


async def test_a_304_that_nobody_asked_for_is_a_failure(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = answer("304 Not Modified")
    failure = await failure_of(client, Ask(site.url("/feed")))
    assert (failure.reason, failure.status) == (Reason.HTTP_STATUS, 304)


async def test_validators_go_only_to_the_url_that_gave_them(site: Loopback, client: Client) -> None:
    site.answers["/old"] = answer("302 Found", Location="/new")
    site.answers["/new"] = answer("304 Not Modified")
    got = await client.get(Ask(site.url("/old"), etag='"x"', validators_for=site.url("/new")))
    assert isinstance(got, NotModified)
    assert "if-none-match" not in site.asked("/old")[0].headers
    assert site.asked("/new")[0].headers["if-none-match"] == '"x"'


async def test_a_validator_that_could_not_be_sent_back_unchanged_is_not_kept(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = answer(body=FEED, ETag='"\udce9"')
    assert (await fetched(client, Ask(site.url("/feed")))).etag == ""


async def test_an_empty_answer_is_an_empty_body(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = answer("204 No Content", Content_Encoding="gzip")
    got = await fetched(client, Ask(site.url("/feed")))
    assert (got.status, got.body, got.content_type, got.charset) == (204, b"", "", "")


# -- time


def _drip(piece: bytes, head: bytes = b"") -> Script:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return write


async def test_a_dripping_body_stops_at_the_wall_clock(site: Loopback, client: Client) -> None:
    site.answers["/"] = _drip(b"x", answer(Content_Length="1000000"))
    assert (await failure_of(client, Ask(site.url(), seconds=0.2))).reason is Reason.TIMEOUT


async def test_dripping_headers_stop_at_the_wall_clock(site: Loopback, client: Client) -> None:
    site.answers["/"] = _drip(b"X-A: b\r\n", b"HTTP/1.1 200 OK\r\n")
    assert (await failure_of(client, Ask(site.url(), seconds=0.2))).reason is Reason.TIMEOUT


async def test_the_wall_clock_counts_all_hops_together(site: Loopback, client: Client) -> None:
    async def slow_turn(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(answer("302 Found", Location="/"))

    site.answers["/"] = slow_turn
    assert (await failure_of(client, Ask(site.url(), seconds=0.4))).reason is Reason.TIMEOUT


async def test_a_black_hole_stops_at_the_limit_for_connecting() -> None:
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(hole.getsockname())
        try:
            async with Client(user_agent=AGENT, allow=LOOPBACK_1, connect_seconds=0.2) as client:
                failure = await failure_of(client, Ask(f"http://127.0.0.1:{hole.getsockname()[1]}/"))
        finally:
            for filler in fillers:
                filler.close()
    assert failure.reason is Reason.CONNECT_TIMEOUT


# -- size


async def test_a_gzip_bomb_stops_at_the_limit(site: Loopback, client: Client) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    site.answers["/"] = answer(body=bomb, Content_Encoding="gzip")
    failure = await failure_of(client, Ask(site.url(), max_bytes=1_000_000))
    assert (failure.reason, failure.detail) == (Reason.TOO_BIG, "more than 1000000 bytes")


async def test_a_brotli_bomb_is_never_unpacked(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer(body=brotli(256 << 20), Content_Encoding="br")
    failure = await failure_of(client, Ask(site.url(), max_bytes=1_000_000))
    read_by_us = "br" in site.requests[0].headers["accept-encoding"]
    assert failure.reason is (Reason.TOO_BIG if read_by_us else Reason.BROKEN_ANSWER)


async def test_an_endless_body_stops_at_the_limit(site: Loopback, client: Client) -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(bytes(65_536))
            await writer.drain()

    site.answers["/"] = pour
    assert (await failure_of(client, Ask(site.url(), max_bytes=1_000_000))).reason is Reason.TOO_BIG


async def test_endless_headers_stop_at_the_limit(site: Loopback, client: Client) -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-A: b\r\n" * 1_000)
            await writer.drain()

    site.answers["/"] = pour
    assert (await failure_of(client, Ask(site.url(), seconds=2))).reason is Reason.TOO_BIG


async def test_a_body_that_says_it_is_too_big_is_not_read(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer(Content_Length="50000000")
    failure = await failure_of(client, Ask(site.url()))
    assert (failure.reason, failure.detail) == (Reason.TOO_BIG, "says it is 50000000 bytes; the limit is 10000000")


@pytest.mark.parametrize("headers", [{"X_A": "a" * 70_000}, {f"X_{n}": "a" * 6_000 for n in range(12)}])
async def test_headers_over_64_kb_are_refused(site: Loopback, client: Client, headers: dict[str, str]) -> None:
    site.answers["/"] = answer("200 OK", b"", **headers)
    assert (await failure_of(client, Ask(site.url()))).reason is Reason.TOO_BIG


async def test_a_long_policy_header_is_no_reason_to_refuse_an_answer(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer(body=FEED, Content_Security_Policy="a" * 20_000)
    assert (await fetched(client, Ask(site.url()))).body == FEED


# -- broken answers


async def test_a_connection_reset_in_the_body_leaves_nothing(site: Loopback, client: Client) -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body=FEED, Content_Length="5000"))
        await writer.drain()
        writer.transport.abort()

    site.answers["/"] = reset
    assert (await failure_of(client, Ask(site.url()))).reason is Reason.BROKEN_ANSWER


BROKEN = {  # by name: gzip writes the second into its header, and every worker has to find the same tests
    "nothing": b"",
    "no head": b"<rss/>",
    "no such status": b"HTTP/1.1 999999 What\r\n\r\n",
    "too short": answer(body=FEED, Content_Length="5000"),
    "no length of a chunk": answer(body=b"zz\r\nhello", Transfer_Encoding="chunked"),
    "no last chunk": answer(body=b"5\r\nhello\r\n", Transfer_Encoding="chunked"),
    "half a gzip": answer(body=gzip.compress(FEED)[:40], Content_Encoding="gzip"),
    "no gzip": answer(body=FEED, Content_Encoding="gzip"),
    "gzip twice": answer(body=gzip.compress(gzip.compress(FEED)), Content_Encoding="gzip, gzip"),
    "zstd": answer(body=FEED, Content_Encoding="zstd"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_answer_is_a_failure_and_is_asked_for_once(site: Loopback, client: Client, kind: str) -> None:
    site.answers["/"] = BROKEN[kind]
    failure = await failure_of(client, Ask(site.url()))
    assert failure.reason is Reason.BROKEN_ANSWER
    assert site.connections == 1


async def test_a_closed_port_is_refused(client: Client) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        failure = await failure_of(client, Ask(f"http://127.0.0.1:{taken.getsockname()[1]}/"))
    assert failure.reason is Reason.REFUSED


async def test_a_name_that_is_not_there_is_dns() -> None:
    async with Client(user_agent=AGENT, resolver=Book()) as client:
        assert (await failure_of(client, Ask("http://nowhere.example/"))).reason is Reason.DNS


async def test_the_systems_resolver_is_asked_for_names(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer(body=FEED)
    got = await client.get(Ask(f"http://localhost:{site.port}/"))
    assert isinstance(got, Fetched), got


async def test_a_self_signed_certificate_is_refused(client: Client) -> None:
    async with loopback(context=server_tls()) as site:
        failure = await failure_of(client, Ask(site.url()))
        assert failure.reason is Reason.TLS
        assert "self-signed" in failure.detail
        assert site.requests == []


async def test_a_server_that_speaks_no_tls_is_a_failure(client: Client) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(body=FEED))
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        failure = await failure_of(client, Ask(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
    assert failure.reason is Reason.TLS


# -- statuses


@pytest.mark.parametrize(
    ("status", "headers", "reason", "wait"),
    [
        ("404 Not Found", {}, Reason.NOT_FOUND, None),
        ("410 Gone", {}, Reason.GONE, None),
        ("403 Forbidden", {}, Reason.HTTP_STATUS, None),
        ("500 Oops", {}, Reason.HTTP_STATUS, None),
        ("503 Later", {}, Reason.HTTP_STATUS, None),
        ("429 Slow down", {}, Reason.RATE_LIMITED, None),
        ("429 Slow down", {"Retry_After": "120"}, Reason.RATE_LIMITED, 120.0),
        ("503 Later", {"Retry_After": "315360000"}, Reason.RATE_LIMITED, 86_400.0),
        ("503 Later", {"Retry_After": "Mon, 01 Jan 2046 00:00:00 GMT"}, Reason.RATE_LIMITED, 86_400.0),
        ("429 Slow down", {"Retry_After": "Sat, 21 Nov 2026 12:10:00 GMT"}, Reason.RATE_LIMITED, 600.0),
    ],
)
async def test_a_status_says_why_and_when_to_come_back(
    site: Loopback, client: Client, status: str, headers: dict[str, str], reason: Reason, wait: float | None
) -> None:
    site.answers["/"] = answer(status, b"<html>", **headers)
    failure = await failure_of(client, Ask(site.url()))
    assert (failure.reason, failure.retry_after) == (reason, wait)
    assert failure.status == int(status[:3])
    assert failure.detail == f"status {status}"


# -- many at once


class _Crowd:
    """Counts how many requests are being answered at the same time."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0

    async def __call__(self, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.05)
        self.now -= 1
        writer.write(answer())


async def test_one_host_is_asked_two_things_at_a_time(site: Loopback, client: Client) -> None:
    crowd = _Crowd()
    site.answers["/"] = crowd
    got = await asyncio.gather(*(client.get(Ask(site.url())) for _ in range(6)))
    assert all(isinstance(one, Fetched) for one in got)
    assert crowd.most == 2


async def test_the_client_asks_no_more_things_at_a_time_than_it_may(site: Loopback) -> None:
    crowd = _Crowd()
    async with loopback() as other, Client(user_agent=AGENT, allow=LOOPBACK_1, concurrency=1) as client:
        site.answers["/"] = other.answers["/"] = crowd
        await asyncio.gather(*(client.get(Ask(one.url())) for one in (site, other) for _ in range(2)))
    assert crowd.most == 1


async def test_waiting_for_a_turn_is_not_counted_as_the_hosts_time(site: Loopback, client: Client) -> None:
    crowd = _Crowd()
    site.answers["/"] = crowd
    got = await asyncio.gather(*(client.get(Ask(site.url(), seconds=2)) for _ in range(100)))
    assert [one for one in got if not isinstance(one, Fetched)] == []


async def test_who_is_patient_waits_for_two_others_so_long(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer()
    slots, host = client._slots, host_of(site.url())
    async with slots.at(host):
        async with slots.at(host):
            late = asyncio.create_task(client.get(Ask(site.url(), patience=20)))
            failed = await failure_of(client, Ask(site.url(), patience=0.05))
        assert isinstance(await late, Fetched)
    assert (failed.reason, failed.retry_after, len(site.requests)) == (Reason.RATE_LIMITED, None, 1)


async def test_a_place_among_all_requests_is_waited_for_however_long_it_takes(site: Loopback) -> None:
    site.answers["/"] = answer()
    async with Client(user_agent=AGENT, allow=LOOPBACK_1, concurrency=1) as client:
        async with client._slots.at("elsewhere.example"):
            late = asyncio.create_task(client.get(Ask(site.url(), patience=0.01)))
            await asyncio.wait([late], timeout=0.1)
        assert isinstance(await late, Fetched)


async def test_a_cancelled_request_frees_its_place(site: Loopback, client: Client) -> None:
    site.answers["/slow"] = _drip(b"x", answer(Content_Length="1000000"))
    site.answers["/"] = answer()
    slow = [asyncio.create_task(client.get(Ask(site.url("/slow")))) for _ in range(2)]
    while len(site.requests) < 2:
        await asyncio.sleep(0.01)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert (await fetched(client, Ask(site.url(), seconds=5))).status == 200


# -- proxies


async def test_a_proxy_is_used_only_on_request(site: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    site.answers["/"] = answer()
    async with Client(user_agent=AGENT, allow=LOOPBACK_1) as client:
        assert (await fetched(client, Ask(site.url()))).status == 200


@pytest.mark.parametrize("written", ["http://127.0.0.1:{}/", "127.0.0.1:{}", "localhost:{}"])
async def test_the_environments_proxy_is_asked_whatever_its_address(
    site: Loopback, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("http_proxy", written.format(site.port))
    monkeypatch.setenv("no_proxy", "direct.example")
    site.answers["http://news.example/feed"] = answer(body=FEED)
    async with Client(
        user_agent=AGENT, trust_env=True, resolver=Book(direct=["127.0.0.1"], localhost=["127.0.0.1"])
    ) as client:
        assert (await fetched(client, Ask("http://news.example/feed"))).body == FEED
        for url in ("http://10.0.0.1/", "http://direct.example/"):
            assert (await failure_of(client, Ask(url))).reason is Reason.FORBIDDEN_ADDRESS
    assert len(site.requests) == 1


def test_a_proxy_of_another_kind_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://user:hush@127.0.0.1:1080")
    with pytest.raises(InputError, match="socks5") as refused:
        Client(user_agent=AGENT, trust_env=True)
    assert "hush" not in str(refused.value)


async def test_an_answer_that_no_memory_is_left_for_is_no_fault_of_the_server(
    site: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers["/feed"] = answer(body=FEED)
    as_ever = ResponseHandler.connection_made

    def connection_made(handler: ResponseHandler, transport: Any) -> None:
        transport.max_size = 1 << 50  # bytes, read at once: more than there can be
        as_ever(handler, transport)

    with monkeypatch.context() as patched:
        patched.setattr(ResponseHandler, "connection_made", connection_made)
        with pytest.raises(NotAvailable, match="short of something: memory"):
            await client.get(Ask(site.url("/feed")))
    assert (await fetched(client, Ask(site.url("/feed")))).body == FEED


async def test_an_answer_that_breaks_off_is_the_servers_fault_only_where_there_is_memory(
    site: Loopback, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room() -> None:
        raise MemoryError

    site.answers["/feed"] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss>"
    assert (await failure_of(client, Ask(site.url("/feed")))).reason is Reason.BROKEN_ANSWER
    monkeypatch.setattr("fetching.client.require_room", no_room)
    with pytest.raises(NotAvailable, match="short of something: memory"):
        await client.get(Ask(site.url("/feed")))
