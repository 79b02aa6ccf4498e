"""The pages as people see them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.site import PHONE, Look, Site, looking

OURS = ("/feeds", "/feeds/3", "/feeds/add", "/deliveries", "/deliveries/2", "/stats", "/settings")
PATHS = ("/", "/stories/1", "/stories/2", "/stories/3", *OURS)
BY_NAME = {path: path.strip("/").replace("/", "-") or "inbox" for path in PATHS}


def test_the_latencies_are_a_region_that_can_be_found(look: Look) -> None:
    page = look.at("/stats")
    for name in ("How long news takes", "By feed", "By rule", "Read in full"):
        expect(page.get_by_role("region", name=name)).to_have_count(1)


def test_the_inbox_shows_each_story_with_its_matched_words(look: Look) -> None:
    page = look.at("/")
    titles = page.locator(".story h2").all_inner_texts()
    assert titles[:2] == ["Port workers at Callender walk out over night shifts", "River Asterel passes flood mark"]
    assert page.locator(".story mark").all_inner_texts() == ["on strike", "flood mark", "الإضراب"]
    assert page.title().endswith("Inbox · wirewatch")


def test_the_inbox_is_narrowed_by_a_rule_and_leads_to_the_story(look: Look) -> None:
    page = look.at("/")
    page.get_by_label("Rule").select_option("river-flood")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/?*rule=river-flood*")
    expect(page.locator(".story")).to_have_count(1)
    expect(page.get_by_label("Rule")).to_have_value("river-flood")
    page.get_by_role("link", name="River Asterel passes flood mark").click()
    page.wait_for_url("**/stories/2")
    expect(page.get_by_role("heading", level=1)).to_have_text("River Asterel passes flood mark")


def test_a_storys_page_shows_articles_passages_deliveries_and_why(look: Look) -> None:
    page = look.at("/stories/1")
    assert page.locator("h3").all_inner_texts() == [
        "Port workers at Callender walk out over night shifts",
        "Callender terminal at a standstill",
    ]
    assert page.locator("blockquote mark").all_inner_texts() == ["on strike", "strike", "strike"]
    assert page.locator("h3 a").first.get_attribute("href") == "https://harbour-post.example/news/1"
    alerts = page.get_by_role("region", name="Alerts")
    expect(alerts).to_contain_text("editor@desk.example")
    expect(alerts).to_contain_text("550 no such user")
    page.get_by_text("3 decisions").click()
    expect(page.get_by_role("region", name="Why")).to_contain_text("no open story tells this event")


def test_a_held_alert_says_why_it_waits(look: Look) -> None:
    expect(look.at("/stories/2").get_by_role("region", name="Alerts")).to_contain_text("held until the quiet hours end")


def test_feeds_show_which_are_down_and_why(look: Look) -> None:
    page = look.at("/feeds")
    down = page.get_by_role("row", name="Silent Gazette")
    expect(down).to_contain_text("failing")
    expect(down).to_contain_text("the host's certificate is not valid")
    expect(page.get_by_role("img", name="new items an hour").first).to_be_visible()
    expect(page.get_by_text("3 feeds, 2 in order")).to_be_visible()


def test_the_ledger_is_narrowed_by_state_and_names_who_asked_for_no_more(look: Look) -> None:
    page = look.at("/deliveries")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("region", name="Asked for no more")).to_contain_text("late@desk.example")
    page.get_by_role("link", name="dead 1").click()
    page.wait_for_url("**/deliveries?state=dead")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("550 no such user")


@pytest.mark.parametrize(
    "path", ["/stories/99", "/stories/x", "/stories/99999999999999999999999", "/nothing", "/rules/nothing"]
)
def test_what_is_not_there_is_said_in_our_own_words(look: Look, path: str) -> None:
    answer = look.page.goto(look.address + path)
    assert answer is not None
    assert answer.status == 404
    expect(look.page.get_by_role("heading", level=1)).to_have_text("Not found")
    look.wrong = [one for one in look.wrong if "404" not in one]  # the console repeats the status


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_using_a_page_on_a_desk_or_a_phone(
    browser: Browser, newsroom: Site, path: str, scheme: str
) -> None:
    with looking(browser, newsroom, color_scheme=scheme, has_touch=True) as look:
        page = look.at(path)
        assert look.barriers() == []
        look.picture(f"desk-{scheme}-{BY_NAME[path]}")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")  # once a chart is drawn anew
        look.picture(f"phone-{scheme}-{BY_NAME[path]}")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(look: Look) -> None:
    page = look.at("/")
    reached = []
    for _ in range(30):  # a date has several stops
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        reached.append(name)
        assert outline >= 2, name
    names = ["Skip to the content", "wirewatch", "Inbox", "Words in the title", "Rule", "State", "Source", "From", "To"]
    names += ["Show", "only unread", "port-strike"]
    assert [name for name in dict.fromkeys(reached) if name in names] == names
    assert reached[reached.index(names[-1]) + 1].startswith("Port workers")


def test_the_skip_link_leads_past_the_bar(look: Look) -> None:
    page = look.at("/")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)[0] == "Words in the title"


def test_everything_comes_from_the_installation_itself(look: Look) -> None:
    for path in PATHS:
        look.at(path)
    assert look.requests
    assert all(request.startswith((look.address, "data:")) for request in look.requests)


FOCUSED = """() => {
  const one = document.activeElement, label = one.labels && one.labels[0];
  const name = label ? label.firstChild.textContent : one.innerText || one.getAttribute('aria-label') || one.tagName;
  return [name.trim(), parseFloat(getComputedStyle(one).outlineWidth)];
}"""
