"""What each page gathers from the rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from storage.engine import Database
from storage.tables import Alert, Article, Hit, Story
from tests.web import rows
from web.pages import deliveries, inbox, story
from web.text import marked


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


def test_the_inbox_is_newest_first_with_the_matched_sentence(db: Database) -> None:
    lines, rules = db.read_now(lambda session: inbox.gather(session, rows.NOW, rule="", state=""))
    assert [line.id for line in lines] == [1, 2, 3]
    assert rules == ["port-strike", "river-flood"]
    first = lines[0]
    assert (first.sources, first.origins, first.articles) == (("Harbour Post", "Eastward Radio"), 2, 2)
    assert first.passage is not None
    assert "<mark>on strike</mark>" in marked(first.passage["sentence"], first.passage["marks"])


def test_the_inbox_is_narrowed_by_rule_and_state(db: Database) -> None:
    cases = {("port-strike", ""): [1, 3], ("", "silenced"): [3], ("port-strike", "open"): [1], ("' OR 1=1", ""): []}

    def narrowed(session: Session) -> None:
        for (rule, state), ids in cases.items():
            lines, rules = inbox.gather(session, rows.NOW, rule=rule, state=state)
            assert [line.id for line in lines] == ids
            assert not rule or rule in rules

    db.read_now(narrowed)


def test_a_sentence_of_the_text_goes_before_one_of_the_title(db: Database) -> None:
    def add_title(session: Session) -> None:
        hit = session.get_one(Hit, 1)
        hit.sentences = [{"field": "title", "sentence": "Port strike", "marks": [[5, 11]]}, *hit.sentences]

    db.write_now(add_title)
    lines, _ = db.read_now(lambda session: inbox.gather(session, rows.NOW, rule="", state=""))
    assert lines[0].passage is not None
    assert lines[0].passage["field"] == "text"


def test_sources_beyond_four_are_counted_and_what_is_from_before_says_so(db: Database) -> None:
    def add(session: Session) -> None:
        told = [rows.Told("t", source=f"S{n}", url=f"https://s{n}.example/") for n in range(6)]
        row = rows.story(session, rows.feed(session, "x", "https://x.example"), "t", told, ago=timedelta(0))
        for hit in session.exec(select(Hit).where(Hit.story_id == row.id)):
            hit.state = "from_before"

    db.write_now(add)
    lines, _ = db.read_now(lambda session: inbox.gather(session, rows.NOW, rule="", state=""))
    assert (lines[0].sources, lines[0].more_sources) == (("S0", "S1", "S2", "S3"), 2)
    assert lines[0].told
    assert lines[0].passage is None


def test_a_storys_page_holds_articles_alerts_deliveries_and_decisions(db: Database) -> None:
    page = db.read_now(lambda session: story.gather(session, 1, rows.NOW))
    assert page is not None
    assert [(one.source, one.origin, one.state) for one in page.articles] == [
        ("Harbour Post", 1, "ready"),
        ("Eastward Radio", 2, "partial"),
    ]
    (alert,) = page.alerts
    assert [(one.target, one.state, one.trouble) for one in alert.deliveries] == [
        ("desk-mail:editor@desk.example", "sent", ""),
        ("desk-mail:late@desk.example", "dead", "the receiver refuses it for good: 550 no such user"),
    ]
    assert [one.stage for one in page.decisions] == ["story", "story", "send"]


def test_a_held_alert_says_until_when_and_a_silenced_story_too(db: Database) -> None:
    held = db.read_now(lambda session: story.gather(session, 2, rows.NOW))
    assert held is not None
    assert (held.alerts[0].state, held.alerts[0].release) == ("held", rows.NOW + rows.HOUR)
    assert held.alerts[0].deliveries == ()
    silenced = db.read_now(lambda session: story.gather(session, 3, rows.NOW))
    assert silenced is not None
    assert silenced.story.silenced_until == rows.NOW + 40 * rows.HOUR


def test_an_unread_article_is_shown_in_its_feeds_words(db: Database) -> None:
    def unread(session: Session) -> None:
        row = session.get_one(Article, 1)
        row.revision, row.title, row.author, row.feed_title, row.feed_author = 0, "", "", "From the feed", "F. Eed"

    db.write_now(unread)
    page = db.read_now(lambda session: story.gather(session, 1, rows.NOW))
    assert page is not None
    assert (page.articles[0].title, page.articles[0].author) == ("From the feed", "F. Eed")


def test_a_story_that_is_not_there_is_none(db: Database) -> None:
    def look(session: Session) -> list[object]:
        return [story.gather(session, story_id, rows.NOW) for story_id in (0, -1, 99, 2**31, 2**63, 10**30)]

    assert db.read_now(look) == [None] * 6


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ({"type": "notice", "subject": "channel desk-mail is paused"}, "channel desk-mail is paused"),
        ({"type": "digest", "title": "Strikes at ports"}, "Strikes at ports"),
        ({"type": "alert", "article": {"title": "Port workers walk out"}}, "Port workers walk out"),
        ({}, "again"),
    ],
)
def test_an_alert_is_called_what_its_message_says(view: dict[str, object], said: str) -> None:
    assert deliveries.headline(Alert(id="x", rule_id="r", kind="again", view=view, made_at=rows.NOW)) == said


def test_a_story_counts_what_it_holds(db: Database) -> None:
    assert db.read_now(lambda session: session.get_one(Story, 1).articles) == 2
