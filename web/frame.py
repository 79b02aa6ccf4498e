"""What every page has in common: the bar with the pages' names, and small pieces of text made safe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from html import escape

from nicegui import ui

PAGES = (("Inbox", "/"), ("Feeds", "/feeds"), ("Deliveries", "/deliveries"))
STYLE = """
mark { background: #fde68a; color: inherit; padding: 0 .1em; border-radius: .15em }
.body--dark mark { background: #854d0e; color: #fff }
a { color: #1d4ed8 } .body--dark a { color: #93c5fd }
.quiet { color: #57606a } .body--dark .quiet { color: #b1bac4 }
:focus-visible { outline: 2px solid #1d4ed8; outline-offset: 2px }
"""


@contextmanager
def frame(title: str) -> Iterator[None]:
    """A page with the bar on top and its content in a column."""
    ui.page_title(f"{title} · wirewatch")
    ui.add_css(STYLE)
    ui.dark_mode(None)
    with ui.header(elevated=False).classes("items-center gap-6 bg-slate-800 text-white"):
        ui.label("wirewatch").classes("text-lg font-semibold")
        for name, path in PAGES:
            ui.link(name, path).classes("!text-white no-underline hover:underline")
    with ui.column().classes("w-full max-w-5xl mx-auto p-4 gap-3"):
        ui.html(f"<h1>{escape(title)}</h1>", sanitize=False).classes("text-2xl font-semibold")
        yield


def when(at: datetime | None) -> str:
    """A time as people read it, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "–"


def marked(sentence: str, marks: list[list[int]]) -> str:
    """A sentence as HTML with its matched words in <mark>; everything else escaped."""
    out, at = [], 0
    for start, end in sorted(marks):
        if start >= at:
            out += [escape(sentence[at:start]), "<mark>", escape(sentence[start:end]), "</mark>"]
            at = end
    return "".join([*out, escape(sentence[at:])])


def outside(text: str, url: str) -> str:
    """A link to a page of somebody else's: http(s) only, telling nothing of where it was clicked."""
    if not url.startswith(("http://", "https://")):
        return escape(text)
    return f'<a href="{escape(url, quote=True)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'
