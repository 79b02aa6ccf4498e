"""Pieces of pages that move: buttons that say what they do, and a line that says what was done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from markupsafe import Markup, escape
from nicegui import ui
from nicegui.elements.html import Html

from core.errors import InputError
from web.text import sentence

Act = Callable[[], Awaitable[None]]
LOOK_EVERY_S = 15.0  # between two looks of an open page for what is new


def button(text: str, act: Act, *, about: str = "", classes: str = "") -> Html:
    """A button; `about` names for the blind what is meant, where several buttons say the same."""
    made = ui.html(label_of(text, about), tag="button").props("type=button").classes(classes)
    made.on("click", act, [])
    return made


def label_of(text: str, about: str = "") -> str:
    """What stands on a button."""
    return str(escape(text) + (Markup('<span class="unseen"> %s</span>') % about if about else Markup()))


def live_line(classes: str = "said") -> Html:
    """A line whose text is read out when it changes."""
    return ui.html("", tag="p").props("role=status dir=auto").classes(classes)


async def said_in(line: Html, act: Callable[[], Awaitable[str]]) -> bool:
    """Do it, and say in this line what was done or why it cannot be; whether it was done."""
    try:
        done = await act()
    except InputError as error:
        line.set_content(str(escape(f"Not done: {error.message}.")))
        return False
    line.set_content(str(escape(sentence(done))))
    return True
