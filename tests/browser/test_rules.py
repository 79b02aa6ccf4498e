"""Rules as analysts work on them: written, mended, tried and saved, by two at once, and tried on a text."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import connect

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlmodel import Session

from bench.costs import family
from pipeline.editing import current
from rules.yamlwrite import flow
from storage.tables import Article
from tests.browser.site import PHONE, Site, looking, opened, serving
from tests.browser.test_hostile import FOREIGN
from tests.web import rows, ruledesk
from tests.web.hostile import TEXTS

AWAY_MS = 6000  # twice as long as pages wait that nobody writes in
SLOW = "60"  # seconds of a preview, on a machine that is busy with tests
WRONG = """\
title: Pickets
match: |
  @Prt AND (strike OR
    pickets)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def _patience() -> Iterator[None]:
    """The first preview waits for a process that has to start."""
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """For those who save nothing."""
    with serving(tmp_path_factory.mktemp("rules"), ruledesk.fill, preview_seconds=SLOW) as site:
        yield site


@pytest.fixture
def desk(folder: Path) -> Iterator[Site]:
    with serving(folder, ruledesk.fill, preview_seconds=SLOW) as site:
        yield site


def text_of(folder: Path) -> str:
    """The active revision's text."""
    with opened(folder) as database:
        return database.read_now(current).text


def write(page: Page, text: str) -> None:
    """Replace all that is in the editor."""
    editor = page.get_by_role("textbox", name="The rule")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_rule_is_written_wrongly_mended_tried_widened_and_saved(browser: Browser, desk: Site, folder: Path) -> None:
    with looking(browser, desk) as look:
        page = look.at("/rules")
        page.get_by_role("link", name="Write a rule").click()
        page.wait_for_url("**/new-rule")
        page.get_by_role("textbox", name="Id").fill("pickets")
        expect(page.get_by_text("Nothing is wrong")).to_be_visible()
        write(page, WRONG)
        wrong = page.get_by_role("region", name="What is wrong")
        expect(wrong).to_contain_text("line 3, column 3")
        expect(wrong).to_contain_text("did you mean @Port?")
        expect(page.locator(".cm-content .wrong")).to_have_text("@Prt")
        expect(page.locator(".cm-line.wrong-line")).to_have_count(1)
        look.picture("rule-wrong")
        write(page, 'title: Pickets\nmatch: |\n  @Port AND (strike OR "walk out")\n')
        expect(wrong).to_have_count(0)
        found = page.get_by_role("region", name="What it finds")
        expect(found.get_by_role("heading", level=3)).to_have_text(["Walkout at Callender", "Northport strike goes on"])
        assert "Callender" in found.locator("mark").all_inner_texts()
        near = page.get_by_role("region", name="What it nearly finds")
        near.get_by_role("button", name="Add “pickets”").first.click()
        expect(page.get_by_role("textbox", name="The rule")).to_contain_text('(strike OR "walk out" OR pickets)')
        expect(found.get_by_role("heading", level=3)).to_have_count(4)
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved as revision 2")).to_be_visible()
        page.wait_for_url("**/rules/pickets")
        look.at("/rules?q=pickets").get_by_role("link", name="Pickets").click()
        expect(page.get_by_text("revision 2 by local")).to_be_visible()
    assert text_of(folder).startswith(ruledesk.WATCH.partition("feeds:")[0])
    assert '      @Port AND (strike OR "walk out" OR pickets)\n' in text_of(folder)


