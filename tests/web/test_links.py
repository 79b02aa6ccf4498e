"""Where the links in messages lead: a GET changes nothing, a POST does what was asked, nothing else opens anything."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, SQLModel, select

from alerts.links import MAX_AGE, Purpose, sign
from core.clock import SystemClock
from core.errors import NotAvailable
from core.settings import Settings
from pipeline import stories
from storage import alerts, feedback, hits, optouts
from storage.engine import Database
from storage.office import Notice
from storage.tables import Alert, Delivery, Story
from tests.web import rows
from tests.web.asgi import Visitor
from tests.web.hostile import TEXTS
from web.app import bare_app

KEY = "k" * 40
EDITOR = "desk-mail:editor@desk.example"
ONE_CLICK = "List-Unsubscribe=One-Click"
WATCH = """
version: 1
defaults: {operators: [ops]}
channels:
  desk-mail: {host: mail.desk.example, from: watch@desk.example, to: [editor@desk.example, late@desk.example]}
  ops: {url: "terminal://"}
feeds:
  - {url: "https://harbour-post.example/feed.atom"}
rules:
  port-strike: {title: Strike at a port, match: strike}
"""


@pytest.fixture
def visitor(db: Database) -> Visitor:
    db.write_now(lambda session: rows.config(session, WATCH))
    db.write_now(rows.newsroom)
    # elsewhere than on loopback, under a password that nobody brings
    settings = Settings(_env_file=None, host="0.0.0.0", password="hush")
    return Visitor(bare_app(settings, db, KEY), "https://watch.example")


def path(purpose: str, *, rule: str = rows.RULE, subject: str = "1", ago: timedelta = timedelta(0), **key: str) -> str:
    by = () if purpose == "unsubscribe" else (key.get("by", "editor@desk.example"),)
    token = sign(key.get("key", KEY), Purpose(purpose), rule, subject, *by, now=SystemClock().now() - ago)
    return f"/links/{purpose}/{token}"


def everything(session: Session) -> dict[str, list[dict[str, Any]]]:
    tables = {mapper.class_ for mapper in SQLModel._sa_registry.mappers}
    return {
        table.__name__: sorted((row.model_dump() for row in session.exec(select(table)).all()), key=str)
        for table in tables
    }


def button(answer: httpx.Response) -> str:
    """The address that a page's one form posts to."""
    (address,) = re.findall(r'<form method="post" action="([^"]+)">', answer.text)
    return str(address)


LINKS = [("story", "1"), ("not-this", "1"), ("silence", "1"), ("unsubscribe", EDITOR)]


@pytest.mark.parametrize(("purpose", "subject"), LINKS)
async def test_looking_at_a_link_changes_nothing(db: Database, visitor: Visitor, purpose: str, subject: str) -> None:
    before = db.read_now(everything)
    for _ in range(2):
        assert (await visitor.get(path(purpose, subject=subject))).status_code in (200, 303)
    assert db.read_now(everything) == before


