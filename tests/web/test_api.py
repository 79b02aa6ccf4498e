"""The JSON API: what programs read and change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from core.errors import InputError, Missing
from core.settings import Settings
from pipeline import configure
from pipeline import people as changes
from storage import people
from storage.engine import Database
from storage.tables import Article, Delivery, Feedback, Story, Target
from tests.web import rows
from tests.web.asgi import Visitor
from web.api import problems
from web.api.desk import Desk
from web.app import bare_app
from web.bodies import LARGEST

WATCH = """\
version: 1
channels:
  desk-mail: {host: mail.desk.example, from: watch@desk.example, to: [editor@desk.example]}
  screen: {url: "terminal://"}
feeds:
  - {url: "https://harbour-post.example/feed.atom", name: Harbour Post}
  - {url: "https://eastward-radio.example/feeds/news.rss", name: Eastward Radio}
rules:
  port-strike: {title: Strike at a port, match: 'strike NEAR/10 port', alert: {to: [screen]}}
  river-flood: {title: A river floods, match: flood}
"""


class Client:
    """Asks the API, and checks that each error is a problem."""

    def __init__(self, visitor: Visitor) -> None:
        self._client = visitor.client

    async def __call__(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        answer = await self.answer(method, path, **options)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = await self._client.request(method, f"/api/v1{path}", **options)
        kind = answer.headers.get("content-type")
        assert (kind == "application/problem+json") is (answer.status_code >= 400), answer.text
        return answer


@pytest.fixture
def api(db: Database, tmp_path: Path) -> Iterator[Client]:
    db.write_now(lambda session: rows.config(session, WATCH))
    db.write_now(rows.newsroom)
    settings = Settings(_env_file=None, data=tmp_path / "data", database=db.url, preview_seconds=60)
    desk = Desk(db, settings)
    yield Client(Visitor(bare_app(settings, db, "k" * 40, desk)))
    desk.trials.close()


async def pages(api: Client, path: str) -> list[list[Any]]:
    """The ids on each page of a list, two rows a page."""
    found, cursor = [], ""
    while True:
        page = await api("GET", f"{path}{'&' if '?' in path else '?'}limit=2&cursor={cursor}")
        found.append([one["id"] for one in page["items"]])
        if page["next"] is None:
            return found
        cursor = page["next"]


@pytest.mark.parametrize(
    ("path", "ids"),
    [
        ("/stories", [[1, 2], [3]]),
        ("/hits", [[4, 3], [2, 1]]),
        ("/articles", [[4, 3], [2, 1]]),
        ("/deliveries", [[2, 1]]),
        ("/alerts", [["a1" * 32, "b2" * 32]]),
        ("/feeds", [[1, 2], [3]]),
    ],
)
async def test_a_list_comes_page_by_page(api: Client, path: str, ids: list[list[Any]]) -> None:
    assert await pages(api, path) == ids
    for cursor in ("x", "W10", "WzFd" if path in ("/stories", "/deliveries", "/alerts") else "WyJ4Il0", "bnVsbA", "*"):
        problem = await api("GET", f"{path}?cursor={cursor}", 422)
        assert "query.cursor" in problem["problems"][0]["item"]
    await api("GET", f"{path}?limit=201", 422)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("rule=port-strike", [1, 3]),
        ("source=Eastward+Radio", [1, 2]),
        ("state=silenced", [3]),
        ("state=open", [1, 2]),
        ("rule=' OR 1=1 --", []),
    ],
)
async def test_stories_are_narrowed(api: Client, query: str, ids: list[int]) -> None:
    assert [one["id"] for one in (await api("GET", f"/stories?{query}"))["items"]] == ids


async def test_a_page_of_stories_costs_no_more_however_rare_they_are(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.inbox.LOOKED", 1)
    first, *rest = await pages(api, "/stories?source=Eastward+Radio")
    assert first == [1]
    assert [one for page in rest for one in page] == [2]


async def test_stories_of_a_time_and_unread_ones(api: Client) -> None:
    day_ago, now = (rows.NOW - timedelta(days=1)), rows.NOW - timedelta(hours=1)
    found = await api("GET", "/stories", params={"since": day_ago.isoformat(), "until": now.isoformat()})
    assert [one["id"] for one in found["items"]] == [2]
    assert (await api("PUT", "/stories/1/read"))["unread"] is False
    assert [one["id"] for one in (await api("GET", "/stories?unread=true"))["items"]] == [2, 3]
    assert (await api("DELETE", "/stories/1/read"))["unread"] is True
    await api("GET", "/stories?since=2026-01-01T00:00:00", 422)  # without a zone
    await api("GET", "/stories?since=0001-01-01T00:00:00%2B14:00", 422)  # none in UTC


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("POST", "/stories/1/silence", {"untl": "2100-01-01T00:00:00Z"}),
        ("PUT", "/stories/1/read", {"upto": "2026-01-01T00:00:00Z"}),
        ("POST", "/feeds", {"url": "https://a.example/f", "tag": "x"}),
        ("POST", "/rules/test", {"text": "A river.", "lang": "en"}),
        ("POST", "/rules/port-strike/near", {"day": 3}),
    ],
)
async def test_a_key_that_no_request_has_is_refused(api: Client, method: str, path: str, said: dict[str, str]) -> None:
    told = await api(method, path, 422, json=said)
    assert any(list(said)[-1] in str(one) for one in told["problems"])


async def test_a_story_is_read_as_far_as_it_was_shown_and_never_ahead(api: Client, db: Database) -> None:
    def tell() -> datetime:
        def work(session: Session) -> datetime:
            story = session.get_one(Story, 1)
            story.last_hit_at += timedelta(minutes=1)
            return story.last_hit_at

        return db.write_now(work)

    shown = (await api("GET", "/stories/1"))["last"]
    tell()
    assert (await api("PUT", "/stories/1/read", json={"up_to": shown}))["unread"] is True
    assert (await api("PUT", "/stories/1/read", json={"up_to": tell().isoformat()}))["unread"] is False
    assert (await api("PUT", "/stories/1/read", json={"up_to": "2100-01-01T00:00:00Z"}))["unread"] is False
    tell()
    assert (await api("GET", "/stories/1"))["unread"] is True
    await api("PUT", "/stories/1/read", 422, json={"up_to": "2026-01-01T00:00:00"})  # without a zone
    assert (await api("PUT", "/stories/1/read"))["unread"] is False


async def test_a_story_is_shown_whole_silenced_closed_and_reopened(api: Client) -> None:
    story = await api("GET", "/stories/1")
    assert (len(story["timeline"]), story["alerts"][0]["headline"]) == (2, story["title"])
    assert (await api("POST", "/stories/1/silence"))["state"] == "silenced"
    await api("POST", "/stories/1/silence", 409, json={"until": "2020-01-01T00:00:00Z"})
    assert (await api("POST", "/stories/1/close"))["state"] == "closed"
    assert (await api("POST", "/stories/1/reopen"))["state"] == "open"
    for path in ("/stories/99", "/hits/99", "/articles/99", "/deliveries/99", "/feeds/99", "/alerts/99", "/rules/99"):
        assert (await api("GET", path, 404))["title"].startswith("there is no ")


@pytest.mark.parametrize(("error", "status"), [(InputError("there is no way"), 409), (Missing("a hit is gone"), 404)])
def test_an_error_s_class_says_whether_there_is_no_such_thing(error: InputError, status: int) -> None:
    assert problems.of_input(error).status == status


async def test_a_hit_is_not_what_its_rule_is_for(api: Client, db: Database) -> None:
    hit = await api("GET", "/hits/1")
    assert (hit["sentences"][0]["marks"] != [], hit["not_this"]) == (True, [])
    assert (await api("POST", "/hits/1/not-this"))["not_this"] == ["local"]
    ((kept,),) = [db.read_now(lambda session: session.exec(select(Feedback)).all())]
    assert (kept.hit_id, kept.verdict, kept.who) == (1, "wrong", "local")
    assert [one["not_this"] for one in (await api("GET", "/hits"))["items"]] == [[], [], [], ["local"]]
    assert (await api("DELETE", "/hits/1/not-this"))["not_this"] == []
    await api("DELETE", "/hits/1/not-this", 409)
    for method in ("POST", "DELETE"):
        await api(method, "/hits/99/not-this", 404)


async def test_an_article_is_shown_found_and_explained(api: Client, db: Database) -> None:
    def write(session: Session) -> None:
        article = session.get_one(Article, 1)
        article.text = "The strike goes on. " * 3 + "Nothing is loaded."

    db.write_now(write)
    assert (await api("GET", "/articles/1"))["text"].startswith("The strike")
    assert [one["id"] for one in (await api("GET", "/articles/search?words=strike"))["items"]] == [1]
    await api("GET", "/articles/search?words=%22", 409)
    why = {one["rule"]: one["outcome"] for one in await api("GET", "/articles/1/why")}
    assert why.keys() == {"port-strike", "river-flood"}


async def test_rules_are_read_tried_and_nearly_match(api: Client) -> None:
    assert [one["id"] for one in await api("GET", "/rules")] == ["port-strike", "river-flood"]
    rule = await api("GET", "/rules/port-strike")
    assert (rule["match"], rule["to"], rule["revision"]) == ("strike NEAR/10 port", ["screen"], 1)
    text = {"text": "A strike began at the port of Callender this morning."}
    verdict = await api("POST", "/rules/port-strike/test", json=text)
    assert (verdict["matches"], len(verdict["spans"])) == (True, 1)
    assert [one["matches"] for one in await api("POST", "/rules/test", json=text)] == [True, False]
    (draft,) = await api("POST", "/rules/test", json=text | {"match": "Callender"})
    assert draft["matches"]
    problem = await api("POST", "/rules/test", 422, json=text | {"match": "strike AND (port"})
    assert problem["problems"][0]["line"] == 1
    assert (await api("GET", "/rules/port-strike/explain"))["terms"] == ["port"]
    near = await api("POST", "/rules/port-strike/near", json={"days": 3})
    assert near["rule"] == "port-strike"
    tested = await api("POST", "/rules/port-strike/backtest", json={"match": "strike", "days": 2})
    assert (tested["rule"], len(tested["days"])) == ("port-strike", 3)


async def test_a_trial_has_the_time_that_the_settings_give_it(db: Database, tmp_path: Path) -> None:
    db.write_now(lambda session: rows.config(session, WATCH))
    desk = Desk(db, Settings(_env_file=None, data=tmp_path / "data", database=db.url, preview_seconds=0.001))
    late = Client(Visitor(bare_app(desk.settings, db, "k" * 40, desk)))
    trial = {"text": "strike port " * 10_000, "match": "near/5(strike, port)"}
    problem = await late("POST", "/rules/test", 503, json=trial)
    desk.trials.close()
    assert problem["title"] == "it took more than 0.03 s and was stopped"


async def test_a_rule_is_saved_as_a_new_revision_that_overwrites_nobody(api: Client) -> None:
    rule = {"match": "quake", "title": "A quake"}
    await api("PUT", "/rules/quake", 428, json=rule)
    await api("PUT", "/rules/quake", 412, json=rule, headers={"if-match": '"x"'})
    await api("PUT", "/rules/quake", 412, json=rule, headers={"if-match": f'"{10**20}"'})
    saved = await api.answer("PUT", "/rules/quake", json=rule, headers={"if-match": '"1"'})
    assert (saved.status_code, saved.headers["etag"], saved.json()) == (200, '"2"', {"revision": 2, "changed": True})
    assert (await api("GET", "/rules/quake"))["title"] == "A quake"
    late = await api("PUT", "/rules/quake", 412, json={"match": "earthquake"}, headers={"if-match": '"1"'})
    assert late["revision"] == 2
    assert "+" in late["diff"]
    assert "quake" in late["diff"]
    wrong = await api(
        "PUT", "/rules/quake", 422, json={"match": "quake AND", "titel": "x"}, headers={"if-match": '"2"'}
    )
    assert {one["item"] for one in wrong["problems"]} == {"rules.quake.match", "rules.quake"}
    assert all(one["line"] > 0 and one["column"] > 0 for one in wrong["problems"])
    odd = {"match": "quake", "alert": {"budget": 1.5}, "x\x05": None, "tags": [[[[[[[[[[[["deep"]]]]]]]]]]]]}
    await api("PUT", "/rules/quake", 409, json=odd, headers={"if-match": '"2"'})
    await api(
        "PUT",
        "/rules/quake",
        422,
        json={"match": "quake", "tags": [0.5]} | {"alert": {"budget": 1.5}},
        headers={"if-match": '"2"'},
    )
    await api("DELETE", "/rules/quake", headers={"if-match": '"2"'})
    await api("GET", "/rules/quake", 404)


async def test_of_two_edits_at_once_of_one_revision_one_is_refused(
    api: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = Barrier(2, timeout=60)  # passed when each edit has seen that its revision is still the active one

    def read_watch(*given: Any, **named: Any) -> Any:
        both.wait()
        return configure.read_watch(*given, **named)

    monkeypatch.setattr("pipeline.revising.read_watch", read_watch)
    edits = [
        api.answer("PUT", f"/rules/{name}", json={"match": name, "title": name}, headers={"if-match": '"1"'})
        for name in ("quake", "storm")
    ]
    answers = await asyncio.gather(*edits)
    assert sorted(one.status_code for one in answers) == [200, 412]
    assert (await api("GET", "/config"))["revision"] == 2


async def test_revisions_are_listed_compared_and_rolled_back(api: Client) -> None:
    active = await api("GET", "/config")
    assert active["text"] == WATCH
    text = WATCH.replace("match: flood", "match: inundation")
    await api("PUT", "/config", json={"text": text, "note": "wider"}, headers={"if-match": '"1"'})
    newest = await api("GET", "/config/history?limit=1")
    older = await api("GET", f"/config/history?limit=1&cursor={newest['next']}")
    lines = [(one["revision"], one["note"]) for one in (*newest["items"], *older["items"])]
    assert lines == [(2, "wider"), (1, "")]
    assert older["next"] is None
    difference = (await api("GET", "/config/revisions/1/diff"))["diff"]
    assert difference.startswith("--- revision 1\n+++ revision 2\n")
    assert "+  river-flood" in difference
    rolled = await api("POST", "/config/revisions/1/rollback", headers={"if-match": '"2"'})
    assert rolled["revision"] == 3
    assert (await api("GET", "/config"))["text"] == (await api("GET", "/config/revisions/1"))["text"]
    await api("PUT", "/config", 422, json={"text": text, "note": "a\x00b"}, headers={"if-match": '"3"'})
    bad = await api("PUT", "/config", 422, json={"text": "rules: ["}, headers={"if-match": '"3"'})
    assert bad["problems"][0]["line"] == 1


async def test_a_body_longer_than_a_watch_file_can_be_is_a_problem(api: Client) -> None:
    too_long = f'{{"text": "{"x" * LARGEST}"}}'
    told = await api("PUT", "/config", 413, headers={"if-match": '"1"'}, content=too_long)
    assert "longer than 60,000,000 bytes" in told["title"] + told.get("detail", "")


async def test_feeds_are_paused_polled_added_and_removed(api: Client) -> None:
    feed = await api("GET", "/feeds/1")
    assert (len(feed["polls"]), feed["state"]) == (24, "ok")
    assert (await api("POST", "/feeds/1/pause"))["paused_by"] == "local"
    await api("POST", "/feeds/1/poll", 409)
    assert (await api("POST", "/feeds/1/resume"))["state"] == "ok"
    failing = await api("GET", "/feeds/3")
    assert (await api("POST", "/feeds/3/resume"))["state"] == failing["state"] == "failing"
    assert (await api("GET", "/feeds/3"))["next_poll"] == failing["next_poll"]
    await api("POST", "/feeds/1/poll")
    added = await api("POST", "/feeds", 201, json={"url": "https://new.example/rss", "tags": ["asia"]})
    assert added["revision"] == 2
    await api("POST", "/feeds", 409, json={"url": "https://new.example/rss"})
    listed = (await api("GET", "/feeds"))["items"]
    assert [one["url"] for one in listed if one["tags"] == ["asia"]] == ["https://new.example/rss"]
    assert (await api("DELETE", f"/feeds/{listed[-1]['id']}"))["revision"] == 3
    opml = await api.answer("GET", "/feeds/opml")
    assert (opml.headers["content-type"].split(";")[0], "harbour-post" in opml.text) == ("text/x-opml", True)
    given = await api("POST", "/feeds/opml", content="https://a.example/\nhttps://b.example/", headers=OPML)
    assert given["summary"].startswith("2 feeds added")
    theirs = '<?xml version="1.0" encoding="ISO-8859-1"?><opml><body><outline xmlUrl="https://c.example/" text="Süd"/>'
    given = await api("POST", "/feeds/opml", content=f"{theirs}</body></opml>".encode("latin-1"), headers=OPML)
    assert given["summary"].startswith("1 feeds added")  # in whatever letters a reader wrote it
    bad = await api("POST", "/feeds/opml", content="https://d.example/\nnonsense", headers=OPML)
    assert (bad["summary"].partition(" ")[0], bad["left_out"][0].split(": ")[0]) == ("1", "the list:2:0")
    bad = await api("POST", "/feeds/opml", 422, content="\nnonsense", headers=OPML)
    assert bad["problems"][0]["line"] == 2


async def test_feeds_that_are_added_at_once_are_all_added(api: Client) -> None:
    urls = [f"https://{number}.example/f" for number in range(6)]
    await asyncio.gather(*(api("POST", "/feeds", 201, json={"url": url}) for url in urls))
    assert {one["url"] for one in (await api("GET", "/feeds"))["items"]} >= set(urls)


async def test_addresses_of_others_that_ask_for_a_secret_are_refused(api: Client) -> None:
    theirs = "https://a.example/f?k=${SMTP_PASSWORD}"
    listed = await api("POST", "/feeds/opml", 422, content=f"\n{theirs}", headers=OPML)
    alone = await api("POST", "/feeds", 409, json={"url": theirs})
    assert (listed["problems"][0]["line"], "asks for a secret" in alone["title"] + alone["detail"]) == (2, True)
    assert (await api("GET", "/config"))["revision"] == 1


OPML = {"content-type": "text/x-opml"}


async def test_a_sites_feeds_are_looked_for_as_politely_and_guarded_as_all_else(api: Client) -> None:
    problem = await api("GET", "/feeds/discover?url=http://127.0.0.1/", 409)
    assert "not public" in problem["title"] or "private" in problem["title"], problem
    await api("GET", "/feeds/discover?url=nonsense", 409)


async def test_deliveries_are_listed_by_when_they_were_made_and_narrowed_to_an_alert(api: Client, db: Database) -> None:
    def earlier(session: Session) -> None:
        row = session.get_one(Delivery, 2)
        row.made_at -= rows.HOUR
        other = rows.alert(session, session.get_one(Story, 2), "c3" * 32)
        rows.delivery(session, other, "hook:")

    db.write_now(earlier)
    assert await pages(api, "/deliveries") == [[1, 2], [3]]
    for query, ids in (("", [1, 2]), ("&state=dead", [2]), ("&channel=desk-mail", [1, 2]), ("&channel=hook", [])):
        answer = await api("GET", f"/deliveries?alert={'a1' * 32}{query}")
        assert [one["id"] for one in answer["items"]] == ids


async def test_deliveries_and_alerts_say_what_became_of_them(api: Client) -> None:
    (dead,) = (await api("GET", "/deliveries?state=dead"))["items"]
    assert (dead["error"], dead["rule"]) == ("550 no such user", "port-strike")
    await api("POST", "/deliveries/1/resend", 409)  # it was sent
    await api("POST", "/deliveries/1/drop", 409)
    assert (await api("POST", f"/deliveries/{dead['id']}/drop"))["state"] == "suppressed"
    assert (await api("POST", f"/deliveries/{dead['id']}/resend"))["state"] == "retry"
    counts = {one["state"]: one["deliveries"] for one in await api("GET", "/deliveries/counts")}
    assert counts == {"sent": 1, "retry": 1}
    assert await api("POST", "/deliveries/resend-dead") == {"resent": 0}
    alert = await api("GET", f"/alerts/{'a1' * 32}")
    assert alert["deliveries"]["desk-mail:late@desk.example"] == "retry"
    assert [one["id"] for one in (await api("GET", "/alerts?state=held"))["items"]] == ["b2" * 32]


async def test_channels_are_listed_tried_and_resumed(api: Client, db: Database) -> None:
    def pause(session: Session) -> None:
        session.get_one(Target, "desk-mail:late@desk.example").state = "paused"

    listed = {(one["channel"], one["kind"]) for one in await api("GET", "/channels")}
    assert listed == {("desk-mail", "mailto"), ("screen", "terminal")}
    (tried,) = await api("POST", "/channels/screen/test")
    assert tried["result"] == "ok"
    await api("POST", "/channels/nothing/test", 404)
    await api("POST", "/channels/desk-mail/resume", 409)
    db.write_now(pause)
    assert await api("POST", "/channels/desk-mail/resume") == {"resumed": 1}


async def test_people_get_names_and_their_programs_tokens(api: Client, db: Database) -> None:
    ada = {"name": "ada", "password": "correct horse"}
    assert await api("POST", "/people", 201, json=ada) == {"name": "ada"}
    assert "already" in (await api("POST", "/people", 409, json=ada))["title"]
    assert "10 to 1000" in (await api("POST", "/people", 409, json=ada | {"password": "short"}))["title"]
    token = (await api("POST", "/people/ada/tokens", 201, json={"name": "ci"}))["token"]
    assert await api("GET", "/people/me", headers={"authorization": f"Bearer {token}"}) == {"name": "ada"}
    assert [(one["name"], one["tokens"]) for one in await api("GET", "/people")] == [("ada", ["ci"])]

    assert (await api.answer("DELETE", "/people/ada/tokens/ci")).status_code == 204
    await api("GET", "/people/me", 401, headers={"authorization": f"Bearer {token}"})
    await api("DELETE", "/people/ada/tokens/ci", 404)

    assert (await api.answer("PUT", "/people/ada/password", json={"password": "another horse"})).status_code == 204
    row = db.read_now(lambda session: people.find(session, "ada"))
    assert changes.checked(row, "another horse") is not None
    assert (await api.answer("DELETE", "/people/ada")).status_code == 204
    row = db.read_now(lambda session: people.find(session, "ada"))
    assert changes.checked(row, "another horse") is None
    await api("POST", "/people/ada/tokens", 404, json={"name": "ci"})


async def test_stats_people_and_the_document(api: Client) -> None:
    latency = await api("GET", "/stats/latency?days=2")
    legs = {one["leg"]: one for one in latency["legs"]}
    assert legs["published to seen"]["p50"] == 600
    assert legs["matched to sent"]["count"] == 1
    volume = await api("GET", "/stats/volume?days=3")
    assert sum(one["hits"] for one in volume) == 4
    assert await api("GET", "/people/me") == {"name": "local"}
    assert await api("GET", "/people") == []
    document = await api("GET", "/openapi.json")
    assert "/v1/stories" in document["paths"]


async def test_what_is_not_there_is_a_problem_too(api: Client) -> None:
    await api("GET", "/nothing", 404)
    await api("PATCH", "/stories", 405)
    await api("GET", "/stories/x", 422)
    await api("GET", "/stories?rule=%00", 422)
    await api("POST", "/feeds", 422, content="{", headers={"content-type": "application/json"})
