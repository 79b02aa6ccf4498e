"""What a story's page gathers, and what people do there."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session

from core.errors import InputError
from pipeline import feedback
from pipeline import stories as changes
from pipeline.resend import resend
from storage import articles
from storage.engine import Database
from storage.tables import Article, Delivery, Story
from tests.web import rows
from web.diff import Kind, Piece
from web.pages import story
from web.pages.story import StoryPage, changes_of
from web.pages.story_desk import _moment


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


def page_of(db: Database, story_id: int = 1, *, who: str = "ada", after: int = 0) -> StoryPage:
    page = db.read_now(lambda session: story.gather(session, story_id, rows.NOW, who, after=after))
    assert page is not None
    return page


def by_hand(db: Database, story_id: int = 1) -> list[str]:
    return [event.what for event in page_of(db, story_id).events if event.by == "by hand"]


def test_a_storys_page_holds_texts_alerts_deliveries_and_decisions(db: Database) -> None:
    page = page_of(db)
    assert [(one.source, one.origin, one.state) for text in page.texts for one in text.tellings] == [
        ("Harbour Post", 1, "ready"),
        ("Eastward Radio", 2, "partial"),
    ]
    (alert,) = page.alerts
    assert [(one.target, one.state, one.trouble) for one in alert.deliveries] == [
        ("desk-mail:editor@desk.example", "sent", ""),
        ("desk-mail:late@desk.example", "dead", "the receiver refuses it for good: 550 no such user"),
    ]
    titles = [one.title for text in page.texts for one in text.tellings]
    assert [(one.stage, one.about) for one in page.decisions] == [
        ("story", titles[0]),
        ("story", titles[1]),
        ("send", titles[0]),
    ]
    assert [(event.by, event.what) for event in page.events] == [
        ("Harbour Post", "tells it: text 1"),
        ("Eastward Radio", "tells it: text 2"),
        ("alert (first)", "1 dead, 1 sent"),
    ]


def test_copies_stand_behind_the_text_that_they_are_copies_of(db: Database) -> None:
    told = [rows.Told(f"t{n}", source=f"S{n}", origin=origin) for n, origin in enumerate((1, 2, 1, 3, 2))]
    db.write_now(lambda session: rows.story(session, rows.feed(session), "Copied", told, ago=timedelta(0)))
    texts = page_of(db, 4).texts
    assert [(text.number, [one.source for one in text.tellings]) for text in texts] == [
        (1, ["S0", "S2"]),
        (2, ["S1", "S4"]),
        (3, ["S3"]),
    ]


def test_a_long_story_has_pages_too(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "TELLINGS", 1)
    first = page_of(db)
    second = page_of(db, after=first.later)
    assert [len(text.tellings) for text in (*first.texts, *second.texts)] == [1, 1]
    assert (second.texts[0].number, second.later) == (2, 0)
    assert [one.about for one in first.decisions] == [one.about for one in second.decisions]
    assert all(one.about for one in first.decisions)


def test_of_many_alerts_and_decisions_the_newest_are_shown(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule of 50,000 hits in one story had as many decisions: a page of 12 MB."""
    for until in (rows.NOW + rows.HOUR, rows.NOW + 2 * rows.HOUR):
        db.write_now(partial(changes.silence, story_id=1, until=until, who="ada", now=rows.NOW))
    db.write_now(lambda session: rows.alert(session, session.get_one(Story, 1), "c3" * 32, kind="update"))
    whole = page_of(db)
    monkeypatch.setattr(story, "NEWEST", 1)
    page = page_of(db)
    assert (len(whole.alerts), [one.kind for one in page.alerts]) == (2, [whole.alerts[-1].kind])
    assert (len(whole.decisions), [one.stage for one in page.decisions]) == (3, ["send"])
    assert by_hand(db) == [event.what for event in whole.events if event.by == "by hand"][1:]


def test_a_held_alert_says_until_when_and_a_silenced_story_too(db: Database) -> None:
    held = page_of(db, 2)
    assert (held.alerts[0].state, held.alerts[0].release) == ("held", rows.NOW + rows.HOUR)
    assert held.alerts[0].deliveries == ()
    assert ("alert (first)", "held: held until the quiet hours end") in [(one.by, one.what) for one in held.events]
    assert page_of(db, 3).story.silenced_until == rows.NOW + 40 * rows.HOUR


def test_an_unread_article_is_shown_in_its_feeds_words(db: Database) -> None:
    def unread(session: Session) -> None:
        row = session.get_one(Article, 1)
        row.revision, row.title, row.author, row.feed_title, row.feed_author = 0, "", "", "From the feed", "F. Eed"

    db.write_now(unread)
    (first, *_) = page_of(db).texts[0].tellings
    assert (first.title, first.author) == ("From the feed", "F. Eed")


def test_a_story_that_is_not_there_is_none(db: Database) -> None:
    def look(session: Session) -> list[object]:
        return [story.gather(session, number, rows.NOW, "ada") for number in (0, -1, 99, 2**31, 2**63, 10**30)]

    assert db.read_now(look) == [None] * 6


