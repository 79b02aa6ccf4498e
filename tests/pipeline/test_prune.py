"""What is kept no longer goes, and nothing is told again for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, col, func, select, update

from core.clock import FixedClock, SystemClock
from core.errors import NotAvailable
from core.settings import Settings
from pipeline import prune as step
from pipeline.app import App
from pipeline.prune import JOB, cutoffs, prune_now, would_go
from pipeline.run import anything_due, run_cycle
from rules.watchfile import Snapshots
from storage import locks, lookup
from storage.engine import Database
from storage.office import JobLock, RobotsFile
from storage.tables import (
    Alert,
    Article,
    Config,
    Decision,
    Delivery,
    Digest,
    Feed,
    FeedPoll,
    Hit,
    HostState,
    Snapshot,
    Story,
)
from tests.builders import CALM, STRIKE, Item, World, minutes, rss
from tests.cli.desk import Desk
from tests.pipeline.conftest import NOON
from tests.sinks.http import Answer

DAY = timedelta(days=1)
WORK = ("poll", "read", "match", "alert", "deliver")
SHORT: dict[str, Any] = {
    "keep_polls": 1,
    "keep_articles": 1,
    "keep_ledger": 1,
    "keep_hits": 1,
}  # as little as can be asked for


@pytest.fixture
def world(world: World) -> World:
    """It keeps things for as long as an installation does."""
    world.keeps = {}
    return world


def many(db: Database, table: type[SQLModel]) -> int:
    """How many rows a table has."""
    return db.read_now(lambda session: session.exec(select(func.count()).select_from(table)).one())


def largest(db: Database, table: Any) -> int:
    """The largest number of a table."""
    return db.read_now(lambda session: session.exec(select(func.max(table.id))).one()) or 0


def about_stories(db: Database) -> int:
    """How many decisions are about a story."""
    query = select(func.count()).select_from(Decision).where(col(Decision.story_id).is_not(None))
    return db.read_now(lambda session: session.exec(query).one())


def titles(db: Database) -> set[str]:
    """The articles that are stored."""
    return set(db.read_now(lambda session: session.exec(select(Article.feed_title)).all()))


def change(db: Database, table: Any, **values: Any) -> None:
    """Have all rows of a table say so."""

    def work(session: Session) -> None:
        for row in session.exec(select(table)):
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)

    db.write_now(work)


async def poll(world: World, app: App, *items: Item) -> Any:
    """A cycle in which every feed is due and lists these, and nothing goes by itself."""
    world.site["/rss"] = rss(*items)
    change(app.db, Feed, next_poll_at=app.clock.now())
    return await run_cycle(app, steps=WORK)


def told(name: str) -> Item:
    """An article that the rule matches."""
    return Item(name, "", f"Dockers strike in {name}", f"The dockers of {name} began a strike.")


def calm(name: str) -> Item:
    """One that no rule matches."""
    return Item(name, "", f"Glass house in {name}", f"Four thousand ferns came to {name}.")


async def test_after_all_that_can_go_went_the_same_feeds_bring_nothing_new_and_nothing_is_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    old = [told("Bergen"), calm("Lyon")]
    now = [told("Genoa"), calm("Metz")]
    async with world.worker(db, clock, **SHORT) as app:
        await poll(world, app, *old)
        for _ in range(3):
            clock.move(30 * DAY)
            await poll(world, app, *now)
        sent = len(world.hook.requests)
        clock.move(900 * DAY)
        await prune_now(app)
        assert await would_go(app) == {}
        assert titles(db) == {one.title for one in now}
        assert many(db, Alert) == many(db, Delivery) == many(db, Digest) == 0
        change(db, Feed, etag="", last_modified="", body_hash="")
        report = await poll(world, app, *now)
        edited = [replace(one, title=one.title + " today") for one in now]
        after_an_edit = await poll(world, app, *edited)
    assert (report.total("poll", "changed"), report.total("entries", "new"), report.total("alert")) == (1, 0, 0)
    assert (after_an_edit.total("entries", "edited"), after_an_edit.total("alert")) == (2, 0)
    assert (sent, len(world.hook.requests)) == (2, 2)


async def test_without_a_word_of_the_operator_hits_stay_and_what_lies_a_year_back_goes(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"), calm("Lyon"))
        await poll(world, app, calm("Metz"))
        clock.move(364 * DAY)
        await poll(world, app, calm("Nice"))
        assert (await prune_now(app)).keys() <= {"polls", "hosts", "robots"}
        clock.move(2 * DAY)
        await poll(world, app, calm("Nice"), calm("Oslo"))
        foreseen = await would_go(app)
        gone = await prune_now(app)
    assert gone == foreseen
    assert {what: gone[what] for what in ("alerts", "deliveries", "articles", "entries")} == {
        "alerts": 1, "deliveries": 1, "articles": 2, "entries": 2,
    }  # fmt: skip
    assert titles(db) == {"Dockers strike in Bergen", "Glass house in Nice", "Glass house in Oslo"}
    assert (many(db, Hit), many(db, Story), many(db, Alert), many(db, Delivery)) == (1, 1, 0, 0)


@pytest.mark.parametrize("joined_last", ["the newest story", "an older one"])
async def test_no_number_that_went_is_given_to_another(
    world: World, db: Database, clock: FixedClock, joined_last: str
) -> None:
    tables = (FeedPoll, Article, Hit, Story)
    async with world.worker(db, clock, **SHORT) as app:
        await poll(world, app, told("Bergen"), told("Genoa"))
        if joined_last == "an older one":
            db.write_now(lambda s: s.exec(update(Hit).values(story_id=3 - col(Hit.story_id))))
        clock.move(400 * DAY)
        await poll(world, app, calm("Lyon"))
        clock.move(400 * DAY)
        before = [largest(db, table) for table in tables]
        assert (await prune_now(app))["stories"] == (1 if joined_last == "the newest story" else 0)
        await poll(world, app, calm("Lyon"), told("Turku"))
        assert all(largest(db, table) > one for table, one in zip(tables, before, strict=True))


async def test_an_item_comes_back_after_a_year_and_its_story_is_not_told_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    turku, bergen = told("Turku"), world.publish("b", "Cranes stand still", STRIKE)
    async with world.worker(db, clock) as app:
        await poll(world, app, bergen, turku)
        for _ in range(3):
            clock.move(300 * DAY)
            await poll(world, app, calm("Nice"))
            await prune_now(app)
        assert many(db, Alert) == 0
        report = await poll(world, app, bergen, turku)
        renamed = await poll(world, app, replace(bergen, guid="new"), replace(turku, guid="new, too"))
    assert report.total("entries", "new") == renamed.total("entries", "new") == 0
    assert len(world.hook.requests) == 2


@pytest.mark.parametrize("silent", ["down", "304", "not polled", "a page", "a list of sitemaps"])
async def test_what_a_feed_may_still_list_stays(world: World, db: Database, clock: FixedClock, silent: str) -> None:
    items = [calm("Lyon"), calm("Metz")]
    async with world.worker(db, clock, **SHORT) as app:
        await poll(world, app, *items)
        clock.move(400 * DAY)
        if silent == "down":
            world.site.pop("/rss")
            change(db, Feed, next_poll_at=clock.now())
            await run_cycle(app)
        elif silent == "304":
            await poll(world, app, *items)  # the very same bytes
        elif silent != "not polled":
            await poll(world, app, calm("Nice"))
            change(db, Feed, **({"kind": "page"} if silent == "a page" else {"listed": [["https://x.test/1.xml"]]}))
        assert "articles" not in await prune_now(app)
    assert titles(db) >= {one.title for one in items}


SETTLED = [("sent", ""), ("suppressed", "merged"), ("suppressed", "rule_gone")]
OPEN = [(state, "") for state in ("pending", "leased", "retry", "unknown", "dead")] + [("suppressed", "stale")]


@pytest.mark.parametrize(("state", "reason"), SETTLED + OPEN)
async def test_of_a_story_nothing_goes_while_one_delivery_is_not_settled(
    world: World, db: Database, clock: FixedClock, state: str, reason: str
) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"))
        change(db, Delivery, state=state, reason=reason)
        clock.move(400 * DAY)
        await prune_now(app)
    left = 1 if (state, reason) in OPEN else 0
    assert many(db, Alert) == many(db, Delivery) == bool(many(db, Decision)) == left


async def test_a_dead_letter_that_is_laid_aside_is_none_any_more_and_goes_with_its_story(
    world: World, db: Database, clock: FixedClock
) -> None:
    desk = Desk(world.folder, {"WIREWATCH_DATABASE": db.url})
    world.hook.will(Answer(422))
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"))
        assert desk.run("deliveries", "drop", "dead").out == "1 laid aside\n"
        assert desk.run("deliveries", "drop", "dead").out == "0 laid aside\n"
        assert desk.run("deliveries", "drop", "1").code == 2  # it is laid aside
        assert desk.run("deliveries", "resend", "1").code == 0
        assert desk.run("deliveries", "drop", "1").out == "1 laid aside\n"  # on second thoughts
        assert (
            desk.run("alerts", "why", db.read_now(lambda s: s.exec(select(Alert.id)).one())).out.count("any more, says")
            == 2
        )
        await run_cycle(app)
        clock.at = SystemClock().now() + 400 * DAY  # what the commands did was done today
        await prune_now(app)
    assert many(db, Delivery) == many(db, Decision) == 0
    assert len(world.hook.requests) == 1


@pytest.mark.parametrize("kept", ["held", "open digest", "new hit"])
async def test_what_waits_or_may_be_joined_is_kept_with_its_decisions(
    world: World, db: Database, clock: FixedClock, kept: str
) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"))
        decided = about_stories(db)
        clock.move(400 * DAY)
        if kept == "held":
            change(db, Alert, state="held")
        elif kept == "new hit":
            change(db, Story, last_hit_at=clock.now() - 300 * DAY)
        else:
            db.write_now(lambda session: session.add(Digest(id=7, rule_id="strike", cause="digest", **_open(clock))))
            change(db, Alert, state="folded", digest_id=7)
        await prune_now(app)
    assert (many(db, Alert), many(db, Delivery)) == (1, 1)
    assert about_stories(db) == decided


def _open(clock: FixedClock) -> dict[str, Any]:
    return {"due_at": clock.now(), "opened_at": clock.now()}


async def test_a_digest_goes_with_all_that_it_told_and_not_before(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"] |= {"digest": {"at": "15:00"}}
    genoa = Item("g", "", "Genoa docker strike over", "After nine weeks crane drivers of the Ligurian port are back.")
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"), genoa)
        clock.move(timedelta(hours=3))
        await run_cycle(app)
        assert (many(db, Alert), many(db, Digest)) == (3, 1)
        clock.move(400 * DAY)
        first = db.read_now(lambda s: s.exec(select(Story).order_by(col(Story.id))).all())[0]
        db.write_now(lambda s: s.merge(Story(**{**first.model_dump(), "last_hit_at": clock.now()})))
        await prune_now(app)
        assert (many(db, Alert), many(db, Delivery), many(db, Digest)) == (2, 1, 1)
        change(db, Story, last_hit_at=NOON)
        foreseen = await would_go(app)
        assert await prune_now(app) == foreseen
    assert (many(db, Alert), many(db, Delivery), many(db, Digest), many(db, Decision)) == (0, 0, 0, 0)


async def test_articles_that_are_to_be_read_or_matched_or_lead_to_others_stay(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"snapshots": {"keep": "forever"}}
    names = ["told", "copy of told", "pending", "due", "original", "copy", "partial", "failed", "plain", "newest"]
    async with world.worker(db, clock) as app:
        await poll(world, app, told("Bergen"))
        now = clock.now()

        def add(session: Session) -> None:
            feed = session.exec(select(Feed.id)).one()
            for number, name in enumerate(names[1:], 100):
                one = Article(
                    id=number, key=name, feed_id=feed or 0, feed_title=name, state="ready", first_seen_at=now,
                    not_before=now, match_after=now, match_due=name == "due", index_due=True,
                )  # fmt: skip
                one.state = name if name in ("pending", "partial", "failed") else one.state
                one.duplicate_of = {"copy of told": 1, "copy": 103}.get(name)
                session.add(one)
                session.flush()
                session.add(Snapshot(article_id=number, at=now, url="x", sha256="", size=0, body=b""))

        db.write_now(add)
        clock.move(400 * DAY)
        change(db, Article, index_due=False, indexed_as="1")
        await prune_now(app)
        assert titles(db) == {"Dockers strike in Bergen", *names[1:]} - {"copy", "plain"}
        assert many(db, Snapshot) == len(names) - 3
        await prune_now(app)
    assert titles(db) == {"Dockers strike in Bergen", *names[1:]} - {"copy", "plain", "original"}


async def test_an_article_goes_out_of_the_index_of_words_and_its_host_s_memory_goes_later(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, calm("Lyon"))
        await poll(world, app, calm("Metz"))
        await run_cycle(app, steps=["index"])
        words = db.read_now(lambda s: s.connection().exec_driver_sql(f"SELECT count(*) FROM {lookup.INDEX}").scalar())
        assert words == 2
        clock.move(400 * DAY)
        await poll(world, app, calm("Nice"))
        change(db, HostState, next_allowed_at=NOON)
        db.write_now(lambda session: session.add(RobotsFile(origin="https://news.example", text="", until=NOON)))
        went = await prune_now(app)
        assert (went["hosts"], went["robots"]) == (1, 1)
    words = db.read_now(lambda s: s.connection().exec_driver_sql(f"SELECT count(*) FROM {lookup.INDEX}").scalar())
    assert (words, titles(db), many(db, HostState)) == (0, {"Glass house in Nice"}, 0)


async def test_a_feed_that_is_being_polled_is_left_for_the_next_time(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, calm("Lyon"))
        clock.move(400 * DAY)
        await poll(world, app, calm("Nice"))
        change(db, Feed, lease_owner="another", lease_until=datetime.now(NOON.tzinfo) + timedelta(seconds=50))
        assert "articles" not in await prune_now(app)
        change(db, Feed, lease_until=None)
        assert (await prune_now(app))["articles"] == 1


async def test_a_cycle_does_it_once_a_day_and_reports_it(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        await poll(world, app, calm("Lyon"))
        await poll(world, app, calm("Lyon"))
        await run_cycle(app)
        change(db, Feed, next_poll_at=NOON + 4000 * DAY, last_polled_at=NOON, active=False)
        clock.move(timedelta(hours=23))
        assert not await anything_due(app)
        clock.move(91 * DAY)
        assert await anything_due(app)
        report = await run_cycle(app)
        assert not await anything_due(app)
    assert {"step": "prune", "outcome": "polls", "reason": "", "count": 1} in report.rows()
    assert many(db, FeedPoll) == many(db, Config) == 1


async def test_a_pass_that_is_broken_off_is_due_again_and_anybody_may_go_on(
    world: World, db: Database, clock: FixedClock
) -> None:
    async with world.worker(db, clock) as app, world.worker(db, clock) as other:
        await poll(world, app, calm("Lyon"))
        await poll(world, app, calm("Lyon"))
        clock.move(91 * DAY)
        app.stopping.set()
        assert await prune_now(app) == {}
        assert await anything_due(other)
        assert (await prune_now(other))["polls"] == 1


async def test_two_passes_at_once_are_one(world: World, db: Database, clock: FixedClock) -> None:
    async with world.worker(db, clock) as app:
        db.write_now(lambda session: locks.take(session, JOB, "another", seconds=60, now=NOON))
        with pytest.raises(NotAvailable, match="another process"):
            await prune_now(app)


async def test_a_pass_that_another_process_takes_over_ends_and_is_not_over(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, asked = step._remove, []

    def taken_over(session: Session, **what: Any) -> Any:
        asked.append(what)
        if len(asked) == 2:
            session.get_one(JobLock, JOB).owner = "another"
            session.flush()
        return remove(session, **what)

    monkeypatch.setattr(step, "BATCH", 1)
    monkeypatch.setattr(step, "_remove", taken_over)
    async with world.worker(db, clock) as app:
        for name in ("Lyon", "Metz", "Nice"):
            await poll(world, app, calm(name))
        clock.move(91 * DAY)
        with pytest.raises(NotAvailable, match="another process"):
            await prune_now(app)
        assert (len(asked), many(db, FeedPoll)) == (2, 2)
    lock = db.read_now(lambda session: session.get_one(JobLock, JOB))
    assert (lock.owner, lock.last_finished_at) == ("another", None)


def proofs(db: Database) -> set[str]:
    """The ends of the addresses of the pages that are kept."""
    found = db.read_now(lambda session: session.exec(select(Snapshot.url)).all())
    return {url.rpartition("/")[2] for url in found}


async def test_pages_go_after_a_week_and_those_that_a_rule_matched_stay(
    world: World, db: Database, clock: FixedClock
) -> None:
    pages = [world.publish("hit", "Dockers strike", STRIKE), world.publish("calm", "Glass house", CALM)]
    async with world.worker(db, clock) as app:
        await poll(world, app, *pages)
        clock.move(7 * DAY)
        assert (await would_go(app), await prune_now(app)) == ({}, {})
        clock.move(minutes(1))
        foreseen = await would_go(app)
        assert await prune_now(app) == foreseen == {"snapshots": 1}
        clock.move(300 * DAY)
        await prune_now(app)
    assert proofs(db) == {"hit"}


async def test_a_rule_that_came_after_the_page_keeps_its_proof(world: World, db: Database, clock: FixedClock) -> None:
    garden = world.publish("garden", "Glass house", CALM, published=NOON)
    async with world.worker(db, clock) as app:
        await poll(world, app, garden, world.publish("other", "A ship", ["A ship of the line came in."] * 9))
        clock.move(2 * DAY)
        world.rules["garden"] = {"match": "near/12(botanical, garden)"}
        await world.apply(app)
        await run_cycle(app, steps=WORK)
        assert many(db, Hit) == 1
        clock.move(6 * DAY)
        assert (await prune_now(app))["snapshots"] == 1
    assert proofs(db) == {"garden"}


@pytest.mark.parametrize(
    ("keep", "days", "left"),
    [
        ({"keep": "none"}, 0, {"hit"}),
        ({"keep": "none", "keep_hits": "3d"}, 2, {"hit"}),
        ({"keep": "none", "keep_hits": "3d"}, 4, set()),
        ({"keep": "10d", "keep_hits": "3d"}, 9, {"hit", "calm"}),  # the longer of both
        ({"keep": "forever", "keep_hits": "none"}, 900, {"hit", "calm"}),
    ],
)
async def test_pages_are_kept_for_as_long_as_the_watch_file_says(
    world: World, db: Database, clock: FixedClock, keep: dict[str, str], days: int, left: set[str]
) -> None:
    world.keeps = {"keep_articles": 0}
    world.more["defaults"] = {"snapshots": keep}
    pages = [world.publish("hit", "Dockers strike", STRIKE), world.publish("calm", "Glass house", CALM)]
    async with world.worker(db, clock) as app:
        await poll(world, app, *pages)
        clock.move(days * DAY + minutes(1))
        await prune_now(app)
    assert proofs(db) == left


async def test_a_page_that_is_not_matched_yet_stays_however_little_is_kept(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.more["defaults"] = {"snapshots": {"keep": "none"}}
    world.site["/rss"] = rss(world.publish("hit", "Dockers strike", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        clock.move(DAY)
        await prune_now(app)
        assert proofs(db) == {"hit"}
        change(db, Article, match_due=False)
        await prune_now(app)
    assert proofs(db) == set()


@given(articles=st.integers(0, 800), hits=st.integers(0, 800), window=st.integers(1, 366))
def test_nothing_goes_that_a_story_may_still_be_joined_by_and_zero_is_for_ever(
    articles: int, hits: int, window: int
) -> None:
    settings = Settings(
        _env_file=None, keep_articles=articles, keep_polls=articles, keep_hits=hits, keep_ledger=hits
    )  # fmt: skip
    found = cutoffs(settings, Snapshots(), window * DAY, NOON)
    assert found.polls == (NOON - articles * DAY if articles else None)
    assert found.articles == (NOON - max(articles, window + 1) * DAY if articles else None)
    assert found.ledger == found.hits == (NOON - max(hits, window + 1) * DAY if hits else None)
    assert found.unlisted == max(articles, hits) * DAY
