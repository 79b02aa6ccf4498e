"""Every route with who may see it. What is not on this list is for people who signed in; a test asks each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache

from starlette.routing import compile_path

API = "/api"  # what is below it answers problems as application/problem+json
SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"


class Audience(StrEnum):
    """Who may ask for a route."""

    EVERYBODY = "everybody"  # it proves by itself what it is asked for, or there is nothing to hide
    DOOR = "door"  # everybody, but no other site's page
    SIGNED_IN = "signed in"
    PROGRAM = "program"  # with a token; a cookie opens nothing here


_E, _D, _S, _P = Audience.EVERYBODY, Audience.DOOR, Audience.SIGNED_IN, Audience.PROGRAM

ROUTES: Mapping[str, Audience] = {
    "/healthz": _E,
    "/favicon.ico": _E,
    "/links/story/{token}": _E,
    "/links/{purpose}/{token}": _E,
    "/links/{purpose}/{token}/undo": _E,
    "/links/{path:path}": _E,  # a link that a mail program cut in two is answered as not valid
    "/static/{path:path}": _E,
    SIGN_IN: _D,
    SIGN_OUT: _D,
    "/": _S,
    "/stories/{story_id:int}": _S,
    "/stories/{story_id:int}/evidence.warc.gz": _S,
    "/feeds": _S,
    "/feeds/add": _S,
    "/feeds/import": _S,
    "/feeds.opml": _S,
    "/feeds/{feed_id:int}": _S,
    "/deliveries": _S,
    "/deliveries/{delivery_id:int}": _S,
    "/stats": _S,
    "/settings": _S,
    "/rules": _S,
    "/rules/{rule_id}": _S,
    "/new-rule": _S,
    "/try": _S,
    "/_nicegui_ws/{path:path}": _S,
    "/_nicegui/{version}/static/{path:path}": _S,
    "/_nicegui/{version}/libraries/{key:path}": _S,
    "/_nicegui/{version}/components/{key:path}": _S,
    "/_nicegui/{version}/resources/{key}/{path:path}": _S,
    "/_nicegui/{version}/dynamic_resources/{name}": _S,
    "/_nicegui/{version}/esm/{key}/{path:path}": _S,
    "/metrics": _P,
    "/rules/{rule_id}/feed.atom": _E,
    "/api/docs": _S,
    "/api/v1/openapi.json": _P,
    "/api/v1/alerts": _P,
    "/api/v1/alerts/{alert_id}": _P,
    "/api/v1/articles": _P,
    "/api/v1/articles/search": _P,
    "/api/v1/articles/{article_id}": _P,
    "/api/v1/articles/{article_id}/why": _P,
    "/api/v1/channels": _P,
    "/api/v1/channels/{name}/resume": _P,
    "/api/v1/channels/{name}/test": _P,
    "/api/v1/config": _P,
    "/api/v1/config/history": _P,
    "/api/v1/config/revisions/{number}": _P,
    "/api/v1/config/revisions/{number}/diff": _P,
    "/api/v1/config/revisions/{number}/rollback": _P,
    "/api/v1/deliveries": _P,
    "/api/v1/deliveries/counts": _P,
    "/api/v1/deliveries/resend-dead": _P,
    "/api/v1/deliveries/{delivery_id}": _P,
    "/api/v1/deliveries/{delivery_id}/drop": _P,
    "/api/v1/deliveries/{delivery_id}/resend": _P,
    "/api/v1/feeds": _P,
    "/api/v1/feeds/discover": _P,
    "/api/v1/feeds/opml": _P,
    "/api/v1/feeds/{feed_id}": _P,
    "/api/v1/feeds/{feed_id}/pause": _P,
    "/api/v1/feeds/{feed_id}/poll": _P,
    "/api/v1/feeds/{feed_id}/resume": _P,
    "/api/v1/hits": _P,
    "/api/v1/hits/{hit_id}": _P,
    "/api/v1/hits/{hit_id}/not-this": _P,
    "/api/v1/people": _P,
    "/api/v1/people/me": _P,
    "/api/v1/people/{name}": _P,
    "/api/v1/people/{name}/password": _P,
    "/api/v1/people/{name}/tokens": _P,
    "/api/v1/people/{name}/tokens/{program}": _P,
    "/api/v1/rules": _P,
    "/api/v1/rules/test": _P,
    "/api/v1/rules/{rule_id}": _P,
    "/api/v1/rules/{rule_id}/backtest": _P,
    "/api/v1/rules/{rule_id}/explain": _P,
    "/api/v1/rules/{rule_id}/near": _P,
    "/api/v1/rules/{rule_id}/test": _P,
    "/api/v1/stats/latency": _P,
    "/api/v1/stats/volume": _P,
    "/api/v1/stories": _P,
    "/api/v1/stories/{story_id}": _P,
    "/api/v1/stories/{story_id}/close": _P,
    "/api/v1/stories/{story_id}/read": _P,
    "/api/v1/stories/{story_id}/reopen": _P,
    "/api/v1/stories/{story_id}/silence": _P,
}

BELOW: Mapping[str, Audience] = {  # who may learn that there is nothing there
    "/api/v1/{path:path}": _P,
}


def audience(path: str) -> Audience:
    """Who may ask for this path; people who signed in where the list does not know it."""
    return next((who for shape, who in _shapes() if shape.match(path)), Audience.SIGNED_IN)


@cache
def _shapes() -> tuple[tuple[re.Pattern[str], Audience], ...]:
    """Those that are for others than people who signed in."""
    shapes = {path: who for path, who in ROUTES.items() if who is not Audience.SIGNED_IN} | dict(BELOW)
    return tuple((compile_path(path)[0], who) for path, who in shapes.items())
