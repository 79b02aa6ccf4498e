"""Work that is done on the pages of feeds, deliveries and settings, from the first click to what it left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect
from sqlmodel import Session, select

from pipeline import people as changes
from rules.config import load
from storage import configs, people
from storage.tables import Delivery, Feed, Target
from tests.browser.site import PHONE, Look, Site, looking, opened, serving
from tests.builders import rss
from tests.sinks.http import Answer, HttpSink, Request
from tests.web import rows

T = TypeVar("T")
FIRST = "version: 1\nfeeds:\n  - url: https://harbour-post.example/feed.atom\n    name: Harbour Post\n"
SECOND = FIRST + "  - url: https://other.example/rss\n    name: Other\n"
OPML = """<?xml version="1.0"?><opml version="2.0"><body><outline text="Ports">
<outline xmlUrl="https://quay.example/rss" title="Quay News"/><outline xmlUrl="https://harbour-post.example/feed.atom"/>
</outline></body></opml>"""


def fill(session: Session) -> None:
    """The newsroom, two revisions, and a target that is paused."""
    rows.newsroom(session)
    rows.config(session, FIRST)
    rows.config(session, SECOND)
    target = session.get_one(Target, "desk-mail:late@desk.example")
    target.state, target.pause_reason, target.paused_at = "paused", "auth", rows.NOW
    session.add(target)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serving(tmp_path, fill, config=str(tmp_path / "watch.yaml")) as site:
        yield site


@pytest.fixture
def work(browser: Browser, site: Site) -> Iterator[Look]:
    with looking(browser, site) as look:
        yield look


def stored(folder: Path, read: Callable[[Session], T]) -> T:
    """What is in the database now."""
    with opened(folder) as database:
        return database.read_now(read)


def said(page: Page, text: str) -> None:
    """What was done is said where a screen reader hears of it."""
    expect(page.get_by_role("status").filter(has_text=text)).to_be_visible()


def test_a_dead_letter_is_found_looked_into_and_sent_again(work: Look, tmp_path: Path) -> None:
    page = work.at("/deliveries")
    page.get_by_role("link", name="dead 1").click()
    page.wait_for_url("**/deliveries?state=dead")
    page.get_by_role("link", name="Delivery 2").click()
    page.wait_for_url("**/deliveries/2")
    page.wait_for_function("window.did_handshake")
    expect(page.get_by_text("550 no such user")).to_be_visible()
    page.get_by_role("button", name="Resume the target").click()
    said(page, "desk-mail:late@desk.example is sent to again.")
    page.get_by_role("button", name="Drop").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Drop it").click()
    said(page, "Delivery 2 is not sent any more, unless somebody resends it.")
    assert stored(tmp_path, lambda session: session.get_one(Delivery, 2).state) == "suppressed"
    page.get_by_role("button", name="Resend").press("Enter")
    said(page, "Delivery 2 is tried again in the next cycle.")
    row = stored(tmp_path, lambda session: session.get_one(Delivery, 2))
    assert (row.state, row.attempts) == ("retry", 0)
    assert stored(tmp_path, lambda session: session.get_one(Target, row.target_id).state) == "ok"


def test_all_dead_letters_of_a_channel_are_sent_again_once_that_was_agreed(work: Look, tmp_path: Path) -> None:
    page = work.at("/deliveries?state=dead&channel=desk-mail")
    ask = page.get_by_role("button", name="Send all dead letters of desk-mail again")
    question = page.get_by_role("alertdialog")
    ask.click()
    expect(question).to_contain_text("Send all 1 dead letters of desk-mail again?")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    assert stored(tmp_path, lambda session: session.get_one(Delivery, 2).state) == "dead"
    ask.click()
    question.get_by_role("button", name="Send them again").click()
    said(page, "1 dead letters of desk-mail are tried again in the next cycle.")
    assert stored(tmp_path, lambda session: session.get_one(Delivery, 2).state) == "retry"


def test_feeds_come_in_by_an_opml_file_and_one_goes_again(work: Look, tmp_path: Path) -> None:
    page = work.at("/feeds")
    page.get_by_role("link", name="Add feeds").click()
    page.wait_for_url("**/feeds/add")
    file = FilePayload(name="mine.opml", mimeType="text/x-opml", buffer=OPML.encode())
    page.get_by_label("A list of feeds as other readers write it").set_input_files([file])
    page.get_by_role("button", name="Add its feeds").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Feeds added")
    expect(page.get_by_text("Revision 3: 1 feeds added, 1 were there already.")).to_be_visible()
    page.get_by_role("link", name="All feeds").click()
    page.wait_for_url("**/feeds")
    page.wait_for_function("window.did_handshake")
    page.get_by_role("link", name="Quay News").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quay News")
    page.wait_for_function("window.did_handshake")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    page.wait_for_url("**/feeds")
    history = stored(tmp_path, lambda session: configs.listing(session, 0, 2))
    assert [(one.who, one.note) for one in history] == [
        ("local", "feeds remove https://quay.example/rss"),
        ("local", "feeds import mine.opml"),
    ]


def test_a_page_that_looks_for_feeds_stands_while_the_site_takes_its_time(browser: Browser, tmp_path: Path) -> None:
    stands = threading.Event()

    def slow(_: Request) -> Answer:
        stands.wait(30.0)
        return Answer(200, {"Content-Type": "application/rss+xml"}, rss(title="Slow News"))

    with (
        HttpSink(slow) as news,
        serving(tmp_path, fill, allow_addresses="127.0.0.0/8") as site,
        looking(browser, site) as look,
    ):
        page = look.at(f"/feeds/add?address={quote(news.url('/rss'))}")
        expect(page.get_by_text("Looking for feeds there")).to_be_visible()
        stands.set()
        said(page, "1 feed was found there.")
        expect(page.get_by_text("Looking for feeds there")).to_have_count(0)
        page.get_by_role("button", name="Add Slow News").click()
        said(page, f"Revision 3: {news.url('/rss')} added.")
        expect(page.get_by_text("is watched")).to_be_visible()


def test_a_feed_is_paused_by_name_and_resumed_with_the_keyboard_on_a_phone(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    def state() -> tuple[str, str]:
        def read(session: Session) -> tuple[str, str]:
            row = session.exec(select(Feed).where(Feed.name == "Eastward Radio")).one()
            return row.state, row.paused_by

        return stored(tmp_path, read)

    with looking(browser, site, viewport=PHONE) as look:
        page = look.at("/feeds?q=eastward")
        page.get_by_role("button", name="Pause Eastward Radio").press("Enter")
        said(page, "Eastward Radio is paused.")
        assert state() == ("paused", "local")
        expect(page.locator(".said")).to_be_focused()  # its button is gone
        expect(page.get_by_text("paused by local")).to_be_visible()
        page.get_by_role("button", name="Resume Eastward Radio").press("Enter")
        said(page, "Eastward Radio is polled again, in the next cycle.")
        assert state() == ("ok", "")
        page.get_by_role("button", name="Poll now Eastward Radio").press("Enter")
        said(page, "Eastward Radio is polled in the next cycle.")
        expect(page.get_by_role("button", name="Poll now Eastward Radio")).to_be_focused()


def test_a_revision_is_compared_and_rolled_back_to(work: Look, tmp_path: Path) -> None:
    page = work.at("/settings")
    page.get_by_role("link", name="What it changed in revision 2").click()
    page.wait_for_url("**/settings?a=1&b=2")
    page.wait_for_function("window.did_handshake")
    expect(page.locator("ins")).to_have_text(
        ["+++ revision 2", "+  - url: https://other.example/rss", "+    name: Other"]
    )
    page.get_by_role("button", name="Roll back to revision 1").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Roll back").click()
    said(page, "Revision 3 is active, with the text of revision 1.")
    expect(page.get_by_role("row", name="rollback to 1")).to_be_visible()
    active = stored(tmp_path, configs.active)
    assert active is not None
    assert [one.name for one in load(active.text).feeds] == ["Harbour Post"]
    assert not stored(
        tmp_path, lambda session: session.exec(select(Feed.active).where(Feed.name == "Eastward Radio")).one()
    )


def test_rolling_back_overwrites_no_revision_that_the_page_did_not_show(work: Look, tmp_path: Path) -> None:
    page = work.at("/settings")
    with opened(tmp_path) as database:
        database.write_now(lambda session: rows.config(session, SECOND.replace("Other", "Another")))
    page.get_by_role("button", name="Roll back to revision 1").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Roll back").click()
    said(page, "revision 3 is active, not 2")
    assert stored(tmp_path, configs.active_revision) == 3
    page.get_by_role("button", name="Roll back to revision 1").click()  # now it shows that one
    page.get_by_role("alertdialog").get_by_role("button", name="Roll back").click()
    said(page, "Revision 4 is active, with the text of revision 1.")


def test_somebody_gets_a_name_and_a_token_and_leaves(work: Look, tmp_path: Path) -> None:
    page = work.at("/settings")
    question = page.get_by_role("alertdialog")
    page.get_by_role("button", name="Add somebody").click()
    expect(question.get_by_label("Name")).to_be_focused()
    page.keyboard.type("ada")
    question.get_by_label("Password").fill("short")
    page.keyboard.press("Enter")
    said(page, "Not done: a password has 10 to 1000 characters.")
    page.get_by_role("button", name="Add somebody").click()
    question.get_by_label("Name").fill("ada")
    question.get_by_label("Password").fill("correct horse")
    assert question.get_by_label("Password").get_attribute("type") == "password"
    question.get_by_role("button", name="Add").click()
    said(page, "ada can sign in.")
    row = stored(tmp_path, lambda session: people.find(session, "ada"))
    assert changes.checked(row, "correct horse") is not None

    page.get_by_role("button", name="New token to read for ada").click()
    question.get_by_label("Name of the program").fill("panel")
    page.keyboard.press("Enter")
    said(page, "The token of panel, shown only now: ww_")
    expect(page.get_by_role("row", name="ada")).to_contain_text("reads only")
    page.get_by_role("button", name="Revoke panel").click()
    question.get_by_role("button", name="Revoke").click()
    said(page, "The token of panel opens nothing any more.")
    page.get_by_role("button", name="New token for ada").click()
    question.get_by_label("Name of the program").fill('çi "2"')
    page.keyboard.press("Enter")
    said(page, 'The token of çi "2", shown only now: ww_')
    token = page.get_by_role("status").filter(has_text="ww_").inner_text().rsplit(" ", 1)[-1]
    found = stored(tmp_path, lambda session: people.of_hash(session, changes.token_hash(token)))
    assert found is not None
    page.get_by_role("button", name='Revoke çi "2"').click()
    question.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name='Revoke çi "2"')).to_be_focused()
    page.get_by_role("button", name='Revoke çi "2"').click()
    question.get_by_role("button", name="Revoke").click()
    said(page, 'The token of çi "2" opens nothing any more.')
    assert stored(tmp_path, people.tokens) == []

    page.get_by_role("button", name="Remove ada").click()
    question.get_by_role("button", name="Remove").click()
    said(page, "ada cannot sign in any more.")
    expect(page.get_by_role("row", name="ada")).to_contain_text("left")


def test_stats_draw_a_chart_and_have_its_numbers_beside_it(work: Look) -> None:
    page = work.at("/stats?days=1")
    expect(page.get_by_role("img", name="Articles, hits and alerts").locator("canvas")).to_be_visible()
    page.get_by_text("The numbers of this chart").click()
    expect(page.get_by_role("table", name="Articles, hits and alerts").locator("tbody tr")).to_have_count(24)
    expect(page.get_by_role("region", name="By rule").get_by_role("row", name="port-strike")).to_contain_text("min")
