"""What the inbox gathers: pages of stories, what narrows them, and what each person has read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from pipeline import feedback
from pipeline import stories as changes
from storage import inbox as rows_of
from storage.engine import Database
from storage.inbox import Place
from storage.tables import Hit, Story
from tests.web import rows, ruledesk
from web.pages import inbox
from web.pages.inbox import Asked, Inbox
from web.render import render
from web.rulebook import Rulebook
from web.text import capped, choices, marked


@pytest.fixture
def newsroom(db: Database) -> Database:
    db.write_now(rows.newsroom)
    return db


def gathered(db: Database, who: str = "ada", **query: str) -> Inbox:
    return db.read_now(lambda session: inbox.gather(session, rows.NOW, Asked.of(query), who))


def ids(page: Inbox) -> list[int]:
    return [line.id for line in page.lines]


def test_the_inbox_is_newest_first_with_the_matched_sentence(newsroom: Database) -> None:
    page = gathered(newsroom)
    assert ids(page) == [1, 2, 3]
    assert (page.rules, page.sources) == (
        ["port-strike", "river-flood"],
        ["Eastward Radio", "Harbour Post", "Silent Gazette"],
    )
    first = page.lines[0]
    assert (first.sources, first.origins, first.articles) == (("Harbour Post", "Eastward Radio"), 2, 2)
    assert first.passage is not None
    assert "<mark>on strike</mark>" in marked(first.passage["sentence"], first.passage["marks"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"rule": "port-strike"}, [1, 3]),
        ({"state": "silenced"}, [3]),
        ({"rule": "port-strike", "state": "open"}, [1]),
        ({"rule": "' OR 1=1"}, []),
        ({"source": "Eastward Radio"}, [1, 2]),
        ({"source": "%"}, []),
        ({"words": "CALLENDER workers"}, [1]),
        ({"words": "call_nder"}, []),
        ({"words": "إضراب"}, [3]),
        ({"since": f"{rows.NOW - timedelta(days=3):%Y-%m-%d}"}, [1, 2, 3]),
        ({"until": f"{rows.NOW - timedelta(days=3):%Y-%m-%d}"}, []),
        ({"since": "soon", "until": "0000-13-99", "state": "x", "before": "y"}, [1, 2, 3]),
        ({"unread": "1"}, [1, 2, 3]),
        ({"since": "0001-01-01", "until": "9999-12-31"}, [1, 2, 3]),
        ({"before": f"20990101T000000.0_{-(10**26)}"}, [1, 2, 3]),
        ({"words": "port\x00workers", "rule": "\x00", "before": f"00010101T000000.000000_{10**30}"}, []),
    ],
)
def test_the_inbox_is_narrowed_by_what_its_address_asks(
    newsroom: Database, query: dict[str, str], found: list[int]
) -> None:
    page = gathered(newsroom, **query)
    assert ids(page) == found
    assert page.counts is None or page.counts.wanted == len(found)
    assert not query.get("rule") or Asked.of(query).rule in ("", *page.rules)


def test_letters_are_the_same_in_any_case_and_script(db: Database) -> None:
    def add(session: Session) -> None:
        title = "ÉLAN im ÄRGER, İstanbul ΔΡΟΜΟΥΣ, i\u0307zmir δρόμος"
        rows.story(session, rows.feed(session), title, [rows.Told("t")], ago=rows.HOUR)

    db.write_now(add)
    in_latin = ("élan ärger", "e\u0301lan", "İstanbul", "istanbul", "İSTANBUL", "İZMİR")
    for words in (*in_latin, "ΔΡΟΜΟΥΣ", "δρομους", "ΔΡΌΜΟΣ"):
        assert len(gathered(db, words=words).lines) == 1, words


def test_a_sentence_of_the_text_goes_before_one_of_the_title(newsroom: Database) -> None:
    def add_title(session: Session) -> None:
        hit = session.get_one(Hit, 1)
        hit.sentences = [{"field": "title", "sentence": "Port strike", "marks": [[5, 11]]}, *hit.sentences]

    newsroom.write_now(add_title)
    passage = gathered(newsroom).lines[0].passage
    assert passage is not None
    assert passage["field"] == "text"


def test_sources_beyond_four_are_counted_and_what_is_from_before_says_so(newsroom: Database) -> None:
    def add(session: Session) -> None:
        told = [rows.Told("t", source=f"S{n}", url=f"https://s{n}.example/") for n in range(6)]
        row = rows.story(session, rows.feed(session, "x", "https://x.example"), "t", told, ago=timedelta(0))
        for hit in session.exec(select(Hit).where(Hit.story_id == row.id)):
            hit.state, hit.past = "from_before", True

    newsroom.write_now(add)
    line = gathered(newsroom).lines[0]
    assert (line.sources, line.more_sources) == (("S0", "S1", "S2", "S3"), 2)
    assert line.told
    assert line.passage is None


def test_a_story_of_which_nothing_counts_says_why(newsroom: Database) -> None:
    def said() -> str:
        return " ".join(render("inbox_line.html", one=gathered(newsroom).lines[0]).split())

    assert "2 separate texts" in said()
    newsroom.write_now(lambda session: feedback.not_this(session, "port-strike", "1", who="ada", now=rows.NOW))
    assert "separate texts" not in said()
    assert "none of 2 articles counts: called “not this”, or withdrawn" in said()


def test_of_a_long_story_the_first_texts_are_looked_at(db: Database) -> None:
    def add(session: Session) -> None:
        feed = rows.feed(session)
        for number in (rows_of.ROWS, rows_of.ROWS + 5):
            told = [rows.Told(f"t{n}", source=f"S{n}") for n in range(number)]
            rows.story(session, feed, f"of {number}", told, ago=number * rows.MINUTE)

    db.write_now(add)
    assert [(line.articles, line.more_sources) for line in gathered(db).lines] == [(20, 16), (25, 16)]


def test_cue_words_near_a_match_are_told() -> None:
    sentence = "The two may set up a strike fund."
    assert inbox.cue_line([{"sentence": sentence, "marks": [[21, 27]]}]) == "“may” (uncertain)"


@pytest.fixture
def many(db: Database) -> Database:
    """125 stories, two of each moment."""

    def add(session: Session) -> None:
        feed = rows.feed(session)
        for number in range(125):
            rows.story(session, feed, f"Story {number}", [rows.Told(f"t{number}")], ago=number // 2 * rows.MINUTE)

    db.write_now(add)
    return db


def test_pages_hold_each_story_once_and_end(many: Database) -> None:
    page, seen = gathered(many), []
    counts = page.counts
    assert counts is not None
    assert (counts.wanted, counts.unread, counts.all_seen) == (125, 125, True)
    while True:
        seen += [(line.last, line.id) for line in page.lines]
        if not page.older:
            break
        page = gathered(many, before=page.older.partition("before=")[2])
        assert page.counts is None
    assert len(seen) == len(set(seen)) == 125
    assert seen == sorted(seen, reverse=True)


def test_a_look_that_ends_with_the_last_story_leads_no_further(many: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_of, "LOOKED", 125)
    page = gathered(many, words="nowhere")
    assert (ids(page), page.older, page.counts and page.counts.all_seen) == ([], "", True)


def test_a_look_has_a_bound_and_the_next_one_goes_on_where_it_ended(
    many: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_of, "LOOKED", 60)
    page = gathered(many, words="124")  # the oldest
    assert (ids(page), page.counts and page.counts.all_seen) == ([], False)
    page = gathered(many, words="124", before=page.older.partition("before=")[2])
    assert (ids(page), bool(page.older)) == ([], True)
    page = gathered(many, words="124", before=page.older.partition("before=")[2])
    assert (ids(page), page.older) == ([125], "")


def test_a_story_is_unread_for_each_person_until_it_was_read_and_again_when_it_is_told_further(
    newsroom: Database,
) -> None:
    def place() -> Place:
        return gathered(newsroom).lines[0].place

    newsroom.write_now(lambda session: changes.mark_read(session, [place()], "ada"))
    assert [line.unread for line in gathered(newsroom).lines] == [False, True, True]
    assert ids(gathered(newsroom, unread="1")) == [2, 3]
    assert ids(gathered(newsroom, "bob", unread="1")) == [1, 2, 3]

    def told_further(session: Session) -> None:
        session.get_one(Story, 1).last_hit_at = rows.NOW

    newsroom.write_now(told_further)
    page = gathered(newsroom, unread="1")
    assert ids(page) == [1, 2, 3]
    newsroom.write_now(lambda session: changes.mark_read(session, [line.place for line in page.lines], "ada"))
    assert gathered(newsroom, unread="1").lines == []
    newsroom.write_now(lambda session: changes.mark_unread(session, 2, "ada"))
    assert ids(gathered(newsroom, unread="1")) == [2]


def test_what_came_since_is_counted_by_the_same_view(newsroom: Database) -> None:
    newest = gathered(newsroom).newest

    def since(asked: Asked) -> int:
        return newsroom.read_now(
            lambda session: rows_of.counts(session, asked.wanted, "ada", rows.NOW, after=newest).wanted
        )

    assert since(Asked()) == 0

    def add(session: Session) -> None:
        rows.story(session, rows.feed(session), "New", [rows.Told("new")], ago=timedelta(0))

    newsroom.write_now(add)
    assert (since(Asked()), since(Asked(rule=rows.RULE)), since(Asked(rule="river-flood"))) == (1, 1, 0)


def test_an_address_says_its_view_and_reads_back_as_it() -> None:
    asked = Asked.of({"rule": "a&b=c", "words": "port  strike", "unread": "yes", "state": "open", "other": "x"})
    assert asked.address() == "/?rule=a%26b%3Dc&state=open&unread=1&words=port+strike"
    place = Place(rows.NOW, 7)
    assert Asked.of({"before": inbox.place_text(place)}).before_place == place
    assert asked.address(unread="", before="x").endswith("words=port+strike&before=x")
    assert (Asked().address(), Asked().narrowed, asked.narrowed) == ("/", False, True)


async def test_an_empty_installation_says_what_it_has_of_three_things(db: Database, tmp_path: Path) -> None:
    book = Rulebook(db, tmp_path)
    assert await inbox.start_of(db, book) == inbox.Start(0, 0, 0)
    text = """version: 1
channels: {hook: {url: "webhook://hook.example/x"}}
feeds: [{url: "https://a.example/rss"}, {url: "https://b.example/rss"}]
rules: {strike: {title: Strike, match: strike}}
"""
    db.write_now(lambda session: rows.config(session, text))
    assert await inbox.start_of(db, book) == inbox.Start(2, 1, 1)
    ruledesk.damage(db, "version: 1\n")
    assert await inbox.start_of(db, Rulebook(db, tmp_path)) == inbox.Start(
        0, 0, 0
    )  # the rows of feeds and rules, of which there are none


def test_more_than_can_be_read_is_written_and_not_chosen() -> None:
    assert choices(map(str, range(301)), "") == []
    assert choices(["b"], "a") == ["a", "b"]


def test_counts_end_at_ten_thousand() -> None:
    assert [capped(number, 10_000) for number in (7, 9_999, 10_000, 12_345)] == ["7", "9,999", "10,000+", "10,000+"]
