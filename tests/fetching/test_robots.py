from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from core.clock import FixedClock
from core.reasons import Reason
from fetching import robots
from fetching.client import Client
from fetching.robots import Robots
from tests.fetching.asking import AGENT, LOOPBACK_1
from tests.fetching.loopback import Loopback, answer, loopback


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.fixture
async def rules(clock: FixedClock) -> AsyncIterator[Robots]:
    async with Client(user_agent=AGENT, allow=LOOPBACK_1) as client:
        yield Robots(client, user_agent=AGENT, clock=clock)


async def test_the_rules_for_us_hold_else_those_for_everybody(site: Loopback, rules: Robots) -> None:
    site.answers["/robots.txt"] = answer(
        body=b"User-agent: *\nDisallow: /\n\nUser-agent: WireWatch\nDisallow: /private\nAllow: /private/news\n"
    )
    assert not await rules.refusal(site.url("/story"))
    assert await rules.refusal(site.url("/private/story"))
    assert not await rules.refusal(site.url("/private/news/1"))
    assert len(site.requests) == 1


async def test_a_name_that_only_holds_ours_is_not_ours(site: Loopback, rules: Robots) -> None:
    site.answers["/robots.txt"] = answer(body=b"User-agent: watch\nDisallow: /\n")
    assert not await rules.refusal(site.url("/story"))


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "410 Gone"])
async def test_a_site_without_a_robots_file_allows_everything(site: Loopback, rules: Robots, status: str) -> None:
    site.answers["/robots.txt"] = answer(status)
    assert not await rules.refusal(site.url("/story"))


async def test_a_robots_file_of_nonsense_allows_everything(site: Loopback, rules: Robots) -> None:
    site.answers["/robots.txt"] = answer(body=b"\xff\xfe<html>\x00 nothing here")
    assert not await rules.refusal(site.url("/story"))


async def test_a_robots_file_too_big_or_in_circles_counts_as_none(site: Loopback, rules: Robots) -> None:
    site.answers["/robots.txt"] = answer(body=b"User-agent: *\nDisallow: /\n" * 30_000)
    assert not await rules.refusal(site.url("/story"))
    async with loopback() as circle:
        circle.answers["/robots.txt"] = answer("302 Found", Location="/robots.txt")
        assert not await rules.refusal(circle.url("/story"))


@pytest.mark.parametrize("target", ["mailto:a@x.example", "ftp://x.example/robots.txt", "http://[", "http://10.0.0.1/"])
async def test_a_robots_file_that_leads_to_a_bad_address_keeps_pages_out_for_half_an_hour_and_not_for_good(
    site: Loopback, rules: Robots, clock: FixedClock, target: str
) -> None:
    site.answers["/robots.txt"] = answer("302 Found", Location=target)
    refusal = await rules.refusal(site.url("/story"))
    assert refusal is not None
    assert refusal.reason is Reason.ROBOTS
    site.answers["/robots.txt"] = answer(body=b"")
    clock.move(timedelta(minutes=31))
    assert not await rules.refusal(site.url("/story"))


@pytest.mark.parametrize("status", ["500 Oops", "503 Later", "429 Slow down"])
async def test_a_site_in_trouble_is_left_alone_for_half_an_hour(
    site: Loopback, rules: Robots, clock: FixedClock, status: str
) -> None:
    site.answers["/robots.txt"] = answer(status)
    assert await rules.refusal(site.url("/story"))
    site.answers["/robots.txt"] = answer(body=b"")
    clock.move(timedelta(minutes=29))
    assert await rules.refusal(site.url("/story"))
    clock.move(timedelta(minutes=2))
    assert not await rules.refusal(site.url("/story"))


async def test_the_rules_are_asked_for_again_after_a_day(site: Loopback, rules: Robots, clock: FixedClock) -> None:
    site.answers["/robots.txt"] = answer(body=b"")
    assert not await rules.refusal(site.url("/story"))
    site.answers["/robots.txt"] = answer(body=b"User-agent: *\nDisallow: /\n")
    clock.move(timedelta(hours=23))
    assert not await rules.refusal(site.url("/story"))
    clock.move(timedelta(hours=2))
    assert await rules.refusal(site.url("/story"))


async def test_all_who_wait_for_a_site_share_one_request(site: Loopback, rules: Robots) -> None:
    site.answers["/robots.txt"] = answer(body=b"")
    assert not any(await asyncio.gather(*(rules.refusal(site.url(f"/{n}")) for n in range(10))))
    assert len(site.requests) == 1


async def test_only_so_many_sites_are_kept(site: Loopback, rules: Robots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "MOST_SITES", 1)
    async with loopback() as other:
        for one in (site, site, other, site):
            await rules.refusal(one.url("/"))
        assert (len(site.requests), len(other.requests)) == (2, 1)


async def test_a_url_that_cannot_be_asked_is_not_allowed(rules: Robots) -> None:
    assert await rules.refusal("file:///etc/passwd")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_file_whose_rules_times_its_agents_nobody_could_keep_forbids_nothing(end: str) -> None:
    lines = [*(f"User-agent: a{number}" for number in range(3_000)), "User-agent: *", *["Disallow: /"] * 3_000]
    site = robots._Site()
    site.learn(robots.Heard(end.join(lines), None, datetime(2026, 11, 21, tzinfo=UTC)))
    assert site.rules.can_fetch("https://a.example/x", "wirewatch")


def test_a_usual_file_is_read() -> None:
    site = robots._Site()
    site.learn(robots.Heard("User-agent: *\nDisallow: /x", None, datetime(2026, 11, 21, tzinfo=UTC)))
    assert not site.rules.can_fetch("https://a.example/x", "wirewatch")
