"""`/stories/{id}`: one event: its articles with their marked sentences, its alerts and deliveries, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nicegui import ui
from sqlmodel import Session

from core.clock import SystemClock
from storage import alerts, deliveries, hits, stories
from storage.engine import Database
from storage.tables import Alert, Article, Decision, Delivery, Hit, Story
from web.frame import frame, show
from web.pages.faults import missing
from web.text import why


@dataclass(frozen=True, slots=True)
class Head:
    """The story itself."""

    title: str
    rule: str
    state: str
    silenced_until: datetime | None
    origins: int
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Telling:
    """One article of the story and what in it matched."""

    title: str
    url: str
    source: str
    author: str
    language: str
    published: datetime | None
    seen: datetime
    state: str
    reason: str
    passages: Sequence[Mapping[str, Any]]
    origin: int
    why: str
    hit_state: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery of an alert."""

    target: str
    state: str
    trouble: str
    attempts: int
    sent: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One alert of the story and its deliveries."""

    kind: str
    state: str
    reason: str
    made: datetime
    release: datetime | None
    deliveries: tuple[Sent, ...]


@dataclass(frozen=True, slots=True)
class StoryPage:
    """All that the page shows."""

    story: Head
    articles: tuple[Telling, ...]
    alerts: tuple[Told, ...]
    decisions: Sequence[Decision]


def register(db: Database) -> None:
    """Add the page."""

    @ui.page("/stories/{story_id:int}")
    async def story(story_id: int) -> None:
        page = await db.read(lambda session: gather(session, story_id, SystemClock().now()))
        if page is None:
            missing("There is no such story.")
            return
        with frame(page.story.title or "(without a title)", at="/"):
            show(
                "story.html", story=page.story, articles=page.articles, alerts=page.alerts, decisions=page.decisions
            )  # fmt: skip


def gather(session: Session, story_id: int, now: datetime) -> StoryPage | None:
    """The story of this id with all that hangs on it; None when there is none."""
    row = stories.find(session, story_id)
    if row is None:
        return None
    made = alerts.of_story(session, story_id)
    sent = deliveries.of_alerts(session, [one.id for one in made])
    return StoryPage(
        _head(row, now),
        tuple(_telling(hit, article) for hit, article in hits.of_story(session, story_id)),
        tuple(_told(one, sent) for one in made),
        alerts.of_story_decisions(session, story_id),
    )


def _head(row: Story, now: datetime) -> Head:
    state = stories.state_of(row, now)
    until = row.silenced_until if state == "silenced" else None
    return Head(row.title, row.rule_id, state, until, row.origins, row.first_hit_at, row.last_hit_at)


def _telling(hit: Hit, article: Article) -> Telling:
    read = article.revision > 0
    return Telling(
        title=article.title if read else article.feed_title,
        url=article.url,
        source=article.source,
        author=article.author if read else article.feed_author,
        language=article.language or article.feed_language,
        published=article.published or article.feed_published,
        seen=article.first_seen_at,
        state=article.state,
        reason=article.reason,
        passages=hit.sentences,
        origin=hit.origin,
        why=hit.why,
        hit_state=hit.state,
    )


def _told(row: Alert, sent: Sequence[Delivery]) -> Told:
    own = tuple(
        Sent(one.target_id, one.state, trouble(one), one.attempts, one.sent_at)
        for one in sent
        if one.alert_id == row.id
    )
    return Told(row.kind, row.state, row.reason, row.made_at, row.release_at, own)


def trouble(one: Delivery) -> str:
    """Why a delivery is not sent, in a sentence; "" when it is."""
    if one.state == "sent":
        return ""
    return ": ".join(part for part in (why(one.reason), one.error) if part)
