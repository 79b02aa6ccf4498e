"""Every route is on the list of who may see it, and shows nothing to anybody else."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts
from nicegui import Client
from nicegui import __version__ as nicegui_version
from nicegui import app as pages

from core.settings import Settings
from storage import schema
from storage.engine import Database
from tests.web import rows
from tests.web.asgi import Visitor
from web.app import bare_app, create_app
from web.routes import ROUTES, Audience, audience

FILLED = {"int": "1", "path": "x/y", "": "x"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The whole application, NiceGUI's routes included, where a sign-in is needed."""
    folder: Path = tmp_path_factory.mktemp("routes")
    database = Database(f"sqlite:///{folder / 'wirewatch.db'}")
    schema.upgrade(database)
    yield create_app(Settings(_env_file=None, host="0.0.0.0", password="hush hush hush", data=folder), database)
    database.close()


def paths(routes: Any, before: str = "") -> Iterator[tuple[str, frozenset[str]]]:
    """Each route's path as the list writes it, with its methods; a mounted application without routes is one path."""
    for route in (one for made in routes for one in _flat(made)):
        below = getattr(route, "routes", None)
        path = before + str(route.path).replace(nicegui_version, "{version}")
        if below:
            yield from paths(below, path)
        elif hasattr(route, "methods"):
            yield path, frozenset(route.methods or ())
        else:
            yield path + "/{path:path}", frozenset({"GET"})


def _flat(route: Any) -> Iterator[Any]:
    """The routes of an included router one by one; any other as it is."""
    return iter_route_contexts([route]) if hasattr(route, "original_router") else iter([route])


def test_every_route_is_on_the_list(app: Any) -> None:
    found = {path for path, _ in paths(app.routes)}
    assert {"/", "/sign-in", "/static/{path:path}", "/links/{purpose}/{token}"} <= found
    assert found - ROUTES.keys() == set()


def test_the_list_names_no_route_that_is_gone(app: Any) -> None:
    assert ROUTES.keys() - {path for path, _ in paths(app.routes)} == set()


def test_no_page_is_given_up_after_three_seconds_and_none_with_something_typed_either(app: Any) -> None:
    """As NiceGUI does unless it is told: a large watch file takes longer to read, and a busy database, too."""
    routes: list[Any] = [one for one in pages.routes if getattr(one, "path", "") in Client.page_routes.values()]
    known = [inspect.getclosurevars(one.endpoint).nonlocals["self"] for one in routes]
    assert {one.path for one in known} >= {"/", "/rules", "/settings", "/stories/{story_id:int}"}
    assert {one.path for one in known if one.response_timeout < 60} == set()
    patient = {one.path for one in known if one.reconnect_timeout}  # with a browser that is away for a while
    assert patient == {"/feeds/add", "/new-rule", "/rules/{rule_id}", "/settings", "/try"}


async def test_the_icon_that_browsers_ask_for_by_themselves_is_there_before_anybody_signed_in(app: Any) -> None:
    answer = await Visitor(app, "https://watch.example").get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


async def test_each_route_opens_for_those_on_the_list_only(app: Any) -> None:
    visitor = Visitor(app, "https://watch.example")
    for path, methods in paths(app.routes):
        filled = re.sub(r"\{\w+:?(\w*)\}", lambda part: FILLED[part[1]], path)
        for method in methods | ({"HEAD"} if "GET" in methods else set()):
            answer = await visitor.client.request(method, filled)
            refused = answer.status_code == 401 and "www-authenticate" in answer.headers
            assert refused is (ROUTES[path] in (Audience.SIGNED_IN, Audience.PROGRAM)), (method, path, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/healthz",
        "/metrics",
        "/feeds.opml",
        "/stories/1/evidence.warc.gz",
        "/static/wirewatch.css",
        "/api/v1/feeds",
        "/x",
    ],
)
async def test_head_is_answered_as_get_without_its_body(db: Database, path: str) -> None:
    db.write_now(rows.newsroom)
    visitor = Visitor(bare_app(Settings(_env_file=None), db, "k" * 40))
    whole, head = await visitor.get(path), await visitor.client.head(path)
    lengths = [one.headers.get("content-length") for one in (whole, head)]
    assert (head.status_code, lengths[0], head.content) == (whole.status_code, lengths[1], b"")


@pytest.mark.parametrize(
    "path", ["/nothing", "//links/x/y", "/links", "/static", "/x/static/y", "/sign-in/x", "/healthz/x"]
)
def test_what_the_list_does_not_know_is_for_people_who_signed_in(path: str) -> None:
    assert audience(path) is Audience.SIGNED_IN
