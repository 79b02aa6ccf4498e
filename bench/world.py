"""A news site that goes on publishing, a mail server and a webhook receiver, all on loopback and all real."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

from aiohttp import web
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession

import seeds
from bench import words
from bench.outlets import dressed, written
from bench.prose import Story, Writer
from bench.site import HOST, ROBOTS, base_of, free_sockets
from core.ports import free_port
from seeds.build import Document, Meta, build_feed, build_page

SITE = seeds.SITES["a"]
IN_FEED = 30  # items: the oldest leave it
RULE = "harbour-strike"
MATCH = "near/15(strike OR walkout, harbour OR port)"


@dataclass(slots=True)
class Published:
    """One article: when the site had it, and when a poll first saw it (both by the clock, in seconds)."""

    slug: str
    document: Document
    page: bytes
    is_news: bool  # of the kind that the rule asks for
    at: float
    seen_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message: where, when, and all of it as text."""

    channel: str
    at: float
    text: str


@dataclass
class World:
    """Everything outside of wirewatch."""

    base: str
    mail_port: int
    chance: random.Random
    articles: list[Published] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._writer = Writer(self.chance)
        self._towns = self.chance.sample(words.TOWNS, len(words.TOWNS))

    @property
    def feed(self) -> str:
        """The address of the feed."""
        return self.base + SITE.feed

    @property
    def news(self) -> list[Published]:
        """What must be told, in its order."""
        return [one for one in self.articles if one.is_news]

    def publish_noise(self) -> None:
        """One more article of no interest."""
        self._publish(self._writer.story(self.chance.randint(150, 700)), is_news=False)

    def publish_news(self) -> None:
        """One more event: a strike in the harbour of a town that has had none yet."""
        number = len(self.news)
        town = self._towns[number % len(self._towns)]
        story = self._writer.story(self.chance.randint(150, 700))
        cause, count = self.chance.choice(words.MATTERS), 100 + 37 * number
        lead = (
            f"Some {count} dockers in {town} have begun a strike in the harbour over {cause}, {self._writer.person()},"
            f" who speaks for them, said {self.chance.choice(words.GAPS['when'][:4])}."
        )
        headline = f"{town}: {count} dockers on strike in the harbour over {cause}"
        self._publish(
            Story(headline, lead, story.author, story.section, story.captions, (), (lead, *story.paragraphs)),
            is_news=True,
        )

    def edit_headline(self, one: Published) -> None:
        """The same article under another headline and date, in its page and in the feed: nobody is to hear of that."""
        text = one.document.text.replace(one.document.title, f"UPDATE {one.document.title}", 1)
        one.document = replace(one.document, text=text, meta=replace(one.document.meta, published=datetime.now(UTC)))
        one.page = self._page(one.document)

    def _publish(self, story: Story, *, is_news: bool) -> None:
        slug = f"{story.slug[:60].strip('-')}-{len(self.articles)}"
        meta = Meta(slug, SITE.key, story.section, story.author, datetime.now(UTC), story.standfirst)
        document = Document(*written(story, [self._writer.headline()], self.chance), meta)
        self.articles.append(Published(slug, document, self._page(document), is_news, time.time()))

    def _page(self, document: Document) -> bytes:
        page = dressed(build_page(document.text, document.roles, document.meta), self.base, self._writer)
        return page.replace(SITE.origin, self.base).encode()

    # -- what is asked of it

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """A page, the feed, robots.txt; or a webhook's body taken."""
        if request.method == "POST":
            text = (await request.read()).decode("utf-8", "replace")
            self.arrivals.append(Arrival("webhook", time.time(), text))
            return web.Response(status=204)
        if request.path == SITE.feed:
            return web.Response(body=self._feed(), headers={"Content-Type": SITE.content_type})
        if request.path == "/robots.txt":
            return web.Response(body=ROBOTS, headers={"Content-Type": "text/plain"})
        for one in self.articles:
            if request.path == one.document.path:
                return web.Response(body=one.page, headers={"Content-Type": "text/html; charset=utf-8"})
        return web.Response(status=404)

    def _feed(self) -> bytes:
        now = time.time()
        self.polls.append(now)
        listed = self.articles[: -IN_FEED - 1 : -1]
        for one in listed:
            one.seen_at = one.seen_at or now
        return build_feed(SITE, [one.document for one in listed]).replace(SITE.origin, self.base).encode()

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        """Take one e-mail."""
        content = envelope.content or b""
        message = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=policy.default)
        part = message.get_body(("plain",))
        body = str(part.get_content()) if part is not None else ""
        self.arrivals.append(Arrival("mail", time.time(), f"{message['Subject']}\n{body}"))
        return "250 taken"


@asynccontextmanager
async def world(seed: int) -> AsyncIterator[World]:
    """Start all of it; stop it at the end. The first articles are there already, none of them of interest."""
    (listening,) = free_sockets(1)
    around = World(base_of(listening), free_port(), random.Random(seed))
    for _ in range(10):
        around.publish_noise()
    runner = web.ServerRunner(web.Server(around.answer, access_log=None))
    await runner.setup()
    mail = Controller(around, hostname=HOST, port=around.mail_port)
    mail.start()
    try:
        await web.SockSite(runner, listening).start()
        yield around
    finally:
        mail.stop()
        await runner.cleanup()


def watch_text(around: World) -> str:
    """The watch file of the run."""
    return f"""\
version: 1
rules:
  {RULE}:
    title: A strike in a harbour
    match: {MATCH}
channels:
  mail:
    host: {HOST}
    port: {around.mail_port}
    security: none
    from: watch@wirewatch.example
    to: [desk@wirewatch.example]
  hook: {{url: "webhook://{around.base.removeprefix("http://")}/hook"}}
feeds:
  - {{url: "{around.feed}", every: 1m, language: en}}
defaults: {{alert: {{to: [mail, hook]}}}}
"""
