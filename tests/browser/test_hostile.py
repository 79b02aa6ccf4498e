"""What an enemy put into feeds, pages and error messages does nothing in a browser (faults 27 and 70)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session

from storage import configs, optouts
from tests.browser.site import PHONE, Site, looking, serving
from tests.web import rows
from tests.web.hostile import TEXTS, URLS


def fill(session: Session) -> None:
    """Every text in every place that a page shows, every address behind every link."""
    urls = cycle(URLS)
    for number, text in enumerate(TEXTS):
        of = rows.feed(session, f"{text} {number}", f"{next(urls)}#{number}")
        of.state, of.last_reason, of.last_error = "failing", text, text
        told = [
            rows.Told(
                text, ((text, text[1 : len(text) // 2]),), url=next(urls), source=text, author=text, language=text,
                state="partial", reason=text, why=text, origin=n,
            )
            for n in (1, 2)
        ]  # fmt: skip
        row = rows.story(session, of, text, told, rule=f"{text} {number}", ago=timedelta(hours=number))
        alert = rows.alert(session, row, f"{number:064x}", kind=text, state=text)
        alert.reason = text
        rows.delivery(session, alert, f"{text}:{number}", state=text, reason=text, error=text)
        optouts.add(session, f"{text} {number}", text, rows.NOW)
        configs.add(session, text, who=text, at=rows.NOW, note=text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("hostile"), fill) as site:
        yield site


PATHS = [
    "/",
    *(f"/stories/{number + 1}" for number in range(len(TEXTS))),
    "/feeds",
    "/deliveries",
    "/stats",
    "/settings",
]
PATHS += [f"/{kind}/{number + 1}" for kind in ("feeds", "deliveries") for number in range(len(TEXTS))]


@pytest.mark.parametrize("path", PATHS)
def test_a_hostile_text_is_shown_and_does_nothing(browser: Browser, hostile: Site, path: str) -> None:
    with looking(browser, hostile, viewport=PHONE) as look:
        page = look.at(path)
        page.mouse.move(100, 300)  # onmouseover
        page.wait_for_timeout(200)
        assert page.url == look.address + path
        assert page.evaluate(FOREIGN) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shown = " ".join(page.inner_text("main").split())
        texts = [TEXTS[int(path.rsplit("/", 1)[1]) - 1]] if path[-1].isdigit() else TEXTS
        assert [text for text in texts if " ".join(text.split()) not in shown] == []


def test_what_is_done_with_a_hostile_story_by_a_hostile_name_does_nothing_else(
    browser: Browser, tmp_path: Path
) -> None:
    name = "<img src=x onerror=alert(40)>"
    with (
        serving(tmp_path, fill, user_header="X-User") as site,
        looking(browser, site, extra_http_headers={"X-User": name}) as look,
    ):
        for number in (1, 5):
            page = look.at(f"/stories/{number}")
            page.get_by_role("button", name="Not this").first.click()
            expect(page.locator(".said")).to_contain_text(f"by {name}")
            page.get_by_role("button", name="Close").click()
            expect(page.locator(".said")).to_have_text(f"Closed by {name}.")
            expect(page.get_by_role("region", name="What happened")).to_contain_text(f"closed by {name}")
            assert page.evaluate(FOREIGN) == []


QUERIES = ["rule", "state", "source", "words", "since", "before"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_hostile_address_is_shown_and_does_nothing(browser: Browser, hostile: Site, query: str) -> None:
    with looking(browser, hostile) as look:
        for text in TEXTS[QUERIES.index(query) % 3 :: 3]:  # each text in two of the six places
            look.page.goto(look.address + "/")
            look.page.evaluate("([key, text]) => location.search = new URLSearchParams([[key, text]])", [query, text])
            look.page.wait_for_url("**/?*")
            look.page.wait_for_selector("h1")
            assert look.page.evaluate(FOREIGN) == []


# elements and attributes that no template of ours writes
FOREIGN = """() => [...document.querySelectorAll('#app *')].filter(one =>
  ['SCRIPT', 'IFRAME', 'STYLE', 'LINK', 'META', 'BASE', 'OBJECT', 'MATH', 'TEMPLATE'].includes(one.tagName) ||
  one.tagName === 'IMG' && one.getAttribute('src') !== '/static/favicon.svg' ||
  one.tagName === 'FORM' &&
    !['/', '/rules', '/feeds', '/deliveries', '/settings'].includes(one.getAttribute('action')) ||
  [...one.attributes].some(({name, value}) => name.startsWith('on') || /^(java|vb)script:/i.test(value.trim()))
).map(one => one.outerHTML)"""
