"""What every page has in common: the bar with the pages' names, the heading, and where its content goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from web.entrance import LOCAL
from web.people import who
from web.render import render

PAGES = (
    ("Inbox", "/"),
    ("Rules", "/rules"),
    ("Feeds", "/feeds"),
    ("Deliveries", "/deliveries"),
    ("Stats", "/stats"),
    ("Settings", "/settings"),
)

PATIENCE_S = 60.0  # for a page to be built: 30,000 rules are read anew in some 13 s of an idle core


def page_at(path: str, **options: Any) -> ui.page:
    """A page of ours at this path: a decorator. After NiceGUI's own three seconds visitors read its advice to us."""
    return ui.page(path, response_timeout=PATIENCE_S, **options)


@contextmanager
def frame(title: str, *, at: str = "") -> Iterator[None]:
    """A page whose content is what is made inside; `at` is the path of the page it belongs to in the bar."""
    ui.page_title(f"{title} · wirewatch")
    ui.add_head_html('<link rel="stylesheet" href="/static/wirewatch.css">')
    name = who()
    show("bar.html", pages=PAGES, at=at, who="" if name == LOCAL else name)
    with ui.element("div").props("id=content tabindex=-1").classes("page"):
        ui.html(render("heading.html", title=title), tag="h1").props("dir=auto")
        yield


def show(template: str, **values: object) -> None:
    """A filled-in template on the page. The browser cleans it once more (DOMPurify) before it is shown."""
    ui.html(render(template, **values))