def test_the_second_of_two_who_edit_one_rule_is_shown_both_and_chooses(
    browser: Browser, desk: Site, folder: Path
) -> None:
    with looking(browser, desk) as ada, looking(browser, desk, viewport=PHONE) as bob:
        pages = ada.at("/rules/river-flood"), bob.at("/rules/river-flood")
        for page, limit in zip(pages, (10, 20), strict=True):
            expect(page.get_by_text("Nothing is wrong")).to_be_visible()
            write(page, f"title: Floods\nmatch: near/{limit}(river, flood)\n")
        pages[0].keyboard.press("Control+s")
        expect(pages[0].get_by_text("Saved as revision 2")).to_be_visible()
        pages[1].get_by_role("button", name="Save").click()
        asked = pages[1].get_by_role("alert")
        expect(asked).to_contain_text("Somebody else saved this rule meanwhile")
        expect(asked.locator(".gone")).to_have_text("- match: near/10(river, flood)")
        expect(asked.locator(".new")).to_have_text("+ match: near/20(river, flood)")
        assert "near/20" not in text_of(folder)
        bob.picture("rule-conflict-phone")
        asked.get_by_role("button", name="Put mine on top").click()
        expect(pages[1].get_by_text("Saved as revision 3")).to_be_visible()
        assert "near/20(river, flood)" in text_of(folder)
        write(pages[0], "match: river\n")
        pages[0].get_by_role("button", name="Save").click()
        pages[0].get_by_role("button", name="Take theirs").click()
        expect(pages[0].get_by_role("textbox", name="The rule")).to_contain_text("near/20(river, flood)")
        assert "near/20(river, flood)" in text_of(folder)


def test_what_is_typed_outlives_a_while_without_the_network_and_is_not_left_unasked(
    browser: Browser, desk: Site, folder: Path
) -> None:
    with looking(browser, desk) as look:
        page = look.at("/rules/river-flood")
        expect(page.get_by_text("Nothing is wrong")).to_be_visible()
        write(page, "match: inundation\n")
        expect(page.get_by_role("button", name="Save")).to_be_visible()
        page.evaluate(
            f"socket.io.randomizationFactor(0); socket.io.reconnectionDelay({AWAY_MS}); socket.io.engine.close()"
        )
        page.wait_for_function("!socket.connected")
        page.wait_for_function("socket.connected")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved as revision 2")).to_be_visible()
        assert "match: inundation" in text_of(folder)
        look.at("/try")
        assert look.left == []
        look.at("/rules/river-flood")
        expect(page.get_by_text("Nothing is wrong")).to_be_visible()
        write(page, "match: river\n")
        expect(page.get_by_role("region", name="What it finds")).to_contain_text("River over its banks")
        page.get_by_role("link", name="Feeds").click()
        page.wait_for_url("**/feeds")
        assert look.left == ["/rules/river-flood"]


@contextmanager
def standing_still(site: Site) -> Iterator[None]:
    """The processes that try rules do nothing for a while."""
    workers = [pid for pid in family(site.process.pid or 0) if pid != site.process.pid]
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in workers:
        os.kill(pid, signal.SIGCONT)


def test_what_is_typed_while_a_rule_is_saved_or_widened_stays_and_is_not_called_saved(
    browser: Browser, desk: Site, folder: Path
) -> None:
    with looking(browser, desk) as look, closing(connect(folder / "wirewatch.db", isolation_level=None)) as other:
        page = look.at("/rules/port-strike")
        editor = page.get_by_role("textbox", name="The rule")
        near = page.get_by_role("region", name="What it nearly finds")
        add = near.get_by_role("button", name="Add “pickets”").first
        expect(add).to_be_visible()
        editor.click()
        page.keyboard.press("Control+End")
        with standing_still(desk):
            add.click()
            editor.click()
            page.keyboard.press("Control+End")
            page.keyboard.insert_text("# mine")
            page.wait_for_timeout(3_000)  # until it is known to the page's process
        expect(page.get_by_text("Not added: the rule changed meanwhile")).to_be_visible()
        expect(editor).to_contain_text("# mine")
        expect(editor).not_to_contain_text("pickets")
        other.execute("BEGIN IMMEDIATE")  # the save has to wait
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saving …")).to_be_visible()
        editor.click()
        page.keyboard.press("Control+End")
        page.keyboard.insert_text(" and more")
        expect(page.get_by_text("Saving …")).to_have_count(0)  # what was typed is there
        other.execute("ROLLBACK")
        expect(page.get_by_text("Saved as revision 2, without what was typed since")).to_be_visible()
        expect(editor).to_contain_text("# mine and more")
    assert "# mine\n" in text_of(folder)


