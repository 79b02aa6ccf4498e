"""Who may come in, and what another site's page may ask for."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from core.settings import Settings
from tests.web.asgi import Visitor
from web.guard import COOKIE, LOCAL, WHO, Guard

KEY = "k" * 32
PASSWORD = "correct horse: battery"
SOCKET = "/_nicegui_ws/socket.io"


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.scope.get(WHO, ""))


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("in")
    await websocket.close()


def client(*, at: str = "http://localhost", key: str = KEY, peer: str = "127.0.0.1", **settings: Any) -> Visitor:
    routes = [
        Route("/{path:path}", page, methods=["GET", "POST"]),
        WebSocketRoute(SOCKET, socket),
    ]
    app = Guard(Starlette(routes=routes), settings=Settings(_env_file=None, **settings), key=key)
    return Visitor(app, at, peer)


def basic(password: str, user: str = "anybody") -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


@pytest.mark.parametrize(
    "at", ["http://localhost", "http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"]
)
async def test_on_loopback_everybody_of_this_machine_comes_in(at: str) -> None:
    answer = await client(at=at).get("/feeds")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "[", "10.0.0.1"])
async def test_a_foreign_name_for_loopback_is_refused(host: str) -> None:
    answer = await client().get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "WIREWATCH_PASSWORD" in answer.text


async def test_with_a_password_nobody_comes_in_without_it_not_even_on_loopback() -> None:
    answer = await client(password=PASSWORD).get("/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "header",
    [
        basic("wrong"),
        basic(""),
        basic(PASSWORD[:-1]),
        {"authorization": "Basic"},
        {"authorization": "Basic ???"},
        {"authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"authorization": f"Bearer {PASSWORD}"},
        {"cookie": f"{COOKIE}=user"},
        {"cookie": f"{COOKIE}="},
        {"cookie": "path=1; \x01=2"},
        {"x-user": "root"},
    ],
)
async def test_what_is_not_the_password_opens_nothing(header: dict[str, str]) -> None:
    assert (await client(password=PASSWORD, host="0.0.0.0").get("/stories/1", headers=header)).status_code == 401


async def test_the_password_opens_under_any_name_and_user() -> None:
    answer = await client(at="http://news.example", password=PASSWORD, host="0.0.0.0").get("/", headers=basic(PASSWORD))
    assert (answer.status_code, answer.text) == (200, "anybody")


async def test_whoever_comes_in_has_a_name_and_keeps_it_with_the_cookie() -> None:
    assert (await client().get("/")).text == LOCAL
    visitor = client(password=PASSWORD)
    assert (await visitor.get("/", headers=basic(PASSWORD, "ada"))).text == "ada"
    assert (await visitor.get("/")).text == "ada"
    assert (await client(password=PASSWORD).get("/", headers=basic(PASSWORD, ""))).text == LOCAL
    behind = client(user_header="X-Forwarded-User")
    assert (await behind.get("/", headers={"x-forwarded-user": "  grace\thopper "})).text == "grace hopper"


async def test_a_browser_is_sent_to_the_form_and_a_program_is_challenged() -> None:
    page = await client(password=PASSWORD).get("/stories/1?x=/a", headers={"accept": "text/html"})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/stories/1%3Fx%3D/a")
    assert (await client(password=PASSWORD).post("/", {"accept": "text/html"})).status_code == 401


async def test_no_password_set_is_not_the_empty_password() -> None:
    assert (await client(host="0.0.0.0", user_header="x-user").get("/", headers=basic(""))).status_code == 401


async def test_the_cookie_stands_for_the_password() -> None:
    visitor = client(password=PASSWORD)
    given = (await visitor.get("/", headers=basic(PASSWORD))).headers["set-cookie"]
    assert "HttpOnly" in given
    assert "SameSite=Lax" in given
    assert "Secure" not in given
    assert (await visitor.get("/")).status_code == 200
    assert "set-cookie" not in (await visitor.get("/", headers=basic(PASSWORD))).headers


@pytest.mark.parametrize("header", [{"x-forwarded-proto": "https"}, {}])
async def test_over_tls_the_cookie_is_for_tls_only(header: dict[str, str]) -> None:
    visitor = client(at="http://news.example" if header else "https://news.example", password=PASSWORD)
    assert "Secure" in (await visitor.get("/", headers=basic(PASSWORD) | header)).headers["set-cookie"]


@pytest.mark.parametrize("other", [{"password": "new"}, {"key": "l" * 32}])
async def test_a_new_password_or_key_ends_old_sessions(other: dict[str, str]) -> None:
    given = (await client(password=PASSWORD).get("/", headers=basic(PASSWORD))).cookies[COOKIE]
    later = client(**({"password": PASSWORD} | other))
    assert (await later.get("/", headers={"cookie": f"{COOKIE}={given}"})).status_code == 401


async def test_a_proxys_header_names_the_user() -> None:
    behind = client(user_header="X-Forwarded-User", host="0.0.0.0", at="http://news.example")
    assert (await behind.get("/", headers={"x-forwarded-user": "ada"})).status_code == 200
    assert (await behind.get("/", headers={"x-forwarded-user": ""})).status_code == 401
    assert (await behind.get("/")).status_code == 401


@pytest.mark.parametrize(("peer", "code"), [("10.7.0.3", 200), ("10.8.0.3", 401), ("127.0.0.1", 200)])
async def test_only_a_proxy_that_is_trusted_names_the_user(peer: str, code: int) -> None:
    behind = client(user_header="x-user", host="0.0.0.0", trusted_proxies="10.7.0.0/16", peer=peer)
    assert (await behind.get("/", headers={"x-user": "ada"})).status_code == code


async def test_behind_a_proxy_on_this_machine_loopback_is_not_free() -> None:
    assert (await client(user_header="X-Forwarded-User").get("/")).status_code == 401


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "watch.example"])
@pytest.mark.parametrize("said", [{"x-forwarded-for": "203.0.113.9"}, {"forwarded": "for=203.0.113.9"}])
async def test_whoever_comes_by_a_proxy_on_this_machine_signs_in(host: str, said: dict[str, str]) -> None:
    for path in ("/", "/api/v1/people", "/metrics"):
        answer = await client().get(path, headers={"host": host, **said})
        assert (answer.status_code, answer.text.count("WIREWATCH_PASSWORD")) == (401, 0)
    assert (await client().get("/sign-in", headers={"host": host, **said})).status_code == 200


@pytest.mark.parametrize("path", ["/healthz", "/links/silence/x", "/static/wirewatch.css"])
async def test_health_links_and_the_style_sheet_need_no_sign_in(path: str) -> None:
    assert (await client(password=PASSWORD, host="0.0.0.0").get(path)).status_code == 200
    assert (await client().get(path, headers={"host": "news.example"})).status_code == 200


@pytest.mark.parametrize("path", ["/", "/link", "//links/x", "/_nicegui/x.js", "/static", "/x/links/y", "/x/static/"])
async def test_nothing_else_is_open(path: str) -> None:
    assert (await client(password=PASSWORD).get("http://localhost" + path)).status_code == 401


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:81", "https://localhost.evil.example"]
)
async def test_another_sites_page_changes_nothing_and_opens_no_socket(origin: str) -> None:
    for visitor in (client(), client(user_header="x-user")):
        headers = {"origin": origin, "x-user": "ada", "host": "localhost"}
        assert (await visitor.post("/", headers)).status_code == 403
        assert (await visitor.get(f"{SOCKET}?transport=polling", headers)).status_code == 403
        assert await visitor.knock(SOCKET, headers) == {"type": "websocket.close", "code": 4403}


async def test_our_own_page_changes_things_and_opens_its_socket() -> None:
    headers = {"origin": "http://localhost", "host": "localhost"}
    assert (await client().post("/", headers)).status_code == 200
    assert (await client().knock(SOCKET, headers))["type"] == "websocket.accept"


async def test_a_socket_needs_the_sign_in_too() -> None:
    headers = {"origin": "http://localhost", "host": "localhost"}
    assert (await client(password=PASSWORD).knock(SOCKET, headers))["type"] == "websocket.close"
    assert (await client(password=PASSWORD).knock(SOCKET, headers | basic(PASSWORD)))["type"] == "websocket.accept"
