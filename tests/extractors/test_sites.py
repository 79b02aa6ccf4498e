from __future__ import annotations

import pytest

from core.errors import InputError
from extractors import sites
from extractors.base import SiteHand
from extractors.choose import extract

PAGE = b"""<html lang="en"><body><div id="a" class="c"><p>One <b>bold</b>
line.</p>tail<ul><li>item</li></ul><div class="c"><p>Inner.<br>Broken.</p></div><p class="x">Gone.</p></div>
<!-- --><div class="c"><p>Second.</p></div><p>Elsewhere there is a sentence long enough to be found by anybody.</p>
</body></html>"""


def read(body: str = "", *remove: str) -> tuple[list[str], str]:
    found = extract(PAGE, url="https://a.example/x", site=SiteHand(body, remove))
    return found.text.split("\n"), found.extractor


def test_a_site_s_selector_decides_what_the_body_is() -> None:
    assert read("div.c", ".x") == (["One bold line.", "tail", "item", "Inner.", "Broken.", "Second."], "site")


def test_a_selector_may_list_several() -> None:
    assert read("ul, p.x") == (["item", "Gone."], "site")


def test_words_of_two_cells_or_fields_stay_apart_and_scripts_are_no_text() -> None:
    table = (
        "<table><tr><td>Hanoi</td><td>12</td></tr></table><address>Quay</address><span>a<noscript>b</noscript></span>"
    )
    found = extract(f"<html><body><main>{table}</main></body></html>".encode(), url="u", site=SiteHand("main"))
    assert found.text.split("\n") == ["Hanoi 12", "Quay", "a"]


def test_where_the_selector_finds_nothing_the_page_is_read_like_any_other() -> None:
    lines, extractor = read("#nowhere")
    assert extractor == "trafilatura"
    assert any(line.startswith("Elsewhere") for line in lines)


def test_what_is_removed_is_gone_for_every_extractor() -> None:
    lines, extractor = read("", "#a", "div")
    assert extractor == "trafilatura"
    assert all(line.startswith("Elsewhere") for line in lines)


@pytest.mark.parametrize("css", ["p[", "..x", "p:no-such()", ">"])
def test_a_selector_that_is_not_css_is_refused_before_it_is_saved(css: str) -> None:
    with pytest.raises(InputError, match="not a CSS selector"):
        sites.check(SiteHand("p", (css,)))


def test_one_that_was_saved_all_the_same_is_logged_and_the_page_is_read(caplog: pytest.LogCaptureFixture) -> None:
    assert read("p[")[1] == "trafilatura"
    assert "not a CSS selector: p[" in caplog.text


def test_a_hand_without_selectors_is_no_mistake() -> None:
    sites.check(SiteHand())
