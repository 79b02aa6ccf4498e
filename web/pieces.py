"""Pieces of pages that move: buttons that say what they do, and a line that says what was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from markupsafe import Markup, escape
from nicegui import ui
from nicegui.elements.html import Html

from core.errors import NotAvailable, WirewatchError
from web.text import told

Deed = Callable[[], Awaitable[str]]  # something that is done; what is said of it
LOOK_EVERY_S = 15.0  # between two looks of an open page for what is new
FOCUS_IF_LOST = """const at = document.activeElement;
if (at === document.body || !at.checkVisibility()) getHtmlElement(%d).focus()"""


def button(text: str, act: Callable[[], object], *, about: str = "", classes: str = "") -> Html:
    """A button; `about` names for the blind what is meant, where several buttons say the same."""
    made = ui.html(label_of(text, about), tag="button").props("type=button").classes(classes)
    made.on("click", act, [])
    return made


def label_of(text: str, about: str = "") -> str:
    """What stands on a button."""
    return str(escape(text) + (Markup('<span class="unseen"> %s</span>') % about if about else Markup()))


def live_line(classes: str = "said") -> Html:
    """A line whose text is read out when it changes, and that the keyboard can be put on."""
    return ui.html("", tag="p").props("role=status dir=auto tabindex=-1").classes(classes)


async def said_in(line: Html, deed: Deed) -> bool:
    """Do it, and say in this line what was done or why it cannot be; whether it was done."""
    line.set_content("")
    try:
        text, good = await deed(), True
    except WirewatchError as error:
        text, good = told(error), False
    line.classes(**{"remove" if good else "add": "bad"})
    line.set_content(str(escape(text)))
    return good


async def done_in(line: Html, deed: Deed, show_anew: Callable[[], Awaitable[None]], *, focus: str = "") -> None:
    """`said_in`, and then what there is, shown anew; the keyboard goes where the script `focus` puts it, or to the
    line when its button is gone.
    """
    await said_in(line, deed)
    with suppress(NotAvailable):
        await show_anew()
    ui.run_javascript(f"{focus}; {FOCUS_IF_LOST % line.id}")
