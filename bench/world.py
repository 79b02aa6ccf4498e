"""News sites that go on publishing, a mail server and a webhook receiver, all on loopback and all real.

Every site has an address of its own below 127.0.0.0/8, so that politeness towards one holds up no other. Feeds know
ETag and If-None-Match; pages are made when they are asked for.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

import seeds
from bench import words
from bench.loads import STRIKES, Load
from bench.outlets import dressed, written
from bench.prose import Story, Writer
from bench.site import HOST, ROBOTS, base_of, free_sockets
from core.ports import free_port
from seeds.build import Document, Meta, build_feed, build_page

SITE = seeds.SITES["a"]
IN_FEED = 30  # items: the oldest leave it
A_SITE = 5  # feeds of one site
SLUG = re.compile(r"/([a-z0-9-]+)\.html")
ENDINGS = ("by", "den", "ham", "haven", "holm", "mouth", "stead", "ton", "vik", "wick")  # of towns
OLD = timedelta(days=2)  # what a feed holds when it is first polled


@dataclass(slots=True)
class Published:
    """One article: when the site had it, and when a poll first saw it (both by the clock, in seconds)."""

    slug: str
    base: str
    document: Document
    is_news: bool  # of the kind that a rule asks for
    at: float
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message: where, when, its idempotency key, and the articles that it links to."""

    channel: str
    at: float
    key: str
    slugs: frozenset[str]
    text: str  # its beginning


@dataclass(slots=True)
class Feed:
    """What one feed lists, the newest last."""

    base: str
    path: str
    articles: list[Published] = field(default_factory=list)
    edition: int = 0
    polled: int = 0  # how often
    body: tuple[int, bytes] = (-1, b"")  # of an edition

    @property
    def url(self) -> str:
        """Its address."""
        return self.base + self.path