def test_a_backtest_says_what_a_change_gains_and_loses(browser: Browser, seen: Site) -> None:
    with looking(browser, seen) as look:
        page = look.at("/rules/port-strike")
        expect(page.get_by_text("Nothing is wrong")).to_be_visible()
        write(page, "match: '@Port AND pickets'\n")
        expect(page.get_by_role("region", name="What it finds")).to_contain_text("Callender pickets")
        expect(page.get_by_role("region", name="What it finds")).to_contain_text("Told ")
        page.get_by_role("button", name="Run the backtest").click()
        result = page.get_by_role("region", name="What it would have told")
        expect(result).to_contain_text("Gained against the saved rule: 2")
        expect(result).to_contain_text("Lost against the saved rule: 2")
        expect(result.locator("canvas")).to_be_visible()
        look.picture("rule-backtest")
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        expect(result.locator(".chart")).to_have_css("height", "208px")  # lower on a phone


def test_a_text_is_tried_on_every_rule(browser: Browser, seen: Site) -> None:
    with looking(browser, seen) as look:
        page = look.at("/try")
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_text("there is no text yet")).to_be_visible()
        page.get_by_label("Text", exact=True).fill("The river is in flood, and a strike began.")
        page.get_by_label("Language").fill("en")
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_role("region", name="1 rule matches")).to_contain_text("Floods")
        expect(page.locator("mark")).to_have_text(["river", "flood"])
        expect(page.get_by_role("region", name="1 rule nearly does")).to_contain_text("Strikes at ports lacks @Port")
        expect(page.get_by_text("2 rules are switched off and were not tried")).to_be_visible()
        page.get_by_label("Address of a page").fill("http://169.254.169.254/latest")
        page.get_by_role("button", name="Try it").click()
        expect(page.get_by_role("status")).to_contain_text("169.254.169.254")
        expect(page.locator("mark")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_can_be_read_named_and_held_in_a_hand(browser: Browser, seen: Site, scheme: str) -> None:
    for size in ({"width": 1200, "height": 900}, PHONE):
        with looking(browser, seen, viewport=size, color_scheme=scheme) as look:
            for path in ("/rules", "/new-rule", "/rules/port-strike", "/try"):
                page = look.at(path)
                if path in ("/new-rule", "/rules/port-strike"):
                    expect(
                        page.get_by_role("region", name="What it nearly finds").locator("li, p").first
                    ).to_be_visible()
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
                assert look.barriers() == [], path
                look.picture(f"rules-{size['width']}-{scheme}{path.replace('/', '-')}")


def fill_hostile(session: Session) -> None:
    """Every text as a rule's title and tag, and as the title and text of an article that the rules match."""
    made = {
        f"rule-{number}": {"title": text, "match": "alert OR onerror OR iframe", "tags": [text]}
        for number, text in enumerate(TEXTS)
    }
    ruledesk.watch(session, f"version: 1\nrules: {flow(made)}\n", who=TEXTS[0])
    feed = rows.feed(session, TEXTS[1], "https://feed.example/")
    for number, text in enumerate(TEXTS):
        session.add(
            Article(
                key=f"k{number}", url=f"https://a.example/{number}", feed_id=feed.id or 0, source=text, title=text,
                text=f"alert {text}", language="en", first_seen_at=rows.NOW, not_before=rows.NOW,
                match_after=rows.NOW, state="ready", revision=1, matched_revision=1, match_due=False,
            )
        )  # fmt: skip


def test_a_hostile_title_is_shown_and_does_nothing(browser: Browser, tmp_path: Path) -> None:
    foreign = FOREIGN.replace("'#app *'", "'#app :not(.cm-widgetBuffer)'")
    with serving(tmp_path, fill_hostile, preview_seconds=SLOW) as site, looking(browser, site, viewport=PHONE) as look:
        page = look.at("/rules")
        shown = " ".join(page.inner_text("main").split())
        assert [text for text in TEXTS if " ".join(text.split()) not in shown] == []
        assert page.evaluate(foreign) == []
        page = look.at("/rules/rule-0")
        found = page.get_by_role("region", name="What it finds")
        expect(found.locator("mark").first).to_be_visible()
        assert page.evaluate(foreign) == []
        write(page, "".join(f"{text}\n" for text in TEXTS))
        expect(page.get_by_role("region", name="What is wrong")).to_be_visible()
        assert page.evaluate(foreign) == []
        page = look.at("/try")
        page.get_by_label("Text", exact=True).fill("\n".join(TEXTS))
        page.get_by_role("button", name="Try it").click()
        expect(page.locator("mark").first).to_be_visible()
        assert page.evaluate(foreign) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