async def test_a_storys_link_leads_to_its_page(visitor: Visitor) -> None:
    answer = await visitor.get(path("story", subject="2", rule="river-flood"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/stories/2")
    assert (await visitor.post(path("story"))).status_code == 404


async def test_not_this_is_kept_with_each_hit_once_for_each_recipient(db: Database, visitor: Visitor) -> None:
    for by in ("ada@x.test", "ada@x.test", "ops-chat"):
        asked = await visitor.get(path("not-this", by=by))
        assert "Port workers at Callender" in asked.text
        assert by in asked.text
        assert (await visitor.post(button(asked))).status_code == 200
    told = [hit.id or 0 for hit, _ in db.read_now(lambda session: hits.of_story(session, 1))]
    said = db.read_now(lambda session: feedback.not_this(session, told))
    assert said == {hit: ["ada@x.test", "ops-chat"] for hit in told}
    kept = db.read_now(lambda session: alerts.of_story_decisions(session, 1))
    noted = [one.detail for one in kept if one.reason == "not_this"]
    assert noted == [f"{by}: not this" for by in ("ada@x.test", "ops-chat") for _ in told]


async def test_silence_holds_for_three_days(db: Database, visitor: Visitor) -> None:
    asked = await visitor.get(path("silence"))
    begun = SystemClock().now()
    assert "72 hours" in asked.text
    done = await visitor.post(button(asked))
    row = db.read_now(lambda session: session.get_one(Story, 1))
    assert row.state == "silenced"
    assert row.silenced_until is not None
    assert timedelta(hours=71, minutes=59) < row.silenced_until - begun < timedelta(hours=72, minutes=1)
    assert f"{row.silenced_until:%d %b %Y, %H:%M} UTC" in done.text


async def test_a_silence_for_longer_is_not_ended_sooner(db: Database, visitor: Visitor) -> None:
    until = SystemClock().now() + timedelta(days=30)
    db.write_now(lambda session: stories.silence(session, 1, until=until, who="ops", now=SystemClock().now()))
    done = await visitor.post(path("silence"))
    assert db.read_now(lambda session: session.get_one(Story, 1).silenced_until) == until
    assert f"{until:%d %b %Y, %H:%M} UTC" in done.text


async def test_a_closed_story_is_not_opened_by_silencing_it(db: Database, visitor: Visitor) -> None:
    def close(session: Session) -> None:
        session.get_one(Story, 1).state = "closed"

    db.write_now(close)
    assert (await visitor.post(path("silence"))).status_code == 410
    assert db.read_now(lambda session: session.get_one(Story, 1).state) == "closed"


async def test_one_click_stops_one_address_for_one_rule_and_tells_the_operators_once(
    db: Database, visitor: Visitor
) -> None:
    def make_waiting(session: Session) -> None:
        session.get_one(Delivery, 1).state = "retry"

    db.write_now(make_waiting)
    for _ in range(2):
        answer = await visitor.post(path("unsubscribe", subject=EDITOR), body=ONE_CLICK)
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    asked = db.read_now(optouts.listing)
    assert [one.target_id for one in asked if one.rule_id == rows.RULE] == [EDITOR]
    waiting = db.read_now(lambda session: session.get_one(Delivery, 1))
    assert (waiting.state, waiting.reason) == ("suppressed", "opted_out")
    why = db.read_now(lambda session: alerts.decisions(session, alert_id=waiting.alert_id))
    said = f"{EDITOR}: this address asked for no more alerts of this rule"
    assert [(one.stage, one.action, one.reason, one.detail) for one in why] == [("deliver", "drop", "opted_out", said)]
    notices = db.read_now(lambda session: session.exec(select(Notice)).all())
    assert [(one.text, one.over_at is None) for one in notices] == [
        (f"{EDITOR} asked for no more alerts of port-strike", False)
    ]
    told = db.read_now(lambda session: session.exec(select(Delivery).where(Delivery.channel == "ops")).all())
    assert [(one.target_id, one.state) for one in told] == [("ops/*", "pending")]  # the worker finds the recipients


async def test_an_address_is_let_go_whatever_became_of_the_watch_file(db: Database, visitor: Visitor) -> None:
    db.write_now(lambda session: rows.config(session, "version: 99\nchannels: {mail: {password: hush-hush}}"))
    answer = await visitor.post(path("unsubscribe", subject=EDITOR), body=ONE_CLICK)
    assert answer.status_code == 200
    assert "hush-hush" not in answer.text
    assert EDITOR in db.read_now(lambda session: optouts.targets_of(session, rows.RULE))


async def test_whoever_stopped_alerts_can_get_them_again(db: Database, visitor: Visitor) -> None:
    stopped = await visitor.post(path("unsubscribe", subject=EDITOR))
    assert "Stopped" in (await visitor.get(path("unsubscribe", subject=EDITOR))).text
    for _ in range(2):
        assert (await visitor.post(button(stopped))).status_code == 200
    assert not db.read_now(lambda session: optouts.targets_of(session, rows.RULE))
    kinds = db.read_now(lambda session: session.exec(select(Alert.kind).where(Alert.kind == "notice")).all())
    assert kinds == ["notice", "notice"]


@pytest.mark.parametrize(("purpose", "subject"), LINKS)
async def test_an_old_link_says_that_it_has_expired(db: Database, visitor: Visitor, purpose: str, subject: str) -> None:
    before = db.read_now(everything)
    old = path(purpose, subject=subject, ago=MAX_AGE[Purpose(purpose)] + timedelta(minutes=1))
    for answer in (await visitor.get(old), *([await visitor.post(old)] if purpose != "story" else [])):
        assert answer.status_code == 410
        assert "expired" in answer.text
    assert db.read_now(everything) == before


@pytest.mark.parametrize("purpose", [purpose.value for purpose in Purpose])
async def test_a_link_for_another_purpose_or_of_another_key_is_not_valid(
    db: Database, visitor: Visitor, purpose: str
) -> None:
    before = db.read_now(everything)
    tokens = [path(other.value).rsplit("/", 1)[1] for other in Purpose if other != purpose]
    tokens += [path(purpose, key="other" * 8).rsplit("/", 1)[1], path(purpose).rsplit("/", 1)[1][:-1], "x", "%00", "."]
    for token in tokens:
        assert (await visitor.get(f"/links/{purpose}/{token}")).status_code == 404
        assert (await visitor.post(f"/links/{purpose}/{token}")).status_code == 404
    assert db.read_now(everything) == before


@pytest.mark.parametrize("odd", ["/links/nothing/x", "/links/nothing/x/undo", "/links/silence/x/undo"])
async def test_an_unknown_purpose_is_a_page_too(visitor: Visitor, odd: str) -> None:
    assert (await visitor.post(odd)).status_code == 404


@pytest.mark.parametrize("odd", ["/links/", "/links/silence", "/links/silence/x/y/z", "/links/unsubscribe/x/undo"])
async def test_a_link_that_was_cut_or_looked_at_again_is_answered_without_a_page_of_ours(
    visitor: Visitor, odd: str
) -> None:
    """Of which the process would keep each for a minute, and strangers may ask."""
    answer = await visitor.get(odd)
    assert (answer.status_code, "This link is not valid" in answer.text) == (404, True)


async def test_while_the_database_is_away_a_link_says_to_come_again(
    db: Database, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: object) -> None:
        raise NotAvailable("gone: postgresql://ada:secret@host")

    monkeypatch.setattr(db, "write", gone)
    answer = await visitor.post(path("unsubscribe", subject=EDITOR), body=ONE_CLICK)
    assert (answer.status_code, answer.headers["retry-after"], "gone" in answer.text) == (503, "10", False)


async def test_a_story_that_is_not_kept_or_is_another_rules_is_said_to_be_gone(visitor: Visitor) -> None:
    for purpose in ("story", "not-this", "silence"):
        for subject in ("77", "x", "", "9" * 30, "2"):
            answer = await visitor.get(path(purpose, subject=subject))
            assert answer.status_code == 410
            assert "not kept any more" in answer.text


async def test_a_hostile_title_or_rule_is_text(db: Database, visitor: Visitor) -> None:
    def rename(session: Session) -> None:
        row = session.get_one(Story, 1)
        row.title, row.rule_id = text, text

    for text in TEXTS:
        db.write_now(rename)
        for purpose in ("not-this", "silence", "unsubscribe"):
            page = (await visitor.get(path(purpose, rule=text))).text
            assert not re.search(r"<(script|img|svg|iframe|style|base|a href='j)", page)


async def test_a_links_page_is_bare_and_never_kept(visitor: Visitor) -> None:
    answer = await visitor.get(path("silence"))
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in answer.text


async def test_a_links_style_needs_no_sign_in(visitor: Visitor) -> None:
    page = (await visitor.get(path("silence"))).text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert (await visitor.get(address)).status_code == 200
