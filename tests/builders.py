"""A small world for tests of the pipeline: a news site on loopback, a watch file over it, and workers to run.

with World(tmp_path) as world:
    world.site["/rss"] = rss(Item("a", world.url("/a"), "Dockers strike"))
    world.site["/a"] = page("Dockers strike", STRIKE)
    async with world.worker(db) as app: …
"""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, cast

import yaml

from core.clock import Clock
from core.pool import WorkerPool
from core.settings import Settings
from pipeline.app import App
from pipeline.bootstrap import open_app
from pipeline.follow import Followed, follow_file
from storage.engine import Database
from tests.sinks.http import Answer, HttpSink, Request
from tests.sinks.smtp import SmtpSink

T = TypeVar("T")
Json = dict[str, Any]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
MATCH = "near/12(docker, strike)"
STRIKE = (
    "Dockers at the northern harbour went on strike on Tuesday morning, and no ship has been unloaded since then.",
    "Some four hundred workers stood at the gates from five o'clock, asking for longer breaks and for new cranes.",
    "The harbour's owners said that talks would be held on Thursday in the town hall, and set no date for an end.",
    "Two freighters with fruit from the south lie at anchor outside, and shops inland expect empty shelves soon.",
)
CALM = (
    "The botanical garden opened its new glass house on Tuesday morning, and several hundred visitors came to see it.",
    "Gardeners had carried four thousand ferns and orchids across the park in a week, without losing a single plant.",
    "The director said that school classes would be let in free of charge on every Thursday until the end of the year.",
    "A second house, for plants of dry countries, will be built beside it when enough money has been collected.",
)


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a feed; what is None or empty is left out of it."""

    guid: str = ""
    link: str = ""
    title: str = ""
    summary: str = ""
    published: datetime | None = None

    def xml(self) -> str:
        """The item as RSS."""
        date = format_datetime(self.published.astimezone(UTC), usegmt=True) if self.published else ""
        parts = {"title": self.title, "link": self.link, "description": self.summary, "pubDate": date}
        inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, text in parts.items() if text)
        guid = f'<guid isPermaLink="false">{escape(self.guid)}</guid>' if self.guid else ""
        return f"<item>{guid}{inner}</item>"


def rss(*items: Item, title: str = "News") -> bytes:
    """A feed of these items."""
    inner = "".join(item.xml() for item in items)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>'
        f"<title>{escape(title)}</title><link>http://127.0.0.1/</link><description>x</description>{inner}"
        "</channel></rss>"
    ).encode()


def page(title: str, paragraphs: Sequence[str], *, head: str = "") -> bytes:
    """An article's page."""
    body = "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head><body>'
        f"<article><h1>{escape(title)}</h1>{body}</article></body></html>"
    ).encode()


class _PlainDumper(yaml.SafeDumper):
    """Writes what stands twice twice: the watch file knows no aliases."""

    def ignore_aliases(self, data: object) -> bool:
        return True


class HerePool(WorkerPool):
    """Runs a pool's tasks in threads of this process: for tests in which no page hangs."""

    def __init__(self) -> None:
        super().__init__(1)

    async def run(self, fn: Callable[..., T], /, *args: object, seconds: float, item: str = "") -> T:
        """What `fn(*args)` returns; arguments and result go through pickle, as in a real pool."""
        result = await asyncio.to_thread(fn, *pickle.loads(pickle.dumps(args)))
        return cast(T, pickle.loads(pickle.dumps(result)))


@asynccontextmanager
async def own_pool(app: App, *modules: str) -> AsyncIterator[None]:
    """One process for what may hang, with these modules loaded, in place of this one's threads."""
    app.pool = WorkerPool(1, preload=modules)
    try:
        yield
    finally:
        await asyncio.to_thread(app.pool.close)


