"""A rule's feed: opened by its own token only, and read by our own parser."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlmodel import Session

from core.settings import Settings
from fetching.parse import parse
from pipeline import feedback
from storage import meta, stories
from storage.engine import Database
from storage.office import Meta
from storage.tables import Hit, Story
from tests.web import rows
from tests.web.asgi import Visitor
from tests.web.hostile import TEXTS
from web import atom
from web.app import bare_app

KEY = "k" * 40


@pytest.fixture
def visitor(db: Database, tmp_path: Path) -> Visitor:
    db.write_now(rows.newsroom)
    db.write_now(meta.installation)
    settings = Settings(_env_file=None, data=tmp_path, host="0.0.0.0", password="hush hush hush")
    return Visitor(bare_app(settings, db, KEY), "https://watch.example")


async def test_a_rules_stories_are_an_atom_feed(visitor: Visitor) -> None:
    answer = await visitor.get(atom.path(KEY, rows.RULE))
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = parse(answer.content, url="https://watch.example/feed", headers=answer.headers)
    assert (feed.format, feed.title) == ("atom", "port-strike · wirewatch")
    first, second = feed.entries
    assert (first.title, first.url) == (
        "Port workers at Callender walk out over night shifts",
        "https://watch.example/stories/1",
    )
    assert "walked out on strike" in first.summary
    assert second.title == "إضراب في ميناء كاليندر"


@pytest.mark.parametrize("how", ["withdrawn", "not this"])
async def test_what_does_not_stand_is_no_news(db: Database, visitor: Visitor, how: str) -> None:
    async def entries() -> list[tuple[str, str]]:
        answer = await visitor.get(atom.path(KEY, rows.RULE))
        feed = parse(answer.content, url="https://watch.example/feed", headers=answer.headers)
        return [(one.title, one.summary) for one in feed.entries]

    def take_back(session: Session, hit_id: int) -> None:
        if how == "not this":
            feedback.not_this_hit(session, hit_id, who="ada", now=rows.NOW)
        else:
            hit = session.get_one(Hit, hit_id)
            hit.state = "withdrawn"
            stories.recount(session, hit.story_id)

    both = await entries()
    db.write_now(partial(take_back, hit_id=1))
    (second, others) = await entries()
    assert second == (rows.STRIKE[1].title, rows.STRIKE[1].sentences[0][0])
    assert others == both[1]
    db.write_now(partial(take_back, hit_id=2))
    assert await entries() == [both[1]]


async def test_a_story_of_many_articles_is_told_by_the_first_that_stand(
    db: Database, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of 50,000 hits took 3.5 s at each poll of a feed reader."""
    monkeypatch.setattr(atom, "ROWS", 1)

    def add(session: Session) -> None:
        told = [rows.Told("Ferries lie still"), rows.Told("Ferries still lie still")]
        rows.story(session, rows.feed(session), told[0].title, told, ago=rows.MINUTE)

    db.write_now(add)
    feed = db.read_now(lambda session: atom.gather(session, rows.RULE, "x", rows.NOW))
    assert feed is not None
    assert feed.items[0].title == "Ferries lie still"
    entry = feed.items[1]
    assert (entry.source, entry.passages) == ("Harbour Post", tuple(one for one, _ in rows.STRIKE[0].sentences))


async def links(visitor: Visitor, headers: dict[str, str] | None = None) -> list[str]:
    answer = await visitor.get(atom.path(KEY, rows.RULE), headers)
    return re.findall(r'rel="alternate" href="(\S+?)(?:\?|stories/)', answer.text)


async def test_its_links_lead_where_people_reach_the_page(db: Database, visitor: Visitor) -> None:
    visitor.client.base_url = httpx.URL("http://127.0.0.1:8080")
    assert set(await links(visitor)) == {"http://127.0.0.1:8080/"}
    behind = {"host": "watch.example", "x-forwarded-proto": "https"}
    assert set(await links(visitor, behind)) == {"https://watch.example/"}
    for url in ("https://news.example/watch", "https://news.example/"):
        text = f"version: 1\nsettings: {{public_url: '{url}'}}\n"
        db.write_now(partial(rows.config, text=text))
        assert set(await links(visitor)) == {f"{url.rstrip('/')}/"}


async def test_its_ids_are_the_same_before_and_after_the_first_run(db: Database, visitor: Visitor) -> None:
    db.write_now(lambda session: session.delete(session.get_one(Meta, "installation")))
    first, second = [await visitor.get(atom.path(KEY, rows.RULE)) for _ in range(2)]
    made = db.write_now(meta.installation)
    assert f"<id>urn:wirewatch:{made}:rule:{rows.RULE}</id>" in first.text
    assert first.text == second.text


async def test_only_this_rules_token_opens_it(visitor: Visitor) -> None:
    other = atom.token(KEY, "river-flood")
    for query in ("", "?token=", f"?token={other}", f"?token={atom.token('l' * 40, rows.RULE)}", "?token=é"):
        assert (await visitor.get(f"/rules/{rows.RULE}/feed.atom{query}")).status_code == 404
    assert (await visitor.get(f"/rules/{rows.RULE}?token={atom.token(KEY, rows.RULE)}")).status_code == 401
    assert (await visitor.get(atom.path(KEY, "gone"))).status_code == 410


async def test_hostile_titles_and_characters_that_xml_may_not_hold_are_text(db: Database, visitor: Visitor) -> None:
    def rename(session: Session, title: str) -> None:
        session.get_one(Story, 1).title = title

    for title in (*TEXTS, "a\x01b\x0bc\ufffe"):
        db.write_now(partial(rename, title=title))
        answer = await visitor.get(atom.path(KEY, rows.RULE))
        feed = parse(answer.content, url="https://watch.example/feed", headers=answer.headers)
        assert len(feed.entries) == 2
        assert "<script" not in answer.text