def test_a_story_is_silenced_opened_and_closed_and_says_by_whom(db: Database) -> None:
    until = rows.NOW + rows.HOUR
    db.write_now(lambda session: changes.silence(session, 1, until=until, who="ada", now=rows.NOW))
    head = page_of(db).story
    assert (head.state, head.silenced_until, head.silenced_by) == ("silenced", until, "ada")
    db.write_now(lambda session: changes.reopen(session, 1, who="bob", now=rows.NOW + rows.MINUTE))
    assert (page_of(db).story.state, page_of(db).story.silenced_by) == ("open", "")
    db.write_now(lambda session: changes.close(session, 1, who="eve", now=rows.NOW + 2 * rows.MINUTE))
    assert page_of(db).story.state == "closed"
    assert by_hand(db) == [f"silenced until {until:%d %b %Y, %H:%M} UTC by ada", "opened again by bob", "closed by eve"]


def test_a_closed_story_is_not_silenced_and_no_story_until_yesterday(db: Database) -> None:
    def silence(session: Session) -> str:
        return changes.silence(session, 1, until=rows.NOW - rows.HOUR, who="ada", now=rows.NOW)

    with pytest.raises(InputError, match="is over"):
        db.write_now(silence)
    db.write_now(lambda session: changes.close(session, 1, who="ada", now=rows.NOW))
    with pytest.raises(InputError, match="is closed"):
        db.write_now(silence)


def test_not_this_is_said_of_a_hit_and_taken_back_by_who_said_it(db: Database) -> None:
    db.write_now(lambda session: feedback.not_this_hit(session, 2, who="ada", now=rows.NOW))
    db.write_now(lambda session: feedback.not_this_hit(session, 2, who="bob", now=rows.NOW))
    (second,) = page_of(db).texts[1].tellings
    assert (second.wrong, second.mine) == (("ada", "bob"), True)
    assert not page_of(db, who="eve").texts[1].tellings[0].mine
    done = db.write_now(lambda session: feedback.take_back(session, 2, who="ada", now=rows.NOW))
    assert done == "“not this” of the rule port-strike taken back by ada"
    assert page_of(db).texts[1].tellings[0].wrong == ("bob",)
    assert len(by_hand(db)) == 3
    with pytest.raises(InputError, match="there is no hit 99"):
        db.write_now(lambda session: feedback.not_this_hit(session, 99, who="ada", now=rows.NOW))


def test_what_a_recipient_said_through_a_link_bears_the_recipients_name(db: Database) -> None:
    db.write_now(lambda session: feedback.not_this(session, rows.RULE, "1", who="ann@desk.example", now=rows.NOW))
    assert not page_of(db).texts[0].tellings[0].mine
    assert page_of(db).texts[1].tellings[0].wrong == ("ann@desk.example",)


@pytest.mark.parametrize("which", ["2", "dead"])
def test_a_dead_delivery_is_sent_again_by_hand_and_a_sent_one_is_not(db: Database, which: str) -> None:
    assert db.write_now(lambda session: resend(session, which, who="ada", now=rows.NOW)) == 1
    assert db.read_now(lambda session: session.get_one(Delivery, 2).state) == "retry"
    assert by_hand(db) == ["to be sent again to desk-mail:late@desk.example in the next run, says ada"]
    with pytest.raises(InputError, match="delivery 1 is sent"):
        db.write_now(lambda session: resend(session, "1", who="ada", now=rows.NOW))


def test_an_article_that_changed_says_when_and_word_by_word_how(db: Database) -> None:
    def edit(session: Session) -> None:
        row = session.get_one(Article, 1)
        row.text, row.revision = "Crane drivers walked out.\n\nThe port waits.", 1
        articles.keep_revision(session, row, rows.NOW)
        row.text, row.revision = "Crane drivers went home.\n\nThe port waits.", 2

    db.write_now(edit)
    assert page_of(db).texts[0].tellings[0].changed == (rows.NOW,)
    assert ("Harbour Post", "changed its text") in [(one.by, one.what) for one in page_of(db).events]
    (change,) = db.read_now(lambda session: changes_of(session, 1))
    assert change.at == rows.NOW
    assert list(change.text) == [
        Piece(Kind.SAME, "Crane drivers", paragraph=True),
        Piece(Kind.GONE, "walked out."),
        Piece(Kind.NEW, "went home."),
        Piece(Kind.CUT, "… 1 unchanged …", paragraph=True),
    ]
    assert db.read_now(lambda session: changes_of(session, 99)) == []


def test_a_headline_that_changed_is_told_from_what_to_what(db: Database) -> None:
    def edit(session: Session) -> None:
        row = session.get_one(Article, 1)
        row.title, row.revision = "Walk-out <b>", 1
        articles.keep_revision(session, row, rows.NOW)
        row.title, row.revision = "Strike", 2

    db.write_now(edit)
    told = [one.what for one in page_of(db).events if one.by == "Harbour Post"]
    assert told == ["tells it: text 1", "changed its headline from “Walk-out <b>” to “Strike”"]


def test_a_feeds_words_that_changed_are_compared_with_those_after_them(db: Database) -> None:
    def edit(session: Session) -> None:
        row = session.get_one(Article, 2)
        row.revision, row.feed_title = 0, "one two"
        for title in ("one three", "four three"):
            articles.keep_feed_words(session, row, rows.NOW)
            session.flush()
            row.feed_title = title

    db.write_now(edit)
    found = db.read_now(lambda session: changes_of(session, 2))
    assert [[piece.text for piece in one.title] for one in found] == [["one", "four", "three"], ["one", "two", "three"]]


def test_a_time_to_silence_until_is_read_as_utc() -> None:
    assert _moment("2026-12-01T08:30").isoformat() == "2026-12-01T08:30:00+00:00"
    with pytest.raises(InputError, match="no time"):
        _moment("")
