"""The client beside a site on loopback, and what must come of a request."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network

from fetching.client import Ask, Client, Failed, Fetched

LOOPBACK_1 = [ip_network("127.0.0.1/32")]
AGENT = "wirewatch/0.1 (+https://example.com/contact)"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
FEED = b"<rss version='2.0'><channel><title>News</title></channel></rss>"


async def failure_of(client: Client, ask: Ask) -> Failed:
    """How the request fails."""
    got = await client.get(ask)
    assert isinstance(got, Failed), got
    assert got.url == ask.url
    assert "\n" not in got.detail
    return got


async def fetched(client: Client, ask: Ask) -> Fetched:
    """What the request brings."""
    got = await client.get(ask)
    assert isinstance(got, Fetched), got
    return got
