"""Fault 70: every route of the application, asked by strangers, by other sites' pages, with hostile words, and for a
search that means something to a database. The routes are the application's own: a new one is swept as well.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlmodel import Session

from bench import archive
from core.clock import SystemClock
from core.settings import Settings
from pipeline import people
from storage import schema
from storage.engine import Database
from tests.browser.site import served
from tests.browser.test_hostile import fill
from tests.conftest import migrate
from tests.databases import KINDS, Databases
from tests.web import rows
from tests.web.hostile import BEACON, TEXTS
from tests.web.test_render import elements
from web.app import create_app
from web.guard import COOKIE
from web.routes import API, Audience, audience

PASSWORD, SHARED = "correct horse", "hush hush hush"
SAFE = {"GET", "HEAD", "OPTIONS"}
ELSEWHERE = (
    "//evil.example/x",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
)
# what means something to SQLite's FTS5, PostgreSQL's tsquery, SQL or LIKE, and what no text is
SEARCHES = (
    '"', "'", "''", '"a', 'a"', "*", "a*", "^a", "-", "--", "NEAR(a b, 2)", "NEAR(", "AND", "a AND", "a OR OR b",
    "NOT a", "title:a", "keys : a", "(a", "a)", "a & | b", "!a", "a <-> b", "<->", ":*", "a:*", "\\", "%", "_", "%%_",
    "' OR 1=1 --", "'; DROP TABLE article; --", "\x00", "a\x00b", "\ud7ff\uffff", "\u202e\u2066", "a" * 5_000,
    "a " * 2_000, "1e999", "-1", "NaN", "9" * 30, "0x10", "{}", "[]", "null", "../../etc/passwd", "%00", "%ff",
)  # fmt: skip
LONGEST = 60_000  # characters of an address; the client takes 65,536
NAMES = (  # of pages: what any of them reads after its question mark, and what it does not
    "words", "q", "query", "text", "rule", "source", "state", "after", "before", "since", "until", "channel", "cursor",
    "limit", "days", "tag", "a", "b", "next", "story", "unread", "view",
)  # fmt: skip
# said here once more: a route that opens to strangers by mistake shall not pass because the list of routes says so
OPEN = {
    "/healthz", "/favicon.ico", "/static/{path:path}", "/sign-in", "/sign-out", "/links/story/{token}",
    "/links/{purpose}/{token}", "/links/{purpose}/{token}/undo", "/links/{path:path}", "/rules/{rule_id}/feed.atom",
}  # fmt: skip
MOST_S = 1.0  # a list over a million hits
LISTS = (
    "/", "/?rule=rule-1", "/?rule=rule-60", "/?state=closed", "/?words=zyzzyva", "/?unread=1", "/deliveries",
    "/deliveries?state=dead", "/api/v1/hits", "/api/v1/hits?rule=rule-60", "/api/v1/stories", "/api/v1/deliveries",
    "/api/v1/articles/search?words=harbour+strike",
)  # fmt: skip
_NAMED = re.compile(r"\{(\w+):?(\w*)\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A route's path with its names in braces, its methods, and the names of what may follow its question mark."""

    path: str
    methods: frozenset[str]
    asked: tuple[str, ...]

    def at(self, value: str = "", number: str = "1") -> str:
        """An address of it, with this in the place of each name."""
        return _NAMED.sub(lambda found: number if found[2] == "int" or not value else quote(value, safe=""), self.path)


def routes(app: Any, before: str = "") -> Iterator[Route]:
    """Every route of an application, those of mounted ones too; folders of files are one route."""
    for made in getattr(app, "routes", []):
        for route in iter_route_contexts([made]) if hasattr(made, "original_router") else [made]:
            path = before + str(route.path)
            if getattr(route, "routes", None):
                yield from routes(getattr(route, "app", route), path)
            elif hasattr(route, "methods"):
                known = getattr(getattr(route, "dependant", None), "query_params", [])
                yield Route(path, frozenset(route.methods or {"GET"}), tuple(one.alias for one in known))
            else:
                yield Route(f"{path}/{{path:path}}", frozenset({"GET"}), ())


@dataclass(frozen=True)
class Place:
    """The application as a program of its own, over a database full of hostile rows, and who may come in."""

    address: str
    routes: tuple[Route, ...]
    cookie: str
    token: str
    client: httpx.Client
    log: Path

    def known(self, route: Route) -> dict[str, str]:
        """Headers of somebody who may ask for this route: a program, or a person who signed in."""
        program = audience(route.path) is Audience.PROGRAM
        return {"authorization": f"Bearer {self.token}"} if program else {"cookie": self.cookie}

    def ask(self, method: str, path: str, headers: Mapping[str, str], **options: Any) -> httpx.Response:
        """One answer; redirects are not followed, cookies are not kept."""
        self.client.cookies.clear()
        answer = self.client.request(method, f"{self.address}{path}", headers=headers, **options)
        assert answer.status_code != 500, (method, path[:200], self.log.read_text("utf-8", "replace")[-3000:])
        return answer


