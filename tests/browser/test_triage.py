"""How somebody works through what came in: by keyboard, with what they did said and kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import text
from sqlmodel import Session

from storage import articles
from storage.tables import Article, Delivery, Story
from tests.browser.site import PHONE, Look, Site, looking, opened, serving
from tests.web import rows

FOCUSED = "document.activeElement.innerText"
AN_ASKING_AND_MORE = 60_000  # ms; an open page asks every second here, on a busy machine too


def fill(session: Session) -> None:
    """The newsroom, one of whose articles changed and one story of which has a copy."""
    rows.newsroom(session)
    changed = session.get_one(Article, 1)
    changed.text = "Crane drivers walked out.\nThe port waits."
    articles.keep_revision(session, changed, rows.NOW)
    changed.text, changed.revision = "Crane drivers went home.\nThe port waits.", 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def look(browser: Browser, folder: Path) -> Iterator[Look]:
    """A newsroom of its own: here people change things."""
    with serving(folder, fill) as site, looking(browser, site) as look:
        yield look


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("shared"), fill) as site:
        yield site


@pytest.fixture
def glance(browser: Browser, shared: Site) -> Iterator[Look]:
    """One that changes nothing but what is read."""
    with looking(browser, shared) as look:
        yield look


def write(folder: Path, work: Callable[[Session], object]) -> None:
    with opened(folder) as database:
        database.write_now(work)


def add_story(title: str) -> Callable[[Session], object]:
    def add(session: Session) -> None:
        told = [rows.Told(title, url=f"https://harbour-post.example/{title}")]
        rows.story(session, rows.feed(session), title, told, ago=-timedelta(minutes=1))

    return add


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_inbox_is_worked_through_by_keyboard(look: Look) -> None:
    page = look.at("/")
    expect(page).to_have_title("(3) Inbox · wirewatch")
    press(page, "jj")
    assert page.evaluate(FOCUSED) == "River Asterel passes flood mark"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    press(page, "ke")
    assert page.evaluate(FOCUSED).startswith("Port workers")
    expect(page).to_have_title("(2) Inbox · wirewatch")
    expect(page.get_by_role("status").first).to_have_text("3 stories, 2 unread")
    expect(page.get_by_role("button", name="Mark unread Port workers")).to_be_visible()
    look.picture("desk-inbox-read")
    press(page, "u")
    page.wait_for_url("**/?unread=1")
    expect(page.locator(".story")).to_have_count(2)
    press(page, "?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    look.picture("desk-keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    press(page, "jo")
    page.wait_for_url("**/stories/2")
    expect(page.get_by_role("heading", level=1)).to_have_text("River Asterel passes flood mark")
    expect(page.get_by_role("button", name="Mark unread")).to_be_visible()  # so it is marked as read
    look.at("/?unread=1")
    expect(page.locator(".story")).to_have_count(1)  # opened is read
    page.get_by_role("button", name="Mark all shown as read").press("Enter")
    expect(page).to_have_title("Inbox · wirewatch")
    expect(page.get_by_role("link", name="إضراب")).to_be_focused()
    look.at("/?unread=1")
    expect(page.get_by_text("No story is like that.")).to_be_visible()


def test_whoever_comes_back_from_a_story_goes_on_from_there(glance: Look) -> None:
    page = glance.at("/")
    press(page, "jjo")
    page.wait_for_url("**/stories/2")
    page.go_back()
    expect(page.get_by_role("link", name="River Asterel")).to_be_focused()


def test_keys_are_letters_while_somebody_writes(glance: Look) -> None:
    page = glance.at("/")
    page.get_by_label("Words in the title").click()
    press(page, "joke")
    expect(page.get_by_label("Words in the title")).to_have_value("joke")
    assert page.url == glance.address + "/"


def test_letters_are_keys_only_where_somebody_wants_them_to_be(glance: Look) -> None:
    page = glance.at("/")
    for pressed, focused in (("j", "Port workers"), ("j", "River Asterel")):
        press(page, pressed)
        assert page.evaluate(FOCUSED).startswith(focused)
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("letters are keys here").uncheck()
    page = glance.at("/")
    press(page, "j")
    assert page.evaluate("document.activeElement === document.body")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_label("letters are keys here")).not_to_be_checked()


def test_newer_stories_show_at_once_until_somebody_is_at_work(look: Look, folder: Path) -> None:
    page = look.at("/")
    write(folder, add_story("Ferry stopped"))
    expect(page.locator(".story h2").first).to_have_text("Ferry stopped", timeout=AN_ASKING_AND_MORE)
    expect(page).to_have_title("(4) Inbox · wirewatch")
    press(page, "j")
    write(folder, add_story("Second ferry stopped"))
    new = page.get_by_role("button", name="1 new", exact=True)
    expect(new).to_be_visible(timeout=AN_ASKING_AND_MORE)
    assert page.evaluate(FOCUSED) == "Ferry stopped"
    expect(page).to_have_title("(5) Inbox · wirewatch")
    look.picture("desk-inbox-new")
    new.click()
    expect(page.locator(".story h2").first).to_have_text("Second ferry stopped")
    expect(new).to_be_hidden()
    expect(page.get_by_role("link", name="Second ferry stopped")).to_be_focused()


def test_a_story_is_silenced_closed_and_opened_again(look: Look) -> None:
    page = look.at("/stories/1")
    said = page.locator(".said")
    page.get_by_role("button", name="24 h").click()
    expect(said).to_contain_text("Silenced until")
    expect(said).to_contain_text("by local")
    expect(page.locator(".page .state.silenced").first).to_be_visible()
    look.picture("desk-story-silenced")
    page.get_by_label("or until (UTC)").fill("2020-01-01T08:00")
    page.get_by_role("button", name="Until then").click()
    expect(said).to_have_text("Not done: 01 Jan 2020, 08:00 UTC is over. Silence it until a time to come.")
    expect(said).to_have_class(re.compile(r"\bbad\b"))  # and so not in the colour of what was done
    page.get_by_label("or until (UTC)").fill("2100-01-01T08:00")
    page.get_by_role("button", name="Until then").click()
    expect(said).to_have_text("Silenced until 01 Jan 2100, 08:00 UTC by local.")
    page.get_by_role("button", name="Reopen").click()
    expect(said).to_have_text("Opened again by local.")
    expect(said).not_to_have_class(re.compile(r"\bbad\b"))
    expect(said).to_be_focused()  # its button is gone
    page.get_by_role("button", name="Close").click()
    expect(said).to_have_text("Closed by local.")
    expect(page.get_by_role("button", name="24 h")).to_be_hidden()
    happened = page.get_by_role("region", name="What happened")
    expect(happened).to_contain_text("opened again by local")
    page.reload()
    expect(page.locator(".page .state.closed").first).to_be_visible()


def test_not_this_is_said_and_taken_back_and_a_dead_letter_is_sent_again(look: Look, folder: Path) -> None:
    page = look.at("/stories/1")
    page.get_by_role("button", name="Not this Callender terminal").press("Enter")
    expect(page.get_by_text("not this, says local")).to_have_css("border-left-width", "0px")  # a word, not a card
    undo = page.get_by_role("button", name="Undo “not this” Callender terminal")
    expect(undo).to_be_focused()
    undo.click()
    expect(page.get_by_text("not this, says local")).to_have_count(0)
    page.get_by_role("button", name="Send again to desk-mail:late@desk.example").click()
    expect(page.locator(".said")).to_contain_text("To be sent again to desk-mail:late@desk.example")
    alerts = page.get_by_role("region", name="Alerts")
    expect(alerts.locator(".state.retry")).to_be_visible()
    write(folder, lambda session: _is(session.get_one(Delivery, 2).state, "retry"))


def test_what_cannot_be_done_because_the_database_is_away_is_said(look: Look, folder: Path) -> None:
    page = look.at("/")
    write(folder, lambda session: session.connection().execute(text("ALTER TABLE storyread RENAME TO away")))
    page.get_by_role("button", name="Mark all shown as read").click()
    expect(page.locator(".said")).to_contain_text("Not done:")
    expect(page.get_by_role("button", name="Mark all shown as read")).to_be_visible()


def _is(found: object, expected: object) -> None:
    assert found == expected


def test_what_changed_in_an_article_is_shown_word_by_word(glance: Look) -> None:
    page = glance.at("/stories/1")
    page.get_by_role("button", name="What changed").click()
    expect(page.locator(".changed p:has(strong)")).to_have_count(0)  # its title stayed
    expect(page.locator(".changed p del")).to_have_text(["gone", "walked out."])
    expect(page.locator(".changed p ins")).to_have_text(["new", "went home."])
    assert glance.barriers() == []
    glance.picture("desk-story-changed")


def test_an_open_story_says_that_a_further_article_came(look: Look, folder: Path) -> None:
    page = look.at("/stories/2")

    def told_further(session: Session) -> None:
        session.get_one(Story, 2).last_hit_at = rows.NOW + rows.HOUR

    write(folder, told_further)
    page.get_by_role("link", name="show it").click(timeout=AN_ASKING_AND_MORE)
    expect(page.get_by_role("heading", level=1)).to_have_text("River Asterel passes flood mark")
    expect(page.get_by_role("link", name="show it")).to_have_count(0)


def test_a_story_has_a_title_for_a_preview_and_nothing_more(glance: Look) -> None:
    page = glance.at("/stories/1")
    previews = page.locator("head meta[property]").evaluate_all("all => all.map(one => one.content)")
    assert previews == ["Port workers at Callender walk out over night shifts", "wirewatch", "article"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_empty_installation_says_what_to_do(browser: Browser, empty: Site, scheme: str) -> None:
    with looking(browser, empty, viewport=PHONE, color_scheme=scheme) as look:
        page = look.at("/")
        expect(page.get_by_role("heading", name="Three things, and stories appear here")).to_be_visible()
        for name, path in (("A feed", "/feeds"), ("A rule", "/rules"), ("A channel", "/settings")):
            assert page.get_by_role("link", name=name).get_attribute("href") == path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert look.barriers() == []
        look.picture(f"phone-{scheme}-empty")


def test_an_empty_installation_leads_to_the_demo_by_one_click(browser: Browser, empty: Site) -> None:
    with looking(browser, empty) as look:
        page = look.at("/")
        page.get_by_role("button", name="Look around in the demo").click()
        expect(page.get_by_role("status").filter(has_text="two made-up news sites")).to_be_visible()
        page.wait_for_url(re.compile(rf"^(?!{re.escape(empty.address)})http://127\.0\.0\.1:\d+/$"), timeout=240_000)
        expect(page.locator(".story h2").first).to_be_visible()
        look.wrong = [one for one in look.wrong if not one.startswith(f"request to {page.url}")]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("empty"), lambda _: None) as site:
        yield site
