"""Backtests: what a rule would have done is what it does, and nothing of it is stored or sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from sqlmodel import Session, SQLModel, col, func, select

from core.clock import FixedClock
from core.reasons import Reason
from pipeline.app import Active, App
from pipeline.match import Judged, judge
from pipeline.preview import Backtest, backtest
from pipeline.run import run_cycle
from rules.config import Rule, load
from rules.match import Trouble, Verdict
from storage.articles import ToMatch
from storage.engine import Database
from storage.tables import Alert, Article, Decision, Hit, Story
from tests.builders import CALM, NOON, STRIKE, Item, World, rss

GATES = Path(__file__).parents[1] / "gates" / "matching"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
RULES = {
    "meeting": "near/40(@Biden, @Trong, meet OR visit OR talks OR welcome OR hội OR gặp) AND NOT title:phone",
    "countries": "near/60(@US, @Vietnam)",
    "sanctions": "sanction* NEAR/20 (@Myanmar OR @Sudan)",
    "rates": "rate* NEAR/9 (raise OR rise OR hike OR increase OR 上げ OR 加息)",
    "lead": "lead:(bank OR general OR president OR 大統領 OR 总统)",
    "chinese": "越南 OR 缅甸 OR 央行",
    "few": "atleast/3(bank) OR any/2(ceasefire, truce, Sudan)",
    "nobody": "volcano",
}
ENTITIES = {
    "Biden": {"any": ["Joe Biden", "President Biden", "=Biden"], "lang": {"zh": ["拜登"]}},
    "Trong": {"any": ["Nguyen Phu Trong", "=Trong", "=Trọng"], "lang": {"zh": ["阮富仲"]}},
    **{name: {"country": code} for name, code in (("US", "US"), ("Vietnam", "VN"), ("Myanmar", "MM"), ("Sudan", "SD"))},
}


def rule_of(app: App, rule_id: str) -> Rule:
    rule = app.active.watch.rule(rule_id)
    assert rule is not None
    return rule


def tried(app: App, rule_id: str = "strike", *, against: Rule | None = None, since: datetime = NOON - DAY) -> Backtest:
    """The backtest of a rule of the watch file, until now."""
    watch = app.active.watch
    return backtest(app.db, watch, rule_of(app, rule_id), since=since, until=app.clock.now(), against=against)


def live(db: Database, rule_id: str) -> tuple[list[int], int, Counter[str], Counter[str]]:
    """What the pipeline made: articles hit, stories, and what became of alerts and digests."""

    def ask(session: Session) -> tuple[list[int], int, Counter[str], Counter[str]]:
        hits = session.exec(select(Hit.article_id).where(Hit.rule_id == rule_id).order_by(col(Hit.article_id))).all()
        stories = session.exec(select(func.count()).select_from(Story).where(Story.rule_id == rule_id)).one()
        decided = session.exec(select(Decision).where(Decision.rule_id == rule_id, Decision.alert_id != "")).all()
        turns = {(one.alert_id, one.action) for one in decided if one.action in ("send", "hold", "fold")}
        kinds = session.exec(select(Alert.kind).where(Alert.rule_id == rule_id)).all()
        return list(hits), stories, Counter(action for _, action in turns), Counter(kinds)

    return db.read_now(ask)


def made(one: Backtest) -> tuple[list[int], int, Counter[str]]:
    """The same of a backtest, without the kinds of alerts."""
    turns = {
        "send": one.total("alerts") + one.total("digests"),
        "hold": one.total("held"),
        "fold": one.total("folded"),
    }
    return sorted(found.id for found in one.found), one.total("stories"), Counter({k: n for k, n in turns.items() if n})


def rows(db: Database) -> dict[str, int]:
    """How many rows each table has."""
    tables = SQLModel.metadata.sorted_tables
    return db.read_now(
        lambda session: {t.name: session.execute(select(func.count()).select_from(t)).scalar_one() for t in tables}
    )


def varied() -> list[tuple[str, str, str]]:
    """(language, title, text) of all texts that the matcher is judged by."""
    files = sorted([*GATES.glob("*.tune.yaml"), *GATES.glob("*.held.yaml")])
    texts = [one for file in files for one in YAML(typ="safe").load(file.read_text("utf-8"))]
    return [(str(one["language"]).partition("-")[0], one["title"], one["text"]) for one in texts if "text" in one]


async def test_live_and_backtest_say_the_same_of_varied_texts(
    world: World, db: Database, clock: FixedClock, database_kind: str
) -> None:
    texts = varied()[:: 4 if database_kind == "postgresql" else 2]  # what a text says is no matter of the database
    assert len(texts) > 40
    world.feeds = []
    for language in sorted({language for language, _, _ in texts}):
        items = [
            Item(f"{language}{n}", "", title, text) for n, (lang, title, text) in enumerate(texts) if lang == language
        ]
        world.site[f"/rss-{language}"] = rss(*items)
        feed = {"url": world.url(f"/rss-{language}"), "name": f"News {language}", "first_poll": "9000h"}
        world.feeds.append({**feed, "language": language} if language != "en" else feed)
    world.rules = {name: {"title": name, "match": match, "alert": {"to": ["hook"]}} for name, match in RULES.items()}
    world.rules["countries"] |= {"languages": ["vi", "en"], "alert": {"to": ["hook"], "update": "every"}}
    world.rules["lead"] |= {"feeds": {"none": ["News zh"]}, "alert": {"to": ["hook"], "budget": "3/day"}}
    world.rules["rates"]["alert"] = {"to": ["hook"], "first": 2}
    world.more = {"entities": ENTITIES}
    async with world.worker(db, clock) as app:
        await run_cycle(app, steps=["poll"])  # all first: feeds polled at once bring their articles in any order,
        await run_cycle(app)  # and a story depends on what came before
        for rule_id in world.rules:
            one = tried(app, rule_id)
            assert made(one) == live(db, rule_id)[:3], rule_id
            assert one.articles == len(texts)
            assert one.looked_at >= len(one.found)
    found = {rule_id: len(live(db, rule_id)[0]) for rule_id in world.rules}
    assert sum(found.values()) > 12, found
    assert found["nobody"] == 0


def harbour(name: str, number: int) -> Item:
    """An event of its own, without a page."""
    return Item(f"{name}-{number}", "", f"Dockers of {name} begin strike", f"In {name} all {number} cranes stand.")


TOWNS = ("Antwerp", "Valparaiso", "Yokohama", "Gdansk", "Durban", "Oakland", "Santos")


POLICIES: dict[str, dict[str, object]] = {
    "plain": {},
    "night": {"quiet": [{"from": "22:00", "to": "07:00"}]},
    "daily": {"digest": {"at": "08:00"}},
    "little": {"budget": "2/day"},
    "twice": {"first": 2, "again_at": 3},
    "thread": {"update": "thread", "to": ["mail"]},
    "urgent": {"quiet": [{"from": "22:00", "to": "07:00"}], "urgent": True},
}


async def test_live_and_backtest_decide_the_same_at_the_same_hours(
    world: World, db: Database, clock: FixedClock
) -> None:
    base = {"title": "Strike", "match": "near/12(docker, strike)"}
    world.rules = {name: {**base, "alert": {"to": ["hook"], **alert}} for name, alert in POLICIES.items()}
    async with world.worker(db, clock) as app:
        for hour in range(44):
            if hour % 7 == 0:
                town = TOWNS[hour // 7]
                told = [harbour(town, hour), Item(f"again{hour}", "", f"Strike of {town} dockers goes on", "Long.")]
                world.site["/rss"] = rss(*told)
            if hour % 7 == 0 or clock.now().hour in (0, 7, 8):
                await run_cycle(app)
            clock.move(HOUR)
        await run_cycle(app)
        backtests = {name: tried(app, name) for name in POLICIES}
    for name, one in backtests.items():
        assert made(one) == live(db, name)[:3], name
    assert len(backtests["plain"].found) == 14
    sums = {name: tuple(one.total(what) for what in ("alerts", "digests", "held")) for name, one in backtests.items()}
    assert len(set(sums.values())) > 4, sums


async def test_a_backtest_stores_and_sends_nothing(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Dockers on strike", STRIKE), world.publish("b", "Garden", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        before, sent = rows(db), len(world.hook.requests)
        one = tried(app)
        await run_cycle(app)
    assert rows(db) == before
    assert len(world.hook.requests) == sent == 1
    assert [(found.title, found.url, found.outcome) for found in one.found] == [
        ("Dockers on strike", world.url("/a"), "sent")
    ]
    assert (one.articles, one.looked_at) == (2, 1)


async def test_days_are_those_of_the_watch_files_time_zone(world: World, db: Database, clock: FixedClock) -> None:
    world.more = {"settings": {"timezone": "Pacific/Auckland"}}  # 13 hours ahead: noon in London is tomorrow there
    world.site["/rss"] = rss(harbour("Antwerp", 1))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        one = tried(app, since=NOON - 3 * DAY)
    assert [day.day for day in one.days] == [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    assert one.worst == one.days[-1]
    assert (one.days[-1].hits, one.days[-1].stories, one.days[-1].alerts) == (1, 1, 1)
    assert one.total("hits") == 1


async def test_without_a_hit_there_is_no_worst_day(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(Item("c", "", "Garden opens", "Ferns."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        one = tried(app)
    assert (one.found, one.worst, one.total("alerts")) == ((), None, 0)


async def test_a_story_that_began_before_is_not_told_again(world: World, db: Database, clock: FixedClock) -> None:
    title = "Dockers begin strike at the harbour of Antwerp"
    world.site["/rss"] = rss(Item("a", "", title, "Cranes stand."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        clock.move(DAY)
        world.site["/rss"] = rss(Item("b", "", title, "Cranes stand still."))
        await run_cycle(app)
        one = tried(app, since=NOON + HOUR)
    assert [found.outcome for found in one.found] == ["already_told"]
    assert (one.articles, one.looked_at, one.total("stories"), one.total("alerts")) == (1, 1, 0, 0)


async def test_what_was_stored_before_the_rule_counts_as_if_it_had_been_there(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(Item("a", "", "Volcano wakes", "Ash."))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        text = 'version: 1\nrules: {v: {match: volcano, enabled: false, alert: {to: [a]}}}\nchannels: {a: {url: "terminal://"}}'
        watch = load(text)
        one = backtest(db, watch, watch.rules[0], since=NOON - DAY, until=NOON)
    assert [found.title for found in one.found] == ["Volcano wakes"]
    assert one.total("alerts") == 1


async def test_gained_and_lost_are_named_against_the_saved_rule(world: World, db: Database, clock: FixedClock) -> None:
    titles = ("Dockers begin strike", "Pilots begin strike", "Garden opens")
    world.site["/rss"] = rss(*(Item(title, "", title, "Long.") for title in titles))
    world.rules["pilots"] = {"title": "P", "match": "strike AND (pilot OR teacher)", "alert": {"to": []}}
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        one = tried(app, "pilots", against=rule_of(app, "strike"))
        same = tried(app, "pilots", against=rule_of(app, "pilots"))
    assert [found.title for found in one.gained] == ["Pilots begin strike"]
    assert [found.title for found in one.lost] == ["Dockers begin strike"]
    assert (same.gained, same.lost) == ((), ())
    assert one.total("alerts") == 0


async def test_a_rule_that_is_too_costly_somewhere_says_so(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = rss(Item("a", "", "Dockers strike", "docker " * 30 + "strike " * 30))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        monkeypatch.setattr("pipeline.preview.judge", _too_costly)
        one = tried(app)
    assert (one.too_costly, one.found) == (1, ())


def _too_costly(active: Active, one: ToMatch) -> Judged:
    """`judge`, were the rule too costly everywhere."""
    return replace(judge(active, one), verdict=Verdict((), (Trouble("strike", Reason.TOO_COSTLY),)))


async def test_duplicates_and_unmatched_articles_are_left_out(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(harbour("Antwerp", 1))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        db.write_now(lambda session: session.add(_unmatched(NOON)))
        one = tried(app)
    assert one.articles == len(one.found) == 1


def _unmatched(at: datetime) -> Article:
    return Article(
        key="later", feed_id=1, feed_title="Dockers begin strike", first_seen_at=at.astimezone(UTC), not_before=at,
        match_after=at + DAY,
    )  # fmt: skip
