"""The index of stored articles' words: filled behind everybody's back, never leaving out what a question wants."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, text
from sqlmodel import Session, col, select

from core.clock import FixedClock
from core.errors import InputError
from core.lookup import Query
from pipeline import index as step
from pipeline.cycle import Cycle
from pipeline.run import run_cycle
from pipeline.search import asked_for, search
from rules import lookup
from rules.document import ArticleText
from rules.tree import And, Or, Term
from storage import lookup as stored
from storage import meta
from storage.engine import Database
from storage.lookup import Keys
from storage.tables import Article, Entry, Feed, Snapshot
from tests.builders import CALM, NOON, STRIKE, Item, World, page, rss
from tests.rules.test_lookup import WORDS, Chance, offers


def found(db: Database, *words: str, since: datetime | None = None) -> list[str]:
    """Titles that a search gives."""
    return [one.title or one.feed_title for one in search(db, " ".join(words), since=since, limit=50)]


def offered(db: Database, query: Query | None) -> set[int]:
    """The articles that the index offers."""
    return set(db.read_now(lambda session: stored.ids(session, query, lookup.version())))


def articles(db: Database) -> list[Article]:
    """All articles."""
    return list(db.read_now(lambda session: session.exec(select(Article).order_by(col(Article.id))).all()))


async def test_what_a_cycle_matched_it_indexes_too(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour still", STRIKE), world.publish("b", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        report = await run_cycle(app)
    assert report.total("index", "done") == 2
    assert {(one.index_due, one.indexed_as) for one in articles(db)} == {(False, lookup.version())}
    assert offered(db, lookup.query(Term(("freighter",)))) == {1}
    assert offered(db, lookup.query(Term(("orchid",)))) == {2}
    assert offered(db, lookup.query(Term(("volcano",)))) == set()
    assert db.read_now(stored.count) == 2


@pytest.mark.parametrize("stretch", [1, 3, 4_000])
async def test_a_search_leaves_out_copies_and_is_not_cut_short_by_a_clock_that_stood_in_1970(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr("pipeline.search.NEWEST", stretch)
    monkeypatch.setattr("pipeline.search.WIDER", 1)
    names = ("Volcano one", "Volcano two", "Volcano three", "Volcano four")
    world.site["/rss"] = rss(*(world.publish(name[-3:], name, CALM) for name in names))
    async with world.worker(db, clock) as app:
        await run_cycle(app)

    def change(session: Session) -> None:
        rows = {one.title: one for one in session.exec(select(Article))}
        rows["Volcano three"].first_seen_at = datetime(1970, 1, 1, tzinfo=UTC)
        rows["Volcano two"].state, rows["Volcano two"].duplicate_of = "duplicate", rows["Volcano one"].id

    newest_first = [one.title for one in articles(db)][::-1]
    assert found(db, "volcano") == newest_first
    db.write_now(change)
    assert found(db, "volcano") == [name for name in newest_first if name != "Volcano two"]
    dated = [name for name in newest_first if name not in ("Volcano two", "Volcano three")]
    assert found(db, "volcano", since=NOON - timedelta(days=1)) == dated


async def test_it_does_not_wait_until_all_that_is_old_is_deleted(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def prune(cycle: Cycle) -> None:
        while cycle.is_open and not cycle.report.total("index", "done"):
            await asyncio.sleep(0.01)
        cycle.leave("prune")

    monkeypatch.setattr("pipeline.run.prune", prune)
    world.site["/rss"] = rss(world.publish("a", "Harbour still", STRIKE))
    async with world.worker(db, clock) as app:
        report = await run_cycle(app)
    assert report.total("index", "done") == 1


async def test_articles_are_found_by_inflected_words_and_phrases(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(
        world.publish("a", "Harbour still", STRIKE),
        world.publish("b", "Glass house", CALM),
        Item("c", "", "拜登访问河内", "双方在河内会面。"),
        Item("d", "", "100% of the résumés were U.S. résumés"),
    )
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    for _ in range(2):  # with the index, and then without it
        assert found(db, "docker", "cranes") == ["Harbour still"]
        assert found(db, "docker", "orchids") == []
        assert found(db, '"glass house"') == ["Glass house"]
        assert found(db, '"house glass"') == []
        assert found(db, "tuesday", "morning") == ["Glass house", "Harbour still"]
        assert found(db, "河内") == ["拜登访问河内"]
        assert found(db, "内河") == []
        assert found(db, "100%", "resume") == ["100% of the résumés were U.S. résumés"]
        assert found(db, "freig*", '="Tuesday morning"') == ["Harbour still"]
        assert found(db, '="tuesday morning"') == []
        db.write_now(lambda session: session.execute(text("UPDATE article SET indexed_as = 'old'")))
    assert len(search(db, "tuesday", limit=1)) == 1


async def test_a_search_looks_back_as_far_as_it_is_told(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(Item("c", "", "Volcano wakes"))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    assert found(db, "volcano", since=NOON) == ["Volcano wakes"]
    assert found(db, "volcano", since=NOON + timedelta(seconds=1)) == []


async def test_a_text_that_changed_is_found_by_its_new_words_at_once(
    world: World, db: Database, clock: FixedClock
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Harbour still", STRIKE))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        world.site["/a"] = page("Glass house", CALM)
        world.site["/rss"] = rss(Item("a", world.url("/a"), "Glass house"))
        clock.move(timedelta(hours=2))
        await run_cycle(app, steps=["poll", "read"])
        before = (found(db, "orchid"), found(db, "docker"))
        await run_cycle(app)
    assert before == (found(db, "orchid"), found(db, "docker")) == (["Glass house"], [])
    assert offered(db, lookup.query(Term(("docker",)))) == set()


async def test_an_article_that_is_gone_is_gone_from_the_index(world: World, db: Database, clock: FixedClock) -> None:
    world.site["/rss"] = rss(world.publish("a", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
    for table in (Entry, Snapshot, Article):
        db.write_now(partial(Session.execute, statement=delete(table)))
    assert db.read_now(lambda session: session.execute(text("SELECT count(*) FROM articleindex")).scalar_one()) == 0
    assert found(db, "orchid") == []


async def test_keys_of_another_version_are_made_anew(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site["/rss"] = rss(world.publish("a", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        await run_cycle(app)
        monkeypatch.setattr(lookup, "version", lambda: "another")
        assert offered(db, lookup.query(Term(("volcano",)))) == {1}
        report = await run_cycle(app)
    assert report.total("index", "done") == 1
    assert offered(db, lookup.query(Term(("volcano",)))) == set()
    assert db.read_now(meta.lookup_version) == "another"


async def test_many_articles_do_not_wait_until_the_other_loops_are_idle(
    world: World, db: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "PILE", 1)
    monkeypatch.setattr("pipeline.cycle.Cycle.others_idle", lambda cycle, *but: False)
    world.site["/rss"] = rss(world.publish("a", "Glass house", CALM))
    async with world.worker(db, clock) as app:
        report = await run_cycle(app)
    assert report.total("index", "done") == 1


def stored_texts(db: Database, texts: list[ArticleText], version: str = "v") -> None:
    """Articles with these texts and their keys."""

    def fill(session: Session) -> None:
        session.add(Feed(id=1, config_url="x", fetch_url="x", name="x", next_poll_at=NOON))
        session.flush()
        for number, one in enumerate(texts, 1):
            session.add(
                Article(
                    id=number, key=str(number), feed_id=1, title=one.title, text=one.text, first_seen_at=NOON,
                    not_before=NOON, match_after=NOON, match_due=False, matched_at=NOON, index_due=True,
                )
            )  # fmt: skip

    db.write_now(fill)
    made = [Keys(number, NOON, lookup.keys_of(one)) for number, one in enumerate(texts, 1)]
    assert db.write_now(lambda session: stored.put(session, made, version)) == len(texts)
    assert db.write_now(lambda session: stored.put(session, made, version)) == 0


def test_the_databases_answer_as_the_keys_say(db: Database) -> None:
    chances = [Chance(language, words) for language, words in WORDS.items()]
    texts = [chance.article() for chance in chances for _ in range(12)]
    stored_texts(db, texts, lookup.version())
    known = [lookup.keys_of(one) for one in texts]
    for chance in chances:
        for _ in range(12):
            query = lookup.query(chance.rule(2))
            assert offered(db, query) == {number for number, one in enumerate(known, 1) if offers(query, one)}


def test_a_question_may_hold_thousands_of_words(db: Database) -> None:
    stored_texts(db, [ArticleText("a", text="w17 met x9", fallback_language="en")], lookup.version())
    many = Or(tuple(Term((f"w{number}",), exact=True) for number in range(5000)))
    none = Or(tuple(Term((f"v{number}",)) for number in range(300)))
    assert offered(db, lookup.query(And((many, Term(("meet",)))))) == {1}
    assert offered(db, lookup.query(And((many, none)))) == set()


@pytest.mark.parametrize(("word", "many"), [("word", 90_000), ("слово", 73_000)])  # the second takes more bytes a sign
def test_a_text_of_too_many_words_is_offered_always(db: Database, word: str, many: int) -> None:
    text = " ".join(f"{word}{n}" for n in range(10_000, 10_000 + many))
    stored_texts(db, [ArticleText("a", text=text, language="en")])
    assert offered(db, lookup.query(Term(("volcano",)))) == {1}


@pytest.mark.parametrize("asked", ["", "%", '""', "ab*", "one-two*"])
def test_a_search_without_a_word_is_refused(asked: str) -> None:
    with pytest.raises(InputError):
        asked_for(asked)
