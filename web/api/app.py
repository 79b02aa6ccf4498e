"""The API's application, mounted at /api: its routes, its errors, its document and the page made from that."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from web.api import alerts, articles, channels, config, deliveries, feeds, hits, people, problems, rules, stats, stories
from web.api.desk import Desk
from web.api.document import Document, with_problems
from web.headers import BARE_POLICY
from web.render import render

VERSION = "1"
NOUNS = (stories, hits, articles, rules, feeds, deliveries, channels, alerts, config, stats, people)
ABOUT = (
    "What the page and the command line do, for programs. "
    "Bring a token, made by wirewatch users token, as Authorization: "
    "Bearer ww_… Long lists are pages: next of one is cursor of the next. Errors are problems (RFC 9457)."
)


def create_api(desk: Desk) -> FastAPI:
    """The application to be mounted at /api."""
    api = FastAPI(
        title="wirewatch", version=VERSION, description=ABOUT, docs_url=None, redoc_url=None,
        openapi_url="/v1/openapi.json", servers=[{"url": "/api"}], root_path_in_servers=False,
        responses=problems.ANSWERS, redirect_slashes=False,
    )  # fmt: skip
    for noun in NOUNS:
        api.include_router(noun.router(desk), prefix="/v1")
    problems.register(api)
    plain = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = with_problems(plain())
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]

    @api.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = render("api-docs.html", title="API", document=Document(api.openapi()))
        return HTMLResponse(page, headers={"content-security-policy": BARE_POLICY})

    return api