@dataclass
class World:
    """Everything outside of wirewatch. The first `wires` feeds publish most."""

    bases: Sequence[str]
    mail_port: int
    chance: random.Random
    load: Load
    articles: dict[str, Published] = field(default_factory=dict)  # by slug
    arrivals: list[Arrival] = field(default_factory=list)
    polls: int = 0
    not_modified: int = 0
    page_reads: int = 0

    def __post_init__(self) -> None:
        self._writer = Writer(self.chance)
        towns = [family + ending for family in words.FAMILY for ending in ENDINGS]
        self._towns = self.chance.sample(towns, len(towns))
        self.news: list[Published] = []  # what must be told, in its order
        self.feeds = [
            Feed(self.bases[number // A_SITE], f"/feeds/{number % A_SITE}.rss") for number in range(self.load.feeds)
        ]
        self._by_url = {feed.url: feed for feed in self.feeds}
        for feed in self.feeds:
            self._publish(feed, self._writer.story(200), is_news=False, age=OLD)

    def publish_noise(self) -> None:
        """One more article of no interest."""
        self._publish(self._any_feed(), self._writer.story(self.chance.randint(150, 700)), is_news=False)

    def publish_news(self, feed: Feed | None = None) -> None:
        """One more event, in this feed or any: a strike in a town that has had none yet."""
        number = len(self.news)
        kinds = list(STRIKES.values())[: self.load.rules]
        who, place = kinds[number % len(kinds)]
        town = self._towns[number % len(self._towns)]
        story = self._writer.story(self.chance.randint(150, 700))
        cause, count = self.chance.choice(words.MATTERS), 100 + 37 * number
        lead = (
            f"Some {count} {who} in {town} have begun a strike at the {place} over {cause}, {self._writer.person()},"
            f" who speaks for them, said {self.chance.choice(words.GAPS['when'][:4])}."
        )
        headline = f"{town}: {count} {who} on strike at the {place} over {cause}"
        told = Story(headline, lead, story.author, story.section, story.captions, (), (lead, *story.paragraphs))
        self._publish(feed or self._any_feed(), told, is_news=True)

    def _any_feed(self) -> Feed:
        """Two of three articles come from a wire."""
        wires = self.chance.random() < 2 / 3 or self.load.wires == self.load.feeds
        return self.chance.choice(self.feeds[: self.load.wires] if wires else self.feeds[self.load.wires :])

    def edit_headline(self, one: Published) -> None:
        """The same article under another headline and date, in its page and in the feed: nobody is to hear of that."""
        text = one.document.text.replace(one.document.title, f"UPDATE {one.document.title}", 1)
        one.document = replace(one.document, text=text, meta=replace(one.document.meta, published=datetime.now(UTC)))
        for feed in self.feeds:
            feed.edition += one in feed.articles

    def _publish(self, feed: Feed, story: Story, *, is_news: bool, age: timedelta = timedelta()) -> None:
        slug = f"{story.slug[:60].strip('-')}-{len(self.articles)}"
        published = datetime.now(UTC) - age
        meta = Meta(slug, SITE.key, story.section, story.author, published, story.standfirst)
        document = Document(*written(story, [self._writer.headline()], self.chance), meta)
        one = Published(slug, feed.base, document, is_news, time.time())
        self.articles[slug] = one
        feed.articles = [*feed.articles[-IN_FEED + 1 :], one]
        feed.edition += 1
        if is_news:
            self.news.append(one)

    # -- what is asked of it

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """A page, a feed, robots.txt; or a webhook's body taken."""
        if request.method == "POST":
            text = (await request.read()).decode("utf-8", "replace")
            self._take(request.path.lstrip("/"), request.headers.get("Idempotency-Key", ""), text)
            return web.Response(status=204)
        if feed := self._by_url.get(f"http://{request.host}{request.path}"):
            return self._listed(feed, request.headers.get("If-None-Match", ""))
        if request.path == "/robots.txt":
            return web.Response(body=ROBOTS, headers={"Content-Type": "text/plain"})
        one = self.articles.get(next(iter(SLUG.findall(request.path)), ""))
        if one is None or request.path != one.document.path:
            return web.Response(status=404)
        self.page_reads += 1
        return web.Response(body=_page(one), headers={"Content-Type": "text/html; charset=utf-8"})

    def _listed(self, feed: Feed, known: str) -> web.Response:
        self.polls += 1
        feed.polled += 1
        tag = f'"{feed.edition}"'
        if known == tag:
            self.not_modified += 1
            return web.Response(status=304, headers={"ETag": tag})
        now = time.time()
        for one in feed.articles:
            one.seen_at = one.seen_at or now
        if feed.body[0] != feed.edition:
            built = build_feed(SITE, [one.document for one in reversed(feed.articles)])
            feed.body = (feed.edition, built.replace(SITE.origin, feed.base).encode())
        return web.Response(body=feed.body[1], headers={"Content-Type": SITE.content_type, "ETag": tag})

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        """Take one e-mail."""
        content = envelope.content or b""
        message = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=policy.default)
        part = message.get_body(("plain",))
        body = str(part.get_content()) if part is not None else ""
        key = str(message["Message-ID"]).strip("<>").partition("@")[0]
        self._take("mail", key, f"{message['Subject']}\n{body}")
        return "250 taken"

    def _take(self, channel: str, key: str, text: str) -> None:
        self.arrivals.append(Arrival(channel, time.time(), key, frozenset(SLUG.findall(text)), text[:200]))


def _page(one: Published) -> bytes:
    """The same bytes whenever they are asked for."""
    page = build_page(one.document.text, one.document.roles, one.document.meta)
    return dressed(page, one.base, Writer(random.Random(one.slug))).replace(SITE.origin, one.base).encode()


@dataclass
class MailServer:
    """The mail server, which can be away for a while."""

    around: World
    _running: Controller | None = None

    def start(self) -> None:
        """Listen."""
        self._running = Controller(self.around, hostname=HOST, port=self.around.mail_port)
        self._running.start()

    def stop(self) -> None:
        """Be gone: connections are refused."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    async def restart(self, seconds: float) -> None:
        """Be gone so long."""
        await asyncio.to_thread(self.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.start)


def _sites(count: int) -> list[socket.socket]:
    """So many sites, each with an address of its own; the last one takes webhooks."""
    sites = [socket.create_server((f"127.1.{n // 200}.{n % 200 + 1}", 0), backlog=1_024) for n in range(count)]
    return [*sites, *free_sockets(1)]


@asynccontextmanager
async def world(load: Load, seed: int) -> AsyncIterator[tuple[World, MailServer, str]]:
    """Start all of it; stop it at the end. Gives host and port of the webhooks, too.

    Every feed has an article already, an old one and none of interest.
    """
    sockets = _sites(-(-load.feeds // A_SITE))
    *bases, hooks = map(base_of, sockets)
    around = World(bases, free_port(), random.Random(seed), load)
    runner = web.ServerRunner(web.Server(around.answer, access_log=None))
    await runner.setup()
    mail = MailServer(around)
    mail.start()
    try:
        for one in sockets:
            await web.SockSite(runner, one, backlog=1_024).start()
        yield around, mail, hooks.removeprefix("http://")
    finally:
        mail.stop()
        await runner.cleanup()
