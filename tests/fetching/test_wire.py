"""Answers as servers write them beside the standard: what every browser reads is read."""

from __future__ import annotations

import pytest

from fetching.answers import Ask, Failed, Fetched, NotModified
from fetching.client import Client
from tests.fetching.loopback import Loopback, answer

FEED = b"<rss>all of it</rss>"
HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(FEED)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(FEED), FEED)
CLOSE = b"Connection: close\r\n"
WHOLE = {
    "more behind its length": HEAD + CLOSE + LENGTH + b"\r\n" + FEED + b"\n<!-- cached -->",
    "more behind its chunks": HEAD + CHUNKED + b"\r\n" + CHUNKS + b"<!-- cached -->",
    "its length twice": HEAD + LENGTH * 2 + b"\r\n" + FEED,
    "its length twice in one line": HEAD + LENGTH[:-2] + b", %d\r\n\r\n" % len(FEED) + FEED,
    "a length beside chunks": HEAD + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n" + CHUNKS,
    "a name with a blank": HEAD + b"X Powered By: me\r\n" + LENGTH + b"\r\n" + FEED,
    "a blank behind a name": HEAD + LENGTH.replace(b":", b" :") + b"\r\n" + FEED,
    "a line that is no header": HEAD + b"Warning in line 3\r\n: x\r\n" + LENGTH + b"\r\n" + FEED,
    "another version": b"HTTP/2 200 OK\r\n" + LENGTH + b"\r\n" + FEED,
    "a word before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + LENGTH + b"\r\n" + FEED,
    "line feeds alone": (HEAD + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + FEED,
    "three hundred headers": HEAD + b"".join(b"X-%d: x\r\n" % n for n in range(300)) + LENGTH + b"\r\n" + FEED,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + FEED,
    "a redirect with more behind it": b"HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 2\r\n\r\nhello",
}


@pytest.mark.parametrize("kind", WHOLE)
async def test_what_every_browser_reads_is_read(site: Loopback, client: Client, kind: str) -> None:
    site.answers |= {"/odd": WHOLE[kind], "/plain": answer(body=FEED)}
    got = await client.get(Ask(site.url("/odd")))
    assert isinstance(got, Fetched), got
    assert got.body == FEED


@pytest.mark.parametrize("behind", [FEED, CHUNKS, b"0\r\n\r\n", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00"])
@pytest.mark.parametrize("said", [b"", CLOSE, LENGTH, CHUNKED])
async def test_a_304_is_one_whatever_stands_behind_it(
    site: Loopback, client: Client, said: bytes, behind: bytes
) -> None:
    site.answers["/feed"] = b"HTTP/1.1 304 Not Modified\r\n" + said + b"\r\n" + behind
    assert isinstance(await client.get(Ask(site.url("/feed"), etag='"v1"')), NotModified)


async def test_a_rest_is_heard_whatever_stands_behind_it(site: Loopback, client: Client) -> None:
    site.answers["/feed"] = b"HTTP/1.1 429 No\r\nRetry-After: 600\r\nContent-Length: 2\r\n\r\nToo Many Requests"
    got = await client.get(Ask(site.url("/feed")))
    assert isinstance(got, Failed)
    assert got.retry_after == 600
