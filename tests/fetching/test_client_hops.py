"""Where a request may go: redirects, and the guard at each hop."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from core.reasons import Reason
from core.urls import host_of
from fetching.client import Ask, Client, Failed, NotModified
from tests.fetching.asking import AGENT, FEED, LOOPBACK_1, failure_of, fetched
from tests.fetching.hostile import Book
from tests.fetching.loopback import Loopback, answer, loopback

# -- redirects


async def test_permanent_hops_all_the_way_say_where_the_feed_moved(site: Loopback, client: Client) -> None:
    site.answers["/1"] = answer("301 Moved", Location="/2")
    site.answers["/2"] = answer("308 Moved", Location=site.url("/feed#top"))
    site.answers["/feed"] = answer(body=FEED)
    got = await fetched(client, Ask(site.url("/1")))
    assert (got.url, got.asked, got.moved_to) == (site.url("/feed"), site.url("/1"), site.url("/feed"))
    site.answers["/feed"] = answer("304 Not Modified")
    unchanged = await client.get(Ask(site.url("/1"), etag='"x"'))
    assert isinstance(unchanged, NotModified)
    assert unchanged.moved_to == site.url("/feed")


@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary"])
async def test_one_temporary_hop_means_that_nothing_moved(site: Loopback, client: Client, status: str) -> None:
    site.answers["/1"] = answer("301 Moved", Location="/2")
    site.answers["/2"] = answer(status, Location="/feed")
    site.answers["/feed"] = answer(body=FEED)
    got = await fetched(client, Ask(site.url("/1")))
    assert (got.url, got.moved_to) == (site.url("/feed"), "")


async def test_before_another_host_is_asked_it_is_asked_whether_it_may_be(site: Loopback, client: Client) -> None:
    asked: list[str] = []

    async def may_go(url: str) -> Failed | None:
        asked.append(url)
        return Failed(url, Reason.ROBOTS, "no") if url.endswith("/closed") else None

    async with loopback() as other:
        site.answers["/1"] = answer("301 Moved", Location="/2")
        site.answers["/2"] = answer("302 Found", Location=other.url("/feed"))
        other.answers["/feed"] = answer(body=FEED)
        await client.get(Ask(site.url("/1")), may_go)
        site.answers["/2"] = answer("302 Found", Location=other.url("/closed"))
        refused = await client.get(Ask(site.url("/1")), may_go)
        assert len(other.requests) == 1
    assert asked == [other.url("/feed"), other.url("/closed")]
    assert isinstance(refused, Failed)
    assert (refused.url, refused.reason) == (site.url("/1"), Reason.ROBOTS)
    assert refused.detail.startswith("redirected to")


async def test_a_failure_names_the_host_that_answered(site: Loopback, client: Client) -> None:
    async with loopback() as other:
        site.answers["/1"] = answer("302 Found", Location=other.url("/busy"))
        other.answers["/busy"] = answer("429 Slow down", Retry_After="60")
        failed = await failure_of(client, Ask(site.url("/1")))
        assert (failed.url, failed.host, failed.retry_after) == (site.url("/1"), host_of(other.url("/")), 60)


async def test_five_redirects_are_followed_and_a_sixth_is_not(site: Loopback, client: Client) -> None:
    for hop in range(6):
        site.answers[f"/{hop}"] = answer("302 Found", Location=f"/{hop + 1}")
    site.answers["/6"] = answer(body=FEED)
    assert (await fetched(client, Ask(site.url("/1")))).body == FEED
    assert (await failure_of(client, Ask(site.url("/0")))).reason is Reason.TOO_MANY_REDIRECTS


@pytest.mark.parametrize("at", ["", "http://127.0.0.1:{}"])
async def test_an_address_is_asked_as_it_was_written(site: Loopback, client: Client, at: str) -> None:
    signed = "/a%3Bb/caf%c3%a9?to=http%3A%2F%2Fe%20x&sig=%2B%7E%2F"
    site.answers["/old"] = answer("302 Found", Location=at.format(site.port) + signed)
    site.answers[signed] = answer(body=b"signed")
    for path in ("/old", signed):
        assert (await fetched(client, Ask(site.url(path)))).body == b"signed"


async def test_a_redirect_loop_ends(site: Loopback, client: Client) -> None:
    site.answers["/loop"] = answer("301 Moved", Location="/loop")
    assert (await failure_of(client, Ask(site.url("/loop")))).reason is Reason.TOO_MANY_REDIRECTS
    assert len(site.requests) == 6


@pytest.mark.parametrize("to", ["file:///etc/passwd", "http://user:pw@127.0.0.1/", "http://[::1", "gopher://x/", " "])
async def test_a_redirect_to_what_is_no_web_address_is_refused(site: Loopback, client: Client, to: str) -> None:
    site.answers["/"] = answer("302 Found", Location=to)
    assert (await failure_of(client, Ask(site.url()))).reason is Reason.BAD_URL


async def test_a_redirect_without_a_target_is_an_error_status(site: Loopback, client: Client) -> None:
    site.answers["/"] = answer("302 Found")
    failure = await failure_of(client, Ask(site.url()))
    assert (failure.reason, failure.status) == (Reason.HTTP_STATUS, 302)


async def test_secret_headers_leave_with_the_host_they_are_meant_for(site: Loopback, client: Client) -> None:
    async with loopback() as other:
        site.answers["/a"] = answer("302 Found", Location="/b")
        site.answers["/b"] = answer("302 Found", Location=other.url("/c"))
        other.answers["/c"] = answer(body=FEED)
        await fetched(client, Ask(site.url("/a"), headers={"Authorization": "Bearer s3cret"}))
        assert [request.headers["authorization"] for request in site.requests] == ["Bearer s3cret"] * 2
        assert "authorization" not in other.requests[0].headers


# -- the guard


async def test_a_redirect_to_a_private_address_never_arrives_there(site: Loopback, client: Client) -> None:
    async with loopback("127.0.0.2") as private:
        site.answers["/"] = answer("302 Found", Location=private.url("/secret"))
        failure = await failure_of(client, Ask(site.url()))
        assert failure.reason is Reason.FORBIDDEN_ADDRESS
        assert "127.0.0.2" in failure.detail
        assert "loopback" in failure.detail
        assert private.connections == 0


async def test_a_literal_private_address_is_not_asked(client: Client) -> None:
    async with loopback("127.0.0.2") as private:
        for url in (private.url(), f"http://[::ffff:127.0.0.2]:{private.port}/", "http://169.254.169.254/latest"):
            assert (await failure_of(client, Ask(url))).reason is Reason.FORBIDDEN_ADDRESS
        assert private.connections == 0


@pytest.mark.parametrize("host", ["127.2", "0x7f.0.0.2", "2130706434", "①②⑦.⓪.⓪.②", "127.0.0.2."])
async def test_odd_spellings_of_a_private_address_are_not_asked(client: Client, host: str) -> None:
    async with loopback("127.0.0.2") as private:
        failure = await failure_of(client, Ask(f"http://{host}:{private.port}/"))
        assert failure.reason in (Reason.FORBIDDEN_ADDRESS, Reason.BAD_URL)
        assert private.connections == 0


async def test_a_name_that_resolves_to_a_private_address_is_not_asked() -> None:
    async with (
        loopback("127.0.0.2") as private,
        Client(user_agent=AGENT, allow=LOOPBACK_1, resolver=Book(inner=["127.0.0.2"], six=["::1"])) as client,
    ):
        for name in ("inner", "six"):
            failure = await failure_of(client, Ask(f"http://{name}.example:{private.port}/"))
            assert failure.reason is Reason.FORBIDDEN_ADDRESS
        assert private.connections == 0


async def test_a_name_that_is_rebound_between_two_hops_is_not_asked(site: Loopback) -> None:
    book = Book(flip=["127.0.0.1", "127.0.0.2"])
    async with (
        loopback("127.0.0.2") as private,
        Client(user_agent=AGENT, allow=LOOPBACK_1, resolver=book) as client,
    ):
        site.answers["/"] = answer("302 Found", Location=f"http://flip.again.example:{private.port}/")
        failure = await failure_of(client, Ask(f"http://flip.example:{site.port}/"))
        assert failure.reason is Reason.FORBIDDEN_ADDRESS
        assert len(site.requests) == 1
        assert private.connections == 0


async def test_without_an_allow_list_loopback_is_forbidden(site: Loopback) -> None:
    async with Client(user_agent=AGENT) as client:
        assert (await failure_of(client, Ask(site.url()))).reason is Reason.FORBIDDEN_ADDRESS
    assert site.connections == 0


async def test_an_operator_may_open_every_network(site: Loopback) -> None:
    site.answers["/"] = answer()
    async with Client(user_agent=AGENT, allow=[ip_network("0.0.0.0/0"), ip_network("::/0")]) as client:
        assert (await fetched(client, Ask(site.url()))).status == 200


@pytest.mark.parametrize("url", ["", "feed.xml", "file:///etc/passwd", "http://a\\@127.0.0.1/", "http://..../"])
async def test_a_url_that_cannot_be_asked_is_a_failure(client: Client, url: str) -> None:
    assert (await failure_of(client, Ask(url))).reason is Reason.BAD_URL
