"""Why an article led to an alert, or the first stage or clause that said no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col

from core.clock import FixedClock
from core.errors import InputError
from core.reasons import Reason
from pipeline import feedback, restored, why
from pipeline.run import run_cycle
from storage import restored as rows
from storage.engine import Database
from storage.tables import Article, Decision
from tests.builders import STRIKE, Item, World, rss
from tests.pipeline.retelling import come, edited, telling
from tests.sinks.http import Answer


async def test_each_rule_says_what_became_of_the_article(world: World, db: Database, clock: FixedClock) -> None:
    base = {"title": "T", "match": "docker", "alert": {"to": ["hook"]}}
    world.rules |= {
        "quiet": {**base, "alert": {"to": ["hook"], "quiet": [{"from": "11:00", "to": "14:00"}]}},
        "daily": {**base, "alert": {"to": ["hook"], "digest": {"at": "08:00"}}},
        "page-only": {**base, "alert": {"to": []}},
        "off": {**base, "enabled": False},
        "french": {**base, "languages": ["fr"]},
        "far": {**base, "match": "near/1(docker, harbour)"},
    }
    world.site["/rss"] = rss(Item("e", "", "Dockers begin strike, far away from every harbour"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        found = {one.rule: one for one in await why.of_article(app, "1")}
        with pytest.raises(InputError, match="no article 99"):
            await why.of_article(app, "99")
        elsewhere = await why.of_article(app, "https://elsewhere.example/x")
    assert {(one.outcome, one.stage, one.why) for one in elsewhere} == {
        ("not tried", "poll", "not polled: no feed brought it")
    }
    assert {rule: (one.outcome, one.stage) for rule, one in found.items()} == {
        "strike": ("alert", "send"),
        "quiet": ("held", "quiet"),
        "daily": ("folded", "digest"),
        "page-only": ("no alert", "policy"),
        "off": ("not tried", "rule"),
        "french": ("not tried", "filter"),
        "far": ("no hit", "match"),
    }
    assert "apart" in found["far"].why


async def test_what_a_digest_told_was_told_whatever_somebody_says_of_it_then(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["digest"] = {"at": "13:00"}
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        clock.move(timedelta(hours=1))
        await run_cycle(app)
        db.write_now(lambda session: feedback.not_this_hit(session, 1, who="ada", now=clock.at))
        (said,) = await why.of_article(app, "1")
    assert [one.json["kind"] for one in world.hook.taken] == ["digest"]
    assert (said.outcome, said.stage) == ("alert", "digest")


@pytest.mark.parametrize(
    ("act", "strike", "quiet"),
    [
        (restored.release, ("alert", Reason.RESENT.sentence), ("held", Reason.RESENT.sentence)),
        (restored.lay_aside, ("no alert", Reason.LAID_ASIDE.sentence), ("no alert", Reason.LAID_ASIDE.sentence)),
    ],
)
async def test_what_was_kept_back_is_no_alert_until_somebody_has_it_told(
    world: World,
    db: Database,
    clock: FixedClock,
    act: Callable[..., int],
    strike: tuple[str, str],
    quiet: tuple[str, str],
) -> None:
    world.rules["quiet"] = {
        **world.rules["strike"],
        "alert": {"to": ["hook"], "quiet": [{"from": "11:00", "to": "13:00"}]},
    }
    world.hook.will(Answer(503))
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        assert db.write_now(lambda session: rows.keep_back(session, (), clock.at)) == 2
        assert {one.outcome for one in await why.of_article(app, "1")} == {"no alert"}
        assert db.write_now(lambda session: act(session, restored.ALL, who="ada", now=clock.at)) == 2
        found = {one.rule: (one.outcome, one.why) for one in await why.of_article(app, "1")}
    assert found == {"strike": strike, "quiet": quiet}


async def test_a_copy_says_that_its_event_was_told(world: World, db: Database, clock: FixedClock) -> None:
    title = "Dockers begin strike at the harbour of Antwerp"
    world.site["/rss"] = rss(Item("e", "", title, "Cranes stand."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/rss"] = rss(Item("f", "", title, "Cranes stand still."))
        clock.move(timedelta(hours=2))
        await run_cycle(app)
        (told,) = await why.of_article(app, "2")
    assert (told.outcome, told.why) == ("no alert", "this event was told already")


async def test_a_text_that_was_withdrawn_from_what_waited_does_not_wait_for_ever(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.rules["strike"]["alert"]["quiet"] = [{"from": "11:00", "to": "14:00"}]
    async with world.worker(db, clock) as app:
        await come(world, db, app, telling(0))
        await come(world, db, app, telling(1))
        await come(world, db, app, edited(0))
        clock.move(timedelta(hours=3))
        await run_cycle(app)
        ((first,), (second,)) = [await why.of_article(app, which) for which in ("1", "2")]
    assert (first.outcome, first.why) == ("no alert", Reason.WITHDRAWN.sentence)
    assert second.outcome == "alert"


async def test_an_article_that_no_rule_was_tried_on_says_why(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(
        world.publish("a", "Dockers on strike", STRIKE), Item("b", "", "Ferry sails"), Item("c", "", "Dockers strike")
    )
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])
        first = await why.of_article(app, "1")
        waiting = await why.of_article(app, "2")
        for reason, said in (("gone", Reason.GONE.sentence), ("", "nothing was read")):
            change(db, 1, state="failed", reason=reason)
            assert [(one.stage, one.why) for one in await why.of_article(app, "1")] == [("read", said)]
        change(db, 1, state="duplicate", duplicate_of=2)
        twin = await why.of_article(app, "1")
    assert [(one.rule, one.outcome, one.stage, one.why) for one in first] == [
        ("strike", "not tried", "read", "the page is not read yet")
    ]
    assert [(one.stage, one.why) for one in waiting] == [("match", "its turn has not come yet")]
    assert [one.why for one in twin] == ["the same article under another address: see article 2"]


async def test_a_rule_that_came_later_or_was_too_costly_says_so(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(Item("e", "", "Volcano wakes"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(timedelta(days=9))
        world.rules["volcano"] = {"title": "V", "match": "volcano", "alert": {"to": []}}
        await world.apply(app)
        await run_cycle(app)
        late = {one.rule: one for one in await why.of_article(app, "1")}["volcano"]
        row = Decision(
            rule_id="volcano", article_id=1, stage="match", action="none", reason="too_costly", at=clock.now()
        )
        db.write_now(lambda session: session.add(row))
        costly = {one.rule: one for one in await why.of_article(app, "1")}["volcano"]
    assert (late.outcome, late.stage) == ("not tried", "past")
    assert (costly.outcome, costly.why) == ("no hit", Reason.TOO_COSTLY.sentence)


def change(db: Database, article_id: int, **values: object) -> None:
    """Write into an article's row."""
    db.write_now(lambda session: session.execute(update(Article).where(col(Article.id) == article_id).values(**values)))
