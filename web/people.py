"""Who looks at a page: what is read, silenced or edited there bears this name."""

from __future__ import annotations

from nicegui import ui

from web.guard import LOCAL, WHO


def who() -> str:
    """The name of whoever the page that is being built, or the event that is being handled, belongs to."""
    return str(ui.context.client.request.scope.get(WHO, LOCAL))
