"""Signing in by the form, by HTTP Basic and by a token, and signing out."""

from __future__ import annotations

import base64
import html
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from functools import partial
from urllib.parse import quote, urlencode

import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from core.clock import SystemClock
from core.settings import Settings
from pipeline import people
from storage import people as rows
from storage.engine import Database
from tests.web.asgi import Visitor
from tests.web.hostile import TEXTS
from web.app import bare_app
from web.entrance import Entrance
from web.guard import Guard
from web.sign_in import inside, router

KEY, SHARED, OWN = "k" * 40, "hush hush hush", "correct horse"
PAGE = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Passwords cost next to nothing, and no time passes between attempts."""
    monkeypatch.setattr(people, "N", 16)
    monkeypatch.setattr("web.entrance.monotonic", lambda: 1000.0)
    people._nobodys.cache_clear()
    yield
    people._nobodys.cache_clear()


def add_ada(db: Database) -> None:
    db.write_now(lambda session: people.add(session, "ada", people.fresh(OWN), now=SystemClock().now()))


@pytest.fixture
def visitor(db: Database) -> Visitor:
    add_ada(db)
    settings = Settings(_env_file=None, host="0.0.0.0", password=SHARED)
    return Visitor(bare_app(settings, db, KEY), "https://watch.example")


async def sign_in(visitor: Visitor, name: str, password: str, wanted: str = "/feeds?x=1") -> httpx.Response:
    form = await visitor.get(f"/sign-in?next={quote(wanted)}")
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.text))
    said = {key: html.unescape(value) for key, value in fields.items()} | {"name": name, "password": password}
    return await visitor.post("/sign-in", {"origin": "https://watch.example"}, urlencode(said))


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.get("/sign-out")).text.count("signed in as") == 1


def basic(name: str, password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


async def test_a_browser_is_led_to_the_form_and_back(visitor: Visitor) -> None:
    away = await visitor.get("/feeds?x=1", PAGE)
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/feeds%3Fx%3D1")
    entered = await sign_in(visitor, "ada", OWN)
    assert (entered.status_code, entered.headers["location"]) == (303, "/feeds?x=1")
    assert all(part in entered.headers["set-cookie"] for part in ("HttpOnly", "SameSite=Lax", "Secure"))
    assert await is_in(visitor)


async def test_programs_are_told_to_sign_in_instead(visitor: Visitor) -> None:
    answer = await visitor.get("/feeds")
    assert (answer.status_code, answer.headers["www-authenticate"][:6]) == (401, "Basic ")


@pytest.mark.parametrize(
    ("name", "password", "enters"),
    [
        ("ada", OWN, True),
        ("ada", SHARED, False),  # a name with a password of its own needs it
        ("ada", "wrong", False),
        ("grace", SHARED, True),
        ("Ada", SHARED, False),
        ("ada\u200b", SHARED, False),
        ("local", SHARED, False),  # who nobody asked for a name
        ("Link", SHARED, False),
        ("grace", OWN, False),
        ("grace", "", False),
    ],
)
async def test_who_comes_in_by_the_form_comes_in_by_http_basic_too(
    visitor: Visitor, name: str, password: str, enters: bool
) -> None:
    assert (await visitor.get("/nothing", basic(name, password))).status_code == (404 if enters else 401)
    visitor.client.cookies.clear()
    assert (await sign_in(visitor, name, password)).status_code == (303 if enters else 401)
    assert await is_in(visitor) is enters


async def test_a_form_of_another_page_or_browser_signs_nobody_in(visitor: Visitor) -> None:
    said = urlencode({"name": "ada", "password": OWN, "token": "x"})
    assert (await visitor.post("/sign-in", {"origin": "https://evil.example"}, said)).status_code == 403
    assert (await visitor.post("/sign-in", {}, said)).status_code == 403
    fields = re.findall(r'name="token" value="([^"]*)"', (await visitor.get("/sign-in")).text)
    visitor.client.cookies.clear()
    said = urlencode({"name": "ada", "password": OWN, "token": fields[0]})
    assert (await visitor.post("/sign-in", {}, said)).status_code == 403
    assert (await visitor.post("/sign-in", {}, "x" * 30_000)).status_code == 403


async def test_signing_out_takes_a_post(visitor: Visitor) -> None:
    await sign_in(visitor, "ada", OWN)
    assert await is_in(visitor)
    assert (await visitor.post("/sign-out", {"origin": "https://evil.example"})).status_code == 403
    assert (await visitor.post("/sign-out")).headers["location"] == "/sign-in"
    assert not await is_in(visitor)


async def test_a_copy_of_a_cookie_that_was_signed_out_opens_nothing_and_other_sessions_stay(visitor: Visitor) -> None:
    kept = [(await sign_in(visitor, "ada", OWN)).headers["set-cookie"].partition(";")[0] for _ in range(2)]
    await visitor.post("/sign-out", {"cookie": kept[0]})
    visitor.client.cookies.clear()
    told = [(await visitor.get("/sign-out", {"cookie": one})).text for one in kept]
    assert ["signed in as" in one for one in told] == [False, True]


async def test_whoever_left_or_has_another_password_is_out_at_once(db: Database, visitor: Visitor) -> None:
    await sign_in(visitor, "ada", OWN)
    changed = people.hashed("another password", b"s" * 16)
    db.write_now(lambda session: people.change_password(session, "ada", changed))
    assert not await is_in(visitor)
    assert (await sign_in(visitor, "ada", "another password")).status_code == 303
    db.write_now(lambda session: people.remove(session, "ada", now=SystemClock().now()))
    assert not await is_in(visitor)
    assert (await sign_in(visitor, "ada", SHARED)).status_code == 401  # the name stays theirs


async def test_after_five_wrong_passwords_the_right_one_has_to_wait_too(visitor: Visitor) -> None:
    for name in ("ada", "nobody"):
        answers = [(await sign_in(visitor, name, "wrong")).status_code for _ in range(6)]
        assert answers == [401] * 5 + [429]
    late = await sign_in(visitor, "ada", OWN)
    assert late.status_code == 429
    assert late.headers["retry-after"] == "60"
    assert (await visitor.get("/feeds", basic("ada", OWN))).status_code == 429
    assert (await sign_in(visitor, "grace", SHARED)).status_code == 303


@pytest.mark.parametrize(
    ("peer", "believed"),
    [
        ("127.0.0.1", True),
        ("10.7.0.9", True),
        ("::ffff:10.7.0.9", True),
        ("10.8.0.9", False),
        ("203.0.113.5", False),
        ("", False),
    ],
)
def test_a_proxy_that_is_trusted_says_where_its_visitors_are(peer: str, believed: bool) -> None:
    settings = Settings(_env_file=None, trusted_proxies="10.7.0.0/16")
    address = Entrance(settings, "k", None).address_of(peer, {"x-forwarded-for": "198.51.100.1, 203.0.113.9"})
    assert address == ("203.0.113.9" if believed else peer)


async def test_a_token_opens_the_api_only_and_nothing_else_opens_it(db: Database, visitor: Visitor) -> None:
    token = db.write_now(lambda session: people.make_token(session, "ada", "ci", now=SystemClock().now()))
    bearer = {"authorization": f"Bearer {token}"}
    assert (await visitor.get("/metrics", bearer)).status_code == 200
    ((row, _),) = db.read_now(rows.tokens)
    assert row.last_used_at is not None
    for path in ("/", "/feeds", "/_nicegui/x.js", "/api/docs"):
        assert (await visitor.get(path, bearer)).status_code == 401
    await sign_in(visitor, "ada", OWN)
    for headers in ({}, basic("ada", OWN), {"authorization": "Bearer ww_x"}, {"authorization": f"Basic {token}"}):
        refused = await visitor.get("/api/v1/people", headers)
        assert (refused.status_code, refused.headers["www-authenticate"][:7]) == (401, "Bearer ")
        assert refused.headers["content-type"] == "application/problem+json"
    db.write_now(lambda session: people.remove(session, "ada", now=SystemClock().now()))
    assert (await visitor.get("/metrics", bearer)).status_code == 401


async def test_a_token_that_only_reads_changes_nothing(db: Database, visitor: Visitor) -> None:
    made = partial(people.make_token, person_name="ada", now=SystemClock().now())
    reads, may = (
        {"authorization": f"Bearer {db.write_now(partial(made, token_name=name, read_only=name == 'panel'))}"}
        for name in ("panel", "ci")
    )
    eve = json.dumps({"name": "eve", "password": "correct horse battery"})
    said = {"content-type": "application/json"}
    assert (await visitor.get("/api/v1/people", reads)).status_code == 200
    refused = await visitor.post("/api/v1/people", reads | said, eve)
    assert (refused.status_code, "may only read" in refused.json()["title"]) == (403, True)
    assert (await visitor.post("/api/v1/people", may | said, eve)).status_code == 201


ELSEWHERE = (
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example",
    "https://evil.example",
    "https:evil.example", "javascript:alert(1)", "data:text/html,x", " //evil.example", "/ /evil.example",
    "\n//evil.example",
    "/\r\nSet-Cookie: x=1", "evil.example", "", "http:/\\evil.example", "/%0d\x0a", "//", "/\x00",
    "\u2028//evil.example",
    "/sign-out", "/sign-in?next=/sign-in", "/api/v1/people", "//[",
)  # fmt: skip


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_nothing_leads_away_from_this_site(wanted: str) -> None:
    assert inside(wanted) == "/"


@pytest.mark.parametrize(
    "wanted", ["/", "/feeds", "/stories/1?x=//evil.example", "/?rule=a%20b", "/rules/é", "/api/docs"]
)
def test_a_path_of_this_site_is_kept(wanted: str) -> None:
    assert inside(wanted) == wanted


async def test_after_signing_in_the_redirect_stays_here(visitor: Visitor) -> None:
    for wanted in ("//evil.example", "https://evil.example/", "/\\evil.example", "/sign-out"):
        assert (await sign_in(visitor, "grace", SHARED, wanted)).headers["location"] == "/"


async def test_hostile_names_and_addresses_are_text(visitor: Visitor) -> None:
    for text in TEXTS:
        page = (await visitor.get(f"/sign-in?next=/{quote(text)}")).text
        assert not re.search(r"<(script|img|svg|iframe|style|base|a )", page)
        answer = await visitor.post("/sign-in", body=urlencode({"name": text, "next": text}))
        assert not re.search(r"<(script|img|svg|iframe|style|base|a )", answer.text)


async def test_on_loopback_nobody_has_to_and_somebody_may(db: Database) -> None:
    add_ada(db)
    visitor = Visitor(bare_app(Settings(_env_file=None), db, KEY))
    assert (await visitor.get("/nothing", PAGE)).status_code == 404
    form = await visitor.get("/sign-in")
    token = re.findall(r'name="token" value="([^"]*)"', form.text)[0]
    said = urlencode({"name": "ada", "password": OWN, "token": token})
    assert (await visitor.post("/sign-in", {"origin": "http://localhost"}, said)).status_code == 303
    assert await is_in(visitor)


async def test_a_cookie_of_another_program_on_this_host_shuts_nobody_out(visitor: Visitor) -> None:
    kept = (await sign_in(visitor, "ada", OWN)).headers["set-cookie"].partition(";")[0]
    for other in ("x[0]=1", 'prefs={"a": 1}', "broken", "caf\xe9=\xe9"):
        answer = await visitor.client.get("/sign-out", headers={b"cookie": f"{other}; {kept}".encode("latin-1")})
        assert "signed in as" in answer.text, other


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """A page's socket that repeats what it hears until it is closed."""
    assert (await receive())["type"] == "websocket.connect"
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


