"""Fault 36: thousands of hits in ten minutes become one complete digest, on each channel as much as it takes.

The clock is the test's own, for ten minutes pass; feed, matching, databases, mail server and receivers are real. What
it took is printed.
"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from alerts.payload import MAX_BODY
from alerts.stages import BURST
from core.clock import FixedClock
from pipeline.run import run_cycle
from storage.engine import Database
from storage.tables import Alert, Decision, Delivery, Hit, Story
from tests.builders import NOON, Item, World, rss
from tests.faults.stored import due, feed_of
from tests.faults.ward import peak_memory
from tests.sinks.http import Request

WAVES = 5  # polls within the ten minutes
TOKEN = "3ccdd113474722377935511fc85d3dd4"
CHAT = 4000  # characters that Mattermost takes
_FIRST = "Ba Ce Di Fo Gu Ha Je Ki Lo Mu Na Pe Ro Su Ta Ve Wi Xo Yu Zo"
FIRST = tuple(_FIRST.split())
SECOND = ("lan", "mor", "nis", "pek", "rov", "sul", "tav", "vin", "wex", "zur")
THIRD = ("burg", "dale", "ford", "gate", "haven", "mouth", "port", "quay", "stead", "wick")
FOURTH = ("", "holm", "ness")


def town(number: int) -> str:
    """A town of its own for each number below 6,000."""
    return FIRST[number % 20] + SECOND[number // 20 % 10] + THIRD[number // 200 % 10] + FOURTH[number // 2000 % 3]


def event(number: int) -> Item:
    """An event that no other is taken for; without a page: it is matched on what the feed says of it."""
    here, there = town(number), town((number * 7 + 13) % 6000)
    title = f"{here} and {there} dockers begin strike {number}"
    return Item(
        f"e{number}", "", title, f"Cranes stand in {here} since dawn; {there} follows at {number % 24} o'clock."
    )


def headlines(count: int) -> set[str]:
    return {event(number).title for number in range(count)}


async def a_burst_becomes_one_digest(world: World, db: Database, count: int, *, public_url: str = "") -> None:
    """`count` hits of one rule within ten minutes, told by e-mail, webhook and chat; asserts all that must hold."""
    clock = FixedClock(NOON)
    world.channels["chat"] = {"url": world.hook.url(f"/{TOKEN}", scheme="mmost")}
    world.rules["strike"]["alert"] = {"to": ["hook", "mail", "chat"]}
    world.rules["other"] = {"title": "Other", "match": "garden", "alert": {"to": ["hook"]}}
    world.more["settings"] = {"public_url": public_url} if public_url else {}
    world.feeds.append({"url": world.url("/good"), "name": "Good", "first_poll": "9000h"})
    before, began, cpu = peak_memory(), time.monotonic(), time.process_time()
    async with world.worker(db, clock, cycle_seconds=600) as app:
        app.active.channels["chat"].pace = 0.0  # one a second: by the test's clock no second passes
        for wave in range(1, WAVES + 1):
            numbers = range(count * (wave - 1) // WAVES, count * wave // WAVES)
            world.site["/rss"] = rss(*map(event, numbers))
            world.site["/good"] = rss(*(Item(f"g{n}", "", f"The garden opens house {n}") for n in range(wave)))
            due(db)
            await run_cycle(app)
            assert feed_of(db).state == "ok"
            clock.move(timedelta(minutes=1, seconds=50))
        matched = time.monotonic() - began
        assert len(mails(world)) == BURST
        clock.at = NOON + timedelta(minutes=10)
        await run_cycle(app)
        clock.move(timedelta(hours=1))
        await run_cycle(app)
    figures = f"{matched:.0f} s to the last hit, {time.monotonic() - began - matched:.1f} s to tell the digest"
    kind = "SQLite" if db.is_sqlite else "PostgreSQL"
    print(f"{kind}: {count} hits: {figures}, {time.process_time() - cpu:.0f} s CPU, +{peak_memory() - before} MB")
    every_hit_is_told_once(world, db, count)
    the_page_and_the_ledger_say_where_each_is(db, count)
    assert of_rule(world, "other") == WAVES
    assert feed_of(db).state == feed_of(db, "Good").state == "ok"


def mails(world: World) -> list[str]:
    return [str(mail.parsed["Subject"]) for mail in world.mail.mails]


def of_rule(world: World, rule: str) -> int:
    """How many messages of a rule reached the webhook."""
    return sum(request.json["rule"] == rule for request in posts(world, "/hook"))


def posts(world: World, path: str) -> list[Request]:
    return [request for request in world.hook.requests if request.path == path]


def every_hit_is_told_once(world: World, db: Database, count: int) -> None:
    """Twenty on their own, all others in one digest on each channel; what it cannot name it counts, and says where."""
    rest = count - BURST
    link = str(world.more["settings"].get("public_url", ""))
    where = f"{link}/?rule=strike" if link else f"wirewatch alerts list --rule strike --limit {rest + 100}"
    *single, digest = world.mail.mails
    assert str(digest.parsed["Subject"]) == f"[strike] {rest} alerts: many at once"
    text, html = (digest.parsed.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    alone = {str(mail.parsed["Subject"]).removeprefix("[strike] ").removesuffix(" (News)") for mail in single}
    named = {line.removeprefix("* ").rstrip() for line in text.splitlines() if line.startswith("* ")}
    assert alone | named == headlines(count)
    assert (len(single), len(named)) == (BURST, rest)
    assert all(headline in html for headline in named)
    assert where in text
    assert where.replace("&", "&amp;") in html

    strikes = [request for request in posts(world, "/hook") if request.json["rule"] == "strike"]
    (body,) = [request for request in strikes if request.json["kind"] == "digest"]
    assert (len(strikes), len({request.key for request in strikes})) == (BURST + 1, BURST + 1)
    assert len(body.body) <= MAX_BODY
    assert len(body.json["alerts"]) + body.json["left_out"] == rest
    assert {one["headline"] for one in body.json["alerts"]} <= named
    assert where in body.json["text"]

    chats = [request.json["text"] for request in posts(world, f"/hooks/{TOKEN}")]
    assert len(chats) == BURST + 1
    assert len(chats[-1]) <= CHAT
    shown = sum(line.startswith("• ") for line in chats[-1].splitlines())
    assert f"… and {rest - shown} more" in chats[-1]
    assert where in chats[-1]


def the_page_and_the_ledger_say_where_each_is(db: Database, count: int) -> None:
    """Nothing is dropped in silence: a hit, a story, an alert and a decision for each; all deliveries are made."""

    def ask(session: Session) -> tuple[object, ...]:
        own = (col(Alert.rule_id) == "strike", Alert.kind == "first")
        states = session.exec(select(Alert.state, func.count()).where(*own).group_by(Alert.state)).all()
        digests = select(func.count()).select_from(Alert).where(Alert.kind == "digest")
        why = select(Decision.action, func.count()).where(Decision.rule_id == "strike", Decision.stage == "budget")
        rows = [session.exec(select(func.count()).where(table.rule_id == "strike")).one() for table in (Hit, Story)]
        sent = session.exec(select(Delivery.state).distinct()).all()
        return (
            *rows,
            dict(states),
            session.exec(digests).one(),
            dict(session.exec(why.group_by(Decision.action)).all()),
            sent,
        )

    folded = count - BURST
    assert db.read_now(ask) == (count, count, {"queued": BURST, "folded": folded}, 1, {"fold": folded}, ["sent"])


async def test_fault_36_many_hits_in_ten_minutes_become_one_complete_digest(world: World, db: Database) -> None:
    await a_burst_becomes_one_digest(world, db, 120)


@pytest.mark.faults
@pytest.mark.timeout(1800)
async def test_fault_36_five_thousand_hits_in_ten_minutes_become_one_complete_digest(
    world: World, db: Database
) -> None:
    await a_burst_becomes_one_digest(world, db, 5000, public_url="https://watch.example")