def hostile(session: Session) -> None:
    """Hostile rows, under a watch file that can be read."""
    fill(session)
    rows.config(session, "version: 1\nrules: {port-strike: {match: strike}}\n")


@pytest.fixture(scope="module")
def known_routes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Route, ...]:
    """What the application itself says that it has."""
    folder: Path = tmp_path_factory.mktemp("routes")
    database = Database(f"sqlite:///{folder / 'wirewatch.db'}")
    schema.upgrade(database)
    found = tuple(routes(create_app(Settings(_env_file=None, data=folder), database)))
    database.close()
    return found


@pytest.fixture(scope="module", params=KINDS)
def here(
    request: pytest.FixtureRequest,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
    known_routes: tuple[Route, ...],
) -> Iterator[Place]:
    """Served once a database."""
    folder: Path = tmp_path_factory.mktemp("site")
    with databases.fresh(request.param, folder, migrate) as url:
        database = Database(url)
        now = SystemClock().now()
        database.write_now(hostile)
        database.write_now(lambda session: people.add(session, "ada", people.fresh(PASSWORD), now=now))
        token = database.write_now(lambda session: people.make_token(session, "ada", "sweep", now=now))
        database.close()
        with (
            served(folder, DATABASE=url, DATA=str(folder / "data"), PASSWORD=SHARED) as site,
            httpx.Client(trust_env=False, timeout=60) as client,
        ):
            answer = client.get(site.address, auth=("ada", PASSWORD))
            yield Place(site.address, known_routes, f"{COOKIE}={answer.cookies[COOKIE]}", token, client, folder / "log")


def refused(answer: httpx.Response) -> bool:
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
    return answer.status_code in (401, 403) or to_sign_in


def inert(page: str) -> bool:
    """Whether no element of the page is an enemy's: none runs a word of theirs or asks for their address."""
    for one in elements(page, whole=True):
        for name, value in one.attrib.items():
            runs = name.startswith("on") or name in ("src", "href", "action", "srcdoc", "style")
            if runs and (BEACON in value or re.search(r"alert\(|javascript:", value)):
                return False
    return True


def stays(here: Place, answer: httpx.Response, address: str) -> None:
    """A redirect names a path of this site, as browsers read it."""
    if answer.is_redirect:
        to = answer.headers["location"]
        assert urlsplit(to).netloc in ("", urlsplit(here.address).netloc), (address, to)
        assert not re.match(r"[\s\\/]*[\\/][\s\\/]*[\\/]", to), (address, to)
        assert "\\" not in to.partition("?")[0], (address, to)
        assert not to.lower().startswith("javascript"), (address, to)


def signs_in(here: Place, wanted: str) -> httpx.Response:
    """What somebody is answered who signs in and wants to go there."""
    form = here.ask("GET", f"/sign-in?next={quote(wanted)}", {})
    said = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.text))
    said = {name: unescape(value) for name, value in said.items()} | {
        "name": "ada",
        "password": PASSWORD,
        "next": wanted,
    }
    cookies = "; ".join(f"{name}={value}" for name, value in form.cookies.items())
    answer = here.ask("POST", "/sign-in", {"origin": here.address, "cookie": cookies}, data=said)
    assert answer.status_code == 303, answer.text[:300]
    return answer


def pages(here: Place) -> list[Route]:
    """What can be asked for with GET, NiceGUI's own files left out."""
    return [one for one in here.routes if "GET" in one.methods and not one.path.startswith("/_nicegui")]


def test_fault_70_the_sweep_finds_every_kind_of_route(here: Place) -> None:
    found = {route.path for route in here.routes}
    kinds = {
        "/",
        "/stories/{story_id:int}",
        "/healthz",
        "/sign-in",
        "/metrics",
        "/api/v1/config",
        "/static/{path:path}",
    }
    assert kinds <= found
    assert len(found) > 80
    asked = {name for route in here.routes for name in route.asked}
    assert {"cursor", "limit", "words", "next"} <= asked, asked


@pytest.mark.parametrize(
    "brought",
    [{}, {"cookie": f"{COOKIE}=ada.1.x"}, {"authorization": "Bearer ww_x"}, {"x-forwarded-for": "127.0.0.1"}],
)
def test_fault_70_strangers_learn_nothing_at_any_route(here: Place, brought: dict[str, str]) -> None:
    for route in here.routes:
        if route.path not in OPEN:
            for method in route.methods:
                answer = here.ask(method, route.at(), brought)
                assert refused(answer), (method, route.path, answer.status_code)
                assert "alert(" not in answer.text


