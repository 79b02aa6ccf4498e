"""The web application: NiceGUI's pages on FastAPI, behind the sign-in and the headers that every answer bears."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from nicegui import app as pages
from nicegui import ui
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

from core.errors import NotAvailable
from core.settings import Settings
from storage import meta
from storage.engine import Database
from web import atom, evidence, feedlists, links, metrics, sign_in, status
from web.api.app import create_api
from web.api.desk import Desk
from web.bodies import Bodies
from web.demo import Demo
from web.guard import Guard
from web.headers import Headers
from web.heads import Heads
from web.pages import deliveries, delivery, faults, feed, feed_adding, feeds, inbox, rule, rules, stats, story, tryout
from web.pages import settings as settings_page
from web.render import STATIC
from web.routes import API

TITLE, ICON = "wirewatch", "favicon.svg"


def create_app(settings: Settings, db: Database) -> FastAPI:
    """The application over an open database. One in a process: NiceGUI keeps its pages in the module."""
    key = settings.secret_key or db.write_now(meta.secret_key)
    desk = Desk(db, settings)
    app = bare_app(settings, db, key, desk)
    demo = Demo(settings)
    pages.on_shutdown(demo.close)
    inbox.register(db, demo, desk.book)
    for page in (story, feeds, feed, deliveries, delivery, stats):
        page.register(db)
    for page in (feed_adding, settings_page):
        page.register(db, settings)
    _rules(desk, key)
    faults.register()
    ui.run_with(
        app, title=TITLE, favicon=STATIC / ICON, language="en-US", dark=None, tailwind=False,
        show_welcome_message=False, gzip_middleware_factory=None,
    )  # fmt: skip
    return app


def _rules(desk: Desk, key: str) -> None:
    """The pages about rules, and the end of the processes that rules are tried in."""
    pages.on_shutdown(desk.trials.close)
    rules.register(desk.db, desk.book, desk.trials)
    rule.register(desk.db, key, desk.book, desk.trials)
    tryout.register(desk.db, desk.settings, desk.book, desk.trials)


def bare_app(settings: Settings, db: Database, key: str, desk: Desk | None = None) -> FastAPI:
    """What is served without NiceGUI, with all that stands before every route.

    Without a `desk` it makes one, whose processes nobody ends.
    """
    desk = desk or Desk(db, settings)
    app = FastAPI(title=TITLE, docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(status.router(db, settings))
    app.include_router(links.router(db, key))
    app.include_router(sign_in.router())
    app.include_router(metrics.router(db))
    app.include_router(atom.router(db, key, desk.book))
    app.mount(API, create_api(desk))
    app.include_router(feedlists.router(db))
    app.include_router(evidence.router(db))
    app.add_route("/favicon.ico", lambda _: FileResponse(STATIC / ICON))  # asked for by whoever shows an address
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NotAvailable, links.away)
    app.add_middleware(Bodies)
    app.add_middleware(Guard, settings=settings, key=key, db=db)
    app.add_middleware(Headers)
    app.add_middleware(GZipMiddleware, minimum_size=1000)
    app.add_middleware(Heads)
    return app
