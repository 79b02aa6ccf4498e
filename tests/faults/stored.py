"""What the fault tests of feeds and alerts ask of a database and of the receivers, in a word each."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlmodel import Session, col, select

from storage.engine import Database
from storage.tables import Article, Feed
from tests.builders import NOON, World

DAY = timedelta(days=1)


def feed_of(db: Database, name: str = "News") -> Feed:
    """The feed of this name."""
    return db.read_now(lambda session: session.exec(select(Feed).where(Feed.name == name)).one())


def articles_of(db: Database, name: str = "News") -> list[Article]:
    """A feed's articles, in the order they came."""
    of_feed = select(Article).where(Article.feed_id == feed_of(db, name).id).order_by(col(Article.id))
    return db.read_now(lambda session: list(session.exec(of_feed)))


def due(db: Database) -> None:
    """All feeds are due again."""

    def work(session: Session) -> None:
        for feed in session.exec(select(Feed)):
            feed.next_poll_at = NOON - DAY
            session.add(feed)

    db.write_now(work)


def told(world: World) -> list[str]:
    """What the alerts that arrived say."""
    return [json.dumps(request.json, ensure_ascii=False) for request in world.hook.requests]
