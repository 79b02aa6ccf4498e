"""The HTML of e-mails as a mail program shows it: on a desk and on a phone, by day and by night, alone and in webmail.

What is looked at is the HTML part of the very bytes that are sent. Pictures are kept in artefacts/browser.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from email import message_from_bytes, policy
from email.headerregistry import Address
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from alerts.compose import compose, compose_digest, compose_notice
from alerts.email import build
from alerts.message import ArticleLine, DigestView, Gaps, Kind, Message, NoticeView, Passage
from core.reasons import Reason
from tests.alerts.test_compose import ARTICLE, LINKS, NOW, VIEW
from tests.browser.site import ARTEFACTS, DESK, PHONE

ENDLESS = "https://example.org/" + "a-very-long-path-without-any-place-to-break/" * 6
ARABIC = "عمال الميناء يبدأون الإضراب عن العمل في الميناء الشمالي"
LONG = replace(
    VIEW,
    article=replace(ARTICLE, title=f"Strike {ENDLESS}", source="S" * 90, author="Writer " * 15),
    passages=(Passage(f"They strike {ENDLESS} still.", ((5, 11), (12, 200))),) * 3,
    others=tuple(ArticleLine(f"Other {ENDLESS}", ENDLESS, "Post", NOW) for _ in range(5)),
)
MESSAGES: dict[str, Message] = {
    "alert": compose(VIEW),
    "update": compose(
        replace(
            VIEW, kind=Kind.UPDATE, article=replace(ARTICLE, title=ARABIC), passages=(Passage(ARABIC, ((0, 4),)),)
        )
    ),
    "endless": compose(LONG),
    "digest": compose_digest(
        DigestView(
            "d", Reason.QUIET_HOURS, (VIEW, LONG, replace(VIEW, rule_id="other", rule_title="")), NOW,
            title="US–Vietnam ties upgraded", rule_id="us-vietnam-upgrade", left_out=12,
            gaps=Gaps(("Gazette: the host refused the connection",), 3, 1), page="https://w.example/",
        )
    ),
    "notice": compose_notice(
        NoticeView(
            "n", "feed Gazette is down: the host refused the connection", ("No usable answer since Sunday.",), NOW,
            page="https://w.example/",
        )
    ),
}  # fmt: skip
WINDOWS = {"desk": DESK, "phone": PHONE}
COLUMN = 600  # pixels: wider lines are hard to read


def html_of(message: Message) -> str:
    """The HTML part of the e-mail as it is sent."""
    sender, to = Address("wirewatch", "watch", "x.test"), Address("", "desk", "x.test")
    sent = build(replace(message, unsubscribe=LINKS.story), sender=sender, to=to, key="k" * 64, at=NOW)
    body = message_from_bytes(sent, policy=policy.default).get_body(("html",))
    assert body is not None
    return str(body.get_content())


@contextmanager
def shown(browser: Browser, html: str, **options: Any) -> Iterator[Page]:
    """The HTML in a window of its own; it may ask nobody for anything."""
    context = browser.new_context(**options)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    try:
        page.set_content(html)
        yield page
        assert asked == []
    finally:
        context.close()


def webmail(html: str, *, dark: bool) -> str:
    """The same within a web mail's page: head and body tag gone, in a column of its own ground, as Gmail shows it."""
    body = html.partition("<body")[2].partition(">")[2].partition("</body>")[0]
    ground, ink = ("#1f1f1f", "#e3e3e3") if dark else ("#fff", "#222")
    return (
        '<!doctype html><html lang="en"><head><meta name="viewport" content="width=device-width"></head>'
        f'<body style="margin:0;background:{ground};color:{ink}">'
        f'<div style="padding:8px;overflow:auto">{body}</div></body></html>'
    )


CASES = [(name, window, scheme) for name in MESSAGES for window in WINDOWS for scheme in ("light", "dark")]


@pytest.mark.parametrize(("name", "window", "scheme"), CASES)
def test_a_mail_stands_in_one_column_that_fits_its_window(
    browser: Browser, name: str, window: str, scheme: str
) -> None:
    size = WINDOWS[window]
    with shown(browser, html_of(MESSAGES[name]), viewport=size, color_scheme=scheme) as page:
        found = page.evaluate(GEOMETRY)
        picture = ARTEFACTS / f"mail-{window}-{scheme}-{name}.png"
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=picture, full_page=True)
    assert found["outside"] == [], "text or boxes beyond the window's edge"
    assert found["column"]["width"] == min(COLUMN, size["width"])
    assert abs(found["column"]["left"] - (size["width"] - found["column"]["width"]) / 2) < 1, "in the middle"
    assert found["smallest"] >= 13, "pixels of the smallest letters"
    assert found["margin"] >= 16, "pixels between text and the window's edge"
    assert found["overlaps"] == [], "lines of text that lie on each other"
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    assert (width, height >= found["height"]) == (size["width"], True)


