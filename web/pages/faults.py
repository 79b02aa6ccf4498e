"""The pages that say that something is not there, or went wrong: without any detail that is not for everybody."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from nicegui import Client, app, ui
from nicegui.page import page

from core.errors import ConfigError, NotAvailable
from web.frame import frame, show


def missing(text: str) -> None:
    """Make the page being built a 404."""
    ui.context.client.status_code = 404
    _say("Not found", text)


def register() -> None:
    """Say it in our own words, for every path and page of NiceGUI's app."""

    @app.exception_handler(404)
    async def not_found(request: Request, _error: Exception) -> Response:
        with Client(page(""), request=request) as client:
            _say("Not found", "There is no such page.")
        return client.build_response(request, 404)

    def failed(error: Exception) -> None:
        _say(*_told(error))

    app.on_page_exception(failed)


def _told(error: Exception) -> tuple[str, str]:
    """A title, and what to do."""
    match error:
        case NotAvailable():
            return "Not now", "The database does not answer, or is damaged. `wirewatch doctor` says which."
        case ConfigError():  # stored by a version that let it pass
            mend = "Mend that in the watch file and run `wirewatch apply --force`, or roll back under Settings."
            return "The active revision cannot be read", f"This version refuses it. {error.message}\n{mend}"
    return "Something went wrong", "What it was stands in the log of the web process."


def _say(title: str, text: str) -> None:
    with frame(title):
        show("fault.html", text=text)
