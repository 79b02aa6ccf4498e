"""Matching: on what there is after 20 s, again on the full text, and never told twice for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.errors import NotAvailable
from core.reasons import Reason
from pipeline import match as step
from pipeline.app import Active, App
from pipeline.configure import apply_text, read_watch
from pipeline.run import run_cycle
from rules.match import Trouble
from storage import articles
from storage.engine import Database
from storage.tables import Alert, Article, Decision, Delivery, Hit
from tests.builders import CALM, STRIKE, Item, World, minutes, page, rss
from tests.sinks.http import Answer

SECOND = timedelta(seconds=1)
TOLD = "Dockers on strike at the harbour"


def hits_of(db: Database) -> list[Hit]:
    """All hits."""
    return list(db.read_now(lambda session: session.exec(select(Hit)).all()))


def count(db: Database, table: type[Alert] | type[Delivery] | type[Article]) -> int:
    """How many rows there are."""
    return len(db.read_now(lambda session: session.exec(select(table)).all()))


def unread(world: World) -> None:
    """An item whose page does not answer well yet, and whose title matches."""
    world.site["/a"] = Answer(503)
    world.site["/rss"] = rss(Item("a", world.url("/a"), TOLD, "No ship was unloaded."))


async def test_an_unread_article_is_matched_20_seconds_after_it_was_seen(
    world: World, db: Database, clock: FixedClock
) -> None:
    unread(world)
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        clock.move(19 * SECOND)
        early = await run_cycle(app, steps=["match"], seconds=0.6)
        clock.move(1 * SECOND)
        due = await run_cycle(app, steps=["match", "deliver"])
    assert (early.total("match"), due.total("match", "hit")) == (0, 1)
    (told,) = world.hook.requests
    assert told.json["articles"][0]["partial"]
    assert [hit.article_revision for hit in hits_of(db)] == [0]


async def test_a_rule_can_ask_for_the_section_that_the_page_says_it_is_in(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["match"] = "dockers AND section:Business"
    for name, section in (("a", "Business"), ("b", "Sport")):
        head = f'<meta property="article:section" content="{section}">'
        world.site[f"/{name}"] = page(f"{TOLD} {name}", CALM, head=head)
    world.site["/rss"] = rss(*(Item(name, world.url(f"/{name}"), f"{TOLD} {name}") for name in "ab"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert [hit.article_id for hit in hits_of(db)] == [1]


async def test_the_full_text_updates_the_hit_in_place_and_tells_nobody_again(
    world: World, db: Database, clock: FixedClock
) -> None:
    unread(world)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/a"] = page(TOLD, STRIKE)
        clock.move(minutes(1))
        await run_cycle(app)
    (hit,) = hits_of(db)
    assert (hit.state, hit.article_revision) == ("live", 1)
    assert any("northern harbour" in one["sentence"] for one in hit.sentences)
    assert len(world.hook.requests) == count(db, Alert) == 1


async def test_a_hit_that_the_full_text_does_not_bear_out_is_withdrawn_and_can_come_back(
    world: World, db: Database, clock: FixedClock
) -> None:
    unread(world)
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/a"] = page("Glass house near the harbour", ["No docker went away from the harbour.", *CALM])
        clock.move(minutes(1))
        await run_cycle(app)
        assert [hit.state for hit in hits_of(db)] == ["withdrawn"]
        world.site["/a"] = page(TOLD, STRIKE)
        world.site["/rss"] = rss(Item("a", world.url("/a"), TOLD, "Edited."))
        clock.move(timedelta(hours=1))
        await run_cycle(app)
    assert [hit.state for hit in hits_of(db)] == ["live"]
    assert len(world.hook.requests) == 1
    reasons = db.read_now(lambda session: session.exec(select(Decision.reason)).all())
    assert "withdrawn" in reasons


async def test_a_full_text_that_matches_where_the_summary_did_not_is_told(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/a"] = Answer(503)
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Harbour at rest"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        assert world.hook.requests == []
        world.site["/a"] = page("Harbour at rest", STRIKE)
        clock.move(minutes(1))
        await run_cycle(app)
    assert len(world.hook.requests) == 1


async def test_articles_matched_while_another_revision_became_active_are_matched_again_at_once(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE), world.publish("b", "Glass house", CALM))
    world.rules["strike"]["match"] = "volcano"
    judge = step.judge
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        world.rules["strike"]["match"] = "near/12(docker, strike)"
        text = world.watch_text()
        changed: list[object] = []

        def judge_while_it_changes(*args: object) -> step.Judged:
            if not changed:
                watch = read_watch(text, file="watch.yaml", secrets={})
                changed.append(
                    db.write_now(lambda s: apply_text(s, text, watch, from_file=False, who="page", now=clock.now()))
                )
            return judge(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(step, "judge", judge_while_it_changes)
        report = await run_cycle(app, steps=["match", "deliver"])
    assert report.total("match", "skipped") == 2
    assert (report.total("match", "hit"), report.total("match", "no hit")) == (1, 1)
    assert len(world.hook.requests) == 1


async def test_a_match_whose_lease_was_lost_writes_nothing(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour at rest", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        now = clock.now()
        (one,) = await app.db.write(lambda s: articles.claim_to_match(s, owner=app.owner, now=now, limit=5))
        judged = step.judge(app.active, one)

        def work(session: Session) -> object:
            session.get_one(Article, one.article.id).match_epoch += 1
            session.flush()
            return step.record(session, app, app.active, judged)

        assert await app.db.write(work) is None
    assert hits_of(db) == []


async def test_a_newer_text_that_comes_while_matching_is_matched_too(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll", "read"])
        now = clock.now()
        (one,) = await app.db.write(lambda s: articles.claim_to_match(s, owner=app.owner, now=now, limit=5))
        judged = step.judge(app.active, one)

        def newer(session: Session) -> None:
            article = session.get_one(Article, one.article.id)
            article.revision, article.text, article.match_due = 2, "\n".join(STRIKE), True

        await app.db.write(newer)
        await app.db.write(lambda session: step.record(session, app, app.active, judged))
        await run_cycle(app, steps=["match"])
    assert len(hits_of(db)) == 1


async def test_a_rule_too_costly_for_an_article_is_noted_and_the_others_go_on(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = step.judge

    def judge_with_trouble(active: Active, one: articles.ToMatch) -> step.Judged:
        judged = judge(active, one)
        return replace(judged, verdict=replace(judged.verdict, troubles=(Trouble("costly", Reason.TOO_COSTLY),)))

    monkeypatch.setattr(step, "judge", judge_with_trouble)
    world.site["/rss"] = rss(world.publish("a", "Harbour", STRIKE), world.publish("b", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert [hit.rule_id for hit in hits_of(db)] == ["strike"]
    kept = db.read_now(lambda session: session.exec(select(Decision).where(Decision.rule_id == "costly")).all())
    assert [(one.stage, one.reason) for one in kept] == [("match", "too_costly")] * 2


async def test_a_database_that_goes_away_ends_the_cycle_with_one_error(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world.worker(db, clock) as app:
        monkeypatch.setattr(app.db, "read", _gone(app))
        with pytest.raises(NotAvailable):
            await run_cycle(app)


def _gone(app: App):  # type: ignore[no-untyped-def]
    original = app.db.read
    asked = []

    async def read(work: object) -> object:
        asked.append(work)
        if len(asked) > 1:
            raise NotAvailable("database gone")
        return await original(work)  # type: ignore[arg-type]

    return read