@pytest.mark.parametrize(("name", "window", "scheme"), CASES)
@pytest.mark.parametrize("inside", ["alone", "webmail"])
def test_every_text_of_a_mail_stands_out_from_its_ground(
    browser: Browser, name: str, window: str, scheme: str, inside: str
) -> None:
    html = html_of(MESSAGES[name])
    html = webmail(html, dark=scheme == "dark") if inside == "webmail" else html
    with shown(browser, html, viewport=WINDOWS[window], color_scheme=scheme) as page:
        ground = page.evaluate(GROUND)
        assert (sum(ground) < 200) == (scheme == "dark")
        assert page.evaluate(LOW_CONTRAST, ground) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_headline_comes_first_and_largest_and_the_marked_words_are_marked(browser: Browser) -> None:
    with shown(browser, html_of(MESSAGES["alert"]), viewport=PHONE) as page:
        sizes = page.evaluate(SIZES)
        tops = [page.locator(one).first.bounding_box() for one in ("h1", "blockquote", "table", "text=Story page")]
        marks = page.locator("mark").all_inner_texts()
        grounds = page.locator("mark").evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert max(sizes, key=lambda one: one[1])[0] == ARTICLE.title
    assert sorted(box["y"] for box in tops if box) == [box["y"] for box in tops if box]
    assert marks == ["upgrade", "ties"]
    assert set(grounds) == {"rgb(255, 229, 138)"}


@pytest.mark.parametrize("window", WINDOWS)
def test_what_can_be_tapped_lies_apart(browser: Browser, window: str) -> None:
    with shown(browser, html_of(MESSAGES["alert"]), viewport=WINDOWS[window]) as page:
        names = ("Story page", "Not this", "Silence for 72 h")
        boxes = [page.get_by_role("link", name=name, exact=True).bounding_box() for name in names]
    for one, two in pairwise(boxes):
        assert one is not None
        assert two is not None
        aside = two["x"] - (one["x"] + one["width"])
        below = two["y"] - (one["y"] + one["height"])
        assert max(aside, below) >= 8
        assert one["height"] >= 24


def test_text_from_right_to_left_begins_at_the_right(browser: Browser) -> None:
    with shown(browser, html_of(MESSAGES["update"]), viewport=PHONE) as page:
        for place in ("h1", "blockquote"):
            assert page.locator(place).evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_a_hostile_mail_asks_nobody_and_runs_nothing(browser: Browser) -> None:
    evil = '"><img src=https://evil.example/p.gif onerror=document.title=1><style>@import url(//evil.example)</style>'
    view = replace(VIEW, article=replace(ARTICLE, title=evil), passages=(Passage(evil, ((3, 9),)),))
    with shown(browser, html_of(compose(view)), viewport=PHONE) as page:
        assert page.locator("img, style, script").count() == 0
        assert page.title() == ""


# what lies beyond the edge, the column, the smallest letters, the margin around all text, lines that overlap
GEOMETRY = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), boxes = [];
  let smallest = 1e9;
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.textContent.trim()) continue;
    smallest = Math.min(smallest, parseFloat(getComputedStyle(node.parentElement).fontSize));
    const range = document.createRange();
    range.selectNodeContents(node);
    const name = node.textContent.trim().slice(0, 40);
    for (const box of range.getClientRects()) if (box.width > 1) boxes.push([name, box]);
  }
  const outside = boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth).map(([text]) => text);
  for (const one of document.querySelectorAll('body *'))
    if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth) outside.push(one.outerHTML.slice(0, 80));
  const overlaps = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const [a, b] = [boxes[i][1], boxes[j][1]];
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > Math.min(a.height, b.height) / 2) overlaps.push([boxes[i][0], boxes[j][0]]);
  }
  const column = document.querySelector('body > div').getBoundingClientRect();
  const margin = Math.min(...boxes.map(([, box]) => Math.min(box.left, innerWidth - box.right)));
  return {outside, overlaps, smallest, margin, column: {left: column.left, width: column.width},
          height: Math.floor(column.height)};
}"""

# the colour behind the mail, as numbers: the body's, else what a mail program of this scheme paints
GROUND = """() => {
  const probe = document.body.appendChild(document.createElement('i'));
  const own = getComputedStyle(document.body).backgroundColor;
  probe.style.backgroundColor = own === 'rgba(0, 0, 0, 0)' ? 'Canvas' : own;
  const found = getComputedStyle(probe).backgroundColor.match(/[\\d.]+/g).map(Number).slice(0, 3);
  probe.remove();
  return found;
}"""

# WCAG 2 with opacity: the letters as they are painted, against what is behind them
LOW_CONTRAST = """ground => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = rgb => {
    const [r, g, b] = rgb.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode, own = node.parentElement;
    if (!node.textContent.trim()) continue;
    let behind = null, opacity = 1;
    for (let one = own; one; one = one.parentElement) {
      const style = getComputedStyle(one), colour = numbers(style.backgroundColor);
      if (!behind && (colour.length < 4 || colour[3] === 1)) behind = colour.slice(0, 3);
      opacity *= parseFloat(style.opacity);
    }
    behind = behind || ground;
    const style = getComputedStyle(own), seen = (v, i) => v * opacity + behind[i] * (1 - opacity);
    const ink = numbers(style.color).slice(0, 3).map(seen);
    const [a, b] = [light(ink), light(behind)].sort((x, y) => y - x), size = parseFloat(style.fontSize);
    const enough = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
    const contrast = (a + .05) / (b + .05);
    if (contrast < enough) found.push([node.textContent.trim().slice(0, 40), contrast, style.color]);
  }
  return found;
}"""

SIZES = """() => {
  const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    if (text) found.push([text, parseFloat(getComputedStyle(texts.currentNode.parentElement).fontSize)]);
  }
  return found;
}"""
