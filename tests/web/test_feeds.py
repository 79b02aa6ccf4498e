"""What the pages of feeds gather, how they are narrowed, and lists of feeds in and out."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlmodel import Session

from core.settings import Settings
from fetching import opml
from pipeline import subscriptions
from pipeline.advice import ADVICE, advice
from pipeline.revising import Conflict
from rules.config import load
from storage import configs
from storage import feeds as rows_of
from storage.engine import Database
from storage.feeds import FeedSpec, Named
from storage.polls import News
from storage.tables import Entry, FeedPoll
from tests.web import rows
from tests.web.asgi import Visitor
from web.app import bare_app
from web.editing import edited
from web.pages import feed, feeds
from web.pages.feeds import Filter, Line
from web.render import render

FOLDER = '<outline text="Ports"><outline xmlUrl="https://a.example/f" text="A"/></outline>'
TWO = f'<opml version="2.0"><body>{FOLDER}</body></opml>'
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(autouse=True)
def _rows(db: Database) -> None:
    db.write_now(rows.newsroom)


def lines(db: Database, chosen: Filter | None = None) -> dict[str, Line]:
    page = db.read_now(lambda session: feeds.gather(session, rows.NOW, chosen))
    return {line.name: line for line in page.lines}


def test_a_feed_tells_its_day_and_its_trouble(db: Database) -> None:
    found = lines(db)
    post, down = found["Harbour Post"], found["Silent Gazette"]
    assert (post.state, post.trouble, post.new, post.full) == ("ok", "", 96, "3 of 4")
    assert (down.state, down.trouble, down.gaps, down.full) == (
        "failing",
        "the host's certificate is not valid: certificate has expired",
        2,
        "–",
    )


def pause(db: Database, name: str, by: str) -> None:
    """As somebody, or its host, did."""

    def work(session: Session) -> None:
        row = rows_of.by_name(session, name)
        assert row is not None
        rows_of.pause(session, row, by)

    db.write_now(work)


def test_a_paused_feed_says_by_whom_and_has_no_next_poll(db: Database) -> None:
    pause(db, "Harbour Post", "ada")
    line = lines(db)["Harbour Post"]
    assert (line.trouble, line.next) == ("paused by ada", None)
    page = db.read_now(lambda session: feed.gather(session, line.id, rows.NOW))
    assert page is not None
    assert page.advice == "It is polled again when somebody resumes it."


def test_a_feed_that_its_host_paused_says_why_and_keeps_its_last_error(db: Database) -> None:
    pause(db, "Silent Gazette", "gone")
    line = lines(db)["Silent Gazette"]
    assert line.trouble == "paused: the host says the page is gone for good"
    page = db.read_now(lambda session: feed.gather(session, line.id, rows.NOW))
    assert page is not None
    shown = render("feed.html", page=page)
    assert "The last error: the host&#39;s certificate is not valid: certificate has expired." in shown
    assert "well again" not in shown


@pytest.mark.parametrize(("minutes", "said"), [(5, False), (60, True)])
def test_a_feed_says_when_its_server_has_it_wait_for_longer_than_its_interval(
    db: Database, minutes: int, said: bool
) -> None:
    def asked(session: Session) -> int:
        row = rows_of.by_name(session, "Harbour Post")
        assert row is not None
        row.every_s, row.last_polled_at = 300.0, rows.NOW
        row.not_before = row.next_poll_at = rows.NOW + timedelta(minutes=minutes)
        session.add(row)
        return row.id or 0

    key = db.write_now(asked)
    page = db.read_now(lambda session: feed.gather(session, key, rows.NOW))
    assert ("its server asks to be left alone until" in render("feed.html", page=page)) == said


def test_feeds_are_narrowed_by_state_tag_and_text(db: Database) -> None:
    def tag(session: Session) -> None:
        row = rows_of.by_name(session, "Harbour Post")
        assert row is not None
        row.tags = ["ports"]
        session.add(row)

    db.write_now(tag)
    assert list(lines(db, Filter(state="failing"))) == ["Silent Gazette"]
    assert list(lines(db, Filter(tag="ports"))) == ["Harbour Post"]
    assert list(lines(db, Filter(text="EASTWARD-radio.example"))) == ["Eastward Radio"]
    assert list(lines(db, Filter(state="ok", text="gazette"))) == []
    page = db.read_now(lambda session: feeds.gather(session, rows.NOW, Filter(tag="ports")))
    assert (page.found, page.total, page.in_order, page.tags) == (1, 3, 2, ["ports"])
    assert page.counts == [("ok", 2), ("failing", 1)]


def test_more_feeds_than_fit_are_on_pages_that_follow_each_other(db: Database) -> None:
    specs = [FeedSpec(f"https://x.example/{n}", f"x{n:03}", "feed", "", (), "en", None, 1.0) for n in range(230)]
    db.write_now(lambda session: rows_of.sync(session, specs, rows.NOW))
    seen: list[str] = []
    rest, after = "begin", 0
    while rest:
        page = db.read_now(partial(feeds.gather, at=rows.NOW, chosen=Filter(text="X"), after=after))
        seen += [line.name for line in page.lines]
        rest, after = page.rest, page.lines[-1].id
        assert not rest or rest == f"/feeds?q=X&after={after}"
    assert seen == [f"x{n:03}" for n in range(230)]


def test_a_page_behind_a_feed_that_went_away_begins_anew() -> None:
    one = Named(5, "a", "https://a.example", "ok", ())
    assert feeds.part([one], 99) == [one]


def test_items_are_counted_by_the_hour_they_came_in() -> None:
    polls = [
        News(1, rows.NOW - ago, new)
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


def test_a_feeds_page_tells_its_week_its_trouble_and_its_newest_entries(db: Database) -> None:
    def add(session: Session) -> int:
        down = rows_of.by_name(session, "Silent Gazette")
        assert down is not None
        for days, outcome in ((1, "failed"), (2, "not_modified"), (8, "failed")):
            at = rows.NOW - timedelta(days=days, minutes=5)
            session.add(FeedPoll(feed_id=down.id or 0, at=at, outcome=outcome, reason="tls", gap=days == 2))
        for number in range(40):
            article = 1 if number == 39 else None
            session.add(
                Entry(
                    feed_id=down.id or 0,
                    key=str(number),
                    title=f"Entry {number}",
                    article_id=article,
                    first_seen_at=rows.NOW,
                    last_seen_at=rows.NOW,
                )
            )
            session.flush()
        return down.id or 0

    key = db.write_now(add)
    page = db.read_now(lambda session: feed.gather(session, key, rows.NOW))
    assert page is not None
    assert page.error == "the host's certificate is not valid: certificate has expired"
    assert page.advice.startswith("The site has to renew its certificate")
    assert page.outcomes == {"changed": 24, "failed": 1, "not_modified": 1, "gap": 1}
    assert page.polled == 26
    assert [one.title for one in page.entries] == [f"Entry {number}" for number in range(39, 9, -1)]
    assert [one.state for one in page.entries[:2]] == ["ready", ""]
    assert (page.interval, page.fixed) == ("15.0 min", False)


def test_a_feed_that_is_not_there_has_no_page(db: Database) -> None:
    db.write_now(lambda session: rows_of.sync(session, [], rows.NOW))
    for key in (0, 1, 99, 2**31, 10**30):
        assert db.read_now(partial(feed.gather, feed_id=key, at=rows.NOW)) is None


def test_advice_is_a_sentence_and_unknown_reasons_have_none() -> None:
    assert all(text.endswith(".") for text in ADVICE.values())
    assert (advice("dns")[:3], advice("no such reason"), advice("")) == ("See", "", "")


@pytest.fixture
def visitor(db: Database, tmp_path: Path) -> Visitor:
    settings = Settings(_env_file=None, config=tmp_path / "watch.yaml", data=tmp_path)
    return Visitor(bare_app(settings, db, "key"))


async def test_the_feeds_leave_as_opml(visitor: Visitor) -> None:
    answer = await visitor.get("/feeds.opml")
    assert answer.headers["content-disposition"] == 'attachment; filename="feeds.opml"'
    assert {one.title for one in opml.read(answer.content).feeds} == {
        "Harbour Post",
        "Eastward Radio",
        "Silent Gazette",
    }


async def test_a_list_and_an_opml_file_come_in_as_revisions_under_a_name(db: Database, visitor: Visitor) -> None:
    listed = await visitor.post("/feeds/import", FORM, "addresses=https%3A%2F%2Fb.example%2Ff+ports")
    assert (listed.status_code, "1 feeds added" in listed.text) == (200, True)
    answer = await visitor.client.post("/feeds/import", files={"opml": ("mine.opml", TWO.encode())})
    assert answer.status_code == 200
    history = db.read_now(lambda session: configs.listing(session, 0, 10))
    assert [(one.who, one.note) for one in history] == [
        ("local", "feeds import mine.opml"),
        ("local", "feeds import the list"),
    ]
    active = db.read_now(configs.active)
    assert active is not None
    assert [(one.config_url, one.tags) for one in load(active.text).feeds] == [
        ("https://b.example/f", ("ports",)),
        ("https://a.example/f", ("Ports",)),
    ]


async def test_an_edit_on_the_page_needs_no_secret_and_leaves_the_file_alone(
    db: Database, visitor: Visitor, tmp_path: Path
) -> None:
    text = "version: 1\nchannels:\n  hook: {url: '${HOOK_URL}'}\n"
    (tmp_path / "watch.yaml").write_text(text, "utf-8")
    db.write_now(lambda session: rows.config(session, text))
    answer = await visitor.post("/feeds/import", FORM, "addresses=https%3A%2F%2Fb.example%2Ff")
    assert (answer.status_code, "Revision 2: 1 feeds added" in answer.text) == (200, True)
    assert (tmp_path / "watch.yaml").read_text("utf-8") == text


@pytest.mark.parametrize("times", [1, subscriptions.TRIES])
async def test_an_edit_that_is_overtaken_is_made_again_upon_theirs_and_overwrites_nothing(
    db: Database, times: int
) -> None:
    overtaken: list[str] = []

    def slow(text: str) -> subscriptions.Edited:
        if len(overtaken) < times:
            overtaken.append(f"# theirs {len(overtaken)}\n")
            db.write_now(lambda session: rows.config(session, text + overtaken[-1]))
        return subscriptions.add(text, "https://b.example/f")

    if times < subscriptions.TRIES:
        assert "added" in await edited(db, slow, "ada", "feeds add")
    else:
        with pytest.raises(Conflict):
            await edited(db, slow, "ada", "feeds add")
    active = db.read_now(configs.active)
    assert active is not None
    assert all(line in active.text for line in overtaken)
    assert ("https://b.example/f" in active.text) == (times < subscriptions.TRIES)


@pytest.mark.parametrize(
    "source", ["<html/>", "<!DOCTYPE x><opml/>", "javascript:alert(1)", "x" * (opml.MOST_BYTES + 9)]
)
async def test_a_list_that_cannot_be_read_changes_nothing_and_says_why(
    db: Database, visitor: Visitor, source: str
) -> None:
    for sent in ({"opml": ("<b>.opml", source.encode())}, {"addresses": (None, source)}):
        answer = await visitor.client.post("/feeds/import", files=sent)
        assert (answer.status_code, "No feed was added" in answer.text, "<b>" in answer.text) == (422, True, False)
    assert db.read_now(configs.active) is None


async def test_what_is_left_out_of_a_list_is_told_line_by_line(visitor: Visitor) -> None:
    sent = {"opml": ("<b>.opml", b"https://b.example/f\njavascript:alert(1)\nftp://c.example/")}
    answer = await visitor.client.post("/feeds/import", files=sent)
    assert (answer.status_code, "1 feeds added, 0 were there already, 2 left out" in answer.text) == (200, True)
    assert answer.text.count("&lt;b&gt;.opml:") == 2


async def test_a_long_list_may_be_pasted(visitor: Visitor) -> None:
    text = "https://b.example/f\n" + "# nothing here\n" * 100_000
    answer = await visitor.client.post("/feeds/import", files={"addresses": (None, text)})
    assert (answer.status_code, "Feeds added" in answer.text) == (200, True)


async def test_another_sites_form_adds_nothing(db: Database, visitor: Visitor) -> None:
    answer = await visitor.post(
        "/feeds/import", FORM | {"origin": "https://evil.example"}, "addresses=https%3A%2F%2Fb.example%2Ff"
    )
    assert answer.status_code == 403
    assert db.read_now(configs.active) is None