def test_fault_70_another_sites_page_changes_nothing_at_any_route(here: Place) -> None:
    """In the name of somebody who signed in. Links that prove themselves are asked with a proof that is none."""
    for route in here.routes:
        allowed = {404, 405, 410} if audience(route.path) is Audience.EVERYBODY else {403}
        for method in route.methods - SAFE:
            for origin in ("https://evil.example", "null", f"{here.address}.evil.example"):
                headers = {**here.known(route), "origin": origin, "content-type": "text/plain"}
                answer = here.ask(method, route.at(), headers, content="{}")
                assert answer.status_code in allowed, (method, route.path, origin, answer.status_code)


@pytest.mark.parametrize("texts", [TEXTS[:1], pytest.param(TEXTS[1:], marks=pytest.mark.faults)])
def test_fault_70_no_route_answers_hostile_words_with_markup(here: Place, texts: Sequence[str]) -> None:
    """In every address and after every question mark; the rows that a page shows are hostile, too."""
    for route in pages(here):
        for text in texts:
            query = "&".join(f"{name}={quote(text)}" for name in (*NAMES, *route.asked))
            answer = here.ask("GET", f"{route.at(text)}?{query}", {**here.known(route), "accept": "text/html"})
            assert answer.status_code < 500, (route.path, text, answer.text[:300])
            if answer.headers.get("content-type", "").startswith("text/html"):
                assert inert(answer.text), (route.path, text)
            assert "content-security-policy" in answer.headers or answer.status_code >= 300, route.path


@pytest.mark.parametrize(
    "away", [ELSEWHERE[0], *(pytest.param(one, marks=pytest.mark.faults) for one in ELSEWHERE[1:])]
)
def test_fault_70_no_route_leads_away_from_this_site(here: Place, away: str) -> None:
    stays(here, signs_in(here, away), "/sign-in")
    for route in pages(here):
        query = "&".join(f"{name}={quote(away)}" for name in (*NAMES, "to", "redirect", "return", "goto", *route.asked))
        for headers in (here.known(route), {"accept": "text/html"}):
            address = f"{route.at(away)}?{query}"
            stays(here, here.ask("GET", address, headers), address)
        if "POST" in route.methods and audience(route.path) is not Audience.PROGRAM:
            form = {"content-type": "application/x-www-form-urlencoded", "origin": here.address, **here.known(route)}
            answer = here.ask("POST", f"{route.at()}?{query}", form, content=f"next={quote(away)}&name=ada")
            stays(here, answer, route.path)
    for headers in ({"cookie": here.cookie}, {"accept": "text/html"}):
        stays(here, here.ask("GET", f"/{quote(away, safe='/')}", headers), away)


@pytest.mark.parametrize("searches", [SEARCHES[:4], pytest.param(SEARCHES[4:], marks=pytest.mark.faults)])
def test_fault_70_no_search_breaks_a_route(here: Place, searches: Sequence[str]) -> None:
    """Each parameter that a route names gets each of these words, alone; pages, which read theirs in several ways, get
    them in all, or in as many as an address has room for.
    """
    for route in pages(here):
        if route.path.endswith("discover"):  # asks other people's sites
            continue
        program = route.path.startswith(API)
        for words in searches:
            said = quote(words)
            together = 1 if program else max(1, LONGEST // (len(said) + 20))
            names = route.asked if program else NAMES
            for first in range(0, len(names), together):
                query = "&".join(f"{name}={said}" for name in names[first : first + together])
                answer = here.ask("GET", f"{route.at()}?{query}", here.known(route))
                assert answer.status_code < 500, (route.path, query[:100], answer.text[:300])


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_fault_70_a_million_hits_are_listed_within_a_second(
    databases: Databases, database_kind: str, tmp_path: Path
) -> None:
    """Filled by bench/archive.py, as `python -m bench.web` does; of each list the best of five answers counts."""
    with databases.fresh(database_kind, tmp_path, migrate) as url:
        database = Database(url)
        archive.fill(database, 1_000_000, 250_000)  # a rule hits an article once, and a fifth are one rule's
        database.close()
        with served(tmp_path, DATABASE=url, DATA=str(tmp_path / "data")) as site:
            took = {path: best(site.address + path) for path in LISTS}
    assert {path: seconds for path, seconds in took.items() if seconds >= MOST_S} == {}


def best(address: str) -> float:
    """The shortest of five answers, in seconds."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        assert httpx.get(address, trust_env=False, timeout=120).status_code == 200
        times.append(time.perf_counter() - began)
    return min(times)
