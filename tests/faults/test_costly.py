"""Fault 35: a rule over its budget, or one that makes the matcher fail. Only that rule goes off, and says so."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline import costly, why
from pipeline.configure import refresh
from pipeline.run import run_cycle
from rules import match as matching
from rules import spans
from rules.document import analyse
from rules.evaluate import BUDGET, Evaluation
from rules.match import Matcher, Trouble
from storage import configs
from storage.engine import Database
from storage.office import Notice
from storage.tables import Article, Decision, Hit
from tests.builders import STRIKE, World, rss
from tests.rules.desk import article, rule


def hits_of(db: Database) -> set[tuple[str, int]]:
    return db.read_now(lambda session: {(hit.rule_id, hit.article_id) for hit in session.exec(select(Hit)).all()})


def test_a_costly_rule_is_tried_once_more_with_twenty_times_the_budget() -> None:
    document = analyse(article("a " * 120 + "zebra"))
    matcher = Matcher([rule("(a NEAR/500 (a NEAR/500 a)) NEAR/500 zebra", "costly"), rule("zebra", "cheap")])
    first = matcher.match(document)
    assert [one.rule for one in first.matches] == ["cheap"]
    assert first.troubles == (Trouble("costly", Reason.TOO_COSTLY),)
    asked, told = [], []
    ask = matcher.match

    class Counted:
        def match(self, *args: object, **more: object) -> matching.Verdict:
            asked.append(more.get("budget", BUDGET))
            told.append(ask(*args, **more))  # type: ignore[arg-type]
            return told[-1]

    verdict = costly.decided(Counted(), document, matching.FeedTag("x"))  # type: ignore[arg-type]
    assert asked == [BUDGET, 20 * BUDGET]
    assert verdict.troubles == first.troubles
    assert {one.rule for one in verdict.matches} >= {"cheap"}
    still = told[-1].troubles
    assert verdict.undecided == still
    assert verdict.answered == {"costly"} - {one.rule for one in still}


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with a rule that costs more than its budget on long articles, beside the usual one."""
    world.rules["slow"] = {"title": "Slow", "match": "docker NEAR/500 (docker NEAR/500 docker)", "alert": {"to": []}}
    monkeypatch.setattr(matching, "verify", expensive("slow", monkeypatch))
    return world


def expensive(bad: str, monkeypatch: pytest.MonkeyPatch) -> object:
    verify = spans.verify

    def spend(rule: str, node: object, evaluation: Evaluation) -> object:
        if rule == bad:
            evaluation.begin()
            evaluation.spend(BUDGET * 30)
        return verify(rule, node, evaluation)  # type: ignore[arg-type]

    return spend


def published(world: World, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Articles that both rules are tried on, each of a site of its own as far as the rules can tell."""
    items = (world.publish(f"a{number}", f"Dockers strike {number}", STRIKE) for number in range(count))
    world.site["/rss"] = rss(*items)
    monkeypatch.setattr("core.urls.host_of", lambda url: url.rpartition("/")[2])


async def test_a_rule_too_costly_on_articles_of_five_sites_is_switched_off_and_only_it(
    slow: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(slow, costly.HOSTS - 1, monkeypatch)
    async with slow.worker(db, clock) as app:
        await run_cycle(app)
        assert db.read_now(configs.switched_off) == {}
        published(slow, costly.HOSTS + 2, monkeypatch)
        clock.move(timedelta(hours=1))
        await run_cycle(app)
        assert db.read_now(configs.switched_off) == {"slow": "too_costly"}
        active = await refresh(app)
        assert active.off == {"slow": "too_costly"}
        (first, *_) = db.read_now(lambda session: session.exec(select(Article)).all())
        answers = {one.rule: one for one in await why.of_article(app, str(first.id))}
        assert "until it is changed" in answers["slow"].why
    assert {rule for rule, _ in hits_of(db)} == {"strike"}
    assert len(hits_of(db)) == costly.HOSTS + 2
    notices = db.read_now(lambda session: [one.text for one in session.exec(select(Notice)).all()])
    assert [text.split(":")[0] for text in notices if "slow" in text] == ["The rule slow is switched off"]
    noted = db.read_now(lambda session: [one for one in session.exec(select(Decision)).all() if one.rule_id == "slow"])
    assert len(noted) >= costly.HOSTS
    assert {one.reason for one in noted if one.stage == "match"} == {"too_costly"}


async def test_a_rule_that_makes_the_matcher_fail_is_off_at_once_and_on_again_when_it_is_changed(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = spans.verify

    def fails(rule: str, *rest: object) -> object:
        if rule == "bad":
            raise RecursionError("too deep")
        return verify(rule, *rest)  # type: ignore[arg-type]

    world.rules["bad"] = {"title": "Bad", "match": "dockers", "alert": {"to": []}}
    with monkeypatch.context() as patched:
        patched.setattr(matching, "verify", fails)
        published(world, 2, monkeypatch)
        async with world.worker(db, clock) as app:
            await run_cycle(app)
    assert db.read_now(configs.switched_off) == {"bad": "rule_failed"}
    notices = db.read_now(lambda session: [one.text for one in session.exec(select(Notice)).all()])
    assert ["RecursionError: too deep" in text for text in notices] == [True]
    assert {rule for rule, _ in hits_of(db)} == {"strike"}
    world.rules["bad"]["match"] = "dockers OR ships"
    async with world.worker(db, clock) as app:
        assert db.read_now(configs.switched_off) == {}
        assert (await refresh(app)).off == {}
        published(world, 3, monkeypatch)
        clock.move(timedelta(hours=1))
        await run_cycle(app)
    assert "bad" in {rule for rule, _ in hits_of(db)}


def test_a_rule_that_is_unknown_or_off_already_is_not_switched_off_again(db: Database, clock: FixedClock) -> None:
    now: datetime = clock.now()

    def ask(session: Session) -> tuple[int, bool]:
        return configs.costly(session, "nobody", "x.test"), configs.switch_off(session, "nobody", "too_costly", now)

    assert db.write_now(ask) == (0, False)
