"""What each page gathers from the rows."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from storage import feeds as feed_rows
from storage import optouts
from storage.engine import Database
from storage.tables import Alert, FeedPoll, Story
from tests.web import rows
from web.pages import deliveries, feeds


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


def test_a_feed_tells_its_day_and_its_trouble(db: Database) -> None:
    lines = {line.name: line for line in db.read_now(lambda session: feeds.gather(session, rows.NOW))}
    post, down = lines["Harbour Post"], lines["Silent Gazette"]
    assert (post.state, post.trouble, post.new, post.full) == ("ok", "", 96, "3 of 4")
    assert (down.state, down.trouble, down.gaps, down.full) == (
        "failing",
        "the host's certificate is not valid: certificate has expired",
        2,
        "–",
    )


def test_a_paused_feed_says_by_whom_and_has_no_next_poll(db: Database) -> None:
    def pause(session: Session) -> None:
        row = feed_rows.by_name(session, "Harbour Post")
        assert row is not None
        feed_rows.pause(session, row, "ada")

    db.write_now(pause)
    line = next(
        one for one in db.read_now(lambda session: feeds.gather(session, rows.NOW)) if one.name == "Harbour Post"
    )
    assert (line.trouble, line.next) == ("paused by ada", None)


def test_items_are_counted_by_the_hour_they_came_in() -> None:
    polls = [
        FeedPoll(feed_id=1, at=rows.NOW - ago, outcome="changed", new=new)
        for ago, new in (
            (rows.MINUTE, 2),
            (59 * rows.MINUTE, 3),
            (rows.HOUR, 7),
            (24 * rows.HOUR, 9),
            (-rows.MINUTE, 5),
        )
    ]
    hourly = feeds.by_hour(polls, rows.NOW)
    assert (len(hourly), hourly[-1], hourly[-2], sum(hourly)) == (24, 5, 7, 12)


def test_the_busiest_hour_is_the_highest_bar_and_a_quiet_one_is_a_line() -> None:
    assert feeds.bars([0, 5, 10]) == ((0, 19, 1), (4, 10, 10), (8, 0, 20))
    assert feeds.bars([0, 0]) == ((0, 19, 1), (4, 19, 1))


def test_the_ledger_is_newest_first_and_narrowed_by_state(db: Database) -> None:
    page = db.read_now(lambda session: deliveries.gather(session, ""))
    assert [one.state for one in page.lines] == ["dead", "sent"]
    assert (page.counts, page.total) == ([("dead", 1), ("sent", 1)], 2)
    assert page.lines[0].headline == "Port workers at Callender walk out over night shifts"
    assert [one.state for one in db.read_now(lambda session: deliveries.gather(session, "sent")).lines] == ["sent"]
    assert len(db.read_now(lambda session: deliveries.gather(session, "' OR 1=1")).lines) == 2


def test_who_asked_for_no_more_is_listed(db: Database) -> None:
    page = db.read_now(lambda session: deliveries.gather(session, ""))
    assert [(one.rule_id, one.target_id) for one in page.opted_out] == [("river-flood", "desk-mail:late@desk.example")]
    db.write_now(lambda session: optouts.remove(session, "river-flood", "desk-mail:late@desk.example"))
    assert not db.read_now(lambda session: deliveries.gather(session, "")).opted_out


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
