"""Signing in, links from messages, and stopping the program, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from alerts.links import Purpose, sign
from storage.tables import Story
from tests.browser.site import Site, looking, opened, serving
from tests.web import rows

PASSWORD, KEY = "correct horse", "k" * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("guarded")


@pytest.fixture(scope="module")
def guarded(folder: Path) -> Iterator[Site]:
    with serving(folder, rows.newsroom, password=PASSWORD, secret_key=KEY) as site:
        yield site


def test_without_the_password_there_is_nothing_to_see(browser: Browser, guarded: Site) -> None:
    with looking(browser, guarded) as look:
        answer = look.context.request.get(guarded.address + "/stories/1")
        assert (answer.status, answer.text()) == (401, "sign in")


def test_somebody_signs_in_comes_to_the_page_they_wanted_and_signs_out(browser: Browser, guarded: Site) -> None:
    with looking(browser, guarded, viewport={"width": 360, "height": 640}) as look:
        page = look.at("/stories/1")
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.get_by_label("Name")).to_be_focused()
        page.keyboard.type("ada")
        page.get_by_label("Password").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That name and password do not fit together.")
        look.picture("sign-in")
        expect(page.get_by_label("Password")).to_be_focused()
        page.keyboard.type(PASSWORD)  # the name is kept, and the cursor stands in the password
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/stories/1")
        page.wait_for_function("window.did_handshake")  # the socket takes the cookie
        (cookie,) = look.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        page.get_by_role("link", name="ada · sign out").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        assert look.context.request.get(guarded.address + "/").status == 401
        look.wrong = [one for one in look.wrong if "401" not in one]  # the console repeats the status


def test_a_link_from_a_message_asks_and_its_button_does_it(browser: Browser, guarded: Site, folder: Path) -> None:
    token = sign(KEY, Purpose.SILENCE, rows.RULE, "1", now=datetime.now(UTC))
    with looking(browser, guarded, viewport={"width": 360, "height": 640}) as look:
        page = look.at(f"/links/silence/{token}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Silence this story?")
        assert _state(folder) == "open"
        look.picture("link-asks")
        page.get_by_role("button", name="Silence for 72 h").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Silenced")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert _state(folder) == "silenced"


def _state(folder: Path) -> str:
    with opened(folder) as database:
        return database.read_now(lambda session: session.get_one(Story, 1).state)


def test_ctrl_c_ends_the_program_while_somebody_is_looking(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path, rows.newsroom) as site, browser.new_page() as page:
        page.goto(site.address)
        page.wait_for_function("window.did_handshake")
        assert site.stop() == 0
        assert (tmp_path / "log").read_text() == f"{site.address}\n"  # that it listens there, and nothing else
    assert {path.name for path in tmp_path.iterdir()} >= {"wirewatch.db", "log"}
    assert not list(tmp_path.glob(".nicegui*"))
