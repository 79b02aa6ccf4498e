"""Pieces of a page whose buttons do something: what was done is said, and the piece is shown anew.

A template writes `<button data-act="pause" data-on="3">`; whoever shows it names what each act does.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import events, ui

from web.pieces import Deed, button, done_in, live_line
from web.render import render

Act = Callable[[str], Awaitable[str]]  # what the button is about → what to say; "" says nothing
Values = Callable[[], Awaitable[Mapping[str, object]]]

_PRESSED = """(event) => {
  const button = event.target.closest('button[data-act]');
  if (button && !button.disabled) emit(button.dataset.act, button.dataset.on || '');
}"""
_FOCUS = "document.querySelector(%s)?.focus()"


async def show_acting(template: str, values: Values, acts: Mapping[str, Act]) -> Callable[[Deed], Awaitable[None]]:
    """A filled-in template whose buttons act. The keyboard stays on the button that was pressed, or goes to what is
    said when that is gone. Returns what does something else in the same way.
    """
    said = live_line()
    piece = ui.html(render(template, **await values()))

    async def show_anew() -> None:
        piece.set_content(render(template, **await values()))

    async def pressed(event: events.GenericEventArguments) -> None:
        name, on = (str(one)[:1000] for one in event.args)
        if name not in acts:
            return
        that = f"[data-act={_quoted(name)}][data-on={_quoted(on)}]"
        await done_in(said, lambda: acts[name](on), show_anew, focus=_FOCUS % _quoted(that))

    piece.on("click", pressed, js_handler=_PRESSED)
    return lambda deed: done_in(said, deed, show_anew)


def _quoted(text: str) -> str:
    """A string of JavaScript, and of a selector: that reads letters beyond ASCII as they are only."""
    return json.dumps(text, ensure_ascii=False)


def number_of(text: str) -> int:
    """The id that an address or a button names; 0, which no row has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


async def agreed(question: str, yes: str) -> bool:
    """Ask first; Escape and a click beside it mean no."""
    return await asked(question, yes) is not None


async def asked(question: str, yes: str, **fields: str) -> dict[str, str] | None:
    """Ask for what is to be written into fields (their labels, by name; `password` is not shown); None for "no"."""
    with ui.dialog() as dialog, ui.element("div").props('role=alertdialog aria-labelledby="question"').classes("ask"):
        ui.html(render("heading.html", title=question), tag="p").props("id=question dir=auto")
        lines = {name: _field(name, label, first=not at) for at, (name, label) in enumerate(fields.items())}
        with ui.element("div").classes("filters"):
            for text, answer in ((yes, True), ("Cancel", False)):
                button(text, partial(dialog.submit, answer))
        for line in lines.values():
            line.on("keydown.enter", lambda: dialog.submit(True), [])
    answer = bool(await dialog)
    written = {name: str(line.value or "") for name, line in lines.items()}
    dialog.delete()
    return written if answer else None


def _field(name: str, label: str, *, first: bool) -> ui.input:
    hidden = "type=password autocomplete=new-password" if name == "password" else "autocomplete=off"
    return ui.input(label).props(f"outlined dense {hidden}{' autofocus' if first else ''}")
