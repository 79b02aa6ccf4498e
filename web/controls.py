"""Buttons and the like as plain HTML elements, so that the style sheet and the keyboard treat them as all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui.elements.mixins.text_element import TextElement

AWAY_S = 900.0  # a browser may be away so long without losing what stands there; a page that was left is kept as long


class Button(TextElement):
    """A `<button>` with a text; `on_click` may be a coroutine function."""

    def __init__(self, text: str, on_click: Callable[[], Any], *, main: bool = False) -> None:
        super().__init__(tag="button", text=text)
        self.props("type=button")
        if main:
            self.classes("main")
        self._is_on = True
        self.on("click", lambda: on_click() if self._is_on else None)

    def enable(self, on: bool) -> None:
        """Whether it can be pressed. It keeps the keyboard's focus, which `disabled` would take from it."""
        self._is_on = on
        self.props(remove="aria-disabled") if on else self.props("aria-disabled=true")


class Line(TextElement):
    """A line of text that screen readers read out when it changes."""

    def __init__(self, text: str = "") -> None:
        super().__init__(tag="p", text=text)
        self.props("role=status aria-live=polite").classes("status")