class World:
    """A site, a webhook receiver and a mail server on loopback; a context manager. `site` is path → what it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site: dict[str, bytes | Answer] = {}
        self.web = HttpSink(self._serve)
        self.hook = HttpSink()
        self.mail = SmtpSink()
        self.rules: dict[str, Json] = {"strike": {"title": "Strike", "match": MATCH, "alert": {"to": ["hook"]}}}
        self.feeds: list[Json] = []
        self.channels: dict[str, Json] = {}
        self.more: Json = {}
        self.keeps: Json = {"keep_polls": 0, "keep_articles": 0, "keep_ledger": 0}  # for ever: nothing is looked for
        self._stack = ExitStack()

    def __enter__(self) -> World:
        for sink in (self.web, self.hook, self.mail):
            self._stack.enter_context(sink)
        self.feeds = [{"url": self.url("/rss"), "name": "News", "language": "en", "first_poll": "9000h"}]
        self.channels = {"hook": {"url": self.hook.url("/hook", scheme="webhook")}, "mail": self.mailbox("desk@x.test")}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def url(self, path: str) -> str:
        """An address of the site."""
        return self.web.url(path)

    def mailbox(self, *to: str) -> Json:
        """The settings of an e-mail channel to these addresses."""
        server = {"host": "127.0.0.1", "port": self.mail.port, "security": "none"}
        return {**server, "from": "watch@x.test", "to": list(to)}

    def tell_only(self, *to: str, channel: str = "mail") -> None:
        """Have the rule tell these addresses, by one e-mail channel, and nobody else."""
        self.channels[channel] = self.mailbox(*to)
        self.rules["strike"]["alert"] = {"to": [channel]}

    def asked(self, path: str) -> int:
        """How often a path of the site was asked for."""
        return sum(request.path == path for request in self.web.requests)

    def _serve(self, request: Request) -> Answer:
        found = self.site.get(request.path.partition("?")[0])
        if isinstance(found, Answer):
            return found
        if found is None:
            return Answer(404, body=b"no such page")
        kind = "text/html; charset=utf-8" if found.startswith(b"<!DOCTYPE html") else "application/rss+xml"
        return Answer(200, {"Content-Type": kind}, found)

    def publish(self, name: str, title: str, paragraphs: Sequence[str], **item: Any) -> Item:
        """Put a page on the site; returns the item that leads to it."""
        self.site[f"/{name}"] = page(title, paragraphs)
        return Item(guid=name, link=self.url(f"/{name}"), title=title, **item)

    def watch_text(self) -> str:
        """The watch file."""
        parts = {"rules": self.rules, "channels": self.channels, "feeds": self.feeds}
        values = {"version": 1, **parts, **self.more}
        return str(yaml.dump(values, Dumper=_PlainDumper, sort_keys=False, allow_unicode=True))

    @property
    def watch_file(self) -> Path:
        """Where it lies."""
        return self.folder / "watch.yaml"

    def settings(self, **changes: Any) -> Settings:
        """Settings of a worker of this world."""
        values = {"config": self.watch_file, "data": self.folder / "data", "page_spacing": 0, "jobs": 1}
        return Settings(_env_file=None, **{"allow_addresses": "127.0.0.0/8", **values, **self.keeps, **changes})

    @asynccontextmanager
    async def worker(
        self,
        db: Database,
        clock: Clock | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        follow: bool = True,
        **settings: Any,
    ) -> AsyncIterator[App]:
        """A worker that reads pages in its own process, with the watch file in force."""
        async with open_app(self.settings(**settings), database=db, environ=environ or {}, clock=clock) as app:
            app.pool = HerePool()
            if follow:
                await self.apply(app)
            yield app

    async def apply(self, app: App) -> Followed:
        """Write the watch file and have the worker follow it."""
        self.watch_file.write_text(self.watch_text(), "utf-8")
        return await follow_file(app, "test")


def fifty_copies(world: World) -> None:
    """One text, lightly rewritten fifty times, in ten feeds, owed to two targets."""
    copies(world, feeds=10, each=5)


def copies(world: World, *, feeds: int, each: int) -> None:
    """One text, lightly rewritten, so many times in each of so many feeds, owed to two targets."""
    world.rules["strike"]["alert"] = {"to": ["hook", "mail"]}
    world.feeds = []
    for feed in range(feeds):
        items = []
        for number in range(feed * each, (feed + 1) * each):
            lead = f"From our correspondent number {number}, who stood at the harbour gates all through the night."
            items.append(world.publish(f"copy{number}", f"Harbour stands still, report {number}", [lead, *STRIKE]))
        world.site[f"/rss{feed}"] = rss(*items)
        world.feeds.append({"url": world.url(f"/rss{feed}"), "name": f"Feed {feed}", "first_poll": "9000h"})


def minutes(count: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=count)
