"""Fault 27: scripts, links that run and control characters in a feed are text everywhere they are shown.

One hostile item goes from the feed over loopback to every channel, to the page and to the commands.
"""

from __future__ import annotations

import asyncio
import io
import re
from html import escape
from html.parser import HTMLParser
from typing import cast

import pytest
from sqlmodel import Session
from typer.testing import CliRunner

from alerts.channels import Channel, ChannelSettings
from alerts.terminal import TerminalChannel
from cli.main import app as command
from core.clock import FixedClock
from pipeline.run import run_cycle
from storage.engine import Database
from tests.builders import NOON, STRIKE, World, minutes
from web.pages import inbox, story
from web.render import render

SCRIPT = "<script>alert(1)</script>"
IMAGE = '<img src=x onerror="alert(2)">'
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # a terminal obeys some
TOKEN = "3ccdd113474722377935511fc85d3dd4"
TITLE = f"Dockers strike {SCRIPT}{IMAGE} @everyone <!here> [go](javascript:alert(3)) \u202e\x9b31m end"
LINKS = (
    "javascript:alert(4)", " JaVaScRiPt:alert(4)", "java\tscript:alert(4)", "data:text/html,<script>alert(4)</script>",
    "vbscript:x", "file:///etc/passwd", "http://127.0.0.1/\"><script>alert(4)</script>",
)  # fmt: skip


class Tags(HTMLParser):
    """The tags of a document, and where its attributes lead."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def is_inert_html(document: str) -> None:
    parsed = Tags(document)
    assert not {"script", "img", "iframe", "object", "svg", "style"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on")]
    links = [value for name, value in parsed.attributes if name in ("href", "src", "action")]
    assert [link for link in links if not re.match(r"https?://|/", link)] == []


def is_inert_text(text: str) -> None:
    assert not CONTROLS.search(text.replace("\r\n", "\n"))
    assert not re.search(r"(?i)^\s*java\s*script:", text, re.M)
    assert "@everyone" not in text
    assert "<!here>" not in text


def hostile_feed(link: str) -> bytes:
    words = f"{TITLE} {' '.join(STRIKE)}"
    item = f"<guid>x</guid><title>{escape(escape(TITLE))}</title><link>{escape(link)}</link>"
    item += f"<author>{escape(SCRIPT)} (Eve{IMAGE})</author>".replace(IMAGE, escape(IMAGE))
    item += f"<description>{escape(escape(words))}</description>"
    return f"<rss version='2.0'><channel><title>{escape(SCRIPT)}</title><item>{item}</item></channel></rss>".encode()


def commands(world: World, db: Database) -> list[str]:
    """What the lists and details print, for people and for programs."""
    lists = [(noun, "list") for noun in ("articles", "hits", "stories", "alerts", "deliveries", "feeds")]
    shown = []
    for order in (
        *lists,
        ("stories", "show", "1"),
        ("hits", "show", "1"),
        ("alerts", "why", "1"),
        ("articles", "why", "1"),
    ):
        start = ["--database", db.url, "--config", str(world.watch_file), "--data", str(world.settings().data)]
        result = CliRunner().invoke(command, [*start, *order])
        assert result.exit_code == 0, (order, result.output)
        shown.append(result.output)
    return shown


def pages(db: Database) -> list[str]:
    """The inbox and the story's page."""

    def work(session: Session) -> list[str]:
        found = story.gather(session, 1, NOON, "ada")
        assert found is not None
        (line,) = inbox.gather(session, NOON, inbox.Asked(), "ada").lines
        tellings = [one for text in found.texts for one in text.tellings]
        return [
            *(render("story_telling.html", one=one, copy=False) for one in tellings),
            render("preview.html", title=found.story.title),
            render("inbox_line.html", one=line),
        ]

    return db.read_now(work)


@pytest.mark.parametrize("link", LINKS)
async def test_fault_27_scripts_and_links_that_run_are_inert_on_every_channel_page_and_terminal(
    world: World, db: Database, link: str
) -> None:
    world.channels["chat"] = {"url": world.hook.url(f"/{TOKEN}", scheme="mmost")}
    world.channels["screen"] = {"url": "terminal://"}
    world.rules["strike"]["alert"] = {"to": ["hook", "mail", "chat", "screen"]}
    world.site["/rss"] = hostile_feed(link)
    screen, clock = io.StringIO(), FixedClock(NOON)
    async with world.worker(db, clock) as app:
        channels = cast("dict[str, Channel]", app.active.channels)
        channels["screen"] = TerminalChannel(ChannelSettings("screen", url="terminal://"), stream=screen)
        await run_cycle(app, steps=["poll"])
        clock.move(minutes(1))  # matched on what the feed says: the page is nowhere
        await run_cycle(app, steps=["match", "deliver"])
    (mail,) = (one.parsed for one in world.mail.mails)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    (hook,) = (one.json for one in world.hook.requests if one.path == "/hook")
    (chat,) = (one.json["text"] for one in world.hook.requests if one.path == f"/hooks/{TOKEN}")
    for seen in (text, str(mail["Subject"]), screen.getvalue(), hook["text"], hook["title"], chat):
        assert "Dockers strike" in seen
        is_inert_text(seen)
    for document in (html, *await asyncio.to_thread(pages, db)):
        assert "Dockers strike" in document
        is_inert_html(document)
    assert [one["url"] for one in hook["articles"] if not re.match(r"https?://[^<>\"\s]*\Z|\Z", one["url"])] == []
    for output in await asyncio.to_thread(commands, world, db):
        assert not CONTROLS.search(output)