@pytest.mark.parametrize("how", ["removed", "another password"])
async def test_an_open_page_of_somebody_who_may_not_come_in_any_more_ends_with_the_next_thing_it_says(
    db: Database, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_ada(db)
    now = itertools.count(0.0, 10.0)
    monkeypatch.setattr("web.guard.monotonic", lambda: next(now))
    settings = Settings(_env_file=None, host="0.0.0.0", password=SHARED)

    async def said() -> AsyncIterator[str]:
        yield "one"
        yield "two"
        if how == "removed":
            db.write_now(lambda session: people.remove(session, "ada", now=SystemClock().now()))
        else:
            db.write_now(lambda session: people.change_password(session, "ada", people.fresh("another one")))
        yield "three"
        yield "four"

    visitor = Visitor(bare_app(settings, db, KEY), "https://watch.example")
    kept = (await sign_in(visitor, "ada", OWN)).headers["set-cookie"].partition(";")[0]
    guarded = Visitor(Guard(echo, settings=settings, key=KEY, db=db))
    headers = {"cookie": kept, "host": "watch.example", "origin": "https://watch.example"}
    answers = await guarded.talk("/_nicegui_ws/socket.io", headers, said())
    assert [one.get("text") for one in answers] == [None, "one", "two", None]
    assert answers[-1] == {"type": "websocket.close", "code": 4403}


async def test_a_page_that_is_open_ends_when_its_visitor_signs_out_in_another(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_ada(db)
    now = itertools.count(0.0, 10.0)
    monkeypatch.setattr("web.guard.monotonic", lambda: next(now))
    doors = FastAPI()
    doors.include_router(router())

    async def inside_of(scope: Scope, receive: Receive, send: Send) -> None:
        await (echo if scope["type"] == "websocket" else doors)(scope, receive, send)

    settings = Settings(_env_file=None, host="0.0.0.0", password=SHARED)
    visitor = Visitor(Guard(inside_of, settings=settings, key=KEY, db=db), "https://watch.example")
    kept = (await sign_in(visitor, "ada", OWN)).headers["set-cookie"].partition(";")[0]

    async def said() -> AsyncIterator[str]:
        yield "one"
        await visitor.post("/sign-out", {"cookie": kept})
        yield "two"

    headers = {"cookie": kept, "host": "watch.example", "origin": "https://watch.example"}
    answers = await visitor.talk("/_nicegui_ws/socket.io", headers, said())
    assert [one.get("text") for one in answers] == [None, "one", None]
    assert answers[-1] == {"type": "websocket.close", "code": 4403}


@pytest.mark.parametrize("said", ["Zoë".encode(), "Zoë".encode("latin-1"), "zoë".encode(), "ZOE\u0308".encode()])
async def test_a_removed_user_does_not_come_in_by_a_proxys_word(db: Database, said: bytes) -> None:
    """However the proxy writes the name, whose letters people type as they like."""
    db.write_now(lambda session: people.add(session, "Zoë", "stored", now=SystemClock().now()))
    visitor = Visitor(bare_app(Settings(_env_file=None, user_header="X-User"), db, KEY))
    page = (await visitor.client.get("/sign-out", headers={b"x-user": said})).text
    assert re.search("(?i)signed in as <strong[^>]*>zoë<", page)
    db.write_now(lambda session: people.remove(session, "Zoë", now=SystemClock().now()))
    assert (await visitor.client.get("/sign-out", headers={b"x-user": said})).status_code == 403
