"""What is stored, gathered as plain values: for the demo and for reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, SQLModel, select

from core.clock import SystemClock
from core.settings import Settings
from pipeline.bootstrap import open_database
from storage import alerts, hits, ledger, stories
from storage.tables import Article, Entry, Feed


@dataclass(frozen=True)
class Results:
    """Counts of feeds, entries and articles; hits, stories, alerts and deliveries as JSON values, oldest first."""

    feeds: int
    entries: int
    articles: int
    hits: list[dict[str, Any]]
    stories: list[dict[str, Any]]
    alerts: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]


async def results(settings: Settings) -> Results:
    """All that came of the runs so far."""

    def work() -> Results:
        database = open_database(settings, migrate=False)
        try:
            return database.read_now(gather)
        finally:
            database.close()

    return await asyncio.to_thread(work)


def gather(session: Session, limit: int = 1000) -> Results:
    """Read them in one transaction."""
    return Results(
        feeds=_count(session, Feed),
        entries=_count(session, Entry),
        articles=_count(session, Article),
        hits=[
            {"rule": hit.rule_id, "url": article.url, "title": article.title, "spans": hit.spans, "story": hit.story_id}
            for hit, article in reversed(hits.recent(session, limit=limit))
        ],
        stories=[
            {"id": one.id, "rule": one.rule_id, "title": one.title, "articles": one.articles, "origins": one.origins}
            for one in reversed(stories.listing(session, SystemClock().now(), limit=limit))
        ],
        alerts=[
            {"id": one.id, "rule": one.rule_id, "story": one.story_id, "kind": one.kind, "state": one.state}
            for one in reversed(alerts.recent(session, limit=limit))
        ],
        deliveries=[
            {"channel": one.channel, "state": one.state, "key": one.key, "alert": alert.id, "target": one.target_id}
            for one, alert in reversed(ledger.page(session, ledger.Filter(), None, limit))
        ],
    )


def _count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()
