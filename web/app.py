"""The web application: NiceGUI's pages on FastAPI, behind the sign-in and the headers that every answer bears."""

from __future__ import annotations

from fastapi import FastAPI
from nicegui import ui

from core.settings import Settings
from storage import meta
from storage.engine import Database
from web import links, status
from web.guard import Guard
from web.pages import deliveries, feeds, inbox, story

TITLE = "wirewatch"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """The application over an open database. One in a process: NiceGUI keeps its pages in the module."""
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    key = settings.secret_key or db.write_now(meta.secret_key)
    app.include_router(status.router(db, settings))
    app.include_router(links.router(db, key))
    for page in (inbox, story, feeds, deliveries):
        page.register(db)
    ui.run_with(app, title=TITLE, show_welcome_message=False, storage_secret=key)
    app.add_middleware(Guard, settings=settings, key=key)
    return app
