"""The headers of every answer, and the nonce of each page's scripts."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.web.asgi import Visitor
from web.headers import Headers

PAGE = "<html><script>one()</script><script type='module'>two()</script>é</html>"


async def page(_: Request) -> Response:
    return HTMLResponse(PAGE)


async def pieces(_: Request) -> Response:
    return StreamingResponse((piece for piece in (PAGE[:10], PAGE[10:])), media_type="text/html")


async def text(request: Request) -> Response:
    return PlainTextResponse("<script>" + request.headers.get("x-forwarded-prefix", ""))


async def own(_: Request) -> Response:
    return HTMLResponse(PAGE, headers={"content-security-policy": "default-src 'none'"})


async def away(_: Request) -> Response:
    return RedirectResponse("/page")


ROUTES = [Route(f"/{function.__name__}", function) for function in (page, pieces, text, own, away)]
APP = Headers(Starlette(routes=ROUTES))


@pytest.mark.parametrize("path", ["/page", "/pieces"])
async def test_each_script_of_a_page_bears_the_nonce_of_its_policy(path: str) -> None:
    answer = await Visitor(APP).get(path)
    nonce = re.search(r"'nonce-([\w-]+)'", answer.headers["content-security-policy"])
    assert nonce
    assert answer.text == PAGE.replace("<script", f'<script nonce="{nonce[1]}"')
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_nonce_is_used_once() -> None:
    assert (await Visitor(APP).get("/page")).headers["content-security-policy"] != (
        await Visitor(APP).get("/page")
    ).headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/page", "/pieces", "/text", "/own", "/away", "/nothing"])
async def test_every_answer_says_what_a_browser_may_do_with_it(path: str) -> None:
    headers = (await Visitor(APP).get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/page", "/text"])
async def test_a_policy_names_no_host_but_ours(path: str) -> None:
    policy = (await Visitor(APP).get(path)).headers["content-security-policy"]
    words = {word for part in policy.split(";") for word in part.split()[1:]}
    assert all(word.startswith("'") or word == "data:" for word in words)
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


async def test_what_is_no_page_is_left_as_it_is() -> None:
    answer = await Visitor(APP).get("/text")
    assert answer.text == "<script>"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_an_answer_with_a_policy_keeps_it() -> None:
    answer = await Visitor(APP).get("/own")
    assert (answer.text, answer.headers["content-security-policy"]) == (PAGE, "default-src 'none'")


async def test_a_visitor_cannot_move_redirects_elsewhere() -> None:
    assert (await Visitor(APP).get("/text", headers={"X-Forwarded-Prefix": "//evil.example"})).text == "<script>"
